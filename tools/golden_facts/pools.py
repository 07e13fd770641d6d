"""Pools over one to three axes, and those that give as many places as asked."""

import numpy as np

from .layers import case


def windows():
    for kind in ("Max", "Average"):
        one, two, three = (f"{kind}Pooling{rank}D" for rank in (1, 2, 3))
        yield case(one, {"pool_size": 2}, (2, 7, 3))
        yield case(one, {"pool_size": 3, "strides": 2, "padding": "same"}, (2, 6, 3))
        yield case(one, {"pool_size": 2, "strides": 3, "data_format": "channels_first"}, (2, 3, 8))
        yield case(one, {"pool_size": 4, "strides": 1, "padding": "same", "data_format": "channels_first"}, (1, 2, 5))
        yield case(two, {"pool_size": [3, 1], "strides": [1, 2], "padding": "same"}, (1, 4, 5, 2))
        yield case(two, {"pool_size": [4, 5], "strides": 3, "padding": "same"}, (1, 7, 3, 2))
        yield case(three, {"pool_size": 2}, (1, 5, 4, 3, 2))
        yield case(three, {"pool_size": [2, 3, 1], "strides": [1, 2, 2], "padding": "same"}, (1, 3, 4, 5, 2))
        yield case(three, {"pool_size": 2, "padding": "same", "data_format": "channels_first"}, (1, 2, 3, 4, 5))


def whole():
    for kind in ("Max", "Average"):
        for rank, places in ((1, (5,)), (3, (2, 3, 2))):
            layer = f"Global{kind}Pooling{rank}D"
            yield case(layer, {}, (2, *places, 3))
            yield case(layer, {"keepdims": True}, (2, *places, 3))
            yield case(layer, {"data_format": "channels_first", "keepdims": True}, (2, 3, *places))


def adaptive():
    for kind in ("Max", "Average"):
        one, two, three = (f"Adaptive{kind}Pooling{rank}D" for rank in (1, 2, 3))
        # Seven parts of seven or fourteen places are left out: on JAX a float32 quotient is rounded up
        # there, and parts have a place too many.
        for size in (1, 2, 3, 4, 5, 6, 9):
            yield case(one, {"output_size": size}, (2, 7, 2))
        yield case(one, {"output_size": 4, "data_format": "channels_first"}, (2, 3, 10))
        yield case(one, {"output_size": 3}, (2, 1, 2), note="more places than there are")
        yield case(two, {"output_size": [3, 2]}, (2, 7, 4, 2))
        yield case(two, {"output_size": 4}, (1, 6, 9, 2))
        yield case(two, {"output_size": [5, 4], "data_format": "channels_first"}, (1, 2, 8, 7))
        yield case(three, {"output_size": 2}, (1, 4, 5, 3, 2))
        yield case(three, {"output_size": [3, 1, 4], "data_format": "channels_first"}, (1, 2, 4, 3, 6))
    tie = np.array([1, 1, 1, 0, 2, 2, 2, 2, -1, -1], "float32").reshape(1, 5, 2, 1)
    yield case("AdaptiveMaxPooling2D", {"output_size": [3, 1]}, inputs=[tie], note="ties")


def facts():
    return {"cases": [c for group in (windows, whole, adaptive) for c in group()]}
