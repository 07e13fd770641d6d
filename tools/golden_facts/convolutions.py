"""Convolutions of every kind, in settings that are easy to get wrong."""

from .layers import case


def plain():
    c1 = {"filters": 3, "kernel_size": 3}
    yield case("Conv1D", c1, (2, 7, 2))
    yield case("Conv1D", {**c1, "padding": "causal"}, (2, 7, 2))
    yield case("Conv1D", {**c1, "padding": "causal", "dilation_rate": 3}, (2, 9, 2))
    yield case("Conv1D", {**c1, "padding": "causal", "strides": 2, "groups": 3}, (1, 8, 3))
    yield case("Conv1D", {**c1, "padding": "same", "strides": 3, "activation": "tanh"}, (2, 7, 2))
    yield case("Conv1D", {**c1, "padding": "same", "dilation_rate": 2, "use_bias": False}, (2, 7, 2))
    yield case("Conv1D", {**c1, "data_format": "channels_first", "padding": "same", "strides": 2}, (2, 2, 7))
    yield case("Conv1D", {**c1, "data_format": "channels_first", "padding": "causal", "groups": 3}, (2, 3, 6))
    yield case("Conv1D", {**c1, "data_format": "channels_first", "activation": "softmax"}, (2, 2, 7))
    image = (1, 7, 5, 4)
    yield case("Conv2D", {"filters": 6, "kernel_size": [3, 2], "strides": [2, 3], "padding": "same", "groups": 2}, image)
    yield case("Conv2D", {"filters": 4, "kernel_size": [2, 3], "groups": 4, "dilation_rate": [2, 1]}, image)
    first = {"data_format": "channels_first", "groups": 2, "padding": "same"}
    yield case("Conv2D", {"filters": 2, "kernel_size": 3, "dilation_rate": 2, **first}, (1, 4, 5, 7))
    yield case("Conv2D", {"filters": 3, "kernel_size": 4, "strides": 4, "padding": "same"}, (1, 9, 6, 2))
    yield case("Conv2D", {"filters": 3, "kernel_size": 2, "strides": 3, "padding": "same"}, (1, 7, 7, 2), note="stride beyond the kernel")
    c3 = {"filters": 2, "kernel_size": [2, 3, 2]}
    yield case("Conv3D", c3, (1, 4, 5, 3, 2))
    yield case("Conv3D", {**c3, "padding": "same", "strides": [2, 1, 3]}, (1, 3, 4, 5, 2))
    yield case("Conv3D", {**c3, "padding": "same", "dilation_rate": [1, 2, 1], "groups": 2}, (1, 3, 4, 3, 4))
    yield case("Conv3D", {**c3, "data_format": "channels_first", "strides": 2}, (1, 2, 4, 5, 4))


def depthwise():
    d1 = {"kernel_size": 3, "depth_multiplier": 2}
    yield case("DepthwiseConv1D", {"kernel_size": 2}, (2, 6, 3))
    yield case("DepthwiseConv1D", {**d1, "padding": "same", "strides": 2}, (2, 7, 3))
    yield case("DepthwiseConv1D", {**d1, "dilation_rate": 2, "activation": "elu"}, (2, 7, 3))
    yield case("DepthwiseConv1D", {**d1, "data_format": "channels_first", "use_bias": False}, (2, 3, 6))
    d2 = {"kernel_size": [3, 2], "depth_multiplier": 3}
    yield case("DepthwiseConv2D", {"kernel_size": 3}, (2, 5, 4, 3))
    yield case("DepthwiseConv2D", {**d2, "padding": "same", "strides": 2}, (1, 7, 5, 2))
    yield case("DepthwiseConv2D", {**d2, "padding": "same", "dilation_rate": [2, 3]}, (1, 6, 7, 2))
    yield case("DepthwiseConv2D", {**d2, "data_format": "channels_first", "strides": 2}, (2, 2, 6, 5))
    yield case("DepthwiseConv2D", {**d2, "data_format": "channels_first", "padding": "same", "activation": "softmax"}, (1, 2, 4, 3))


def separable():
    s1 = {"filters": 4, "kernel_size": 3}
    yield case("SeparableConv1D", s1, (2, 6, 3))
    yield case("SeparableConv1D", {**s1, "padding": "same", "strides": 2, "depth_multiplier": 2}, (2, 7, 3))
    yield case("SeparableConv1D", {**s1, "dilation_rate": 2, "use_bias": False, "activation": "tanh"}, (2, 7, 3))
    yield case("SeparableConv1D", {**s1, "data_format": "channels_first", "padding": "same"}, (2, 3, 5))
    s2 = {"filters": 3, "kernel_size": [2, 3], "depth_multiplier": 2}
    yield case("SeparableConv2D", s2, (1, 5, 4, 2))
    yield case("SeparableConv2D", {**s2, "padding": "same", "strides": 2}, (1, 5, 7, 2))
    yield case("SeparableConv2D", {**s2, "padding": "same", "dilation_rate": 2, "activation": "relu"}, (1, 5, 6, 2))
    yield case("SeparableConv2D", {**s2, "data_format": "channels_first", "strides": 2, "activation": "softmax"}, (2, 2, 5, 6))


def transposed():
    for size in (1, 2, 3, 4, 5):
        for strides in (1, 2, 3):
            for padding in ("valid", "same"):
                args = {"filters": 2, "kernel_size": size, "strides": strides, "padding": padding}
                yield case("Conv1DTranspose", args, (1, 4, 2))
                for added in range(strides):
                    if padding == "same" and added == 0 and size % 2 == 0:
                        continue
                    yield case("Conv1DTranspose", {**args, "output_padding": added}, (1, 3, 1))
    t1 = {"filters": 3, "kernel_size": 3}
    for padding in ("valid", "same"):
        yield case("Conv1DTranspose", {**t1, "dilation_rate": 2, "padding": padding}, (2, 5, 2))
        yield case("Conv1DTranspose", {**t1, "kernel_size": 2, "dilation_rate": 3, "padding": padding}, (2, 5, 2))
        yield case("Conv1DTranspose", {**t1, "data_format": "channels_first", "strides": 2, "padding": padding}, (2, 2, 4))
    yield case("Conv1DTranspose", {**t1, "strides": 2}, (2, 1, 2), note="one step")
    t2 = {"filters": 3, "kernel_size": [3, 2], "strides": [2, 3]}
    yield case("Conv2DTranspose", {**t2, "activation": "tanh"}, (1, 4, 3, 2))
    yield case("Conv2DTranspose", {**t2, "padding": "same", "use_bias": False}, (2, 3, 2, 2))
    yield case("Conv2DTranspose", {**t2, "padding": "same", "output_padding": [1, 2]}, (1, 3, 4, 2))
    yield case("Conv2DTranspose", {**t2, "output_padding": [0, 1]}, (1, 3, 2, 2))
    yield case("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "dilation_rate": [2, 1]}, (1, 3, 4, 2))
    yield case("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "dilation_rate": 2, "padding": "same"}, (1, 3, 4, 2))
    first = {"data_format": "channels_first", "activation": "softmax"}
    yield case("Conv2DTranspose", {**t2, **first, "padding": "same"}, (1, 2, 3, 2))
    yield case("Conv2DTranspose", {**t2, **first, "output_padding": 1}, (1, 2, 2, 3))
    t3 = {"filters": 2, "kernel_size": [2, 3, 1], "strides": [2, 1, 2]}
    yield case("Conv3DTranspose", t3, (1, 2, 3, 2, 2))
    yield case("Conv3DTranspose", {**t3, "padding": "same", "data_format": "channels_first"}, (1, 2, 3, 2, 2))
    yield case("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 3, "output_padding": [0, 1, 2]}, (1, 2, 2, 1, 2))


def facts():
    groups = (plain, depthwise, separable, transposed)
    return {"cases": [c for group in groups for c in group()]}
