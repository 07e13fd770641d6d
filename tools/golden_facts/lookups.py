"""Layers of words and categories: what they make of texts and numbers, and what they learn."""

import keras
import numpy as np

from . import wire
from .defaults import of_class

WORDS = ["the cat sat", "on the mat, the CAT!", "", "a Dog\tand\u00a0a cat", "Größe ÄUSSERST größe", "dog dog  dog"]
NUMBERS = [[3, 7, -2], [7, 7, 12], [5, 0, 3]]
LAYERS = {
    "Hashing": {"num_bins": 4},
    "HashedCrossing": {"num_bins": 4},
    "IntegerLookup": {},
    "StringLookup": {},
    "TextVectorization": {},
}


def data(value):
    """Texts with their shape, or numbers."""
    value = np.asarray(value)
    if value.dtype.kind in "US":
        return {"shape": list(value.shape), "texts": value.ravel().tolist()}
    return wire.array(value)


def case(name, args, inputs, adapt=None):
    layer = getattr(keras.layers, name)(**args)
    row = {"layer": name, "args": {k: list(v) if isinstance(v, tuple) else v for k, v in args.items()}}
    if adapt is not None:
        layer.adapt(np.asarray(adapt))
        row["adapt"] = data(adapt)
    many = name == "HashedCrossing"
    row["inputs"] = [data(x) for x in inputs] if many else data(inputs)
    output = layer([np.asarray(x) for x in inputs] if many else np.asarray(inputs))
    output = np.asarray(output)
    texts = output.dtype == object
    row["output"] = data(np.char.decode(output.astype("S"), "utf-8")) if texts else wire.array(output.astype("float32"))
    if hasattr(layer, "get_vocabulary"):
        plain = lambda list_: [v if isinstance(v, str) else int(v) for v in list_]  # noqa: E731
        row["vocabulary"] = plain(layer.get_vocabulary())
        row["without_special"] = plain(layer.get_vocabulary(include_special_tokens=False))
        row["size"] = layer.vocabulary_size()
    return row


LETTERS = [["a", "b", "z"], ["c", "", "a"], ["q", "[UNK]", "b"]]


def strings():
    s, v = "StringLookup", ["a", "b", "c"]
    given = {"vocabulary": v}
    return [
        case(s, given, LETTERS),
        case(s, {**given, "mask_token": ""}, LETTERS),
        case(s, {**given, "num_oov_indices": 3}, LETTERS),
        case(s, {**given, "num_oov_indices": 4, "mask_token": "", "salt": 17}, LETTERS),
        case(s, {**given, "num_oov_indices": 5, "salt": [3, -4]}, LETTERS),
        case(s, {**given, "num_oov_indices": 0}, [["a", "c"], ["b", "b"]]),
        case(s, {"vocabulary": ["", "[UNK]", "a", "b"], "mask_token": ""}, LETTERS),
        case(s, {"vocabulary": ["?", "?", "a", "b"], "oov_token": "?", "num_oov_indices": 2}, LETTERS),
        case(s, {**given, "output_mode": "one_hot"}, LETTERS),
        case(s, {**given, "output_mode": "one_hot", "mask_token": ""}, [["a"], [""], ["x"]]),
        case(s, {**given, "output_mode": "multi_hot", "mask_token": ""}, LETTERS),
        case(s, {**given, "output_mode": "multi_hot", "pad_to_max_tokens": True, "max_tokens": 7}, LETTERS),
        case(s, {**given, "output_mode": "count", "num_oov_indices": 2}, LETTERS),
        case(s, {**given, "output_mode": "count"}, [LETTERS]),
        case(s, {**given, "output_mode": "tf_idf", "idf_weights": [0.25, 0.75, 0.6]}, LETTERS),
        case(
            s,
            {
                "vocabulary": ["[UNK]", "a", "b"],
                "output_mode": "tf_idf",
                "idf_weights": [0.9, 0.25, 0.75],
                "pad_to_max_tokens": True,
                "max_tokens": 5,
            },
            LETTERS,
        ),
        case(s, {**given, "invert": True}, [[1, 3, 0], [2, 9, -1]]),
        case(s, {**given, "invert": True, "mask_token": "-", "num_oov_indices": 2, "oov_token": "?"}, [[0, 1, 2], [3, 5, 6]]),
        case(s, {}, LETTERS, adapt=["b", "q", "b", "a", "c", "c", "[UNK]", ""]),
        case(s, {"max_tokens": 4, "mask_token": ""}, LETTERS, adapt=[["b", "q"], ["b", "a"], ["c", ""]]),
        case(s, {"output_mode": "tf_idf"}, LETTERS, adapt=[["b", "q", "b"], ["b", "a", "a"], ["c", "", "a"]]),
        case(
            s,
            {"output_mode": "tf_idf", "max_tokens": 9, "pad_to_max_tokens": True, "num_oov_indices": 2},
            LETTERS,
            adapt=["b", "q", "b", "a"],
        ),
    ]


def integers():
    i, v = "IntegerLookup", [12, 36, 7]
    given = {"vocabulary": v}
    return [
        case(i, given, NUMBERS),
        case(i, {**given, "mask_token": 0}, NUMBERS),
        case(i, {**given, "num_oov_indices": 4, "mask_token": 0}, NUMBERS),
        case(i, {**given, "num_oov_indices": 4, "oov_method": "farmhash"}, NUMBERS),
        case(i, {**given, "num_oov_indices": 5, "oov_method": "farmhash", "salt": 133}, NUMBERS),
        case(i, {**given, "output_mode": "multi_hot"}, NUMBERS),
        case(i, {**given, "output_mode": "count", "mask_token": 5}, NUMBERS),
        case(i, {**given, "output_mode": "one_hot"}, [[7], [8]]),
        case(i, {**given, "invert": True}, [[0, 1], [3, 9]]),
        case(i, {**given, "invert": True, "mask_token": 0, "oov_token": -9}, [[0, 1], [3, 9]]),
        case(i, {}, NUMBERS, adapt=NUMBERS),
        case(i, {"max_tokens": 4, "num_oov_indices": 2, "mask_token": 7}, NUMBERS, adapt=[5, 3, 7, 7, 5, -1, 9]),
        case(i, {"output_mode": "tf_idf"}, NUMBERS, adapt=NUMBERS),
    ]


def hashes():
    h, words = "Hashing", [["cat", "größe", ""], ["A" * 70, "the quick brown fox", "x" * 33]]
    wide = [[0, -1, 7], [123456789012345, -9223372036854775808, 42]]
    return [
        case(h, {"num_bins": 1000003}, words),
        case(h, {"num_bins": 1000003, "salt": 133137}, words),
        case(h, {"num_bins": 1000003, "salt": [133, 137]}, words),
        case(h, {"num_bins": 7, "mask_value": ""}, words),
        case(h, {"num_bins": 1, "mask_value": ""}, words),
        case(h, {"num_bins": 999983}, wide),
        case(h, {"num_bins": 11, "mask_value": 7, "salt": 3}, wide),
        case(h, {"num_bins": 3, "output_mode": "one_hot"}, words),
        case(h, {"num_bins": 3, "output_mode": "one_hot"}, [["cat"], ["dog"]]),
        case(h, {"num_bins": 4, "output_mode": "multi_hot", "mask_value": "cat"}, words),
        case(h, {"num_bins": 2, "output_mode": "count"}, words),
    ]


def crossings():
    c, a, b, n = "HashedCrossing", ["A", "B", "A", ""], ["x", "größe", "z" * 40, "x"], [101, -7, 0, 1 << 40]
    column = lambda list_: [[v] for v in list_]  # noqa: E731
    return [
        case(c, {"num_bins": 5}, [a, n]),
        case(c, {"num_bins": 1000003}, [a, b, n]),
        case(c, {"num_bins": 999983}, [column(n), column(a)]),
        case(c, {"num_bins": 6, "output_mode": "one_hot"}, [a, b]),
        case(c, {"num_bins": 6, "output_mode": "one_hot"}, [column(a), column(n)]),
    ]


def vectors():
    t, v = "TextVectorization", ["cat", "dog", "the", "größe"]
    given = {"vocabulary": v}
    return [
        case(t, given, WORDS),
        case(t, {**given, "output_sequence_length": 2}, [[w] for w in WORDS]),
        case(t, {**given, "output_sequence_length": 9}, WORDS),
        case(t, {**given, "output_mode": "multi_hot"}, WORDS),
        case(t, {**given, "output_mode": "count", "pad_to_max_tokens": True, "max_tokens": 8}, WORDS),
        case(t, {**given, "output_mode": "tf_idf", "idf_weights": [0.5, 1.5, 0.25, 2.0]}, WORDS),
        case(t, {"standardize": "lower"}, WORDS, adapt=WORDS),
        case(t, {"standardize": "strip_punctuation", "ngrams": 2}, WORDS, adapt=WORDS),
        case(t, {"standardize": None, "ngrams": (3, 2)}, WORDS, adapt=WORDS),
        case(t, {"split": "character", "max_tokens": 9}, WORDS, adapt=WORDS),
        case(t, {"split": None, "standardize": None, "ngrams": 2}, LETTERS, adapt=LETTERS),
        case(t, {"split": None, "output_mode": "one_hot", "vocabulary": ["a", "b"]}, LETTERS),
        case(t, {"split": None, "output_mode": "count", "vocabulary": ["a", "b", "a b"], "ngrams": 2}, LETTERS),
        case(t, {"split": None, "vocabulary": ["a", "b", "a b"], "ngrams": 2}, ["a", "b", "c"]),
        case(t, {"split": None, "vocabulary": ["a", "b"], "output_sequence_length": 4}, LETTERS),
        case(t, {"output_mode": "tf_idf"}, WORDS, adapt=WORDS),
        case(t, {"output_mode": "tf_idf", "ngrams": 2, "max_tokens": 30, "pad_to_max_tokens": True}, WORDS, adapt=[[w] for w in WORDS]),
        case(t, {"max_tokens": 5, "output_sequence_length": 4}, WORDS, adapt=WORDS),
    ]


def facts():
    return {
        "about": "`layers` as in defaults.json; of a case, the layer's arguments, what it learned, what it gives",
        "layers": [of_class("layers", name, args) for name, args in LAYERS.items()],
        "cases": strings() + integers() + hashes() + crossings() + vectors(),
    }
