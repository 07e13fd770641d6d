"""Texts as lists of words: reviews from a small stand-in of `imdb.npz`, and sequences filled up."""

import io
import pathlib
import pickle
import zipfile

import keras
import numpy as np
from keras.src.datasets import imdb
from keras.src.legacy.preprocessing.text import Tokenizer

from . import wire

FILE = pathlib.Path(__file__).parent.parent.parent / "tests" / "files" / "datasets" / "imdb.npz"


def pickled(lists):
    """An array of lists as NumPy of 2017 wrote it: protocol 3, and the name that module had then."""
    rows = np.empty(len(lists), dtype=object)
    rows[:] = lists
    out = io.BytesIO()
    np.lib.format.write_array_header_1_0(out, {"descr": "|O", "fortran_order": False, "shape": rows.shape})
    out.write(pickle.dumps(rows, protocol=3).replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))
    return out.getvalue()


def plain(array):
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def reviews():
    """Eight reviews to learn from and four to test with."""
    rng = wire.rng(11)
    lists = [[int(w) for w in rng.integers(1, 40, rng.integers(2, 9))] for _ in range(12)]
    lists[3] = [300, 70_000, 1]  # words of two and of four bytes
    labels = rng.integers(0, 2, 12)
    members = [
        ("x_train", pickled(lists[:8])),
        ("x_test", pickled(lists[8:])),
        ("y_train", plain(labels[:8])),
        ("y_test", plain(labels[8:])),
    ]
    with zipfile.ZipFile(FILE, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), data, zipfile.ZIP_DEFLATED)
    imdb.get_file = lambda *args, **kwargs: str(FILE)
    out = []
    for args in [
        {},
        {"num_words": 20},
        {"num_words": 25, "skip_top": 6},
        {"num_words": 20, "oov_char": None},
        {"maxlen": 7, "num_words": 100_000},
        {"start_char": None, "index_from": 2},
        {"start_char": None, "index_from": 0, "oov_char": 39},
        {"seed": 4, "num_words": 18, "index_from": 5, "start_char": 9, "skip_top": 10},
    ]:
        (x_train, y_train), (x_test, y_test) = imdb.load_data(**args)
        lists = lambda xs: [[int(w) for w in x] for x in xs]  # noqa: E731
        row = {"x_train": lists(x_train), "y_train": y_train.tolist(), "x_test": lists(x_test), "y_test": y_test.tolist()}
        out.append({"args": args, **row})
    return out


def padded():
    words = [[1], [2, 3], [], [4, 5, 6, 7]]
    steps = [[[1, 2], [3, 4], [5, 6]], [[7, 8]], []]
    out = []
    for sequences, args in [
        (words, {}),
        (words, {"maxlen": 2}),
        (words, {"maxlen": 3, "truncating": "post"}),
        (words, {"maxlen": 3, "padding": "post"}),
        (words, {"maxlen": 6, "padding": "post", "truncating": "post", "value": -1}),
        (words, {"value": 2.5}),
        (words, {"value": 2.5, "dtype": "float32", "maxlen": 3}),
        (words, {"dtype": "int64", "value": 9}),
        (words, {"dtype": "uint8", "value": 7}),
        (steps, {}),
        (steps, {"maxlen": 2, "padding": "post", "dtype": "float64", "value": 0.5}),
    ]:
        y = keras.utils.pad_sequences(sequences, **args)
        out.append({"sequences": sequences, "args": args, "y": wire.array(y)})
    return out


def tokenized():
    texts = ["The cat sat on the mat.", "the dog; the Dog! THE bird", "a-b_c\td\ne", "", "Größe äußerst"]
    unseen = ["the cat and the dog", "BIRD,bird sat", "...", "größe"]
    out = []
    for args in [
        {},
        {"num_words": 4},
        {"num_words": 5, "oov_token": "<?>"},
        {"oov_token": "cow", "lower": False},
        {"filters": "t.", "split": "a"},
        {"char_level": True, "oov_token": "#"},
    ]:
        tokenizer = Tokenizer(**args)
        tokenizer.fit_on_texts(texts)
        sequences = tokenizer.texts_to_sequences(unseen)
        row = {mode: wire.array(tokenizer.texts_to_matrix(unseen, mode)) for mode in ["binary", "count", "freq", "tfidf"]}
        row.update(sequences=sequences, back=tokenizer.sequences_to_texts(sequences), json=tokenizer.to_json())
        out.append({"args": args, "texts": texts, "unseen": unseen, **row})
    return out


def facts():
    return {"tokenizer": tokenized(), "imdb": reviews(), "pad_sequences": padded()}
