"""Eigenvalues, singular values and what is made of them: numbers that do not depend on the signs of vectors."""

from keras import ops

from . import wire


def matrices():
    yield "one number", wire.normal((1, 1), 1)
    yield "high", wire.normal((5, 3), 2)
    yield "wide", wire.normal((2, 4), 3)
    yield "a batch", wire.normal((2, 3, 4, 4), 4)
    low = wire.normal((6, 2), 5) @ wire.normal((2, 5), 6)
    yield "rank 2", low.astype("float32")
    yield "zeros", wire.normal((3, 3), 7) * 0
    yield "apart by a thousand", wire.normal((4, 4), 8) * (10.0 ** -wire.uniform((4, 4), 9, 0, 3)).astype("float32")
    yield "larger", wire.normal((23, 17), 10)


def facts():
    cases = []
    for note, x in matrices():
        out = {"note": note, "x": wire.array(x), "s": wire.array(ops.svd(x, compute_uv=False))}
        out["pinv"], out["rank"] = wire.array(ops.pinv(x)), wire.array(ops.matrix_rank(x))
        out["pinv_half"], out["rank_half"] = wire.array(ops.pinv(x, rcond=0.5)), wire.array(ops.matrix_rank(x, tol=0.5))
        if x.shape[-1] == x.shape[-2]:
            square = x + x.swapaxes(-1, -2)
            out["symmetric"], out["eigenvalues"] = wire.array(square), wire.array(ops.eigh(square)[0])
        if x.ndim == 2:
            b = wire.normal((x.shape[0], 2), 20)
            out["b"], out["lstsq"] = wire.array(b), wire.array(ops.lstsq(x, b))
            out["lstsq_half"] = wire.array(ops.lstsq(x, b[:, 0], rcond=0.3))
        cases.append(out)
    return {"cases": cases}
