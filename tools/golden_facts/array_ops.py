"""The rest of the functions of keras.ops. Cases as in `ops`, of which each is called with its settings by name.

Every back end gives these numbers; Keras' own on NumPy does so without compiling each function first.
"""

import keras
import numpy as np

from . import wire
from .ops import between, normal, whole

ops = keras.ops
NAN = np.array([[1.5, np.nan, -2.0, 0.5], [np.nan, np.nan, np.nan, np.nan], [3.0, -np.inf, 2.0, np.nan]], "float32")
ODD = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, -2.5, 3.0], "float32")


def case(name, *values, call=None, **settings):
    """Values are tensors, lists of them or None; settings are given by name, and written in order."""
    given = [[np.array(v) for v in value] if isinstance(value, list) else value if value is None else np.array(value) for value in values]
    found = (call or getattr(ops, name.rstrip("_")))(*given, **{k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()})
    outputs = found if isinstance(found, (tuple, list)) else [found]
    flat = [v for value in values if value is not None for v in (value if isinstance(value, list) else [value])]
    row = {"name": name, "values": wire.arrays(flat), "settings": list(settings.values())}
    return {**row, "outputs": [wire.array(np.asarray(v)) for v in outputs]}


def elementwise():
    x = normal(3, 4)
    for name in "arcsinh cbrt deg2rad rad2deg fabs sinc i0 erfc real imag conj conjugate angle isreal stop_gradient signbit".split():
        yield case(name, x if name != "stop_gradient" else x)
    yield case("arccosh", between(1.0, 9.0, 2, 5))
    yield case("arctanh", between(-0.95, 0.95, 2, 5))
    yield case("i0", between(-9.0, 9.0, 12, seed=7))
    yield case("erfc", between(-3.0, 6.0, 12, seed=8))
    yield case("sinc", np.array([0.0, 1.0, 0.5, -2.25], "float32"))
    for name in "signbit isneginf isposinf angle".split():
        yield case(name, ODD)
    y, i, j = normal(4, seed=5), whole(3, 4), np.array([2, 3, 1, 4], "int32")
    for name in "logaddexp2 fmax fmin".split():
        yield case(name, x, y)
    yield case("heaviside", np.array([-1.5, 0.0, 2.0, np.nan], "float32"), np.array([0.5, 0.25, 1.0, 2.0], "float32"))
    yield case("fmax", ODD, ODD[::-1].copy())
    yield case("fmin", ODD, ODD[::-1].copy())
    yield case("ldexp", x, j)
    yield case("ldexp", np.array([1.5, -3.0], "float32"), np.array([-3, 7], "int32"))
    yield case("nan_to_num", ODD, nan=0.0, posinf=None, neginf=None)
    yield case("nan_to_num", ODD, nan=-1.0, posinf=9.0, neginf=-8.5)
    for name in "bitwise_and bitwise_or bitwise_xor".split():
        yield case(name, i, j)
    for name in "bitwise_left_shift bitwise_right_shift left_shift right_shift".split():
        yield case(name, i, j)
    yield case("bitwise_invert", i)
    yield case("bitwise_not", whole(5, low=0))
    big = np.array([48, -36, 0, 17, 832040], "int32")
    yield case("gcd", big, np.array([18, 27, 5, 0, 514229], "int32"))
    yield case("lcm", big[:4], np.array([18, 27, 5, 3], "int32"))
    near = x + np.float32(1e-5) * normal(3, 4, seed=9)
    for equal in (False, True):
        yield case("isclose", x, near, np.float32(1e-5), np.float32(1e-8), equal_nan=equal)
        yield case("isclose", ODD, ODD, np.float32(1e-5), np.float32(1e-8), equal_nan=equal)
        yield case("allclose", ODD[1:], ODD[1:], rtol=1e-5, atol=1e-8, equal_nan=equal)
    yield case("allclose", x, near, rtol=1e-3, atol=1e-3, equal_nan=False)
    for invert in (False, True):
        yield case("isin", i, np.array([[1, -3], [5, 0]], "int32"), assume_unique=False, invert=invert)
    yield case("saturate_cast", np.array([-3.7, 12.2, 300.5, 1e20, -1e20], "float32"), dtype="uint8")
    yield case("saturate_cast", np.array([-70000, 255, 256, -1], "int32"), dtype="uint8")


def order():
    x = normal(3, 4, 5)
    for axis in (None, 0, -1, [0, 2]):
        for keep in (False, True):
            yield case("median", x, axis=axis, keepdims=keep)
    for method in "linear lower higher midpoint nearest".split():
        yield case("quantile", x, np.array([0.0, 0.3, 0.6, 1.0], "float32"), axis=1, method=method, keepdims=False)
    yield case("quantile", x, np.float32(0.4), axis=[0, 2], method="linear", keepdims=True)
    yield case("quantile", whole(7), np.array([0.2, 0.7], "float32"), axis=None, method="linear", keepdims=False)
    yield case("percentile", x, np.array([10.0, 95.0], "float32"), axis=-1, method="linear", keepdims=True)
    yield case("median", NAN[:1], axis=-1, keepdims=False)
    for name in "nanmedian nansum nanprod nanmax nanmin nanmean nanvar nanstd nanargmax nanargmin".split():
        for axis in (None, 0, 1):
            yield case(name, NAN, axis=axis, keepdims=axis == 1)
    yield case("nanquantile", NAN, np.array([0.25, 0.5], "float32"), axis=1, method="linear", keepdims=False)
    yield case("nanpercentile", NAN, np.float32(80.0), axis=0, method="lower", keepdims=False)
    for axis in (None, 0, 1):
        yield case("nancumsum", NAN, axis=axis)
        yield case("nancumprod", NAN, axis=axis)
    bins = np.array([-1.0, 0.0, 0.5, 2.0], "float32")
    yield case("digitize", np.array([[-3.0, 0.0, 0.7], [2.0, 9.0, -0.5]], "float32"), bins)
    for side in ("left", "right"):
        yield case("searchsorted", bins, np.array([0.5, -1.0, 3.0, -2.0], "float32"), side=side)
    yield case("histogram", normal(40), bins=7, range=None)
    yield case("histogram", normal(40), bins=4, range=[-1.0, 1.5])
    for n, axis in ((1, -1), (2, 0), (3, 1)):
        yield case("diff", x, n=n, axis=axis)
    yield case("diff", whole(6), n=1, axis=0)
    yield case("trapezoid", x, x=None, dx=0.5, axis=1)
    yield case("trapezoid", x, x=[0.0, 1.0, 3.0, 3.5, 7.0], dx=1.0, axis=-1)
    yield case("corrcoef", normal(4, 9))
    for mode in ("valid", "same", "full"):
        for n, m in ((7, 3), (7, 4), (3, 6), (4, 6), (5, 5)):
            yield case("correlate", normal(n, seed=n), normal(m, seed=90 + m), mode=mode)
    yield case("cdist", normal(4, 3), normal(5, 3, seed=3))
    yield case("cdist", normal(2, 4, 3), normal(2, 5, 3, seed=3))
    for k in (1, 3):
        yield case("in_top_k", np.array([0, 3, 4], "int32"), normal(3, 5), k=k)
    data, ids = normal(6, 2), np.array([0, 2, 2, 0, 3, 2], "int32")
    for name in "segment_sum segment_prod segment_max segment_min".split():
        yield case(name, data, ids, num_segments=5, sorted=False)
    yield case("segment_sum", whole(6), ids, num_segments=4, sorted=False)
    yield case("psnr", between(0, 1, 2, 5), between(0, 1, 2, 5, seed=4), max_val=1.0)
    weights = between(0.1, 1.0, 4)
    yield case("average", x, weights, call=lambda x, w, axis: ops.average(x, axis=axis, weights=w), axis=1)


def arranged():
    x, i = normal(3, 4, 5), whole(3, 4)
    for axis in (None, 0, 1):
        yield case("append", i, whole(3, 4, seed=8), axis=axis)
    yield case("kron", normal(2, 3), normal(3, 2, seed=6))
    yield case("kron", normal(2, 2, 3), normal(3, seed=6))
    yield case("cross", normal(4, 3), normal(4, 3, seed=2), axisa=-1, axisb=-1, axisc=-1, axis=None)
    yield case("cross", normal(3, 4), normal(3, 4, seed=2), axisa=-1, axisb=-1, axisc=-1, axis=0)
    yield case("cross", normal(3, 4), normal(4, 3, seed=2), axisa=0, axisb=1, axisc=0, axis=None)
    yield case("cross", normal(4, 2), normal(4, 2, seed=2), axisa=-1, axisb=-1, axisc=-1, axis=None)
    yield case("vdot", x, normal(3, 4, 5, seed=2))
    yield case("fliplr", x)
    yield case("flipud", i)
    for k, axes in ((1, [0, 1]), (2, [1, 2]), (3, [2, 0]), (-1, [0, 1]), (4, [0, 1])):
        yield case("rot90", x, k=k, axes=axes)
    for offset in (-1, 0, 2):
        yield case("diagonal", x, offset=offset, axis1=0, axis2=2)
        yield case("trace", x, offset=offset, axis1=1, axis2=2)
        yield case("diag", i, k=offset)
        yield case("diag", whole(3), k=offset)
        yield case("diagflat", whole(2, 2), k=offset)
    yield case("vander", normal(4), N=None, increasing=False)
    yield case("vander", whole(3), N=5, increasing=True)
    places = np.array([[[1], [0], [3]], [[0], [0], [2]], [[2], [1], [-1]]], "int32").reshape(3, 3, 1)
    yield case("take_along_axis", x, places, axis=1)
    yield case("take_along_axis", i, np.argsort(i, axis=1).astype("int32"), axis=1)
    yield case("take_along_axis", i, np.array([3, 0, 11], "int32"), axis=None)
    yield case("slice", x, np.array([1, 0, 2], "int32"), shape=[2, 3, 2])
    yield case("slice_update", x, np.array([1, 2, 0], "int32"), normal(2, 2, 3, seed=3))
    at = np.array([[0, 1], [2, 3], [0, 0]], "int32")
    yield case("scatter", at, normal(3), shape=[3, 4])
    yield case("scatter", np.array([[1], [2], [1]], "int32"), normal(3, 2), shape=[4, 2])
    for reduction in (None, "add", "max", "min", "mul"):
        yield case("scatter_update", i, at, np.array([7, -1, 2], "int32"), reduction=reduction)
    yield case("scatter_update", x, np.array([[1], [0]], "int32"), normal(2, 4, 5, seed=3), reduction="max")
    pictures = normal(2, 4, 6, 8)
    for form in ("channels_last", "channels_first"):
        yield case("depth_to_space", pictures if form == "channels_last" else normal(2, 8, 3, 2), block_size=2, data_format=form)
        yield case("space_to_depth", pictures if form == "channels_last" else normal(2, 3, 4, 6), block_size=2, data_format=form)
    squares = normal(2, 3, 6, 5)
    for size, dilation, padding, stride in ((2, 1, 0, 1), ([3, 2], 1, [1, 0], 2), (2, 2, 1, [2, 1])):
        yield case("unfold", squares, kernel_size=size, dilation=dilation, padding=padding, stride=stride)
        columns = np.asarray(ops.unfold(squares, tuple(size) if isinstance(size, list) else size, dilation, tuple(padding) if isinstance(padding, list) else padding, tuple(stride) if isinstance(stride, list) else stride))
        yield case("fold", columns, output_size=[6, 5], kernel_size=size, dilation=dilation, padding=padding, stride=stride)
    yield case("multi_hot", np.array([[0, 2, 2], [4, 1, 0]], "int32"), num_classes=5, axis=-1, dtype="float32")
    yield case("multi_hot", np.array([3, 1], "int32"), num_classes=4, axis=-1, dtype="float32")
    yield case("extract_sequences", normal(2, 11), sequence_length=4, sequence_stride=3)
    yield case("dstack", [i, whole(3, 4, seed=8)], call=lambda a: ops.dstack(a))
    yield case("dstack", [whole(3), whole(3, seed=8)], call=lambda a: ops.dstack(a))
    for indexing in ("xy", "ij"):
        yield case("meshgrid", whole(3), normal(2), whole(4, seed=8), call=lambda *a, indexing: ops.meshgrid(*a, indexing=indexing), indexing=indexing)
    conditions = [x > 1, x > 0, x < -1]
    yield case("select", conditions, [x, x * 2, x * 3], np.float32(-7), call=lambda c, v, d: ops.select(c, v, d))
    yield case("array_split", normal(7, 2), indices_or_sections=3, axis=0)
    yield case("array_split", normal(3, 7), indices_or_sections=4, axis=1)
    yield case("hsplit", normal(3, 4), indices_or_sections=2)
    yield case("hsplit", normal(6), indices_or_sections=[1, 4])
    yield case("vsplit", normal(4, 3), indices_or_sections=2)
    yield case("dsplit", x, indices_or_sections=[1, 3])
    yield case("unravel_index", np.array([0, 7, 11, 5], "int32"), shape=[3, 4])


def definite(n, batch=(), seed=1):
    x = normal(*batch, n, n, seed=seed)
    return (x @ np.swapaxes(x, -1, -2) + n * np.eye(n, dtype="float32")).astype("float32")


def algebra():
    for x in (definite(4), definite(3, (2,)), definite(6, (1, 2), 5)):
        for upper in (False, True):
            yield case("cholesky", x, upper=upper)
            if x.ndim == 2:
                yield case("cholesky_inverse", np.asarray(ops.cholesky(x, upper=upper)), upper=upper)
    for x in (normal(4, 4), normal(2, 3, 3), normal(7, 7, seed=3)):
        for name in "det inv logdet slogdet lu_factor".split():
            yield case(name, x if name != "logdet" else definite(3, (2,)))
    exchanged = np.array([[0.0, 2.0, 1.0], [0.0, 0.0, 3.0], [4.0, 1.0, 1.0]], "float32")
    for name in "det inv slogdet lu_factor".split():
        yield case(name, exchanged)
    yield case("det", np.array([[1.0, 2.0], [2.0, 4.0]], "float32"))
    yield case("solve", normal(4, 4), normal(4, 2, seed=2))
    yield case("solve", normal(2, 3, 3), normal(2, 3, 1, seed=2))
    yield case("solve", normal(4, 4), normal(4, seed=2))
    for lower in (False, True):
        yield case("solve_triangular", definite(4), normal(4, 2, seed=2), lower=lower)
    for shape in ((4, 4), (5, 3), (3, 5), (2, 4, 2)):
        for mode in ("reduced", "complete"):
            yield case("qr", normal(*shape, seed=sum(shape)), mode=mode)


def transforms():
    for n in (8, 7, 1, 96, 130):
        yield case("fft", [normal(2, n), normal(2, n, seed=3)], call=lambda a: ops.fft(tuple(a)))
        yield case("rfft", normal(2, n), fft_length=None)
        if n > 1:
            parts = [np.array(p) for p in ops.rfft(normal(2, n))]
            yield case("irfft", parts, call=lambda a, fft_length: ops.irfft(tuple(a), fft_length), fft_length=n)
    yield case("rfft", normal(2, 9), fft_length=12)
    yield case("rfft", normal(2, 9), fft_length=6)
    parts = [normal(3, 5), normal(3, 5, seed=3)]
    for length in (None, 6, 11):
        yield case("irfft", parts, call=lambda a, fft_length: ops.irfft(tuple(a), fft_length), fft_length=length)
    plane = [normal(2, 4, 6), normal(2, 4, 6, seed=3)]
    yield case("fft2", plane, call=lambda a: ops.fft2(tuple(a)))
    yield case("ifft2", plane, call=lambda a: ops.ifft2(tuple(a)))
    for length, stride, size, window, center in ((8, 4, 8, "hann", True), (6, 3, 10, "hamming", False), (16, 5, 16, None, True), (12, 4, 128, "hann", True)):
        x = normal(2, 150)
        sizes = {"sequence_length": length, "sequence_stride": stride, "fft_length": size}
        yield case("stft", x, **sizes, window=window, center=center)
        parts = [np.array(p) for p in ops.stft(x, **sizes, window=window, center=center)]
        for total in (None, 140):
            back = lambda a, **s: ops.istft(tuple(a), **s)  # noqa: E731
            yield case("istft", parts, call=back, **sizes, length=total, window=window, center=center)


def networks():
    form = {"data_format": "channels_last"}
    for x, kernel, strides, padding, dilation in (
        (normal(2, 9, 4), normal(3, 4, 5), 1, "valid", 1),
        (normal(2, 9, 8, 4), normal(3, 2, 4, 3), [2, 1], "same", 1),
        (normal(2, 9, 8, 4), normal(3, 2, 2, 6), 1, "valid", [1, 2]),
        (normal(1, 5, 4, 6, 2), normal(2, 2, 3, 2, 3), 1, "same", 1),
    ):
        yield case("conv", x, kernel, strides=strides, padding=padding, **form, dilation_rate=dilation)
    yield case("depthwise_conv", normal(2, 9, 8, 4), normal(3, 2, 4, 2), strides=2, padding="same", **form, dilation_rate=1)
    yield case("separable_conv", normal(2, 9, 8, 4), normal(3, 2, 4, 2), normal(1, 1, 8, 3), strides=2, padding="valid", **form, dilation_rate=1)
    for added in (None, 1):
        yield case("conv_transpose", normal(2, 4, 5, 3), normal(3, 3, 2, 3), strides=2, padding="same", output_padding=added, **form, dilation_rate=1)
    for name in ("max_pool", "average_pool"):
        yield case(name, normal(2, 9, 8, 4), pool_size=[3, 2], strides=[3, 2], padding="valid", **form)
        yield case(name, normal(2, 9, 4), pool_size=3, strides=2, padding="same", **form)
    for name in ("adaptive_max_pool", "adaptive_average_pool"):
        yield case(name, normal(2, 9, 8, 4), output_size=[4, 3], **form)
    shares = between(0.01, 0.99, 3, 4)
    for logits in (False, True):
        output = normal(3, 4) if logits else shares
        yield case("binary_crossentropy", between(0, 1, 3, 4, seed=4), output, from_logits=logits)
        for axis in (-1, 0):
            yield case("categorical_crossentropy", between(0, 1, 3, 4, seed=4), output, from_logits=logits, axis=axis)
        yield case("sparse_categorical_crossentropy", np.array([0, 3, 1], "int32"), output, from_logits=logits, axis=-1)
    q, k, v = normal(2, 5, 4, 3), normal(2, 6, 4, 3, seed=2), normal(2, 6, 4, 3, seed=3)
    mask, bias = normal(2, 4, 5, 6, seed=4) > -1, normal(2, 4, 5, 6, seed=5)

    def attend(q, k, v, bias=None, mask=None, **s):
        return ops.dot_product_attention(q, k, v, bias=bias, mask=mask, flash_attention=False, **s)

    plain = {"scale": None, "is_causal": False, "attn_logits_soft_cap": None}
    yield {**case("dot_product_attention", q, k, v, call=attend, **plain), "given": [False, False]}
    yield {**case("dot_product_attention", q, k, v, bias, mask, call=attend, **{**plain, "scale": 0.7}), "given": [True, True]}
    yield {**case("dot_product_attention", q, q, q, call=attend, **{**plain, "is_causal": True}), "given": [False, False]}
    x = normal(3, 4, 5)
    for axis, size in ((-1, (5,)), ([1, 2], (4, 5))):
        for epsilon in (None, 0.1):
            yield case("layer_normalization", x, normal(*size), normal(*size, seed=2), axis=axis, epsilon=epsilon)
    yield case("rms_normalization", x, normal(5), axis=-1, epsilon=None)
    yield case("batch_normalization", x, normal(4), between(0.5, 2.0, 4), normal(4, seed=2), normal(4, seed=3), call=lambda x, m, v, o, s, axis, epsilon: ops.batch_normalization(x, m, v, axis, o, s, epsilon), axis=1, epsilon=1e-3)


def made():
    """Values from numbers alone."""
    rows = []
    for name, *args in (
        ("arange", 0.0, 10.0, 3.0), ("arange", 5.0, -2.0, -1.5), ("linspace", -1.0, 2.0, 7, True), ("linspace", 0.0, 1.0, 4, False), ("linspace", 3.0, 9.0, 1, True),
        ("logspace", 0.0, 2.0, 5, True, 10.0), ("logspace", 0.0, 3.0, 4, False, 2.0), ("geomspace", 1.0, 1000.0, 4, True), ("eye", 3, 4, 1), ("eye", 4, 2, -1), ("identity", 3),
        ("tri", 3, 5, 1), ("tri", 4, 3, -1), ("bartlett", 7), ("bartlett", 8), ("blackman", 8), ("hamming", 5), ("hanning", 6), ("hanning", 1), ("kaiser", 9, 5.0), ("kaiser", 8, 14.0),
    ):
        function = getattr(ops, name)
        if name in ("linspace", "logspace", "geomspace"):
            keys = ("start", "stop", "num", "endpoint", "base")
            found = function(**dict(zip(keys, args)))
        else:
            found = function(*args)
        rows.append({"name": name, "args": list(args), "output": wire.array(np.asarray(found, "float32"))})
    return rows


def facts():
    groups = (elementwise, order, arranged, algebra, transforms, networks)
    return {"cases": [case for group in groups for case in group()], "made": made()}
