"""Names, order and defaults of the arguments of recurrent layers and what goes with them, as in `defaults`."""

import keras

from . import defaults

UNITS = {"units": 3}
LAYERS = {
    "Embedding": {"input_dim": 5, "output_dim": 2},
    "Masking": {},
    "SimpleRNN": UNITS,
    "LSTM": UNITS,
    "GRU": UNITS,
    "SimpleRNNCell": UNITS,
    "LSTMCell": UNITS,
    "GRUCell": UNITS,
}


def around(name, argument, made):
    """A layer with layers inside."""
    keras.utils.clear_session()
    inside = made()
    row = defaults.of_class("layers", name, {argument: inside})
    many = isinstance(inside, list)
    objects = [keras.saving.serialize_keras_object(layer) for layer in (inside if many else [inside])]
    objects = [defaults.plain(o) for o in objects]
    return {**row, "made_with": {argument: objects if many else objects[0]}}


def of_convolution(rank):
    return defaults.of_class("layers", f"ConvLSTM{rank}D", {"filters": 2, "kernel_size": 3})


def facts():
    cell = keras.layers.LSTMCell
    return {
        "about": "as defaults.json",
        "layers": [
            *(defaults.of_class("layers", n, r) for n, r in LAYERS.items()),
            *(of_convolution(rank) for rank in (1, 2, 3)),
            around("RNN", "cell", lambda: cell(3)),
            around("Bidirectional", "layer", lambda: keras.layers.GRU(3, return_sequences=True)),
            around("TimeDistributed", "layer", lambda: keras.layers.Activation("relu")),
            around("StackedRNNCells", "cells", lambda: [cell(3), cell(2)]),
        ],
    }
