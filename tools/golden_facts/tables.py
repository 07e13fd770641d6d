"""Layers that prepare numbers: what they make of them, and what they learn from data."""

import keras
import numpy as np

from . import wire

L = keras.layers


def case(layer, args, *inputs, adapt=None, note=None):
    made = getattr(L, layer)(**args)
    out = {"layer": layer, "args": args, **({"note": note} if note else {})}
    if adapt is not None:
        if layer == "Discretization":  # its `adapt` asks for TensorFlow, only to look at the type of data
            made.update_state(adapt)
            made.finalize_state()
        else:
            made.adapt(adapt)
        out["adapt"] = wire.array(adapt)
        if layer == "Normalization":
            out["mean"], out["variance"] = wire.array(made.adapt_mean), wire.array(made.adapt_variance)
        else:
            out["boundaries"] = [float(b) for b in made.bin_boundaries]
    y = made(inputs[0]) if len(inputs) == 1 else made(inputs[0], count_weights=inputs[1])
    return {**out, "inputs": wire.arrays(inputs), "output": wire.array(y)}


def normalization():
    table = wire.normal((7, 3), 1, 4) + np.float32(10)
    images = wire.uniform((3, 4, 2, 5), 2)
    for invert in (False, True):
        yield case("Normalization", {"invert": invert}, table, adapt=table)
        yield case("Normalization", {"axis": None, "invert": invert}, table, adapt=table[:4])
        yield case("Normalization", {"mean": 3.0, "variance": 2.0, "invert": invert}, table)
        yield case("Normalization", {"mean": [3.0, 1.0, -2.0], "variance": [2.0, 0.5, 9.0], "invert": invert}, table)
    yield case("Normalization", {"axis": [1, 3]}, images, adapt=images)
    yield case("Normalization", {"axis": [-1, -2]}, images, adapt=images)
    yield case("Normalization", {"axis": 1, "mean": [1.0, 2.0, 3.0, 4.0], "variance": [1.0, 4.0, 9.0, 16.0]}, images)
    both = {"mean": [[1.0, 2.0], [3.0, 4.0]], "variance": [[1.0, 4.0], [9.0, 16.0]]}
    yield case("Normalization", {"axis": [2, 3], **both}, images[..., :2], note="an array along both axes")
    part = {"mean": [[1.0], [3.0]], "variance": [[1.0], [9.0]], "invert": True}
    yield case("Normalization", {"axis": [1, 2], **part}, images[:, :2], note="the same along one of them")
    flat = np.array([[1, 5], [1, 6], [1, 7]], "float32")
    yield case("Normalization", {}, flat, adapt=flat, note="a feature without deviation")


def discretization():
    x = np.array([[-1.5, 0.0, 0.2, 3.4], [1.0, 0.99, 100.0, -100.0]], "float32")
    for mode in ("int", "one_hot", "multi_hot", "count"):
        yield case("Discretization", {"bin_boundaries": [0.0, 1.0, 2.0], "output_mode": mode}, x)
        yield case("Discretization", {"bin_boundaries": [0.5], "output_mode": mode}, x[:, :1])
    for seed, rows, bins, epsilon in [(1, 50, 4, 0.01), (2, 1000, 5, 0.01), (3, 1234, 7, 0.1), (4, 5, 3, 0.01), (5, 3, 6, 0.01)]:
        data = wire.normal((rows, 1), seed, 3)
        yield case("Discretization", {"num_bins": bins, "epsilon": epsilon}, x, adapt=data)


def category_encoding():
    x = np.array([[0, 2, 2], [3, 1, 0]], "int32")
    column = np.array([[0], [3], [2]], "int32")
    for mode in ("one_hot", "multi_hot", "count"):
        yield case("CategoryEncoding", {"num_tokens": 4, "output_mode": mode}, x)
        yield case("CategoryEncoding", {"num_tokens": 5, "output_mode": mode}, column)
    weights = np.array([[0.5, 1.0, 2.0], [1.0, -1.0, 0.25]], "float32")
    yield case("CategoryEncoding", {"num_tokens": 4, "output_mode": "count"}, x, weights)


def facts():
    return {"cases": [*normalization(), *discretization(), *category_encoding()]}
