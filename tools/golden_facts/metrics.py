"""Metrics: results after each update, and what the word "accuracy" turns into."""

import keras
import numpy as np

from . import wire
from .losses import one_hot, simplex


def sequence(metric, args, updates, note=None):
    """The result after every update, starting from a fresh state."""
    keras.utils.clear_session()
    m = getattr(keras.metrics, metric)(**args)
    out = {"metric": metric, "args": args}
    if note:
        out["note"] = note
    out["name"] = m.name
    try:
        out["result_before"] = wire.array(m.result())
    except AttributeError:
        out["result_before"] = None  # some do not know their shape before the first batch
    out["updates"] = []
    for update in updates:
        row = {k: wire.array(v) for k, v in update.items()}
        try:
            m.update_state(**update)
        except (TypeError, ValueError) as error:
            out["updates"].append({**row, "error": type(error).__name__})
            break
        row["result"] = wire.array(m.result())
        out["updates"].append(row)
    m.reset_state()
    out["result_after_reset"] = wire.array(m.result())
    return out


def pairs(true, pred, shapes, weights=None):
    """Three updates of different batch sizes, `true` and `pred` drawing one array each."""
    out = []
    for i, n in enumerate((4, 3, 1)):
        update = {"y_true": true((n, *shapes[0]), 100 + i), "y_pred": pred((n, *shapes[1]), 200 + i)}
        if weights is not None:
            update["sample_weight"] = wire.uniform((n, *weights), 300 + i)
        out.append(update)
    return out


def labels(k):
    return lambda shape, seed: wire.integers(shape, seed, k)


def hot(k):
    return lambda shape, seed: one_hot(wire.integers(shape[:-1], seed, k), k)


def binary_labels(shape, seed):
    return wire.integers(shape, seed, 2).astype("float32")


def update_sequences():
    yield sequence("Mean", {}, [{"values": wire.normal((4,), 1)}, {"values": wire.normal((2, 3), 2)}])
    weighted = [{"values": wire.normal((4,), 3), "sample_weight": wire.uniform((4,), 4)}]
    weighted.append({"values": wire.normal((3,), 5), "sample_weight": np.float32(2.0)})
    yield sequence("Mean", {}, weighted)
    shape = ((2,), (2,))
    for name in ("MeanSquaredError", "MeanAbsoluteError", "RootMeanSquaredError"):
        for weights in (None, ()):
            yield sequence(name, {}, pairs(wire.normal, wire.normal, shape, weights))
    yield sequence("MeanSquaredError", {}, pairs(wire.normal, wire.normal, ((), (1,))), "targets (n,), output (n, 1)")
    for weights in (None, ()):
        yield sequence("Accuracy", {}, pairs(labels(3), labels(3), shape, weights))
        yield sequence("BinaryAccuracy", {}, pairs(binary_labels, wire.uniform, ((1,), (1,)), weights))
        yield sequence("CategoricalAccuracy", {}, pairs(hot(3), simplex, ((3,), (3,)), weights))
        yield sequence("SparseCategoricalAccuracy", {}, pairs(labels(3), simplex, ((), (3,)), weights))
    yield sequence("BinaryAccuracy", {"threshold": 0.3}, pairs(binary_labels, wire.uniform, ((), ())))
    edge = {"y_true": np.array([0, 1, 0, 1], "float32"), "y_pred": np.array([0.5, 0.5, 0.50001, 0.49999], "float32")}
    yield sequence("BinaryAccuracy", {}, [edge], "0.5 itself is not above the threshold")
    yield sequence("BinaryAccuracy", {}, pairs(binary_labels, wire.uniform, ((3,), (3,))), "several labels a sample")
    yield sequence("SparseCategoricalAccuracy", {}, pairs(labels(3), simplex, ((1,), (3,))), "labels (n, 1)")
    yield sequence("SparseCategoricalAccuracy", {}, pairs(labels(4), simplex, ((5,), (5, 4))), "sequences")
    for weights in ((), (5,)):
        update = pairs(labels(4), simplex, ((5,), (5, 4)), weights)
        yield sequence("SparseCategoricalAccuracy", {}, update, "sequences, weighted")
    yield sequence("CategoricalAccuracy", {}, pairs(hot(4), simplex, ((5, 4), (5, 4)), (5,)), "sequences, weighted")
    tie = {"y_true": np.array([0, 1, 2], "int32"), "y_pred": np.full((3, 3), 1 / 3, "float32")}
    yield sequence("SparseCategoricalAccuracy", {}, [tie], "a tie goes to the first class")
    yield sequence("BinaryCrossentropy", {}, pairs(binary_labels, wire.uniform, ((1,), (1,)), ()))
    yield sequence("CategoricalCrossentropy", {}, pairs(hot(3), simplex, ((3,), (3,)), ()))
    yield sequence("SparseCategoricalCrossentropy", {}, pairs(labels(3), simplex, ((), (3,)), ()))
    positive = pairs(lambda s, n: np.abs(wire.normal(s, n)), lambda s, n: np.abs(wire.normal(s, n)), shape, ())
    for name in ("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Poisson", "KLDivergence", "CosineSimilarity"):
        yield sequence(name, {}, positive)
    for name in ("LogCoshError", "Hinge", "SquaredHinge"):
        yield sequence(name, {}, pairs(wire.normal, wire.normal, shape))
    yield sequence("CategoricalHinge", {}, pairs(hot(3), simplex, ((3,), (3,))))
    ignored = pairs(labels(3), simplex, ((5,), (5, 3)))
    yield sequence("SparseCategoricalCrossentropy", {"ignore_class": 1}, ignored, "a class that does not count")
    ignored = pairs(labels(3), simplex, ((5,), (5, 3)), (5,))
    yield sequence("SparseCategoricalCrossentropy", {"ignore_class": 1}, ignored, "weighted: neither in the divisor")
    for name in ("Precision", "Recall"):
        for args in ({}, {"thresholds": 0.3}, {"top_k": 2}, {"class_id": 1}, {"top_k": 2, "class_id": 1}):
            yield sequence(name, args, pairs(hot(4), simplex, ((4,), (4,))))
        yield sequence(name, {}, pairs(binary_labels, wire.uniform, ((1,), (1,)), ()))
    top = pairs(labels(4), simplex, ((), (4,)))
    yield sequence("SparseTopKCategoricalAccuracy", {"k": 2}, top)
    yield sequence("TopKCategoricalAccuracy", {"k": 2}, pairs(hot(4), simplex, ((4,), (4,))))


def resolved(word, loss, y_true, y_pred):
    """Evaluates a network that only hands its input on, so y_pred is chosen freely."""
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input(y_pred.shape[1:]), keras.layers.Activation("linear")])
    model.compile(loss=loss, metrics=[word])
    logs = model.evaluate(y_pred, y_true, batch_size=4, verbose=0, return_dict=True)
    compiled = model._compile_metrics.metrics[0]
    kind = type(compiled).__name__
    if kind == "MeanMetricWrapper":
        kind = compiled._fn.__name__
    out = {"metrics": [word], "loss": loss, "becomes": kind, "logged_as": compiled.name}
    out["y_true"], out["y_pred"] = wire.array(y_true), wire.array(y_pred)
    out["batch_size"] = 4
    out["logs"] = {k: wire.array(np.float32(v)) for k, v in logs.items()}
    return out


def accuracy_words():
    binary, mse = "binary_crossentropy", "mse"
    sparse, categorical = "sparse_categorical_crossentropy", "categorical_crossentropy"
    n = 7
    shapes = [
        (binary, binary_labels((n,), 1), wire.uniform((n, 1), 2)),
        (binary, binary_labels((n, 1), 3), wire.uniform((n, 1), 4)),
        (binary, binary_labels((n, 3), 5), wire.uniform((n, 3), 6)),
        (mse, binary_labels((n, 1), 7), wire.uniform((n, 1), 8)),
        (mse, one_hot(wire.integers((n,), 9, 3), 3), simplex((n, 3), 10)),
        (categorical, one_hot(wire.integers((n,), 11, 3), 3), simplex((n, 3), 12)),
        (categorical, one_hot(wire.integers((n, 2), 13, 3), 3), simplex((n, 2, 3), 14)),
        (sparse, wire.integers((n,), 15, 3), simplex((n, 3), 16)),
        (sparse, wire.integers((n, 1), 17, 3), simplex((n, 3), 18)),
        (sparse, wire.integers((n, 4), 19, 3), simplex((n, 4, 3), 20)),
        (sparse, wire.integers((n, 4, 1), 21, 3), simplex((n, 4, 3), 22)),
        (binary, binary_labels((n, 4, 1), 23), wire.uniform((n, 4, 1), 24)),
    ]
    for loss, y_true, y_pred in shapes:
        yield resolved("accuracy", loss, y_true, y_pred)
    yield resolved("acc", *shapes[7])
    yield resolved("Accuracy", *shapes[5])
    words = ["mse", "MSE", "mae", "mean_squared_error", "MeanSquaredError", "binary_accuracy", "bce", "crossentropy", "ce"]
    for word in words:
        try:
            yield resolved(word, *shapes[0])
        except (ValueError, TypeError) as error:
            yield {"metrics": [word], "loss": shapes[0][0], "error": type(error).__name__}
    yield resolved("sparse_categorical_accuracy", *shapes[7])
    yield resolved("categorical_accuracy", *shapes[5])


def facts():
    return {"sequences": list(update_sequences()), "words": list(accuracy_words())}
