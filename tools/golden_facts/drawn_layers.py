"""Layers of every class in drawn settings, each behind a layer of weights, in one or two steps of training."""

import keras
import numpy as np

from . import training, wire
from .training import fresh

ROWS = 5
SPEC = {"optimizer": {"class": "SGD", "args": {"learning_rate": 0.02}}, "loss": "mse"}


class Draw:
    """Choices of one number."""

    def __init__(self, number):
        self.rng = wire.rng(9_000_000 + number)

    def of(self, *options):
        return options[int(self.rng.integers(len(options)))]

    def whole(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def chance(self, share=0.5):
        return bool(self.rng.random() < share)

    def some(self, **options):
        """Some of the arguments, the others stay at their defaults."""
        return {k: v() if callable(v) else v for k, v in options.items() if self.chance()}

    def sizes(self, rank, low, high):
        return self.of(self.whole(low, high), [self.whole(low, high) for _ in range(rank)])


ACTIVATIONS = ["tanh", "relu", "elu", "softmax", "gelu", "selu", "sigmoid", "hard_sigmoid", "swish", "mish", "leaky_relu"]


def rule(d):
    """A regularizer, by name or with numbers."""
    return d.of("l1", "l2", keras.regularizers.L2(0.03), keras.regularizers.L1L2(0.01, 0.02))


def constraint(d):
    axis = d.of(0, -1)
    return d.of(
        "max_norm", "non_neg", "unit_norm", "min_max_norm",
        keras.constraints.MaxNorm(0.7, axis=axis), keras.constraints.UnitNorm(axis=axis),
        keras.constraints.MinMaxNorm(0.2, 0.9, rate=0.5, axis=axis),
    )


def weighted(d, kernel="kernel"):
    """What layers with a kernel and a bias have in common."""
    return d.some(
        use_bias=d.chance(),
        activation=d.of(*ACTIVATIONS),
        activity_regularizer=lambda: rule(d),
        bias_constraint=lambda: d.of("non_neg", "max_norm"),
        **{f"{kernel}_regularizer": lambda: rule(d), f"{kernel}_constraint": lambda: constraint(d)},
    )


def image(d, rank, format="channels_last", low=4, high=9, channels=None):
    sizes, channels = [d.whole(low, high) for _ in range(rank)], channels or d.whole(1, 4)
    return (channels, *sizes) if format == "channels_first" else (*sizes, channels)


def spatial(d, rank, dilated=True):
    """Strides or dilation, padding, order of axes."""
    args = {"padding": d.of("valid", "same"), "data_format": d.of("channels_last", "channels_first")}
    which = d.of("strides", "dilation_rate", None) if dilated else d.of("strides", None)
    if which:
        args[which] = d.sizes(rank, 1, 3)
    return args


def convolution(d):
    rank = d.whole(1, 3)
    args = {"kernel_size": d.sizes(rank, 1, 3 if rank < 3 else 2), **spatial(d, rank)}
    if rank == 1 and d.chance(0.3):
        args["padding"] = "causal"
    groups = d.of(1, 1, 2, 3)
    args.update(filters=groups * d.whole(1, 2), groups=groups, **weighted(d))
    shape = image(d, rank, args["data_format"], 4 + 2 * (rank < 3), 9 if rank < 3 else 6, groups * d.whole(1, 2))
    return f"Conv{rank}D", args, [shape]


def transposed(d):
    rank = d.whole(1, 3)
    args = {"filters": d.whole(1, 3), "kernel_size": d.sizes(rank, 1, 3), **spatial(d, rank), **weighted(d)}
    if d.chance(0.3):
        args["output_padding"] = d.sizes(rank, 0, 2)
    return f"Conv{rank}DTranspose", args, [image(d, rank, args["data_format"], 2, 5)]


def depthwise(d):
    rank = d.whole(1, 2)
    args = {"kernel_size": d.sizes(rank, 1, 3), "depth_multiplier": d.whole(1, 3), **spatial(d, rank)}
    args.update(weighted(d, "depthwise"))
    one = args.get("strides")
    if isinstance(one, list):
        args["strides"] = one[0]
    return f"DepthwiseConv{rank}D", args, [image(d, rank, args["data_format"], 6, 9)]


def separable(d):
    rank = d.whole(1, 2)
    args = {"filters": d.whole(1, 4), "kernel_size": d.sizes(rank, 1, 3), "depth_multiplier": d.whole(1, 2), **spatial(d, rank)}
    args.update(weighted(d, d.of("depthwise", "pointwise")))
    one = args.get("strides")
    if isinstance(one, list):
        args["strides"] = one[0]
    return f"SeparableConv{rank}D", args, [image(d, rank, args["data_format"], 6, 9)]


def pool(d):
    rank, kind = d.whole(1, 3), d.of("Max", "Average")
    args = {"pool_size": d.sizes(rank, 1, 3), **spatial(d, rank, dilated=False)}
    return f"{kind}Pooling{rank}D", args, [image(d, rank, args["data_format"], 3, 7)]


def whole_pool(d):
    rank, kind = d.whole(1, 3), d.of("Max", "Average")
    args = {"data_format": d.of("channels_last", "channels_first"), "keepdims": d.chance()}
    return f"Global{kind}Pooling{rank}D", args, [image(d, rank, args["data_format"], 2, 5)]


def adaptive_pool(d):
    rank, kind = d.whole(1, 3), d.of("Max", "Average")
    args = {"output_size": d.sizes(rank, 1, 5), "data_format": d.of("channels_last", "channels_first")}
    return f"Adaptive{kind}Pooling{rank}D", args, [image(d, rank, args["data_format"], 2, 7)]


def anything(d, low=1, high=4):
    """A shape of any rank."""
    return tuple(d.whole(1, 5) for _ in range(d.whole(low, high)))


def dense(d):
    return "Dense", {"units": d.whole(1, 4), **weighted(d)}, [anything(d)]


def einsum(d):
    equation, output, bias, shape = d.of(
        ("ab,bc->ac", 3, "c", (4,)),
        ("abc,cd->abd", [None, 3], "d", (2, 4)),
        ("abc,cd->abd", [None, 3], "bd", (2, 4)),
        ("...x,xy->...y", 3, "y", (2, 3, 4)),
        ("abc,bde->adec", [2, 3, 4], "ec", (3, 4)),
        ("abcd,dbe->ace", [3, 2], "e", (4, 3, 2)),
    )
    args = weighted(d)
    args.pop("use_bias", None)
    args = {k: v for k, v in args.items() if not k.startswith("bias")}
    if d.chance(0.7):
        args["bias_axes"] = bias
    return "EinsumDense", {"equation": equation, "output_shape": output, **args}, [shape]


def batch_norm(d):
    shape = anything(d)
    axis = d.whole(1, len(shape)) * d.of(1, 1) if d.chance() else -d.whole(1, len(shape))
    args = d.some(momentum=d.of(0.5, 0.9), epsilon=d.of(1e-2, 1e-5), center=d.chance(), scale=d.chance(),
                  beta_regularizer=lambda: rule(d), gamma_constraint=lambda: d.of("non_neg", "max_norm"))
    return "BatchNormalization", {"axis": axis, **args}, [shape]


def layer_norm(d):
    shape = anything(d, 2)
    rank = len(shape) + 1
    axis = d.of(-1, d.whole(1, rank - 1), [rank - 2, -1], [-1, -2])
    args = d.some(epsilon=d.of(1e-2, 1e-5), center=d.chance(), scale=d.chance(), gamma_regularizer=lambda: rule(d))
    return "LayerNormalization", {"axis": axis, **args}, [shape]


def group_norm(d):
    channels, rest = d.of(2, 4, 6), [d.whole(1, 4) for _ in range(d.whole(0, 3))]
    place = d.whole(0, len(rest))
    shape = (*rest[:place], channels, *rest[place:])
    axis = d.of(place + 1, place - len(shape))
    groups = d.of(1, 2, -1, channels)
    return "GroupNormalization", {"groups": groups, "axis": axis, **d.some(center=False, scale=False, epsilon=0.01)}, [shape]


def rms_norm(d):
    shape = anything(d, 1, 3)
    return "RMSNormalization", {"axis": d.of(-1, d.whole(1, len(shape))), **d.some(epsilon=0.1)}, [shape]


def unit_norm(d):
    shape = anything(d, 1, 3)
    return "UnitNormalization", {"axis": d.of(-1, d.whole(1, len(shape)), list(range(1, len(shape) + 1)))}, [shape]


def reshaped(d):
    shape = d.of((4, 6), (2, 3, 4), (24,), (2, 2, 2, 3))
    kind = d.of("Reshape", "Permute", "Flatten", "RepeatVector")
    if kind == "Reshape":
        return kind, {"target_shape": d.of([-1], [-1, 4], [24], [2, -1, 3], [1, -1], [4, 3, 2])}, [shape]
    if kind == "Permute":
        return kind, {"dims": [int(i) + 1 for i in d.rng.permutation(len(shape))]}, [shape]
    if kind == "Flatten":
        return kind, {"data_format": d.of("channels_last", "channels_first")}, [shape]
    return kind, {"n": d.whole(1, 4)}, [(d.whole(1, 5),)]


def bordered(d):
    rank, kind = d.whole(1, 3), d.of("Cropping", "ZeroPadding")
    pair = lambda: [d.whole(0, 2), d.whole(0, 2)]  # noqa: E731
    borders = pair() if rank == 1 else d.of(d.whole(0, 2), [d.whole(0, 2) for _ in range(rank)], [pair() for _ in range(rank)])
    borders = d.of(borders, d.whole(0, 2))
    args = {("cropping" if kind == "Cropping" else "padding"): borders}
    format = d.of("channels_last", "channels_first")
    if rank > 1 or kind == "ZeroPadding":
        args["data_format"] = format
    else:
        format = "channels_last"
    return f"{kind}{rank}D", args, [image(d, rank, format, 5, 7)]


def up_sampling(d):
    rank = d.whole(1, 3)
    args = {"size": d.whole(1, 3) if rank == 1 else d.sizes(rank, 1, 3)}
    format = "channels_last"
    if rank > 1:
        format = args["data_format"] = d.of("channels_last", "channels_first")
    if rank == 2:
        args["interpolation"] = d.of("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
    return f"UpSampling{rank}D", args, [image(d, rank, format, 2, 5)]


def merged(d):
    kind = d.of("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot")
    shape = list(anything(d, 1, 3))
    if kind == "Dot":
        rank = d.whole(1, 3)
        a, b = [d.whole(1, 4) for _ in range(rank)], [d.whole(1, 4) for _ in range(d.of(rank, max(rank - 1, 1)))]
        i, j = d.whole(1, len(a)), d.whole(1, len(b))
        b[j - 1] = a[i - 1]
        axes = d.of([i, j], [i - len(a) - 1, j - len(b) - 1])
        return kind, {"axes": axes, "normalize": d.chance()}, [tuple(a), tuple(b)]
    if kind == "Concatenate":
        axis = d.whole(1, len(shape))
        other = [*shape]
        other[axis - 1] = d.whole(1, 4)
        return kind, {"axis": d.of(axis, axis - len(shape) - 1)}, [tuple(shape), tuple(other), tuple(shape)]
    other = [1 if d.chance(0.3) else n for n in shape]
    if d.chance(0.2):
        other = other[1:] or other
    count = 2 if kind == "Subtract" else d.whole(2, 3)
    return kind, {}, [tuple(shape), tuple(other), tuple(shape)][:count]


def activation(d):
    shape = anything(d, 1, 3)
    axis = d.of(-1, d.whole(1, len(shape)))
    return d.of(
        ("Softmax", {"axis": d.of(axis, [axis])}, [shape]),
        ("ReLU", d.some(max_value=0.8, negative_slope=0.1, threshold=d.of(0.2, 0.0)), [shape]),
        ("LeakyReLU", {"negative_slope": d.of(0.0, 0.3)}, [shape]),
        ("ELU", {"alpha": d.of(0.5, 1.5)}, [shape]),
        ("PReLU", {"shared_axes": d.of(None, [1], [len(shape)]), **d.some(alpha_regularizer="l2", alpha_constraint="non_neg")}, [shape]),
        ("Activation", {"activation": d.of(*ACTIVATIONS, "softplus", "softsign", "hard_silu", "log_softmax", "squareplus", "soft_shrink", "sparse_plus", "celu", "glu" if shape[-1] % 2 == 0 else "tanh_shrink")}, [shape]),
        ("ActivityRegularization", {"l1": d.of(0.0, 0.1), "l2": d.of(0.0, 0.2)}, [shape]),
        ("Rescaling", {"scale": d.of(0.3, 2.0), "offset": d.of(0.0, -1.0)}, [shape]),
        ("Identity", {}, [shape]),
        ("GaussianNoise", {"stddev": 0.0}, [shape]),
    )


def spectral(d):
    inner = d.of(keras.layers.Dense(d.whole(1, 4)), keras.layers.Conv2D(2, d.whole(1, 3), padding="same"))
    shape = anything(d, 1, 2) if isinstance(inner, keras.layers.Dense) else image(d, 2)
    return "SpectralNormalization", {"layer": inner, "power_iterations": d.whole(1, 3)}, [shape]


KINDS = [
    convolution, convolution, convolution, transposed, transposed, depthwise, separable, pool, pool, whole_pool, adaptive_pool, dense,
    einsum, batch_norm, layer_norm, group_norm, rms_norm, unit_norm, reshaped, bordered, up_sampling, merged, merged, activation,
    activation, spectral,
]


def said(args):
    """Arguments as a note holds them: objects by their class."""
    return {k: v if isinstance(v, (str, int, float, list, type(None))) else type(v).__name__ for k, v in args.items()}


def drawing(number):
    fresh()
    d = Draw(number)
    name, args, shapes = KINDS[number % len(KINDS)](d)
    try:
        layer = getattr(keras.layers, name)(**args)
        inputs = [keras.Input(shape) for shape in shapes]
        before = [keras.layers.Dense(x.shape[-1], name=f"before{i}")(x) for i, x in enumerate(inputs)]
        y = layer(before if len(before) > 1 else before[0])
        model = keras.Model(inputs, y)
        x = [wire.normal((ROWS, *shape), number + 50 + i) for i, shape in enumerate(shapes)]
        truth = wire.normal((ROWS, *y.shape[1:]), number + 60)
        note, x = f"{name} {shapes} {said(args)}", x if len(x) > 1 else x[0]
        return training.case(f"layers_{number}", model, SPEC, x, truth, note, batch_size=3, epochs=2)
    except Exception as e:  # what Keras or JAX refuses is no setting
        print(f"{number}: {name} {said(args)}: {type(e).__name__}: {str(e).splitlines()[0][:100]}")
        return None
