"""Layers that move elements, put places between them, or merge inputs."""

import numpy as np

from .layers import case


def rims():
    yield case("Cropping1D", {"cropping": [2, 1]}, (2, 6, 3))
    yield case("Cropping1D", {"cropping": 2}, (2, 5, 3))
    yield case("Cropping2D", {"cropping": [[1, 0], [0, 2]]}, (2, 3, 4, 2))
    yield case("Cropping2D", {"cropping": [1, 2], "data_format": "channels_first"}, (1, 2, 4, 6))
    yield case("Cropping3D", {}, (1, 3, 4, 3, 2))
    yield case("Cropping3D", {"cropping": [[1, 0], [0, 2], [1, 1]]}, (1, 3, 4, 3, 2))
    yield case("Cropping3D", {"cropping": [1, 0, 2], "data_format": "channels_first"}, (1, 2, 3, 2, 5))
    yield case("ZeroPadding1D", {"padding": [0, 3]}, (2, 4, 3))
    yield case("ZeroPadding1D", {"padding": 2, "data_format": "channels_first"}, (2, 3, 4))
    yield case("ZeroPadding2D", {"padding": [[1, 0], [2, 1]]}, (1, 3, 2, 2))
    yield case("ZeroPadding2D", {"padding": 1, "data_format": "channels_first"}, (1, 2, 2, 3))
    yield case("ZeroPadding3D", {"padding": [[1, 0], [2, 1], [0, 0]]}, (1, 2, 1, 2, 2))
    yield case("ZeroPadding3D", {"padding": [0, 1, 2], "data_format": "channels_first"}, (1, 2, 2, 1, 2))


def up_sampling():
    yield case("UpSampling1D", {"size": 3}, (2, 4, 2))
    yield case("UpSampling2D", {"size": [2, 3]}, (1, 3, 2, 2))
    yield case("UpSampling2D", {"size": [3, 1], "data_format": "channels_first"}, (1, 2, 2, 3))
    for interpolation in ("bilinear", "bicubic", "lanczos3", "lanczos5"):
        args = {"interpolation": interpolation}
        yield case("UpSampling2D", args, (2, 3, 5, 2))
        yield case("UpSampling2D", {**args, "size": [3, 5]}, (1, 7, 4, 1))
        yield case("UpSampling2D", {**args, "size": [1, 4], "data_format": "channels_first"}, (1, 2, 3, 1))
    yield case("UpSampling3D", {}, (1, 2, 3, 1, 2))
    yield case("UpSampling3D", {"size": [1, 3, 2], "data_format": "channels_first"}, (1, 2, 2, 1, 3))


def orders():
    yield case("Permute", {"dims": [2, 1]}, (2, 3, 4))
    yield case("Permute", {"dims": [3, 1, 4, 2]}, (1, 2, 3, 4, 2))
    yield case("RepeatVector", {"n": 3}, (2, 4))
    yield case("Flatten", {"data_format": "channels_first"}, (2, 3, 4))
    yield case("Flatten", {}, (2, 3, 1, 2, 2))
    yield case("Reshape", {"target_shape": [2, -1, 2]}, (3, 4, 5))
    yield case("Reshape", {"target_shape": [1, 1, 20]}, (3, 4, 5))


def merges():
    for name in ("Subtract", "Multiply", "Average", "Maximum", "Minimum"):
        yield case(name, {}, (2, 3), (2, 3))
        yield case(name, {}, (2, 3, 1), (2, 1, 4))
    for name in ("Multiply", "Average", "Maximum", "Minimum"):
        yield case(name, {}, (2, 3), (2, 1), (2, 3))
    tie = np.array([[1, 2, 0]], "float32")
    for name in ("Maximum", "Minimum"):
        yield case(name, {}, inputs=[tie, np.array([[1, 1, 0]], "float32")], note="ties")
    yield case("Concatenate", {"axis": 2}, (2, 3, 2), (2, 3, 4))
    for args, *shapes in [
        ({"axes": 1}, (3, 4), (3, 4)),
        ({"axes": -1, "normalize": True}, (3, 4), (3, 4)),
        ({"axes": [1, 2]}, (2, 3, 5), (2, 4, 3)),
        ({"axes": [2, 1]}, (2, 3, 5), (2, 5, 4)),
        ({"axes": [1, 1], "normalize": True}, (2, 3, 5), (2, 3, 4)),
        ({"axes": 1}, (2, 3), (2, 3, 4)),
        ({"axes": [2, 1]}, (2, 4, 3), (2, 3)),
        ({"axes": [-1, -2]}, (2, 2, 3, 4), (2, 4, 5)),
        ({"axes": [1, 3], "normalize": True}, (2, 3, 2, 2), (2, 2, 4, 3)),
    ]:
        yield case("Dot", args, *shapes)


def activations():
    yield case("PReLU", {}, (2, 3, 4))
    yield case("PReLU", {"shared_axes": [1]}, (2, 3, 4))
    yield case("PReLU", {"shared_axes": [1, 2]}, (2, 3, 2, 4))
    yield case("LeakyReLU", {"negative_slope": 0.1}, (3, 4))
    yield case("ELU", {"alpha": 0.5}, (3, 4))
    yield case("ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.2}, (3, 4))
    yield case("ReLU", {"max_value": 6.0}, (3, 4))
    yield case("Softmax", {}, (3, 4))
    yield case("Softmax", {"axis": 1}, (2, 3, 4))
    yield case("Softmax", {"axis": [1, 2]}, (2, 3, 4))


def facts():
    groups = (rims, up_sampling, orders, merges, activations)
    return {"cases": [c for group in groups for c in group()]}
