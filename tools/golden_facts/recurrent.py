"""Recurrent layers in many settings: whole runs, as in `masks`. Dropout is off: it is random."""

import keras
import numpy as np
from keras import layers

from . import wire
from .masks import ROWS, STEPS, case, features, words
from .training import ADAM, SGD, fresh

X = wire.normal((ROWS, STEPS, 3), 71)
ONE = wire.normal((ROWS, 4), 72)
ALL = wire.normal((ROWS, STEPS, 4), 73)
SPEC = {"optimizer": SGD, "loss": "mse"}
KINDS = ("SimpleRNN", "LSTM", "GRU")


def stack(name, x, y, *inner, spec=SPEC, **options):
    fresh()
    return case(name, keras.Sequential([keras.Input(x.shape[1:]), *inner]), spec, x, y, **options)


def plain():
    for kind in KINDS:
        layer = getattr(layers, kind)
        yield stack(f"{kind}_last", X, ONE, layer(4))
        yield stack(f"{kind}_all", X, ALL, layer(4, return_sequences=True))
        yield stack(f"{kind}_backwards", X, ONE, layer(4, go_backwards=True))
        yield stack(f"{kind}_backwards_all", X, ALL, layer(4, go_backwards=True, return_sequences=True))
        yield stack(f"{kind}_no_bias", X, ONE, layer(4, use_bias=False))
        yield stack(f"{kind}_unroll", X, ALL, layer(4, unroll=True, return_sequences=True))
        other = {} if kind == "SimpleRNN" else {"recurrent_activation": "hard_sigmoid"}
        yield stack(f"{kind}_activations", X, ONE, layer(4, activation="elu", **other))
        rules = {"kernel_regularizer": "l2", "recurrent_regularizer": "l1", "bias_regularizer": "l2", "activity_regularizer": "l2"}
        rules |= {"kernel_constraint": "max_norm", "recurrent_constraint": "unit_norm", "bias_constraint": "non_neg"}
        yield stack(f"{kind}_rules", X, ONE, layer(4, **rules))
        yield stack(f"{kind}_two", X, ALL, layer(5, return_sequences=True), layer(4, return_sequences=True), spec={"optimizer": ADAM, "loss": "mse"})
    yield stack("GRU_reset_before", X, ALL, layers.GRU(4, reset_after=False, return_sequences=True))
    yield stack("GRU_reset_before_no_bias", X, ONE, layers.GRU(4, reset_after=False, use_bias=False))
    yield stack("LSTM_no_forget_bias", X, ONE, layers.LSTM(4, unit_forget_bias=False))


def masked():
    embed = lambda: layers.Embedding(9, 3, mask_zero=True)  # noqa: E731
    for kind in KINDS:
        layer = getattr(layers, kind)
        for left in (False, True):
            side = "left" if left else "right"
            yield stack(f"{kind}_{side}", words(left=left), ONE, embed(), layer(4))
            yield stack(f"{kind}_{side}_all", words(left=left), ALL, embed(), layer(4, return_sequences=True))
            yield stack(f"{kind}_{side}_backwards", words(left=left), ALL, embed(), layer(4, go_backwards=True, return_sequences=True))
        yield stack(f"{kind}_holes", features(), ALL, layers.Masking(), layer(5, return_sequences=True), layer(4, return_sequences=True))
        yield stack(f"{kind}_holes_last", features(), ONE, layers.Masking(), layer(5, return_sequences=True), layer(4))
        yield stack(f"{kind}_holes_unroll", features(), ALL, layers.Masking(), layer(4, return_sequences=True, unroll=True))
        yield stack(f"{kind}_holes_zero", features(), ALL, layers.Masking(), layer(4, return_sequences=True, zero_output_for_mask=True))
        yield stack(f"{kind}_holes_zero_last", words(), ONE, embed(), layer(4, zero_output_for_mask=True))
    empty = words()
    empty[2] = 0
    yield stack("GRU_empty_row", empty, ONE, embed(), layers.GRU(4))
    yield stack("GRU_empty_row_unroll", empty, ONE, embed(), layers.GRU(4, unroll=True))


def cells():
    yield stack("cell_lstm", X, ONE, layers.RNN(layers.LSTMCell(4)))
    yield stack("cell_gru_all", X, ALL, layers.RNN(layers.GRUCell(4, reset_after=False), return_sequences=True))
    three = lambda: [layers.LSTMCell(5), layers.GRUCell(3), layers.SimpleRNNCell(4)]  # noqa: E731
    # Larger steps blow up the last bit of a float32 beyond what tests tolerate.
    slow = {"optimizer": {"class": "SGD", "args": {"learning_rate": 0.02}}, "loss": "mse"}
    yield stack("cells_list", X, ONE, layers.RNN(three()), spec=slow)
    yield stack("cells_stacked", X, ALL, layers.RNN(layers.StackedRNNCells(three()), return_sequences=True, go_backwards=True))
    two = lambda: [layers.LSTMCell(5), layers.LSTMCell(4)]  # noqa: E731
    yield stack("cells_masked", features(), ALL, layers.Masking(), layers.RNN(two(), return_sequences=True))


def states():
    for kind, count in (("SimpleRNN", 1), ("LSTM", 2), ("GRU", 1)):
        fresh()
        x = keras.Input((STEPS, 3), name="x")
        outputs = getattr(layers, kind)(4, return_state=True, return_sequences=True)(x)
        yield case(f"{kind}_states_out", keras.Model(x, list(outputs)), SPEC, X, [ALL] + [ONE * (i + 1) for i in range(count)])
        fresh()
        x = keras.Input((STEPS,), name="x")
        given = [keras.Input((4,), name=f"s{i}") for i in range(count)]
        embedded = layers.Embedding(9, 3, mask_zero=True)(x)
        y = getattr(layers, kind)(4, return_sequences=True)(embedded, initial_state=given)
        data = [words()] + [wire.normal((ROWS, 4), 80 + i) for i in range(count)]
        yield case(f"{kind}_states_in", keras.Model([x, *given], layers.Dense(2)(y)), SPEC, data, ALL[..., :2].copy())
    fresh()
    x, z = keras.Input((STEPS, 3), name="x"), keras.Input((STEPS, 2), name="z")
    _, h, c = layers.LSTM(4, return_state=True, name="encoder")(x)
    y = layers.LSTM(4, return_sequences=True, name="decoder")(z, initial_state=[h, c])
    yield case("encoder_decoder", keras.Model([x, z], y), SPEC, [X, wire.normal((ROWS, STEPS, 2), 90)], ALL)


def facts():
    groups = (plain, masked, cells, states)
    return {"about": "as masks.json", "cases": [c for group in groups for c in group()]}
