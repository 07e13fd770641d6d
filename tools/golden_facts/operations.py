"""Operations of keras.ops between layers: models of nothing else, as JSON, with what they predict."""

import keras
import numpy as np
from keras import ops

from . import wire


def arithmetic(x, y, i):
    return [
        x + 1, 1 - x, x * y, 2 / y, x - y * 0.5, x / 4, -x, abs(x), x**2, ops.power(2.0, x), ops.power(y, 1.5),
        x // 0.3, x % 0.3, y // x, ops.mod(x, y), ops.maximum(x, 0.1), ops.minimum(x, y), ops.sign(x), ops.square(x),
        ops.reciprocal(y), ops.clip(x, -0.5, 0.25), ops.arctan2(x, y), ops.hypot(x, y), ops.logaddexp(x, y),
        ops.divide_no_nan(x, ops.relu(x)), ops.fmod(x, 0.3), ops.subtract(x1=x, x2=2.0),
        i + 1, i * 1.5, i + x, i // 3, i % 3, 7 // (i * i + 1), -7 % (i * i + 1), i / 2, i - i, ops.maximum(i, 0), ops.square(i), -i,
        x * np.arange(4, dtype="float32"), x + np.arange(4), x + ops.ones((3, 4)), i * np.array([[1], [2], [3]], "int32"),
        x + np.array([np.inf, 1, 2, 3], "float32"),
    ]  # fmt: skip


def functions(x, y, i):
    plain = "exp exp2 expm1 sin cos tan arctan sinh cosh tanh floor ceil trunc round isfinite isnan isinf erf".split()
    positive = "log log1p log2 log10 sqrt rsqrt arcsin arccos erfinv".split()
    nn = (
        "relu relu6 sigmoid sparse_sigmoid softplus softsign soft_shrink hard_shrink sparse_plus silu squareplus log_sigmoid "
        "leaky_relu hard_sigmoid hard_silu hard_tanh tanh_shrink elu celu selu gelu glu softmax log_softmax sparsemax"
    ).split()
    own = [
        ops.soft_shrink(x, 0.2), ops.hard_shrink(x, 0.2), ops.squareplus(x, 2), ops.leaky_relu(x, 0.3), ops.elu(x, 0.7), ops.celu(x, 0.7),
        ops.gelu(x, False), ops.threshold(x, 0.2, 0.1), ops.softmax(x, axis=1), ops.softmax(x, axis=(1, 2)), ops.log_softmax(x, axis=1),
        ops.round(x, 1), ops.exp(i), ops.sqrt(ops.abs(i)), ops.relu(i), ops.floor(i), ops.trunc(x * 3),
        keras.activations.relu(x, negative_slope=0.1, max_value=0.5, threshold=0.2),
    ]  # fmt: skip
    return [getattr(ops, n)(x) for n in plain + nn] + [getattr(ops, n)(y) for n in positive] + own


def questions(x, y, i):
    return [
        x > y, x >= 0.25, x < 0, x <= y, ops.equal(i, 2), ops.not_equal(i, 2), i > 0.5, ops.logical_and(x > 0, y > 0.5), ops.logical_or(i, x > 0),
        ops.logical_xor(x > 0, y > 0.5), ops.logical_not(i), ops.where(x > 0, x, y), ops.where(x > 0, 1.0, 0.0), ops.where(i, x, 0),
        ops.where(x > 0, 2, 3), ops.cast(x > 0, "float32"), ops.cast(x * 3, "int32"), ops.cast(x, "bool"), ops.cast(i, "float16"),
        ops.ones_like(x), ops.zeros_like(i), ops.full_like(x, 2), ops.full_like(x, 2, dtype="int32"), ops.copy(x), ops.convert_to_tensor(x),
    ]  # fmt: skip


def reductions(x, y, i):
    several = [
        f(x, **k)
        for f in (ops.sum, ops.prod, ops.mean, ops.var, ops.std, ops.max, ops.min, ops.amax, ops.amin, ops.ptp, ops.logsumexp)
        for k in ({"axis": -1}, {"axis": (1, 2), "keepdims": True}, {"axis": 1})
    ]
    return several + [
        ops.sum(i, axis=1), ops.mean(i, axis=2), ops.sum(x > 0, axis=1), ops.prod(i, axis=-1), ops.var(i, axis=1), ops.prod(i, axis=1, dtype="float32"),
        ops.all(x > -0.5, axis=1), ops.any(x > 0.8, axis=(1, 2)), ops.all(i, axis=2, keepdims=True), ops.count_nonzero(i, axis=1),
        ops.average(x, axis=1), ops.average(x, axis=2, weights=np.arange(1.0, 5.0, dtype="float32")), ops.average(x, axis=1, weights=y),
        ops.argmax(x, axis=1), ops.argmin(x, axis=-1, keepdims=True), ops.sort(x, axis=1), ops.argsort(x, axis=-1), ops.cumsum(x, axis=1),
        ops.cumprod(x, axis=-1), ops.cumsum(i, axis=2), *ops.top_k(x, 2), *ops.nn.moments(x, axes=[1]), *ops.nn.moments(x, axes=[1, 2], keepdims=True),
        ops.normalize(x, axis=-1), ops.normalize(x, axis=1, order=3), ops.rms_normalization(x, axis=-1), ops.rms_normalization(x, np.arange(4, dtype="float32"), axis=-1, epsilon=0.1),
    ]  # fmt: skip


def shapes(x, y, i):
    return [
        ops.reshape(x, (-1, 12)), ops.reshape(x, (-1, 2, 3, 2)), ops.transpose(x, (0, 2, 1)),
        ops.transpose(ops.transpose(x)), ops.swapaxes(x, 1, -1), ops.moveaxis(x, 1, 2), ops.moveaxis(ops.expand_dims(x, 1), (1, 2), (3, 1)), ops.expand_dims(x, -1),
        ops.expand_dims(x, (1, -1)), ops.squeeze(ops.expand_dims(x, 2), 2), ops.squeeze(ops.expand_dims(x, 1)), ops.broadcast_to(x[0], (5, 3, 4)),
        ops.concatenate([x, y], axis=1), ops.concatenate([x, i], axis=-1), ops.stack([x, y, y], axis=1), ops.stack([x, y], axis=-1), ops.hstack([x, y]),
        ops.ravel(x), *ops.split(x, 2, axis=2), *ops.split(x, [1, 3], axis=-1), *ops.unstack(x, axis=1), ops.flip(x, axis=1), ops.flip(x, axis=(1, 2)),
        ops.roll(x, 1, axis=2), ops.roll(x, -5, axis=1), ops.roll(x, (1, 2), axis=(1, 2)), ops.repeat(x, 2, axis=1), ops.tile(x, (1, 2, 3)),
        ops.pad(x, [[0, 0], [1, 2], [0, 1]]), ops.pad(x, [[0, 0], [1, 0], [2, 2]], constant_values=0.5), ops.pad(x, [[0, 0], [2, 1], [1, 3]], mode="reflect"),
        ops.pad(x, [[0, 0], [2, 1], [1, 3]], mode="symmetric"), ops.tril(x), ops.triu(x, 1), ops.tril(x, -1),
        x[..., None], x[:, 1], x[:, -1, 2], x[:, 1:], x[:, ::2, 1:3], x[:, ::-1], x[:, 2:0:-1, ...], x[..., -2:], x[:, :, ::-3], x[:, None, :, 0], x[:, 5:], x[..., :-1],
        ops.take(x, [2, 0, 0], axis=1), ops.take(x, [[0, -1], [1, 2]], axis=-1), ops.take(np.arange(20, dtype="float32"), i + 9), ops.take(np.arange(20, dtype="float32").reshape(10, 2), i, axis=0),
        ops.one_hot(i, 4), ops.one_hot(i, 3, axis=1), ops.one_hot(i, 3, dtype="int32"),
    ]  # fmt: skip


def products(x, y, i):
    matrix = np.linspace(-1, 1, 8).reshape(4, 2).astype("float32")
    return [
        ops.matmul(x, matrix), ops.matmul(x, ops.transpose(y, (0, 2, 1))), ops.matmul(x, matrix[:, 0]), ops.dot(x, matrix), ops.dot(x, matrix[:, 0]),
        ops.tensordot(x, matrix, 1), ops.tensordot(x, matrix, [[2], [0]]), ops.tensordot(x, np.ones((3, 4), "float32"), 2), ops.inner(x, matrix.T),
        ops.outer(x[0], y[0]), ops.einsum("bij,bkj->bik", x, y), ops.einsum("bij,jk->bik", x, matrix), ops.einsum("...ij->...ji", x), x @ matrix, ops.einsum("bij,bkj->bik", i, i),
    ]  # fmt: skip


def norms(x, y, i):
    """Keras on jax cannot run these in a model: of arrays it can."""
    orders = [ops.norm(x, ord, axis=-1) for ord in (1, 2, 3, 0, np.inf, -np.inf)]
    return [*orders, ops.norm(y, axis=1, keepdims=True), ops.norm(ops.cast(i, "float32"), axis=(1, 2))]


def facts():
    groups = []
    for build in (arithmetic, functions, questions, reductions, shapes, products, norms):
        keras.utils.clear_session()
        x, y = keras.Input((3, 4), name="x"), keras.Input((3, 4), name="y")
        i = keras.Input((3, 4), name="i", dtype="int32")
        outputs = build(x, y, i)
        model = keras.Model([x, y, i], outputs)
        shape = (5, 3, 4)
        inputs = [wire.uniform(shape, 1, -1.0), wire.uniform(shape, 2, 0.1, 0.9), wire.integers(shape, 3, 5, -4)]
        outputs = build(*map(ops.convert_to_tensor, inputs)) if build is norms else model(inputs)
        groups.append(
            {"group": build.__name__, "model": model.to_json(), "inputs": wire.arrays(inputs), "outputs": wire.arrays(outputs)}
        )
    return {"groups": groups}
