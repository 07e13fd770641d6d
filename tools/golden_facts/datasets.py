"""Data sets: order of rows, where they are cut, and what becomes of words, on small stand-ins."""

import io
import pathlib
import pickle
import struct
import tarfile
import tempfile

import numpy as np
from keras.src.datasets import boston_housing, california_housing, cifar, reuters

FILES = pathlib.Path(__file__).parent.parent.parent / "tests" / "files" / "datasets"


def ends(values):
    values = np.asarray(values).ravel()
    return {"count": len(values), "first": values[:5].tolist(), "last": values[-5:].tolist()}


def housing(module, columns, calls):
    """Row i holds i in every column, so that its number tells where it went."""
    rows = np.arange(1003)
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/houses.npz"
        np.savez(path, x=np.repeat(rows[:, None], columns, 1).astype("float64"), y=rows.astype("float64"))
        module.get_file = lambda *args, **kwargs: path
        out = []
        for args in calls:
            (x_train, y_train), (x_test, y_test) = module.load_data(**args)
            assert (x_train[:, 0] == y_train).all() and (x_test[:, -1] == y_test).all()
            out.append({"args": args, "train": ends(y_train), "test": ends(y_test)})
    return out


def newswires():
    """Twelve documents, in `tests/files/datasets/reuters.npz` as NumPy of 2017 wrote Keras' own."""
    rng = np.random.Generator(np.random.PCG64(5))
    xs = np.empty(12, dtype=object)
    for i in range(12):
        xs[i] = [int(w) for w in rng.integers(1, 40, rng.integers(2, 9))]
    path = FILES / "reuters.npz"
    labels = rng.integers(0, 46, 12)
    np.savez_compressed(path, x=xs, y=labels)
    reuters.get_file = lambda *args, **kwargs: str(path)
    out = []
    for args in [
        {},
        {"num_words": 20},
        {"num_words": 25, "skip_top": 6},
        {"num_words": 20, "oov_char": None},
        {"maxlen": 6},
        {"start_char": None, "index_from": 2},
        {"start_char": None, "index_from": 0, "oov_char": 39},
        {"test_split": 0.5, "seed": 4, "num_words": 18, "index_from": 5, "start_char": 9},
    ]:
        (x_train, y_train), (x_test, y_test) = reuters.load_data(**args)
        lists = lambda xs: [[int(w) for w in x] for x in xs]  # noqa: E731
        row = {"x_train": lists(x_train), "y_train": y_train.tolist(), "x_test": lists(x_test), "y_test": y_test.tolist()}
        out.append({"args": args, **row})
    return out


class Python2(pickle._Pickler):
    """Writes texts and bytes as the `str` of Python 2, and all else as its cPickle did."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_str2(self, value):
        data = value.encode() if isinstance(value, str) else value
        head = b"U" + bytes([len(data)]) if len(data) < 256 else b"T" + struct.pack("<i", len(data))
        self.write(head + data)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_str2


def pickled(batch):
    """A batch as the authors of CIFAR wrote theirs: protocol 2, Python 2.7, NumPy of 2009."""
    out = io.BytesIO()
    Python2(out, 2).dump(batch)
    names = out.getvalue().replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
    return names.replace(b"cnumpy._core.numeric\n", b"cnumpy.core.multiarray\n")


def batch(rows, seed, labels):
    """Pictures of one colour each; their values name the row and the batch."""
    data = np.repeat(np.arange(rows, dtype="uint8")[:, None] + np.uint8(10 * seed), 3072, 1)
    data[:, 1] = 200
    data[:, 1024 + 32] = 201
    names = [f"picture_{seed}_{i}.png" for i in range(rows)]
    return {"batch_label": f"batch {seed} of 5", "data": data, "filenames": names, **labels}


def tar(path, members):
    with tarfile.open(path, "w:gz", format=tarfile.GNU_FORMAT) as archive:
        for name, data in members:
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


def pictures():
    meta = pickled({"num_cases_per_batch": 2, "label_names": ["a", "b"], "num_vis": 3072})
    ten = [(f"data_batch_{i}", batch(2, i, {"labels": [i, 9 - i]})) for i in range(1, 6)]
    ten.append(("test_batch", batch(3, 7, {"labels": [7, 0, 9]})))
    hundred = [
        (name, batch(rows, seed, {"fine_labels": fine, "coarse_labels": coarse}))
        for name, rows, seed, fine, coarse in [
            ("train", 3, 1, [99, 0, 42], [19, 0, 7]),
            ("test", 2, 2, [1, 98], [2, 18]),
        ]
    ]
    out = {}
    for folder, batches in [("cifar-10-batches-py", ten), ("cifar-100-python", hundred)]:
        members = [(f"{folder}/{name}", pickled(b)) for name, b in batches]
        for name, data in members:
            with tempfile.NamedTemporaryFile() as file:
                file.write(data)
                file.flush()
                key = "labels" if "10-" in folder else "fine_labels"
                pixels, labels = cifar.load_batch(file.name, key)
                out[name.split("/")[1]] = {"first_of_each": pixels[:, 0, 0, 0].tolist(), "labels": list(labels)}
        stem = folder.replace("-batches-py", "").replace("-python", "")
        tar(FILES / f"{stem}.tar.gz", [(f"{folder}/batches.meta", meta), *members, (f"{folder}/readme.html", b"")])
    return out


def facts():
    FILES.mkdir(parents=True, exist_ok=True)
    splits = [{}, {"test_split": 0.1, "seed": 7}, {"test_split": 0.0}, {"test_split": 0.999, "seed": 2**32 - 1}]
    small = [{"version": "small"}, {"version": "small", "test_split": 0.35, "seed": 0}]
    return {
        "boston_housing": housing(boston_housing, 13, splits),
        "california_housing": housing(california_housing, 8, splits + small),
        "reuters": newswires(),
        "cifar": pictures(),
    }
