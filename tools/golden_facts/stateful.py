"""Recurrent layers that carry their states from batch to batch: whole runs, as in `training`.

Needs TensorFlow beside Keras: `KERAS_BACKEND=tensorflow`. On JAX, compiled steps of Keras lose what is
carried. Nothing is reset between `fit`, `evaluate` and `predict`; `fresh` is what a new model with the
trained weights predicts.
"""

import json

import keras
import numpy as np
from keras import layers

from . import wire
from .masks import features, words
from .training import ADAM, SGD, compiled, fresh, start, stored, weights

BATCH, ROWS, STEPS = 4, 12, 6
X = wire.normal((ROWS, STEPS, 3), 301)
ONE = wire.normal((ROWS, 4), 302)
ALL = wire.normal((ROWS, STEPS, 4), 303)
SPEC = {"optimizer": SGD, "loss": "mse"}


def stack(x, inner):
    fresh()
    return keras.Sequential([keras.Input(batch_shape=(BATCH, *x.shape[1:])), *inner()])


def run(name, x, y, inner, spec=SPEC, **fit):
    model = compiled(stack(x, inner), spec)
    fit = {"batch_size": BATCH, "epochs": 2, "shuffle": False, **fit}
    out = {"name": name, "model": json.loads(model.to_json()), "compile": spec, "x": stored(x), "y": stored(y)}
    out |= {"fit": stored(fit), "initial_weights": start(model)}
    history = model.fit(x, y, verbose=0, **fit)
    out["history"] = {k: [float(np.float32(v)) for v in vs] for k, vs in history.history.items()}
    out["epochs_run"] = history.epoch
    out["final_weights"] = weights(model)
    out["optimizer_state"] = [{"path": v.path, **wire.array(v)} for v in model.optimizer.variables]
    logs = model.evaluate(x, y, batch_size=BATCH, verbose=0, return_dict=True)
    logs = {k: float(np.float32(v)) for k, v in logs.items()}
    out["evaluate"] = {"arguments": {"batch_size": BATCH}, "logs": logs, "list": list(logs.values())}
    out["predict"] = stored(model.predict(x, batch_size=BATCH, verbose=0))
    again = stack(x, inner)
    again.set_weights(model.get_weights())
    out["fresh"] = stored(again.predict(x, batch_size=BATCH, verbose=0))
    return out


def plain():
    for kind in ("SimpleRNN", "LSTM", "GRU"):
        layer = getattr(layers, kind)
        yield run(f"{kind}_last", X, ONE, lambda: [layer(4, stateful=True)])
        yield run(f"{kind}_backwards_all", X, ALL, lambda: [layer(4, stateful=True, go_backwards=True, return_sequences=True)])
        two = lambda: [layer(5, stateful=True, return_sequences=True), layer(4, stateful=True)]  # noqa: E731
        yield run(f"{kind}_two", X, ONE, two, {"optimizer": ADAM, "loss": "mae", "metrics": ["mse"]})
    mixed = lambda: [layers.GRU(5, return_sequences=True), layers.LSTM(4, stateful=True)]  # noqa: E731
    yield run("one_of_two", X, ONE, mixed)
    validation = (wire.normal((8, STEPS, 3), 304), wire.normal((8, 4), 305))
    yield run("validated", X, ONE, lambda: [layers.LSTM(4, stateful=True)], validation_data=validation)


def cells():
    yield run("cell", X, ALL, lambda: [layers.RNN(layers.GRUCell(4, reset_after=False), stateful=True, return_sequences=True)])
    stacked = lambda: [layers.RNN([layers.LSTMCell(5), layers.GRUCell(4)], stateful=True)]  # noqa: E731
    yield run("cells", X, ONE, stacked)


def masked():
    padded, holes = words()[:ROWS], np.concatenate([features(), features(33)])[:ROWS]
    padded = np.concatenate([padded, words(24)])[:ROWS]
    embed = lambda: layers.Embedding(9, 3, mask_zero=True)  # noqa: E731
    yield run("masked", padded, ONE, lambda: [embed(), layers.GRU(4, stateful=True)])
    yield run("masked_all", holes, ALL, lambda: [layers.Masking(), layers.LSTM(4, stateful=True, return_sequences=True)])


def both():
    for merge, width in (("concat", 8), ("sum", 4)):
        y = wire.normal((ROWS, STEPS, width), 306)
        inner = lambda: [layers.Bidirectional(layers.LSTM(4, stateful=True, return_sequences=True), merge_mode=merge)]  # noqa: B023, E731
        yield run(f"both_{merge}", X, y, inner)


def convolutions():
    for rank in (1, 2, 3):
        x = wire.normal((8, 3, *(5, 4, 3)[:rank], 2), 310 + rank)
        layer = getattr(layers, f"ConvLSTM{rank}D")
        inner = lambda: [layer(2, 2, padding="same", stateful=True), layers.Flatten(), layers.Dense(3)]  # noqa: B023, E731
        yield run(f"ConvLSTM{rank}D", x, wire.normal((8, 3), 320), inner)


def facts():
    groups = (plain, cells, masked, both, convolutions)
    return {"cases": [case for group in groups for case in group()]}
