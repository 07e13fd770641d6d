"""Small HDF5 files that are made to harm their reader, into tests/hostile. Run: python tools/hostile_files.py"""
import json
import os
import struct

import h5py
import numpy as np

FOLDER = os.path.join(os.path.dirname(__file__), "..", "tests", "hostile")


def create(name, **options):
    return h5py.File(os.path.join(FOLDER, name), "w", **options)


def links():
    with create("links.h5") as file:
        file["data"] = np.arange(3, dtype="f4")
        file["soft"] = h5py.SoftLink("/data")
        file["dangling"] = h5py.SoftLink("/nowhere")
        file["external"] = h5py.ExternalLink("/etc/passwd", "/data")
        file.create_group("real")["data"] = np.arange(3, dtype="f4")
        file["way"] = h5py.SoftLink("/real")
        file["far"] = h5py.ExternalLink("other.h5", "/")
    with create("new_links.h5", libver="latest") as file:
        file["data"] = np.arange(3, dtype="f4")
        file["soft"] = h5py.SoftLink("/data")
        file["external"] = h5py.ExternalLink("/etc/passwd", "/data")


def elsewhere():
    with create("external.h5") as file:
        file.create_dataset("data", shape=(4,), dtype="f4", external=[("/etc/passwd", 0, 16)])
    with create("virtual.h5", libver="latest") as file:
        layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
        layout[:] = h5py.VirtualSource("/etc/passwd", "data", shape=(4,))
        file.create_virtual_dataset("data", layout)


def circles():
    with create("cycle.h5") as file:
        inner = file.create_group("a")
        inner["b"] = file["/"]
        inner["c"] = inner
        inner["data"] = np.arange(3, dtype="f4")


def bombs():
    with create("packed.h5") as file:
        file.create_dataset("data", data=np.zeros((300, 1000, 100), "f4"), chunks=(10, 1000, 100), compression="gzip", compression_opts=9)
    with create("shape.h5") as file:
        file.create_dataset("data", data=np.zeros((4, 4), "f4"))
        file.create_dataset("tiles", data=np.zeros((4, 4), "f4"), chunks=(2, 2), compression="gzip", maxshape=(None, None))
    path = os.path.join(FOLDER, "shape.h5")
    data = open(path, "rb").read()
    # The lengths of both axes, everywhere: 2^33 elements.
    data = data.replace(struct.pack("<QQ", 4, 4), struct.pack("<QQ", 1 << 30, 8))
    open(path, "wb").write(data)


def slots():
    """A whole model whose weights are packed zeros, and an optimizer that keeps three times as much."""
    layers = [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 1000], "name": "x"}},
        {"class_name": "Dense", "config": {"name": "d", "units": 1500, "use_bias": False}},
    ]
    model = {"class_name": "Sequential", "config": {"name": "slots", "layers": layers}}
    adam = {"class_name": "Adam", "config": {"amsgrad": True}}
    with create("slots.h5") as file:
        file.attrs["keras_version"] = "3.15.1"
        file.attrs["model_config"] = json.dumps(model)
        file.attrs["training_config"] = json.dumps({"loss": "mean_squared_error", "optimizer_config": adam})
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = ["d"]
        dense = weights.create_group("d")
        dense.attrs["weight_names"] = ["d/kernel"]
        dense.create_dataset("d/kernel", (1000, 1500), "f4", chunks=(250, 1500), compression="gzip", compression_opts=9, data=np.zeros((1000, 1500), "f4"))


def types():
    with create("types.h5") as file:
        file["type"] = np.dtype("f4")
        file.create_dataset("data", shape=(3,), dtype=file["type"])
        inner = h5py.h5t.NATIVE_INT32
        for _ in range(60):
            inner = h5py.h5t.vlen_create(inner)
        h5py.h5a.create(file.id, b"nested", inner, h5py.h5s.create_simple((1,)))
        file.attrs["after"] = 1


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    for step in (links, elsewhere, circles, bombs, slots, types):
        step()
