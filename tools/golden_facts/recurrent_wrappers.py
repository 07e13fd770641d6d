"""Layers around recurrent ones and recurrent convolutions: whole runs, as in `recurrent`."""

import keras
import numpy as np
from keras import layers

from . import wire
from .masks import ROWS, STEPS, case, features, words
from .recurrent import ALL, ONE, SPEC, X, stack
from .training import SGD, fresh

WIDE = wire.normal((ROWS, 8), 74)
WIDE_ALL = wire.normal((ROWS, STEPS, 8), 75)
MERGES = ("concat", "sum", "mul", "ave")


def embed():
    return layers.Embedding(9, 3, mask_zero=True)


def target(merge, all_steps):
    if merge == "concat":
        return WIDE_ALL if all_steps else WIDE
    return ALL if all_steps else ONE


def both(name, x, y, layer, *before, **arguments):
    return stack(f"both_{name}", x, y, *before, layers.Bidirectional(layer, **arguments))


def bidirectional():
    for merge in MERGES:
        yield both(merge, X, target(merge, False), layers.LSTM(4), merge_mode=merge)
        yield both(f"{merge}_all", X, target(merge, True), layers.GRU(4, return_sequences=True), merge_mode=merge)
    yield both("masked", words(), WIDE, layers.GRU(4, reset_after=False), embed())
    yield both("masked_left_all", words(left=True), WIDE_ALL, layers.LSTM(4, return_sequences=True), embed())
    yield both("holes_all", features(), ALL, layers.SimpleRNN(4, return_sequences=True), layers.Masking(), merge_mode="sum")
    yield both("cells", X, ONE, layers.RNN([layers.LSTMCell(5), layers.GRUCell(4)]), merge_mode="ave")
    forward = layers.LSTM(4, return_sequences=True)
    backward = layers.GRU(3, activation="relu", return_sequences=True, go_backwards=True)
    yield both("given", X, WIDE_ALL[..., :7].copy(), forward, backward_layer=backward)
    yield both("turned", X, WIDE, layers.SimpleRNN(4, go_backwards=True), backward_layer=layers.SimpleRNN(4))
    empty = words()
    empty[2] = 0
    yield both("empty_row", empty, WIDE, layers.GRU(4), embed())
    for kind, count in (("LSTM", 2), ("GRU", 1)):
        fresh()
        x = keras.Input((STEPS, 3), name="x")
        layer = getattr(layers, kind)(4, return_state=True, return_sequences=True)
        outputs = layers.Bidirectional(layer, merge_mode="sum")(x)
        merged = layers.Concatenate()(outputs[1:])
        model = keras.Model(x, [layers.Dense(4, name="a")(outputs[0]), layers.Dense(4, name="b")(merged)])
        yield case(f"both_{kind}_states_out", model, SPEC, X, [ALL, ONE])
        fresh()
        x = keras.Input((STEPS,), name="x")
        given = [keras.Input((4,), name=f"s{i}") for i in range(2 * count)]
        y = layers.Bidirectional(getattr(layers, kind)(4))(embed()(x), initial_state=given)
        data = [words()] + [wire.normal((ROWS, 4), 80 + i) for i in range(2 * count)]
        yield case(f"both_{kind}_states_in", keras.Model([x, *given], layers.Dense(4)(y)), SPEC, data, ONE)
    fresh()
    x = keras.Input((STEPS, 3), name="x")
    a, b = layers.Bidirectional(layers.GRU(4), merge_mode=None)(x)
    yield case("both_apart", keras.Model(x, layers.Concatenate()([a, b])), SPEC, X, WIDE)


def each(name, x, y, *inner):
    return stack(f"each_{name}", x, y, *inner)


def distributed():
    yield each("dense", X, ALL, layers.TimeDistributed(layers.Dense(4, activation="tanh")))
    yield each("normalized", X, X, layers.TimeDistributed(layers.BatchNormalization()))
    yield each("masked", words(), ALL, embed(), layers.TimeDistributed(layers.Dense(4)), layers.LSTM(4, return_sequences=True))
    pictures = wire.normal((ROWS, 3, 6, 5, 2), 91)
    conv = layers.Conv2D(2, 3, strides=2, activation="relu")
    yield each("conv", pictures, ONE, layers.TimeDistributed(conv), layers.TimeDistributed(layers.Flatten()), layers.GRU(4))
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(5, activation="tanh"), layers.Dense(4)])
    yield each("model", X, ALL, layers.TimeDistributed(inner))
    sentences = wire.integers((ROWS, 4, STEPS), 92, 9)
    sentences[:, :, 0] = 3
    yield each("sentences", sentences, ONE, layers.TimeDistributed(embed()), layers.TimeDistributed(layers.SimpleRNN(4)), layers.GRU(4))


def convolved():
    row = wire.normal((ROWS, 4, 7, 2), 93)
    image = wire.normal((ROWS, 3, 5, 4, 2), 94)
    first = np.ascontiguousarray(np.moveaxis(image, -1, 2))
    volume = wire.normal((ROWS, 2, 3, 4, 3, 1), 95)

    def last(name, x, layer):
        return stack(f"conv_{name}", x, ONE, layer, layers.Flatten(), layers.Dense(4))

    yield last("1d", row, layers.ConvLSTM1D(3, 3, 2, "same", go_backwards=True))
    yield last("1d_dilated", row, layers.ConvLSTM1D(2, 3, dilation_rate=2, use_bias=False, return_sequences=True))
    yield last("2d", image, layers.ConvLSTM2D(3, (3, 2), unit_forget_bias=False, recurrent_activation="hard_sigmoid"))
    yield last("2d_first", first, layers.ConvLSTM2D(2, 3, padding="same", data_format="channels_first", return_sequences=True))
    yield last("2d_stride", image, layers.ConvLSTM2D(2, 2, (2, 1), activation="elu", kernel_regularizer="l2"))
    yield last("3d", volume, layers.ConvLSTM3D(2, (2, 3, 2)))
    yield last("both", row, layers.Bidirectional(layers.ConvLSTM1D(2, 3)))
    fresh()
    x = keras.Input(row.shape[1:], name="x")
    outputs = layers.ConvLSTM1D(2, 2, return_state=True)(x)
    shorter = layers.Cropping2D(((0, 0), (0, 1)))(x)
    y = layers.ConvLSTM1D(2, 3, padding="same")(shorter, initial_state=list(outputs[1:]))
    y = layers.Flatten()(layers.Concatenate()([y, outputs[0]]))
    yield case("conv_states", keras.Model(x, layers.Dense(4)(y)), {"optimizer": SGD, "loss": "mse"}, row, ONE)


def facts():
    groups = (bidirectional, distributed, convolved)
    return {"about": "as masks.json", "cases": [c for group in groups for c in group()]}
