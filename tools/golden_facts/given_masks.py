"""Masks that a program gives a layer itself, and states of several cells. Cases as in `masks`."""

import keras
from keras import layers, ops

from . import wire
from .masks import LABELS, REAL, ROWS, STEPS, case, features, words
from .training import SGD, fresh

SPEC = {"optimizer": SGD, "loss": "mse"}


def build(name, make, targets=REAL[:, 0], more=()):
    """A model of features, the words that the mask is made of, and further inputs."""
    fresh()
    x, w = keras.Input((STEPS, 3), name="x"), keras.Input((STEPS,), name="w", dtype="int32")
    further = [keras.Input(array.shape[1:], name=f"more{i}") for i, array in enumerate(more)]
    y = make(x, ops.not_equal(w, 0), *further)
    y = y if y.shape[-1] == targets.shape[-1] else layers.Dense(targets.shape[-1], name="out")(y)
    return case(name, keras.Model([x, w, *further], y), SPEC, [features(), words(), *more], targets)


def recurrent():
    yield build("lstm", lambda x, m: layers.LSTM(4)(x, mask=m))
    yield build("mask_of_the_output", lambda x, m: layers.GRU(2, return_sequences=True)(x, mask=m), REAL)
    yield build("mask_goes_on", lambda x, m: layers.GlobalAveragePooling1D()(layers.LSTM(4, return_sequences=True)(x, mask=m)))
    yield build("instead_of_its_own", lambda x, m: layers.LSTM(4)(layers.Masking()(x), mask=m))
    yield build("the_opposite", lambda x, m: layers.SimpleRNN(4)(x, mask=ops.logical_not(m)))
    yield build("bidirectional", lambda x, m: layers.Bidirectional(layers.GRU(3, return_sequences=True))(x, mask=m), REAL)
    state = wire.normal((ROWS, 4), 31)
    yield build("states_and_mask", lambda x, m, h: layers.GRU(4)(x, initial_state=h, mask=m), more=[state])
    masked = lambda x: layers.Masking()(x)  # noqa: E731
    yield build("states_and_mask_of_input", lambda x, m, h: layers.GRU(4)(masked(x), initial_state=h, mask=ops.any(ops.not_equal(x, 0.0), axis=-1)) + 0 * ops.cast(m[:, :1], "float32"), more=[state])
    yield build("states_without_mask", lambda x, m, h: layers.GRU(4)(masked(x), initial_state=h) + 0 * ops.cast(m[:, :1], "float32"), more=[state])
    cells = lambda: layers.StackedRNNCells([layers.LSTMCell(4), layers.GRUCell(2)])  # noqa: E731
    many = [wire.normal((ROWS, n), 40 + i) for i, n in enumerate((4, 4, 2))]
    yield build("states_of_cells", lambda x, m, a, b, c: layers.RNN(cells())(x, initial_state=[[a, b], [c]], mask=m), more=many)


def others():
    yield build("softmax", lambda x, m: layers.Flatten()(layers.Softmax(axis=1)(x, mask=ops.expand_dims(m, -1))))
    yield build("batch_normalization", lambda x, m: layers.Flatten()(layers.BatchNormalization()(x, mask=m)))
    yield build("average", lambda x, m: layers.GlobalAveragePooling1D()(x, mask=m))
    yield build("by_position", lambda x, m: layers.GlobalAveragePooling1D()(x, m))
    yield build("each_step", lambda x, m: layers.TimeDistributed(layers.Dense(2))(x, mask=m), REAL)
    flat = layers.Flatten
    yield build("attention_value", lambda x, m: flat()(layers.Attention()([x, x * 0.5], mask=[None, m])))
    yield build("attention_query", lambda x, m: flat()(layers.AdditiveAttention()([x, x * 0.5], mask=[m, None])))
    yield build("attention_both", lambda x, m: flat()(layers.Attention()([x, x * 0.5, x], mask=[m, ops.logical_not(m), m])))
    yield build("multi_head", lambda x, m: flat()(layers.MultiHeadAttention(2, 3)(x, x * 0.5, query_mask=m, value_mask=ops.logical_not(m))))
    embed = layers.Embedding(9, 4, mask_zero=True)
    yield build("compute_mask", lambda x, m, v: layers.LSTM(4)(x, mask=embed.compute_mask(v)) + 0 * ops.cast(m[:, :1], "float32"), more=[words(33)])


def nested():
    inner = lambda: keras.Sequential([keras.Input((STEPS, 3)), layers.LSTM(4)], name="inner")  # noqa: E731
    yield build("into_a_model", lambda x, m: inner()(x, mask=m))
    a, b = keras.Input((STEPS, 3)), keras.Input((STEPS, 3))
    both = keras.Model([a, b], layers.LSTM(3)(a) + layers.LSTM(3)(b), name="both")
    yield build("into_one_of_two", lambda x, m: both([x, x * 0.5], mask=[None, m]))


def found():
    """Masks that layers find themselves: Keras writes them in the same way."""
    embed = lambda w: layers.Embedding(9, 3, mask_zero=True)(w)  # noqa: E731
    stack = lambda y: layers.Bidirectional(layers.LSTM(3))(layers.GRU(3, return_sequences=True)(y))  # noqa: E731

    def model(name, make):
        fresh()
        x, w = keras.Input((STEPS, 3), name="x"), keras.Input((STEPS,), name="w")
        y = layers.Dense(2, name="out")(make(x, w))
        return case(f"found_{name}", keras.Model([x, w], y), SPEC, [features(), words()], REAL[:, 0])

    masked = lambda x: layers.Masking()(x)  # noqa: E731
    yield model("in_a_stack", lambda x, w: stack(layers.Dropout(0.0)(layers.LayerNormalization()(masked(x)))) + 0 * w[:, :1])
    yield model("sum", lambda x, w: layers.LSTM(3)(layers.Add()([masked(x), embed(w)])))
    yield model("joined", lambda x, w: layers.LSTM(3)(layers.Concatenate(axis=1)([masked(x), embed(w)])))
    yield model("joined_features", lambda x, w: layers.GlobalAveragePooling1D()(layers.Concatenate()([masked(x), embed(w)])))
    yield model("joined_with_plain", lambda x, w: layers.GRU(3)(layers.Concatenate(axis=1)([x, embed(w)])))
    flat = lambda y: layers.Flatten()(y)  # noqa: E731
    yield model("attention", lambda x, w: flat(layers.Attention()([masked(x), embed(w)])))
    yield model("multi_head", lambda x, w: flat(layers.MultiHeadAttention(2, 3)(masked(x), embed(w))))


def facts():
    return {"about": "as training.json", "cases": [c for group in (recurrent, others, nested, found) for c in group()]}
