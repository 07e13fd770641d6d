"""Pictures of another size: Resizing with every interpolation, CenterCrop and RandomCrop."""

import keras
import numpy as np

from . import wire
from .defaults import of_class

INTERPOLATIONS = ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]


def pictures(shape, dtype="float32"):
    values = wire.uniform(shape, 3, 0, 255)
    return values if dtype == "float32" else np.round(values).astype(dtype)


def case(name, args, x, training=False, drawn=None):
    layer = getattr(keras.layers, name)(**args)
    if drawn is not None:
        layer.get_random_transformation = lambda *a, **k: drawn
    y = layer(x) if name != "RandomCrop" else layer(x, training=training)
    row = {"layer": name, "args": args, "x": wire.array(x), "y": wire.array(np.asarray(y))}
    return {**row, "training": training, **({"drawn": list(drawn)} if drawn else {})}


def resizing():
    x = pictures((2, 7, 5, 2))
    out = []
    for interpolation in INTERPOLATIONS:
        for height, width in [(3, 9), (14, 2)]:
            for antialias in [False, True]:
                args = {"height": height, "width": width, "interpolation": interpolation, "antialias": antialias}
                out.append(case("Resizing", args, x))
        for dtype in ["uint8", "int32"]:
            args = {"height": 5, "width": 8, "interpolation": interpolation}
            out.append(case("Resizing", args, pictures((1, 3, 4, 1), dtype)))
    for height, width in [(3, 3), (4, 9), (9, 4), (1, 1)]:
        for key in ["crop_to_aspect_ratio", "pad_to_aspect_ratio"]:
            args = {"height": height, "width": width, key: True, "fill_value": 7.5}
            out.append(case("Resizing", args, x))
    args = {"height": 4, "width": 3, "data_format": "channels_first", "interpolation": "bicubic", "antialias": True}
    out.append(case("Resizing", args, pictures((2, 3, 9, 6))))
    out.append(case("Resizing", {"height": 6, "width": 6, "pad_to_aspect_ratio": True, "fill_value": 200}, pictures((1, 3, 6, 1), "uint8")))
    return out


def crops():
    x = pictures((2, 7, 6, 2))
    out = []
    for height, width in [(4, 3), (7, 6), (9, 4), (3, 8), (10, 10)]:
        args = {"height": height, "width": width}
        out.append(case("CenterCrop", args, x))
        out.append(case("RandomCrop", args, x))
        out.append(case("RandomCrop", args, x, True, (1, 3) if height == 4 else None))
    out.append(case("CenterCrop", {"height": 2, "width": 3}, pictures((1, 5, 5, 1), "uint8")))
    args = {"height": 3, "width": 2, "data_format": "channels_first"}
    out.append(case("CenterCrop", args, pictures((1, 2, 6, 5))))
    out.append(case("RandomCrop", args, pictures((1, 2, 6, 5)), True, (2, 0)))
    return out


def facts():
    size = {"height": 3, "width": 4}
    layers = [of_class("layers", name, size) for name in ["CenterCrop", "Resizing"]]
    layers.append(of_class("layers", "RandomCrop", {**size, "seed": 5}))  # Keras draws one otherwise
    return {"layers": layers, "cases": resizing() + crops()}
