"""Folders of texts as data sets. Needs TensorFlow beside Keras: `KERAS_BACKEND=tensorflow`.

Of shuffled sets the texts are told in alphabetic order: which ones are in a part is Keras' drawing, their
order within a pass is TensorFlow's.
"""

import pathlib
import tempfile

import keras

from . import wire

FILES = {
    "neg/2.txt": "a bad film",
    "neg/10.txt": "größer ist nicht besser",
    "neg/a/inner.txt": "a story\nof two lines\n",
    "neg/B.TXT": "loud letters in the name",
    "pos/0.txt": "good",
    "pos/1.txt": "",
    "pos/20.txt": "a very good film indeed",
    "unsup/0.txt": "nobody knows",
    "unsup/notes.md": "no text",
    "unsup/.hidden/x.txt": "in a folder that hides",
}


def case(folder, args):
    data = keras.utils.text_dataset_from_directory(folder, **args)
    sets = []
    for part in data if isinstance(data, list) else [data]:
        batches, shuffled = [], args.get("shuffle", True)
        for batch in part:
            x, y = batch if isinstance(batch, tuple) else (batch, None)
            texts = x.numpy()
            single = isinstance(texts, bytes)
            texts = [t.decode() for t in ([texts] if single else texts.tolist())]
            batches.append([texts, single, None if y is None else wire.array(y.numpy())])
        row = {"class_names": part.class_names}
        if shuffled:
            row["texts"] = sorted(text for texts, _, _ in batches for text in texts)
        else:
            row["batches"] = [{"texts": t, "single": s, "labels": y} for t, s, y in batches]
        sets.append(row)
    return {"args": args, "sets": sets}


def cases(folder):
    still = {"shuffle": False, "batch_size": 3}
    two = {**still, "class_names": ["pos", "neg"]}
    out = [
        case(folder, still),
        case(folder, {**still, "label_mode": "categorical"}),
        case(folder, {**two, "label_mode": "binary"}),
        case(folder, {**still, "label_mode": None}),
        case(folder, {**two, "max_length": 6}),
        case(folder, {**two, "batch_size": None}),
        case(folder, {**still, "labels": None, "label_mode": None}),
        case(folder, {**still, "labels": [3, 1, 0, 0, 2, 1, 3, 3, 1], "label_mode": "categorical"}),
        case(folder, {**still, "validation_split": 0.4, "subset": "both"}),
    ]
    for seed in [0, 7, 123456]:
        for subset in ["training", "validation", "both"]:
            out.append(case(folder, {"seed": seed, "validation_split": 0.35, "subset": subset}))
    return out


def facts():
    with tempfile.TemporaryDirectory() as name:
        for path, text in FILES.items():
            target = pathlib.Path(name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        return {"files": FILES, "cases": cases(name)}
