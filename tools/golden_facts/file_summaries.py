"""`summary()` of models read from files, and of models that are made: with masks, nested, in odd widths."""

import os
import pathlib

import keras
from keras import layers

from .summary import text

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "files"
# Every argument at least on some of the files; an empty row is the default.
ARGUMENTS = [{}, {"expand_nested": True, "line_length": 100}, {"show_trainable": True, "expand_nested": True}]


def of_files():
    paths = sorted((FOLDER / "golden").glob("*.keras")) + sorted((FOLDER / "golden").glob("*.h5"))
    paths += [FOLDER / "model.keras", FOLDER / "model.h5"]
    for number, path in enumerate(paths):
        keras.utils.clear_session()
        args = ARGUMENTS[number % len(ARGUMENTS)]
        try:
            # From .h5 Keras reads no more of an optimizer's state than its step: as if it were not compiled.
            model = keras.models.load_model(path, compile=path.suffix == ".keras")
        except Exception as error:  # Keras does not read all that it writes
            yield {"file": str(path.relative_to(FOLDER)), "error": type(error).__name__}
            continue
        yield {"file": str(path.relative_to(FOLDER)), "arguments": args, "text": text(model, **args).split("\n")}


def masked():
    words = keras.Input((7,), dtype="int32", name="words")
    x = layers.Embedding(9, 4, mask_zero=True)(words)
    x = layers.LSTM(3, return_sequences=True)(layers.Dropout(0.5)(x))
    return keras.Model(words, layers.Dense(2)(layers.GlobalAveragePooling1D()(x)), name="masked")


def two_masks():
    first, second = keras.Input((5,), dtype="int32", name="first"), keras.Input((5,), dtype="int32", name="second")
    a = layers.Embedding(9, 4, mask_zero=True)(first)
    b = layers.Embedding(9, 4, mask_zero=True)(second)
    return keras.Model([first, second], layers.GRU(3)(layers.Add()([a, b])), name="two_masks")


def joined_masks():
    words, steps = keras.Input((5,), dtype="int32", name="words"), keras.Input((5, 3), name="steps")
    a = layers.Embedding(9, 4, mask_zero=True)(words)
    return keras.Model([words, steps], layers.LSTM(3)(layers.Concatenate()([a, steps])), name="joined_masks")


def steps():
    x = keras.Input((6, 2), name="steps")
    y = layers.Bidirectional(layers.GRU(3, return_sequences=True))(layers.Masking(-1.0)(x))
    y = layers.TimeDistributed(layers.Dense(2))(y)
    return keras.Model(x, layers.SimpleRNN(2)(y), name="steps_model")


def attending():
    words, others = keras.Input((5,), dtype="int32", name="words"), keras.Input((4, 6), name="others")
    a = layers.Embedding(9, 6, mask_zero=True)(words)
    y = layers.MultiHeadAttention(2, 3)(a, others)
    z = layers.Attention()([y, others])
    return keras.Model([words, others], [layers.BatchNormalization()(y), z], name="attending")


def several_outputs():
    x = keras.Input((6, 2), name="x")
    y, h, c = layers.LSTM(3, return_state=True)(x)
    z, _ = layers.MultiHeadAttention(1, 2)(x, x, return_attention_scores=True)
    parts = keras.ops.split(layers.Dense(4)(layers.Flatten()(z)), 2, axis=-1)
    return keras.Model(x, [y, layers.Concatenate()([h, c]), parts[0]], name="several_outputs")


def deep():
    x = keras.Input((4,), name="x")
    core = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="a"), layers.Dense(3, name="b")], name="core")
    u, v = keras.Input((4,), name="u"), keras.Input((4,), name="v")
    both = layers.Dense(3, name="c")(u) * 2.0 + layers.Dense(3, name="d")(v)
    pair = keras.Model([u, v], [core(both), both], name="pair")
    first, second = pair([x, x])
    core.trainable = False
    return keras.Model(x, layers.Add(name="sum")([first, second]), name="deep")


def masked_inside():
    words = keras.Input((5,), dtype="int32", name="words")
    inner = keras.Sequential([keras.Input((5, 4)), layers.LSTM(3, name="lstm")], name="inner")
    return keras.Model(words, inner(layers.Embedding(9, 4, mask_zero=True)(words)), name="masked_inside")


def several_lengths():
    """A layer that is used with inputs of two lengths."""
    a, b = keras.Input((4, 3), name="a"), keras.Input((6, 3), name="b")
    dense = layers.Dense(2, name="twice")
    joined = layers.Concatenate(axis=1)([dense(a), dense(b)])
    return keras.Model([a, b], joined, name="several_lengths")


def heads():
    x = keras.Input((4, 6), name="x")
    return keras.Model(x, layers.GroupQueryAttention(3, 4, 2)(x, x), name="heads")


MADE = [masked, two_masks, joined_masks, steps, attending, several_outputs, deep, masked_inside, several_lengths, heads]


def of_made():
    for make in MADE:
        keras.utils.clear_session()
        model = make()
        texts = [{"arguments": args, "text": text(model, **args).split("\n")} for args in ARGUMENTS]
        if make is deep:
            for limits in (["x", "pair"], ["s", "x"], ["pa", ".*"], ["p.i", "pa"]):
                args = {"layer_range": limits}
                texts.append({"arguments": args, "text": text(model, **args).split("\n")})
        yield {"name": make.__name__, "json": model.to_json(), "texts": texts}


def narrow(columns, name):
    """What is printed where the terminal has so many columns; 80 stand for what is no terminal."""
    wide = os.environ["COLUMNS"]
    os.environ["COLUMNS"] = str(columns)
    keras.utils.clear_session()
    lines = text(keras.models.load_model(FOLDER / name)).split("\n")
    os.environ["COLUMNS"] = wide
    return {"file": name, "columns": columns, "text": lines}


def facts():
    return {
        "about": "terminal 120 columns wide; files lie in tests/files, text is a list of lines, the last one empty",
        "terminals": [narrow(columns, name) for columns in (60, 80) for name in ("model.keras", "golden/sequences.keras")],
        "files": list(of_files()),
        "made": list(of_made()),
    }
