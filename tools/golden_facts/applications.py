"""The networks of `keras.applications`: their layers, and what they make of one picture.

A network's weights are numbers of a formula (`weight`), which the test knows, too: so no file of them
has to be stored.
"""

import contextlib
import hashlib
from unittest import mock

import keras
import numpy as np
from keras import initializers

from . import wire

# Other settings than the default; with the default they are named by their class alone.
SETTINGS = {
    "MobileNet": [
        {"alpha": 0.5, "depth_multiplier": 2, "dropout": 0.1},
        {"alpha": 0.25, "include_top": False, "pooling": "max", "input_shape": (128, 128, 3)},
    ],
    "MobileNetV2": [
        {"alpha": 1.4, "classes": 7},
        {"alpha": 0.35, "include_top": False, "input_shape": (75, 64, 1)},
    ],
    "MobileNetV3Small": [
        {"alpha": 0.75, "minimalistic": True},
        {"alpha": 1.25, "include_preprocessing": False, "dropout_rate": 0.0},
    ],
    "MobileNetV3Large": [{"alpha": 1.5, "include_top": False, "input_shape": (96, 97, 3)}],
    "EfficientNetV2B1": [{"include_preprocessing": False, "include_top": False, "pooling": "avg"}],
    "EfficientNetV2S": [{"input_shape": (65, 64, 1), "include_top": False}],
    "ConvNeXtTiny": [{"include_preprocessing": False, "include_top": False, "pooling": "avg"}],
    "NASNetMobile": [{"include_top": False, "input_shape": (65, 96, 3)}],
    "ResNet50V2": [{"classes": 3, "classifier_activation": "sigmoid", "name": "mine"}],
}

# One of each family, with the smallest picture that makes sense.
FORWARD = {
    "ConvNeXtTiny": 64,
    "DenseNet121": 64,
    "EfficientNetB0": 64,
    "EfficientNetV2B0": 64,
    "InceptionResNetV2": 96,
    "InceptionV3": 96,
    "MobileNet": 64,
    "MobileNetV2": 64,
    "MobileNetV3Small": 64,
    "NASNetMobile": 64,
    "ResNet50": 64,
    "ResNet50V2": 64,
    "VGG16": 48,
    "Xception": 96,
}


def names():
    """The networks, in the order of their names."""
    found = [n for n in dir(keras.applications) if n[0].isupper()]
    return sorted(n for n in found if callable(getattr(keras.applications, n)))


def blank(self, shape, dtype=None):
    """What initializers give here, in no time: weights are set later, or not looked at."""
    return np.zeros(shape, dtype or "float32")


def make(name, /, **settings):
    keras.backend.clear_session()
    return getattr(keras.applications, name)(weights=None, **settings)


def lines(model):
    """One line a layer: class, name, output shape and number of weights."""
    for layer in model.layers:
        shape = getattr(layer, "output", None)
        shape = "" if shape is None else str(tuple(shape.shape))
        yield f"{type(layer).__name__} {layer.name} {shape} {weights_of(layer)}"


def weights_of(layer):
    return layer.count_params() if hasattr(layer, "count_params") else 0


def outline(name, settings):
    model = make(name, **settings)
    text = "\n".join(lines(model))
    plain = {k: list(v) if isinstance(v, tuple) else v for k, v in settings.items()}
    return {
        "class": name,
        "settings": plain,
        "name": model.name,
        "params": model.count_params(),
        "layers": len(model.layers),
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def noise(index, size):
    """Numbers from -1 to 1 for the weight at an index: a hash of where they stand."""
    with np.errstate(over="ignore"):
        x = np.arange(1, size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        x = x + np.uint64(index) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(31))) * np.uint64(0x94D049BB133111EB)
        x = x ^ (x >> np.uint64(29))
    return (x >> np.uint64(40)).astype(np.float64) / 2.0**23 - 1.0


def weight(index, variable):
    """The value of a weight of the model."""
    shape, name = tuple(variable.shape), variable.name
    values = noise(index, int(np.prod(shape)) if shape else 1)
    if len(shape) >= 2:
        # One input for each filter of a depthwise kernel, whose channels are third.
        inputs = np.prod(shape[:2]) if "depthwise" in name else np.prod(shape[:-1])
        values = values * np.sqrt(3.0 / inputs)
    elif "variance" in name or "gamma" in name:
        values = 1.0 + 0.2 * values
    else:
        values = 0.1 * values
    return values.reshape(shape).astype(variable.dtype)


def forward(name, side):
    model = make(name, include_top=False, pooling="avg", input_shape=(side, side, 3))
    model.set_weights([weight(i, v) for i, v in enumerate(model.weights)])
    pixels = noise(12345, 2 * side * side * 3).reshape(2, side, side, 3).astype("float32")
    output = np.asarray(model.predict(pixels, verbose=0))
    return {"class": name, "side": side, "output": wire.array(output)}


def facts():
    with contextlib.ExitStack() as stack:
        for kind in [initializers.Zeros, initializers.Ones, initializers.VarianceScaling]:
            stack.enter_context(mock.patch.object(kind, "__call__", blank))
        return collected()


def collected():
    outlines = [outline(name, {}) for name in names()]
    outlines += [outline(name, {"include_top": False}) for name in names()]
    outlines += [outline(name, s) for name, list_ in SETTINGS.items() for s in list_]
    return {"outlines": outlines, "forward": [forward(*f) for f in FORWARD.items()]}
