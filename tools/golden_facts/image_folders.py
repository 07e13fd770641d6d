"""Folders of pictures as data sets. Needs TensorFlow beside Keras: `KERAS_BACKEND=tensorflow`."""

import base64
import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf

from . import wire


def pixels(shape, seed):
    return np.round(wire.uniform(shape, seed, 0, 255)).astype("uint8")


def files():
    out = {}
    shapes = [(5, 7, 3), (9, 4, 3), (6, 6, 1), (3, 8, 4)]
    for i in range(9):
        name = ["cat", "dog", "fox"][i % 3] + f"/{10 - i}.png"
        out[name] = tf.io.encode_png(pixels(shapes[i % 4], i)).numpy()
    out["dog/inner/a.png"] = tf.io.encode_png(pixels((4, 4, 3), 20)).numpy()
    out["dog/B.PNG"] = tf.io.encode_png(pixels((8, 8, 3), 21)).numpy()
    out["fox/notes.txt"] = b"no picture"
    return out


def case(folder, args, with_batches=True):
    data = keras.utils.image_dataset_from_directory(folder, **args)
    sets = []
    for part in data if isinstance(data, list) else [data]:
        row = {"files": [str(pathlib.Path(p).relative_to(folder)) for p in part.file_paths]}
        row["class_names"] = part.class_names
        if with_batches:
            row["batches"] = []
            for batch in part:
                x, y = batch if isinstance(batch, tuple) else (batch, None)
                row["batches"].append([wire.array(x.numpy()), None if y is None else wire.array(y.numpy())])
        sets.append(row)
    return {"args": args, "sets": sets}


def cases(folder):
    small = {"shuffle": False, "image_size": (6, 5), "batch_size": 4}
    one = {**small, "class_names": ["fox"]}
    out = [
        case(folder, small),
        case(folder, {**small, "label_mode": "categorical", "class_names": ["fox", "cat"]}),
        case(folder, {**small, "label_mode": "binary", "class_names": ["dog", "cat"], "image_size": 3}),
        case(folder, {**small, "label_mode": None}),
        case(folder, {**small, "labels": None}),
        case(folder, {**small, "labels": [1, 1, 3, 0, 1, 3, 2, 2, 2, 0, 3], "label_mode": "categorical"}),
        case(folder, {**one, "color_mode": "grayscale"}),
        case(folder, {**one, "color_mode": "rgba"}),
        case(folder, {**one, "data_format": "channels_first", "crop_to_aspect_ratio": True}),
    ]
    for interpolation in ["bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic"]:
        for size in [(3, 4), (11, 13)]:
            args = {**one, "interpolation": interpolation, "image_size": size}
            out.append(case(folder, args))
            out.append(case(folder, {**args, "pad_to_aspect_ratio": True}))
            if interpolation not in ("gaussian", "mitchellcubic"):
                out.append(case(folder, {**args, "crop_to_aspect_ratio": True}))
    for seed in [0, 7, 123456]:
        out.append(case(folder, {"seed": seed}, False))
        for subset in ["training", "validation", "both"]:
            args = {"seed": seed, "validation_split": 0.35, "subset": subset}
            out.append(case(folder, args, False))
    split = {"validation_split": 0.3, "subset": "both", "shuffle": False, "image_size": (2, 2)}
    return out + [case(folder, split)]


def facts():
    all_files = files()
    with tempfile.TemporaryDirectory() as name:
        for path, data in all_files.items():
            target = pathlib.Path(name, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        rows = cases(name)
    return {"files": {n: base64.b64encode(d).decode() for n, d in all_files.items()}, "cases": rows}
