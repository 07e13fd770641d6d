"""What layers add to the loss and measure themselves, in functional and subclassed models.

On JAX a metric of a layer fails in `fit`: made on TensorFlow. A case: data, weights, `history` of `fit`, `evaluated` logs, weights after training. The layers are those of the test.
"""

import keras
import numpy as np
from keras import layers, ops

from . import wire

X = wire.normal((22, 4), 1)
REAL = wire.normal((22, 2), 2)
BINARY = wire.integers((22, 1), 3, 2).astype("float32")


class Watched(layers.Layer):
    """Adds 0.1 · mean(x², last axis), one number a row, to the loss; follows two means."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.active = keras.metrics.Mean(name="active")
        self.size = keras.metrics.Mean(name="size")

    def call(self, x):
        self.add_loss(0.1 * ops.mean(ops.square(x), axis=-1))
        self.active.update_state(ops.cast(x > 0, "float32"))
        self.size.update_state(ops.mean(ops.abs(x)))
        return x


class Endpoint(layers.Layer):
    """Logits and targets in, probabilities out; with a loss and an accuracy of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.accuracy = keras.metrics.BinaryAccuracy(name="right")

    def call(self, inputs):
        logits, targets = inputs
        self.add_loss(ops.mean(ops.binary_crossentropy(targets, logits, from_logits=True)))
        probabilities = ops.sigmoid(logits)
        self.accuracy.update_state(targets, probabilities)
        return probabilities


class Twice(keras.Model):
    """A model of its own: two layers, a shared one between, and a loss of what it computes."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out = layers.Dense(5, activation="tanh"), layers.Dense(2)
        self.shared = layers.Dense(5)

    def call(self, x):
        h = self.hidden(x)
        h = self.shared(ops.tanh(self.shared(h)))
        self.add_loss(ops.mean(ops.abs(h)))
        return self.out(h)


def case(name, model, x, y, loss="mse", metrics=None, split=0.0):
    model(x if not isinstance(x, list) else [ops.convert_to_tensor(a) for a in x])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss, metrics=metrics)
    first = [wire.normal(w.shape, 40 + i, 0.5) for i, w in enumerate(model.weights)]
    model.set_weights(first)
    stored = wire.arrays(x) if isinstance(x, list) else wire.array(x)
    out = {"name": name, "x": stored, "y": y if y is None else wire.array(y), "metrics": metrics, "validation_split": split}
    out["initial_weights"] = wire.arrays(first)
    history = model.fit(x, y, batch_size=5, epochs=3, shuffle=False, verbose=0, validation_split=split)
    out["history"] = {k: [float(np.float32(v)) for v in vs] for k, vs in history.history.items()}
    logs = model.evaluate(x, y, batch_size=5, verbose=0, return_dict=True)
    out["evaluated"] = {k: float(np.float32(v)) for k, v in logs.items()}
    out["final_weights"] = wire.arrays(model.get_weights())
    return out


def functional():
    keras.utils.clear_session()
    x = keras.Input((4,))
    y = layers.Dense(2)(Watched()(layers.Dense(5, activation="tanh")(x)))
    yield case("inside", keras.Model(x, y), X, REAL, metrics=["mae"], split=0.3)
    keras.utils.clear_session()
    x, watched = keras.Input((4,)), Watched()
    y = layers.Dense(2)(watched(layers.Dense(4, activation="tanh")(watched(x))))
    yield case("used_twice", keras.Model(x, y), X, REAL)
    keras.utils.clear_session()
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3), Watched()], name="inner")
    x = keras.Input((4,))
    yield case("in_a_model_inside", keras.Model(x, layers.Dense(2)(inner(x))), X, REAL)
    keras.utils.clear_session()
    x, targets = keras.Input((4,)), keras.Input((1,))
    y = Endpoint()([layers.Dense(1)(x), targets])
    yield case("endpoint", keras.Model([x, targets], y), [X, BINARY], None, loss=None)


def facts():
    keras.utils.clear_session()
    return {"cases": [*functional(), case("subclass", Twice(), X, REAL)]}
