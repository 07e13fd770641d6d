"""Layers that change pictures: what they make of pictures with what is drawn given.

`drawn` holds, for each layer, what its `draw` would give: Keras' transformation, in our terms.
"""

import jax
import jax.numpy as jnp
import keras
import numpy as np

from . import wire

L = keras.layers
IMAGES = {
    "color": wire.uniform((3, 6, 7, 3), 1, 0, 255),
    "grey": wire.uniform((2, 5, 4, 1), 2, 0, 255),
    "unit": wire.uniform((3, 4, 5, 3), 3),
    "bytes": wire.integers((2, 9, 8, 3), 4, 256).astype("float32"),
    "first": wire.uniform((2, 3, 5, 6), 5, 0, 255),
    "dark": np.concatenate([np.zeros((1, 4, 4, 3)), wire.uniform((1, 4, 4, 3), 6, 10, 60)]).astype("float32"),
    "large": wire.uniform((1, 19, 17, 1), 7, 0, 255),
}


def case(layer, args, images, drawn, transformation, note=None):
    made = getattr(L, layer)(**args)
    x = IMAGES[images]
    output = made.transform_images(jnp.asarray(x), transformation(made, x), training=True)
    out = {"layer": layer, "args": args, "images": images, **({"note": note} if note else {})}
    out["drawn"] = {name: wire.array(np.asarray(value)) for name, value in drawn.items()}
    return {**out, "output": wire.array(output)}


def column(values):
    return np.asarray(values, "float32").reshape(-1, 1, 1, 1)


def sides(made, x):
    first = made.data_format == "channels_first"
    return (x.shape[2], x.shape[3]) if first else (x.shape[1], x.shape[2])


def flip():
    for mode in ("horizontal", "vertical", "horizontal_and_vertical"):
        flips = np.array([1, 0, 1]).reshape(3, 1, 1, 1).astype(bool)
        yield case("RandomFlip", {"mode": mode}, "color", {"flips": flips}, lambda m, x: {"flips": flips})
    flips = np.array([0, 1]).reshape(2, 1, 1, 1).astype(bool)
    args = {"mode": "horizontal", "data_format": "channels_first"}
    yield case("RandomFlip", args, "first", {"flips": flips}, lambda m, x: {"flips": flips})


FILLS = [("reflect", 0.0), ("wrap", 0.0), ("constant", 0.0), ("constant", 100.5), ("nearest", 0.0)]


def affine_args():
    for mode, value in FILLS:
        for between in ("bilinear", "nearest"):
            yield {"fill_mode": mode, "fill_value": value, "interpolation": between}


def rotation():
    def turned(degrees):
        def transformation(m, x):
            n, (height, width) = len(degrees), sides(m, x)
            zero, one = np.zeros(n, "float32"), np.ones(n, "float32")
            matrix = m._compute_affine_matrix(
                center_x=0.5, center_y=0.5, angle=jnp.asarray(degrees, "float32"), translate_x=zero,
                translate_y=zero, scale=one, shear_x=zero, shear_y=zero, height=height, width=width,
            )  # fmt: skip
            return {"rotation_matrix": matrix}

        return {"degrees": column(degrees)}, transformation

    for args in affine_args():
        yield case("RandomRotation", {"factor": 0.5, **args}, "color", *turned([33.1, -121.7, 10.3]))
    args = {"factor": 0.5, "data_format": "channels_first"}
    yield case("RandomRotation", args, "first", *turned([-17.3, 171.1]))
    yield case("RandomRotation", {"factor": 1.0}, "grey", *turned([300.3, 0.0]))


def translation():
    def moved(down, right):
        pixels = np.stack([right, down], 1).astype("float32")
        drawn = {"down": column(down), "right": column(right)}
        return drawn, lambda m, x: {"translations": pixels}

    for args in affine_args():
        args = {"height_factor": 0.5, "width_factor": [-0.2, 0.3], **args}
        yield case("RandomTranslation", args, "color", *moved([1.3, -2.6, 9.2], [0.4, 3.2, -1.7]))
    args = {"height_factor": 0.5, "width_factor": 0.5, "data_format": "channels_first"}
    yield case("RandomTranslation", args, "first", *moved([-3.1, 0.0], [2.2, 1.0]))


def zoom():
    def zoomed(height, width):
        h, w = np.asarray(height, "float32")[:, None], np.asarray(width, "float32")[:, None]
        drawn = {"height": column(height), "width": column(width)}
        return drawn, lambda m, x: {"height_zoom": h, "width_zoom": w, "input_shape": x.shape}

    for args in affine_args():
        yield case("RandomZoom", {"height_factor": 0.5, **args}, "color", *zoomed([0.61, 1.42, 1.97], [0.61, 1.42, 0.77]))
    args = {"height_factor": 0.5, "width_factor": 0.5, "data_format": "channels_first"}
    yield case("RandomZoom", args, "first", *zoomed([0.31, 1.0], [1.21, 1.33]))


def shear():
    def sheared(x, y):
        factors = np.stack([x, y], 1).astype("float32")
        return {"x": column(x), "y": column(y)}, lambda m, images: {"shear_factor": factors}

    for args in affine_args():
        args = {"x_factor": 0.5, "y_factor": [0.1, 0.9], **args}
        yield case("RandomShear", args, "color", *sheared([0.31, -0.42, 0.97], [0.11, -0.83, 0.0]))
    yield case("RandomShear", {"data_format": "channels_first"}, "first", *sheared([0.5, 0.1], [0.2, 0.7]))


def light():
    for images, value_range in [("color", [0, 255]), ("unit", [0, 1]), ("unit", [1.0, 0.2])]:
        extent = abs(value_range[1] - value_range[0])
        added = column([0.2, -0.6, 0.9]) * extent
        args = {"factor": 0.9, "value_range": value_range}
        yield case("RandomBrightness", args, images, {"added": added}, lambda m, x: {"rgb_delta": added})
    for images, value_range in [("color", [0, 255]), ("unit", [0, 1]), ("unit", [0.2, 0.7])]:
        factor = column([0.4, 1.0, 1.9])
        args = {"factor": 0.9, "value_range": value_range}
        yield case("RandomContrast", args, images, {"contrast": factor}, lambda m, x: {"contrast_factor": factor})
    factor = column([0.3, 1.6])
    args = {"factor": 0.9, "data_format": "channels_first"}
    yield case("RandomContrast", args, "first", {"contrast": factor}, lambda m, x: {"contrast_factor": factor})
    yield case("RandomContrast", {"factor": 0.9}, "grey", {"contrast": factor}, lambda m, x: {"contrast_factor": factor})


def colors():
    for images, args in [
        ("color", {"value_range": [0, 255]}),
        ("unit", {"value_range": [0, 1]}),
        ("bytes", {"value_range": [0, 255]}),
        ("dark", {}),
        ("first", {"data_format": "channels_first"}),
    ]:
        n = len(IMAGES[images])
        turn = column([0.21, -0.4, 0.05][:n])
        yield case("RandomHue", {"factor": 0.9, **args}, images, {"turn": turn}, lambda m, x: {"factor": turn.ravel()})
        factor = column([0.3, 2.5, 1.0][:n])
        args = {"factor": 0.9, **args}
        yield case("RandomSaturation", args, images, {"factor": factor}, lambda m, x: {"factor": factor.ravel()})
        factor = column([0.25, -0.6, 1.0][:n])
        yield case("RandomColorDegeneration", args, images, {"factor": factor}, lambda m, x: {"factor": factor})
    for images, args in [("color", {}), ("grey", {}), ("first", {"data_format": "channels_first"})]:
        chosen = np.array([1, 0, 1][: len(IMAGES[images])]).reshape(-1, 1, 1, 1).astype(bool)
        yield case("RandomGrayscale", args, images, {"chosen": chosen}, lambda m, x: chosen)


def values():
    for images, value_range in [("color", [0, 255]), ("unit", [0, 1]), ("bytes", [-255, 255])]:
        n = len(IMAGES[images])
        chosen = np.array([1, 0, 1][:n]).astype(bool)
        drawn = {"chosen": chosen.reshape(-1, 1, 1, 1)}
        args = {"value_range": value_range}
        yield case("RandomInvert", args, images, drawn, lambda m, x: {"apply_inversion": chosen})
        dropped = np.array([5, 1, 7][:n]).astype("uint8")
        drawn = {"dropped": dropped.reshape(-1, 1, 1, 1).astype("int32")}
        args = {"factor": 3, "value_range": value_range}
        if value_range[0] == 0:
            yield case("RandomPosterization", args, images, drawn, lambda m, x: {"shift_factor": dropped})
        added, threshold = column([12.5, 0.0, 200.0][:n]), column([128.0, 30.5, 0.0][:n])
        both = {"additions": added, "thresholds": threshold}
        args = {"value_range": value_range}
        yield case("Solarization", args, images, {"added": added, "threshold": threshold}, lambda m, x: both)
        yield case("AutoContrast", args, images, {}, lambda m, x: None)
        if value_range[0] == 0:
            yield case("Equalization", {**args, "bins": 256}, images, {}, lambda m, x: None)
            yield case("Equalization", {**args, "bins": 10}, images, {}, lambda m, x: None)
        clahe = "ContrastLimitedAdaptiveHistogramEqualization"
        yield case(clahe, {**args, "tile_grid_size": [2, 3], "clip_limit": 1.5}, images, {}, lambda m, x: None)
        yield case(clahe, {**args, "tile_grid_size": [3, 2], "clip_limit": 0.0}, images, {}, lambda m, x: None)
    yield case("AutoContrast", {"data_format": "channels_first"}, "first", {}, lambda m, x: None)
    yield case("AutoContrast", {}, "dark", {}, lambda m, x: None, note="a picture of one value")
    yield case("Equalization", {"data_format": "channels_first"}, "first", {}, lambda m, x: None)
    yield case("Equalization", {}, "dark", {}, lambda m, x: None)
    yield case(clahe, {"data_format": "channels_first", "tile_grid_size": [2, 2]}, "first", {}, lambda m, x: None)
    yield case(clahe, {"tile_grid_size": [4, 4]}, "large", {}, lambda m, x: None)


def around():
    for images, args in [("color", {}), ("unit", {"value_range": [0, 1]}), ("first", {"data_format": "channels_first"})]:
        n = len(IMAGES[images])
        factor = np.array([0.0, 0.8, 0.4][:n], "float32")
        args = {"factor": 0.9, **args}
        yield case("RandomSharpness", args, images, {"factor": column(factor)}, lambda m, x: {"factor": factor})
        chosen = np.array([1, 0, 1][:n]).astype(bool)
        for size in (3, [5, 3], [1, 7]):
            sigma = np.array([0.7, 0.31], "float32")
            drawn = {"chosen": chosen.reshape(-1, 1, 1, 1), "sigma": sigma}
            args = {**args, "factor": 1.0, "kernel_size": size}
            given = {"should_apply_blur": chosen, "blur_factor": sigma}
            yield case("RandomGaussianBlur", args, images, drawn, lambda m, x: given)


def holes():
    x0, x1, y0, y1 = ([0.4, 2.0, 3.9], [3.2, 5.0, 6.99], [1.0, 0.0, 2.5], [2.01, 3.0, 5.5])
    chosen = np.array([1, 1, 0]).astype(bool)
    for fill in (7.5, [1.0, 300.0, 30.0]):
        corners = tuple(jnp.asarray(v, "float32") for v in (x0, x1, y0, y1))
        drawn = {"x0": column(x0), "x1": column(x1), "y0": column(y0), "y1": column(y1)}
        drawn["chosen"] = chosen.reshape(-1, 1, 1, 1)

        def transformation(m, x):
            mask = m._generate_batch_mask(x.shape, corners)
            # A list fails in JAX's `full_like`; this is what is meant.
            colors = np.clip(np.broadcast_to(np.float32(fill), x.shape), 0, 255)
            return {"apply_erasing": chosen, "batch_masks": mask, "fill_value": colors}

        yield case("RandomErasing", {"fill_value": fill}, "color", drawn, transformation)
    order = np.array([2, 0, 1], "int32")
    drawn = {"x0": column(x0), "x1": column(x1), "y0": column(y0), "y1": column(y1), "order": order}
    labels = wire.uniform((3, 4), 9)

    def cut(m, x):
        masks, weight = m._generate_batch_mask(x.shape, corners)
        return {"permutation_order": order, "batch_masks": masks, "mix_weight": weight}

    row = case("CutMix", {}, "color", drawn, cut)
    made = L.CutMix()
    mixed = made.transform_labels(jnp.asarray(labels), cut(made, IMAGES["color"]), training=True)
    yield {**row, "labels": wire.array(labels), "mixed": wire.array(mixed)}
    weight = np.array([0.9, 0.25, 0.5], "float32")
    drawn = {"order": order, "share": weight}
    given = {"mix_weight": weight, "permutation_order": order}
    mixed = L.MixUp().transform_labels(jnp.asarray(labels), given, training=True)
    row = case("MixUp", {}, "color", drawn, lambda m, x: given)
    yield {**row, "labels": wire.array(labels), "mixed": wire.array(mixed)}


def bent():
    real = jax.random.normal
    for images, args, strength in [
        ("large", {}, 0.9),
        ("large", {"fill_mode": "constant", "fill_value": 20.0, "interpolation": "nearest"}, 0.6),
        ("large", {"fill_mode": "mirror"}, 1.0),
        ("large", {"fill_mode": "wrap", "scale": [0.2, 0.8]}, 0.5),
        ("color", {"fill_mode": "nearest"}, 1.0),
        ("first", {"data_format": "channels_first"}, 0.8),
    ]:
        x = IMAGES[images]
        shape = (x.shape[0], x.shape[2], x.shape[3]) if images == "first" else x.shape[:3]
        noise = wire.normal(shape, 11)
        chosen = np.array([1, 0, 1][: len(x)]).astype(bool)
        drawn = {"chosen": chosen.reshape(-1, 1, 1, 1), "strength": np.float32(strength), "noise": noise}
        jax.random.normal = lambda *a, **k: jnp.asarray(noise)
        given = {"apply_transform": chosen, "distortion_factor": jnp.float32(strength), "seed": 1}
        yield case("RandomElasticTransform", args, images, drawn, lambda m, x: given)
        jax.random.normal = real


def perspective():
    for images, args in [
        ("color", {}),
        ("color", {"interpolation": "nearest", "fill_value": 33.0}),
        ("grey", {"scale": 0.2}),
        ("first", {"data_format": "channels_first"}),
    ]:
        x = IMAGES[images]
        n = len(x)
        chosen = np.array([1, 1, 0][:n]).astype(bool)
        made = L.RandomPerspective(**args)
        height, width = sides(made, x)
        share = wire.uniform((n, 4, 2), 12, -0.3, 0.3)
        start = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], "float32")
        start = np.repeat(start[None], n, 0)
        given = {"apply_perspective": chosen, "start_points": start, "end_points": start + start * share}
        drawn = {"chosen": chosen.reshape(-1, 1, 1, 1), "corners": start + start * share}
        yield case("RandomPerspective", args, images, drawn, lambda m, x: given)


def facts():
    groups = (flip, rotation, translation, zoom, shear, light, colors, values, around, holes, bent, perspective)
    return {
        "images": {name: wire.array(value) for name, value in IMAGES.items()},
        "cases": [c for group in groups for c in group()],
    }
