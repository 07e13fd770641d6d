"""One workload of benches/workloads on Keras, timed: one JSON line.

    KERAS_BACKEND=jax python keras_peer.py WORKLOAD [--seconds S]
"""
import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import common

arguments = common.arguments(__doc__)

import keras
from keras import layers as L

if arguments.workload.endswith("_bfloat16"):
    keras.config.set_dtype_policy("mixed_bfloat16")
BACKEND = keras.backend.backend()


def stack(*parts):
    return keras.Sequential(list(parts))


def yes_or_no(features, hidden):
    return stack(
        keras.Input((features,)),
        L.Dense(hidden[0], activation="relu"),
        L.Dense(hidden[1], activation="relu"),
        L.Dense(1, activation="sigmoid"),
    )


def digits(name):
    """The networks of examples/common/networks.rs."""
    if name.startswith("mlp"):
        parts = [keras.Input((784,))]
        for _ in range(1 if name == "mlp_one_layer" else 2):
            parts.append(L.Dense(512, activation="relu"))
            if name.endswith("dropout"):
                parts.append(L.Dropout(0.5))
    elif name == "le_net":
        parts = [
            keras.Input((28, 28, 1)),
            L.Conv2D(20, 5, padding="same", activation="relu"),
            L.MaxPooling2D(),
            L.Conv2D(50, 5, padding="same", activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(500, activation="relu"),
        ]
    else:
        norm = [L.BatchNormalization] if name.endswith("batch_norm") else []
        parts = [
            keras.Input((28, 28, 1)),
            L.Conv2D(32, 3, activation="relu"),
            L.MaxPooling2D(),
            *[n() for n in norm],
            L.Conv2D(64, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Conv2D(64, 3, activation="relu"),
            L.Flatten(),
            L.Dense(64, activation="relu"),
            *[n() for n in norm],
        ]
    return stack(*parts, L.Dense(10, activation="softmax"))


def cifar_net():
    def conv(filters):
        return L.Conv2D(filters, 3, padding="same", activation="relu")

    return stack(
        keras.Input((32, 32, 3)),
        conv(32),
        conv(32),
        L.MaxPooling2D(),
        conv(64),
        conv(64),
        L.MaxPooling2D(),
        L.Flatten(),
        L.Dense(512, activation="relu"),
        L.Dense(10, activation="softmax"),
    )


def sentences(name):
    layer = L.LSTM if name == "lstm" else L.GRU
    return stack(
        keras.Input((80,), dtype="int32"),
        L.Embedding(10_000, 32),
        layer(32),
        L.Dense(1, activation="sigmoid"),
    )


def attention():
    x = keras.Input((128, 64))
    steps = L.Dense(64)(x)
    seen = L.GlobalAveragePooling1D()(L.MultiHeadAttention(8, 64)(steps, steps))
    return keras.Model(x, L.Dense(1, activation="sigmoid")(seen))


def conv1d():
    return stack(
        keras.Input((128, 64)),
        L.Conv1D(64, 5, padding="same", activation="relu"),
        L.Conv1D(64, 5, padding="same", activation="relu"),
        L.GlobalMaxPooling1D(),
        L.Dense(1, activation="sigmoid"),
    )


def depthwise():
    return stack(
        keras.Input((32, 32, 3)),
        L.Conv2D(64, 1, activation="relu"),
        L.DepthwiseConv2D(3, padding="same", activation="relu"),
        L.DepthwiseConv2D(3, strides=2, padding="same", activation="relu"),
        L.GlobalAveragePooling2D(),
        L.Dense(10, activation="softmax"),
    )


class Epochs(keras.callbacks.Callback):
    """Seconds of each epoch; ends when the time is over, after two at least."""

    def __init__(self):
        super().__init__()
        self.seconds, self.end = [], None

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        now = time.perf_counter()
        self.seconds.append(now - self.began)
        # The first epoch compiles, for as long as it likes.
        self.end = self.end or now + arguments.seconds
        self.model.stop_training = len(self.seconds) > 1 and now > self.end


def train(model, loss, x, y, batch):
    model.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    epochs = Epochs()
    model.fit(x, y, batch_size=batch, epochs=10**6, verbose=0, callbacks=[epochs])
    steps = -(-len(x) // batch)
    return dict(us=common.median(epochs.seconds[1:]) / steps * 1e6, batch=batch, via="fit")


def ways(model, x):
    """What Keras and its back end offer for a prediction of a known shape."""
    tensor = keras.ops.convert_to_tensor(x)
    yield "predict_on_batch", lambda: model.predict_on_batch(x)
    yield "call", lambda: keras.ops.convert_to_numpy(model(tensor, training=False))
    if BACKEND == "tensorflow":
        import tensorflow as tf

        for name, jit in (("tf.function", False), ("tf.function, XLA", True)):
            call = tf.function(lambda a: model(a, training=False), jit_compile=jit)
            yield name, lambda: call(tensor).numpy()
    if BACKEND == "jax":
        import jax

        call = jax.jit(lambda t, n, a: model.stateless_call(t, n, a, training=False)[0])
        trained = [v.value for v in model.trainable_variables]
        others = [v.value for v in model.non_trainable_variables]
        yield "jax.jit", lambda: np.asarray(call(trained, others, tensor))
    if BACKEND == "torch":
        import torch

        def inference():
            with torch.inference_mode():
                return model(tensor, training=False).numpy()

        yield "inference_mode", inference


def predict(model, batch):
    x = common.pictures((batch, *model.input_shape[1:]))
    return common.fastest(ways(model, x), arguments.seconds, batch)


def start():
    model = yes_or_no(2, [8, 4])
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.train_on_batch(np.array([[0.0, 1.0]], "float32"), np.array([[1.0]], "float32"))
    return dict(us=0.0, batch=1, via="train_on_batch")


def measure(name):
    yes = "binary_crossentropy"
    ten = "categorical_crossentropy"
    if name == "start":
        return start()
    if name == "xor":
        return train(yes_or_no(2, [8, 4]), yes, *common.xor(), 1)
    if name == "churn":
        return train(yes_or_no(11, [6, 6]), yes, *common.churn(), 10)
    if name == "cifar_net":
        return train(cifar_net(), ten, *common.cifar(), 64)
    if name == "depthwise":
        return train(depthwise(), ten, *common.cifar(), 64)
    if name in ("attention", "conv1d"):
        made = attention() if name == "attention" else conv1d()
        return train(made, yes, *common.sequences(), 32)
    if name in ("lstm", "gru"):
        return train(sentences(name), yes, *common.words(), 32)
    if name.startswith("predict_"):
        net, batch = name.removeprefix("predict_").rsplit("_", 1)
        made = {
            "conv_net": lambda: digits("conv_net"),
            "resnet50": lambda: keras.applications.ResNet50(weights=None),
            "mobilenet": lambda: keras.applications.MobileNet(weights=None),
        }
        return predict(made[net](), int(batch))
    net = name.removesuffix("_bfloat16")
    return train(digits(net), ten, *common.digits(net), 256)


common.report(arguments, measure(arguments.workload), keras=keras.__version__)
