"""Masks: how they pass through layers into losses and metrics. Cases as in `training`.

On JAX a prediction loses its mask on the way out of the gradient's function, so that the metrics of
training steps (not those of evaluate) see none. That is no rule of Keras (TensorFlow keeps it), so
those numbers are left out: null.
"""

import keras
import numpy as np
from keras import layers

from . import wire
from . import training
from .training import ADAM, SCCE, SGD, fresh

ROWS, STEPS = 11, 6
REAL = wire.normal((ROWS, STEPS, 2), 21)
LABELS = wire.integers((ROWS, STEPS), 22, 3)


def case(*args, **options):
    out = training.case(*args, **options)
    out["history"] = {k: v if k == "loss" else None for k, v in out["history"].items()}
    return out


def words(seed=20, left=False):
    """Sequences of 1 to 6 words of 9, padded by 0."""
    x = wire.integers((ROWS, STEPS), seed, 9, 1)
    for row, length in enumerate(wire.integers((ROWS,), seed + 1, STEPS + 1, 1)):
        if left:
            x[row, : STEPS - length] = 0
        else:
            x[row, length:] = 0
    return x


def features(seed=30):
    """Sequences whose steps are left out here and there: all features 0."""
    x = wire.normal((ROWS, STEPS, 3), seed)
    x[wire.uniform((ROWS, STEPS), seed + 1) < 0.4] = 0
    x[:, 0] = wire.normal((ROWS, 3), seed + 2)
    return x


def run(name, x, y, spec, *inner, inputs=None, **options):
    """A stack: input, layers."""
    fresh()
    model = keras.Sequential([keras.Input(inputs or x.shape[1:]), *inner])
    return case(name, model, spec, x, y, **options)


def losses():
    spec = {"optimizer": SGD, "loss": "mse", "metrics": ["mae", "mse"], "weighted_metrics": ["mae"]}
    embed = lambda: layers.Embedding(9, 4, mask_zero=True)  # noqa: E731
    dense = lambda n=2, act=None: layers.Dense(n, activation=act)  # noqa: E731
    yield run("embedding_mse", words(), REAL, spec, embed(), dense())
    weight = wire.uniform((ROWS, STEPS), 23)
    yield run("embedding_mse_weighted", words(), REAL, spec, embed(), dense(), sample_weight=weight)
    ce = {"optimizer": ADAM, "loss": SCCE, "metrics": ["accuracy"]}
    yield run("embedding_classes", words(left=True), LABELS, ce, embed(), dense(5, "tanh"), dense(3, "softmax"))
    own = {"class": "SparseCategoricalCrossentropy", "args": {"ignore_class": 1}}
    yield run("mask_of_input_and_of_loss", words(), LABELS, {"optimizer": SGD, "loss": own}, embed(), dense(3, "softmax"))
    for reduction in ("sum", "mean_with_sample_weight"):
        loss = {"class": "MeanSquaredError", "args": {"reduction": reduction}}
        yield run(f"embedding_{reduction}", words(), REAL, {"optimizer": {"class": "SGD", "args": {"learning_rate": 0.01}}, "loss": loss}, embed(), dense())
    note = "a row without words at all"
    empty = words()
    empty[3] = 0
    yield run("empty_row", empty, REAL, spec, embed(), dense(), note=note)
    yield run("no_mask", words(), REAL, spec, layers.Embedding(9, 4), dense())
    yield run("masking", features(), REAL, spec, layers.Masking(), dense(4, "relu"), dense())
    shifted = np.where(features(40) == 0, np.float32(-1.5), features(40))
    yield run("masking_value", shifted, REAL, spec, layers.Masking(-1.5), dense())
    metrics = [{"class": "RootMeanSquaredError", "args": {}}, {"class": "CosineSimilarity", "args": {}}]
    yield run("metrics_without_mask", features(), REAL, {"optimizer": SGD, "loss": "mae", "metrics": metrics}, layers.Masking(), dense())


def layers_between():
    spec = {"optimizer": SGD, "loss": "mse", "metrics": ["mae"]}
    embed = lambda: layers.Embedding(9, 4, mask_zero=True)  # noqa: E731
    chain = {
        "layer_normalization": layers.LayerNormalization(),
        "activation": layers.Activation("elu"),
        "leaky_re_lu": layers.LeakyReLU(0.2),
        "p_re_lu": layers.PReLU(),
        "activity_regularization": layers.ActivityRegularization(0.01, 0.01),
        "identity": layers.Identity(),
        "rescaling": layers.Rescaling(0.5, 0.1),
        "dropout_off": layers.Dropout(0.0),
        "batch_normalization": layers.BatchNormalization(),
        "conv1d_ends_the_mask": layers.Conv1D(4, 1),
    }
    for name, layer in chain.items():
        yield run(name, words(), REAL, spec, embed(), layer, layers.Dense(2))
    half = layers.Reshape((STEPS // 2, 8))
    yield run("reshape_ends_the_mask", words(), REAL[:, ::2].copy(), spec, embed(), half, layers.Dense(2))
    short = {"optimizer": SGD, "loss": "mse"}
    yield run("global_average_pooling", words(), REAL[:, 0], short, embed(), layers.GlobalAveragePooling1D(), layers.Dense(2))
    yield run("global_average_keepdims", features(), REAL[:, :1], short, layers.Masking(), layers.GlobalAveragePooling1D(keepdims=True), layers.Dense(2))
    yield run("global_max_ends_the_mask", words(), REAL[:, 0], short, embed(), layers.GlobalMaxPooling1D(), layers.Dense(2))


def merges():
    spec = {"optimizer": SGD, "loss": "mse", "metrics": ["mae"]}
    for kind in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"):
        for other in ("masked", "plain"):
            yield merged(f"{kind.lower()}_{other}", spec, getattr(layers, kind)(), other == "masked")
    yield merged("concatenate_steps", spec, layers.Concatenate(axis=1), True, twice=True)
    yield merged("concatenate_steps_plain", spec, layers.Concatenate(axis=1), False, twice=True)
    yield merged("maximum_of_three", spec, layers.Maximum(), True, three=True)
    yield merged("multiply_of_three", spec, layers.Multiply(), True, three=True)


def merged(name, spec, layer, masked, twice=False, three=False):
    fresh()
    a, b = keras.Input((STEPS,), name="a"), keras.Input((STEPS,), name="b")
    branches = [
        layers.Embedding(9, 3, mask_zero=True, name="left")(a),
        layers.Embedding(9, 3, mask_zero=masked, name="right")(b),
    ]
    if three:
        branches.append(layers.Embedding(9, 3, mask_zero=True, name="third")(b))
    y = layers.Dense(2, name="out")(layer(branches))
    truth = np.concatenate([REAL, REAL[::-1]], axis=1) if twice else REAL
    return case(name, keras.Model([a, b], y), spec, [words(), words(60, left=True)], truth)


def nested():
    spec = {"optimizer": SGD, "loss": "mse", "metrics": ["mae"]}
    fresh()
    inner = keras.Sequential([keras.Input((STEPS,)), layers.Embedding(9, 4, mask_zero=True), layers.Dense(3)], name="inner")
    x = keras.Input((STEPS,), name="x")
    outer = keras.Model(x, layers.Dense(2, name="head")(inner(x)))
    yield case("mask_out_of_a_model", outer, spec, words(), REAL)
    fresh()
    inner = keras.Sequential([keras.Input((STEPS, 4)), layers.Dense(3), layers.GlobalAveragePooling1D()], name="inner")
    x = keras.Input((STEPS,), name="x")
    outer = keras.Model(x, layers.Dense(2, name="head")(inner(layers.Embedding(9, 4, mask_zero=True)(x))))
    yield case("mask_into_a_model", outer, spec, words(), REAL[:, 0])


def facts():
    groups = (losses, layers_between, merges, nested)
    return {"about": "as training.json", "cases": [c for group in groups for c in group()]}
