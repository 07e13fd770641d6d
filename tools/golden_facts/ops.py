"""Functions of keras.ops, called with every kind of argument."""

import keras
import numpy as np

from . import wire

ops = keras.ops


def case(name, *values, settings=()):
    """Values are tensors; settings are the arguments after them, in order."""
    given = [tuple(s) if isinstance(s, list) and name != "split" else s for s in settings]
    found = getattr(ops, name.rstrip("_"))(*[np.asarray(v) for v in values], *given)
    outputs = found if isinstance(found, (tuple, list)) else [found]
    row = {"name": name, "values": wire.arrays(values), "settings": list(settings)}
    return {**row, "outputs": [wire.array(np.asarray(v)) for v in outputs]}


def normal(*shape, seed=1000):
    return wire.normal(shape, seed, 1.5)


def between(low, high, *shape, seed=1001):
    return wire.uniform(shape, seed, low, high)


def whole(*shape, seed=1002, low=-5, high=6):
    return wire.integers(shape, seed, high, low)


def elementwise():
    x = normal(3, 4)
    plain = (
        "negative absolute abs sign square reciprocal exp exp2 expm1 sin cos tan arctan sinh cosh tanh erf floor ceil "
        "trunc logical_not isfinite isnan isinf ravel relu relu6 sigmoid sparse_sigmoid softplus softsign sparse_plus "
        "silu log_sigmoid hard_sigmoid hard_silu hard_tanh tanh_shrink selu ones_like zeros_like"
    )
    for name in plain.split():
        yield case(name, x)
    odd = np.array([np.nan, np.inf, -np.inf, 0.0, -2.5], "float32")
    for name in ("isfinite", "isnan", "isinf", "sign"):
        yield case(name, odd)
    for name in ("negative", "abs", "sign", "square", "exp", "sqrt", "logical_not", "ravel", "relu"):
        yield case(name, whole(2, 3, low=0))
    for name in ("log", "log1p", "log2", "log10", "sqrt", "rsqrt"):
        yield case(name, between(0.1, 4.0, 2, 5))
    for name in ("arcsin", "arccos", "erfinv"):
        yield case(name, between(-0.95, 0.95, 2, 5))


def pairs():
    x, y = normal(3, 4), between(0.5, 2.0, 4)
    i, j = whole(3, 4), np.array([2, -3, 4, -1], "int32")
    for name in "add subtract multiply divide true_divide maximum minimum arctan2 hypot logaddexp fmod mod_".split():
        yield case(name, x, y)
    for name in "add subtract multiply divide maximum minimum floor_divide mod_ fmod".split():
        yield case(name, i, j)
    for name in "equal not_equal less less_equal greater greater_equal".split():
        yield case(name, i, j)
        yield case(name, x, np.zeros((3, 1), "float32"))
    for name in "logical_and logical_or logical_xor".split():
        yield case(name, i > 0, j > 0)
        yield case(name, i, j * 0)
    yield case("power", between(0.2, 2.0, 3, 4), y)
    yield case("divide_no_nan", x, np.array([0.0, 1.0, -2.0, 0.0], "float32"))
    yield case("floor_divide", x, y)
    yield case("where_", i > 0, x, y)


def reductions():
    x, i = normal(2, 3, 4), whole(2, 3, 4)
    for name in "sum prod mean var std max min amax amin ptp logsumexp".split():
        yield case(name, x, settings=(None, False))
        yield case(name, x, settings=(-1, True))
        yield case(name, x, settings=([0, 2], False))
    for name in ("sum", "prod", "mean", "max", "min"):
        yield case(name, i, settings=(1, False))
    for name in ("all", "any"):
        yield case(name, i > -3, settings=(1, False))
        yield case(name, i > -3, settings=(None, True))
    for name in ("argmax", "argmin"):
        yield case(name, x, settings=(None, False))
        yield case(name, x, settings=(1, True))
    yield case("count_nonzero", i, settings=(None,))
    yield case("count_nonzero", i, settings=([0, 1],))
    for order in (None, 1, 2, 3, 0):
        yield case("norm", x, settings=(order, -1, True))
    yield case("norm", x, settings=(None, None, False))
    yield case("moments", x, settings=([0, 1], True))


def order():
    x, i = normal(3, 5), whole(3, 5)
    for name in ("sort", "argsort"):
        yield case(name, x, settings=(-1,))
        yield case(name, i, settings=(0,))
    for name in ("cumsum", "cumprod"):
        yield case(name, x, settings=(1,))
        yield case(name, x, settings=(None,))
        yield case(name, i, settings=(0,))
    yield case("top_k", x, settings=(3, True))


def shapes():
    x = normal(2, 3, 4)
    yield case("reshape", x, settings=([4, -1],))
    yield case("reshape", x, settings=(-1,))
    yield case("transpose", x, settings=(None,))
    yield case("transpose", x, settings=([1, 2, 0],))
    yield case("swapaxes", x, settings=(0, -1))
    yield case("moveaxis", x, settings=(0, 2))
    yield case("moveaxis", x, settings=([0, 1], [-1, 0]))
    yield case("expand_dims", x, settings=(1,))
    yield case("expand_dims", x, settings=([0, -1],))
    yield case("squeeze", normal(1, 3, 1), settings=(None,))
    yield case("squeeze", normal(1, 3, 1), settings=(2,))
    yield case("broadcast_to", normal(3, 1), settings=([2, 3, 4],))
    yield case("flip", x, settings=(None,))
    yield case("flip", x, settings=(1,))
    yield case("roll", x, settings=(3, None))
    yield case("roll", x, settings=(-1, 2))
    yield case("repeat", x, settings=(2, None))
    yield case("repeat", x, settings=(3, 1))
    yield case("tile", normal(2, 3), settings=([2, 2],))
    yield case("tile", normal(3), settings=([2, 1, 3],))
    for name in ("tril", "triu"):
        for k in (0, 1, -2):
            yield case(name, normal(2, 4, 5), settings=(k,))
    yield case("take", x, np.array([[2, 0], [1, 1]], "int32"), settings=(1,))
    yield case("take", x, np.array([5, -1], "int32"), settings=(None,))
    yield case("split", x, settings=(2, -1))
    yield case("split", x, settings=([1, 3], 2))
    yield case("unstack", x, settings=(None, 1))
    yield case("cast", normal(4), settings=("int32",))
    yield case("cast", whole(4), settings=("bool",))


def products():
    yield case("matmul", normal(2, 3, 4), normal(4, 5))
    yield case("matmul", normal(4), normal(2, 4, 5))
    yield case("dot", normal(2, 3, 4), normal(4, 5))
    yield case("dot", normal(4), normal(4, seed=1))
    yield case("inner", normal(2, 4), normal(3, 4))
    yield case("outer", normal(3), normal(2, 2))
    yield case("tensordot", normal(2, 3, 4), normal(3, 4, 5), settings=(2,))
    yield case("tensordot", normal(2, 3, 4), normal(4, 3, 5), settings=([[1, 2], [1, 0]],))


def networks():
    x = normal(3, 6)
    yield case("clip", x, settings=(-0.5, 1.0))
    yield case("round", x, settings=(0,))
    yield case("round", x, settings=(1,))
    yield case("soft_shrink", x, settings=(0.3,))
    yield case("hard_shrink", x, settings=(0.7,))
    yield case("squareplus", x, settings=(2.0,))
    yield case("leaky_relu", x, settings=(0.3,))
    yield case("elu", x, settings=(0.7,))
    yield case("celu", x, settings=(0.7,))
    yield case("gelu", x, settings=(True,))
    yield case("gelu", x, settings=(False,))
    yield case("glu", x, settings=(-1,))
    yield case("threshold", x, settings=(0.2, -3.0))
    for name in ("softmax", "log_softmax", "sparsemax"):
        yield case(name, x, settings=(-1,))
        yield case(name, x, settings=(0,))
    yield case("one_hot", whole(2, 3, low=0, high=4), settings=(4, -1, "float32"))
    yield case("one_hot", whole(2, 3, low=0, high=4), settings=(5, 1, "int32"))
    yield case("normalize", x, settings=(-1, 2, 1e-7))
    yield case("normalize", x, settings=(0, 1, 1e-7))


def facts():
    groups = (elementwise, pairs, reductions, order, shapes, products, networks)
    return {"cases": [c for group in groups for c in group()]}
