"""The layers of benches/pictures on Keras, timed: one JSON line a layer.

    KERAS_BACKEND=tensorflow python pictures_peer.py [--workers N] [--seconds S] [--names A,B]

With TensorFlow in a pipeline of `tf.data` with so many parallel calls; with JAX compiled as a function
of pictures and random state, which uses all cores.
"""
import argparse
import json
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--workers", type=int, default=2)
parser.add_argument("--seconds", type=float, default=0.4)
parser.add_argument("--names", default="")
arguments = parser.parse_args()

import keras
from keras import layers as L

BACKEND = keras.backend.backend()


def layers(side):
    half, inner = side // 2, side - 4
    return [
        L.Rescaling(1 / 255),
        L.Resizing(half, half),
        L.Resizing(half, half, interpolation="bicubic", antialias=True),
        L.CenterCrop(inner, inner),
        L.RandomCrop(inner, inner),
        L.RandomFlip(),
        L.RandomRotation(0.1),
        L.RandomRotation(0.1, fill_mode="constant"),
        L.RandomTranslation(0.1, 0.1),
        L.RandomZoom(0.2),
        L.RandomShear(0.2, 0.2),
        L.RandomPerspective(),
        L.RandomElasticTransform(),
        L.RandomBrightness(0.2),
        L.RandomContrast(0.2),
        L.RandomHue(0.2),
        L.RandomSaturation(0.4),
        L.RandomColorJitter(brightness_factor=0.2, contrast_factor=0.2, saturation_factor=0.4, hue_factor=0.1),
        L.RandomColorDegeneration(0.5),
        L.RandomGrayscale(),
        L.RandomInvert(),
        L.RandomPosterization(4),
        L.RandomSharpness(0.5),
        L.RandomGaussianBlur(),
        L.Solarization(),
        L.Equalization(),
        L.AutoContrast(),
        L.ContrastLimitedAdaptiveHistogramEqualization(),
        L.RandomErasing(),
        L.MixUp(),
        L.CutMix(),
        L.RandAugment(),
        L.AugMix(),
    ]


def pictures(batch, side):
    count = batch * side * side * 3
    return (np.modf(np.arange(count) * 0.618034)[0] * 255).astype("float32").reshape(batch, side, side, 3)


def in_pipeline(layer, x):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensors(x).repeat()
    data = data.map(lambda x: layer(x, training=True), num_parallel_calls=arguments.workers).prefetch(2)
    batches = iter(data)
    return lambda: next(batches)


def compiled(layer, x):
    import jax

    layer(x, training=True)
    variables = [v.value for v in layer.non_trainable_variables]

    @jax.jit
    def step(variables, x):
        if not variables:
            return layer(x, training=True), variables
        return layer.stateless_call([], variables, x, training=True)

    state = {"variables": variables, "x": jax.numpy.asarray(x)}

    def call():
        y, state["variables"] = step(state["variables"], state["x"])
        jax.block_until_ready(y)

    return call


def measured(layer, x):
    call = in_pipeline(layer, x) if BACKEND == "tensorflow" else compiled(layer, x)
    for _ in range(6):
        call()
    began, count = time.perf_counter(), 0
    while count < 3 or time.perf_counter() - began < arguments.seconds:
        call()
        count += 1
    return round((time.perf_counter() - began) * 1e3 / count, 4)


seen = []
for small, large in zip(layers(32), layers(224)):
    name = type(small).__name__
    again = name in seen
    seen.append(name)
    if arguments.names and not any(name.startswith(n) for n in arguments.names.split(",")):
        continue
    line = {"layer": name + (" 2" if again else "")}
    for key, layer, x in [("batch_ms", small, pictures(64, 32)), ("picture_ms", large, pictures(1, 224))]:
        try:
            line[key] = measured(layer, x)
        except Exception as error:  # not every layer can be compiled on every back end
            line[key], line["error"] = None, f"{type(error).__name__}: {error}".split("\n")[0][:120]
    print(json.dumps(line), flush=True)
