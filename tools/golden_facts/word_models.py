"""Models with layers of words, as Keras saves them in tests/files/words, and what they predict."""

import pathlib
import shutil
import zipfile

import keras
import numpy as np

from . import wire
from .lookups import WORDS, data

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "files" / "words"
layers = keras.layers


def learned():
    words = layers.TextVectorization(max_tokens=12, output_sequence_length=5)
    words.adapt(WORDS)
    return keras.Sequential(
        [keras.Input((1,), dtype="string"), words, layers.Embedding(12, 3, mask_zero=True), layers.LSTM(2), layers.Dense(1)]
    ), [[[w] for w in WORDS]]


def weighted():
    words = layers.TextVectorization(output_mode="tf_idf", ngrams=2, max_tokens=20, pad_to_max_tokens=False)
    words.adapt(WORDS)
    text, code = keras.Input((), dtype="string", name="text"), keras.Input((1,), dtype="int64", name="code")
    kind = layers.StringLookup(vocabulary=["red", "blue"], num_oov_indices=2, output_mode="one_hot")
    name = keras.Input((1,), dtype="string", name="kind")
    coded = layers.IntegerLookup(output_mode="multi_hot", num_oov_indices=2)
    coded.adapt([[3, 5], [5, 8]])
    counted = layers.StringLookup(output_mode="tf_idf")
    counted.adapt([["red", "blue"], ["red", "red"]])
    crossed = layers.HashedCrossing(7, output_mode="one_hot")([layers.Hashing(9, salt=3)(name), code])
    x = layers.Concatenate()([kind(name), coded(code), counted(name), crossed])
    x = layers.Concatenate()([layers.Dense(2)(x), words(text)])
    return keras.Model([text, name, code], [x, layers.Hashing(5, mask_value="")(name)]), [
        WORDS,
        [["red"], ["green"], [""], ["blue"], ["red"], ["grey"]],
        [[3], [8], [1], [5], [4], [0]],
    ]


def inside():
    model, x = learned()
    text = keras.Input((1,), dtype="string")
    return keras.Model(text, layers.Dense(2)(model(text))), x


def save(name, model):
    """The file with the same bytes at each run."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made, kept = FOLDER / "made.keras", FOLDER / f"{name}.keras"
    model.save(made)
    with zipfile.ZipFile(made) as old, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(zipfile.ZipInfo(member), old.read(member), zipfile.ZIP_DEFLATED)
    made.unlink()


def facts():
    shutil.rmtree(FOLDER, ignore_errors=True)
    rows = []
    for make in [learned, weighted, inside]:
        keras.utils.set_random_seed(7)
        model, x = make()
        save(make.__name__, model)
        outputs = model([np.asarray(v) for v in x] if len(x) > 1 else np.asarray(x[0]))
        outputs = outputs if isinstance(outputs, list) else [outputs]
        outputs = [wire.array(np.asarray(y).astype("float32")) for y in outputs]
        rows.append({"name": make.__name__, "inputs": [data(v) for v in x], "outputs": outputs})
    return {"models": rows}
