"""Small files as h5py and Keras write them, into tests/files. Run: KERAS_BACKEND=jax python tools/container_files.py"""
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
import h5py
import keras
import ml_dtypes
import numpy as np

FOLDER = os.path.join(os.path.dirname(__file__), "..", "tests", "files")


def attributes(target):
    target.attrs["text"] = "Grüße"
    target.attrs["bytes"] = np.bytes_("plain")
    target.attrs["texts"] = np.array([b"a", b"longer", b""])
    target.attrs["any"] = ["b", "Ünï", ""]
    target.attrs["empty"] = np.zeros((0,))
    target.attrs["int"] = 7
    target.attrs["ints"] = np.array([[1, -2], [3, 4]], ">i2")
    target.attrs["float"] = 0.5
    target.attrs["halves"] = np.array([0.5, -1.5], "f2")
    target.attrs["truth"] = True
    target.attrs["nothing"] = h5py.Empty("f")


def arrays(group):
    for name in ["<f2", "<f4", ">f4", "<f8", ">f8", "|i1", "<i2", ">i2", "<u2", "<i4", ">i4", "<u4", "<i8", ">i8", "<u8", "|u1"]:
        key = name.replace("<", "little_").replace(">", "big_").replace("|", "one_")
        group[key] = np.arange(6).astype(name).reshape(2, 3) - (0 if "u" in name else 2)
    group["truth"] = np.array([True, False, True])
    group["brain"] = np.array([1.0, -2.0, 0.5], ml_dtypes.bfloat16)
    group["scalar"] = np.float32(2.5)
    group["empty"] = np.zeros((0, 4), "f4")
    group["texts"] = np.array([b"one", b"three"])
    group["any_texts"] = ["x", "Ünï"]
    group["complex"] = np.array([1j])
    data = np.arange(35, dtype="f4").reshape(5, 7)
    group.create_dataset("gzip", data=data, chunks=(2, 3), compression="gzip", shuffle=True)
    group.create_dataset("sum", data=data, chunks=(5, 2), fletcher32=True)
    group.create_dataset("growing", data=data, chunks=(3, 3), maxshape=(None, 7))
    group.create_dataset("lzf", data=data, chunks=(5, 7), compression="lzf")
    group.create_dataset("one", data=data, chunks=(5, 7), compression="gzip")
    group.create_dataset("unwritten", shape=(3,), dtype="f4")


def plain(path, latest):
    with h5py.File(path, "w", libver="latest" if latest else None) as file:
        attributes(file)
        arrays(file.create_group("arrays"))
        attributes(file["arrays/scalar"])
        inner = file.create_group("a/b/c")
        inner.attrs["deep"] = "yes"
        many = file.create_group("many")
        for i in range(120):
            many.create_group(f"member_{i}").attrs["i"] = i
        for i in range(30):
            many.attrs[f"attribute_{i}"] = i
        if latest:
            many.attrs["large"] = np.arange(10_000)


def models():
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dropout(0.5), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(np.ones((8, 3)), np.ones((8, 2)), verbose=0)
    model.save(os.path.join(FOLDER, "model.keras"))
    model.save_weights(os.path.join(FOLDER, "model.weights.h5"))
    model.save(os.path.join(FOLDER, "model.h5"))
    x = np.random.default_rng(1).normal(size=(6, 3)).astype("float32")
    np.savez(os.path.join(FOLDER, "model.vectors.npz"), x0=x, y0=model.predict(x, verbose=0))
    print(model.get_weights()[0])


if __name__ == "__main__":
    os.makedirs(FOLDER, exist_ok=True)
    plain(os.path.join(FOLDER, "plain.h5"), False)
    plain(os.path.join(FOLDER, "latest.h5"), True)
    models()
    sys.stdout.flush()
