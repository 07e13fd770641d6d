"""`KerasFileEditor`: how it lists the weights of files, and what edits leave."""

import contextlib
import io
import pathlib

import keras
import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "tests" / "files"


def listed(editor):
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        editor.summary()
    return stream.getvalue().split("\n")


def opened(path):
    with contextlib.redirect_stdout(io.StringIO()):
        return keras.saving.KerasFileEditor(str(path))


def count(tree):
    return sum(count(v) if isinstance(v, dict) else 1 for v in tree.values())


def files():
    import h5py, zipfile

    for path in sorted((FOLDER / "golden").glob("*.keras")) + [FOLDER / "model.keras", FOLDER / "model.weights.h5"]:
        editor = opened(path)
        data = io.BytesIO(zipfile.ZipFile(path).read("model.weights.h5")) if path.suffix == ".keras" else path
        arrays = []
        with h5py.File(data, "r") as file:
            file.visititems(lambda _, item: arrays.append(1) if isinstance(item, h5py.Dataset) else None)
        row = {"file": str(path.relative_to(FOLDER)), "text": listed(editor)}
        if count(editor.weights_dict) != len(arrays):
            row["note"] = "Keras leaves out layers whose own list of weights is empty"
        yield row


def edits():
    editor = opened(FOLDER / "model.keras")

    def step(name, *args):
        with contextlib.redirect_stdout(io.StringIO()):
            getattr(editor, name)(*args)
        shapes = [list(a.items()) if isinstance(a, dict) else a for a in args]
        shapes = [[[n, list(v.shape)] for n, v in a] if isinstance(a, list) else a for a in shapes]
        return {"call": name, "args": shapes, "text": listed(editor)}

    yield step("rename_object", "layers/dense_1", "head")
    yield step("add_object", "layers/dense_1", {"0": np.zeros((4, 2), "float32"), "1": np.zeros(2, "float32")})
    yield step("delete_weight", "layers/head", "1")
    yield step("add_weights", "layers/head", {"1": np.zeros(7, "float32"), "scale": np.zeros((), "float32")})
    yield step("add_object", "more", {"0": np.zeros((1, 2, 3), "float32")})
    yield step("delete_object", "layers/dense")
    yield step("delete_object", "optimizer")


def facts():
    return {"about": "the summary as lines; `edits` are made one after the other on model.keras", "files": list(files()), "edits": list(edits())}
