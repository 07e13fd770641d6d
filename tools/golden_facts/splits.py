"""`keras.utils.split_dataset`: which samples go where, of arrays and of batches."""

import keras
import numpy as np
import tensorflow as tf


def numbers(part):
    return [np.reshape(x, (-1, 2))[:, 1].astype(int).tolist() for x, _ in part.as_numpy_iterator()]


def case(samples, batch=None, **args):
    x = np.stack([np.full(samples, 0.5), np.arange(samples)], axis=1).astype("float32")
    y = (np.arange(samples) * 10).astype("float32")
    data = (x, y)
    if batch:
        data = tf.data.Dataset.from_tensor_slices(data).batch(batch)
    row = {"samples": samples, "batch": batch, "left_size": None, "right_size": None, "shuffle": False, "seed": None, **args}
    try:
        left, right = keras.utils.split_dataset(data, **args)
    except ValueError as error:
        return {**row, "error": str(error)[:20]}
    return {**row, "left": numbers(left), "right": numbers(right)}


def cases():
    yield case(10, left_size=0.8)
    yield case(10, right_size=3)
    yield case(10, left_size=2, right_size=0.3)
    yield case(10, left_size=0.25)
    yield case(10, left_size=0.35, right_size=0.65)
    yield case(5, left_size=0.7, right_size=0.3)
    yield case(5, left_size=0.5, right_size=0.5)
    yield case(3, left_size=0.1)
    yield case(3, right_size=0.9)
    yield case(4)
    for size in (0, -1, 4, 1.0, 0.0, -0.5, 1.5):
        yield case(4, left_size=size)
        yield case(4, right_size=size)
    yield case(4, left_size=0.6, right_size=0.6)
    yield case(4, left_size=3, right_size=3)
    for seed in (0, 1, 7, 123456, 5_000_000_000):
        yield case(20, left_size=0.6, shuffle=True, seed=seed)
        yield case(9, right_size=4, left_size=2, shuffle=True, seed=seed)
    yield case(23, batch=4, left_size=11)
    yield case(23, batch=4, left_size=0.4, right_size=0.4, shuffle=True, seed=3)
    yield case(700, left_size=0.5, shuffle=True, seed=11)


def facts():
    return {"about": "sample i is ([0.5, i], 10 i); `left` and `right` list the i of each element", "cases": list(cases())}
