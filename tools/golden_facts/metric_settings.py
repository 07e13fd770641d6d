"""Metrics: every class in odd settings, with what it writes into a file."""

import inspect

import keras
import numpy as np

from . import wire
from .losses import one_hot, simplex
from .metrics import binary_labels, hot, labels, pairs, sequence

COLUMN, ROW3 = ((1,), (1,)), ((3,), (3,))


def spread(shape, seed):
    """Predictions some of which are exactly 0, 1 or on a threshold."""
    p = wire.uniform(shape, seed, -0.2, 1.2)
    return np.round(np.clip(p, 0, 1) * 20).astype("float32") / np.float32(20)


def counts():
    for name in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"):
        yield sequence(name, {}, pairs(binary_labels, wire.uniform, ((), ())))
        for thresholds in (0.3, [0.8, 0.1], [0.0, 0.5, 1.0], [0.2, 0.4, 0.9]):
            yield sequence(name, {"thresholds": thresholds}, pairs(binary_labels, spread, COLUMN, ()))
        yield sequence(name, {"thresholds": [0.25, 0.5]}, pairs(binary_labels, spread, ROW3, ()), "weights a row")
    for name in ("Precision", "Recall"):
        for thresholds in ([0.8, 0.1], [0.0, 0.25, 0.5, 0.75, 1.0]):
            args = {"thresholds": thresholds}
            yield sequence(name, args, pairs(binary_labels, spread, COLUMN, ()))
            yield sequence(name, {**args, "class_id": 2}, pairs(hot(4), spread, ((4,), (4,))))
            yield sequence(name, {**args, "top_k": 2}, pairs(hot(4), spread, ((4,), (4,)), ()))
        yield sequence(name, {"top_k": 1}, pairs(binary_labels, spread, ((2, 3), (2, 3)), (2,)), "rows of rows")


def at():
    names = {
        "SensitivityAtSpecificity": "specificity",
        "SpecificityAtSensitivity": "sensitivity",
        "PrecisionAtRecall": "recall",
        "RecallAtPrecision": "precision",
    }
    for name, argument in names.items():
        for value in (0.2, 0.5, 0.9):
            yield sequence(name, {argument: value}, pairs(binary_labels, wire.uniform, ((5,), (5,))))
        args = {argument: 0.4, "num_thresholds": 7}
        yield sequence(name, args, pairs(binary_labels, spread, COLUMN, ()))
        yield sequence(name, {**args, "class_id": 1}, pairs(hot(3), spread, ROW3, ()))
        yield sequence(name, {argument: 0.5, "num_thresholds": 1}, pairs(binary_labels, spread, ((), ())))
        yield sequence(name, {argument: 1.0, "num_thresholds": 2}, pairs(binary_labels, spread, ((4,), (4,))))


def areas():
    for curve in ("ROC", "PR", "PRGAIN"):
        for method in ("interpolation", "majoring", "minoring"):
            args = {"curve": curve, "summation_method": method}
            yield sequence("AUC", args, pairs(binary_labels, wire.uniform, ((5,), (5,))))
            yield sequence("AUC", {**args, "num_thresholds": 9}, pairs(binary_labels, spread, COLUMN, ()))
            by_label = {**args, "multi_label": True, "num_thresholds": 12}
            yield sequence("AUC", by_label, pairs(binary_labels, spread, ROW3, ()))
            weighted = {**by_label, "label_weights": [0.5, 2.0, 1.0], "num_labels": 3}
            yield sequence("AUC", weighted, pairs(binary_labels, spread, ROW3))
    yield sequence("AUC", {"thresholds": [0.9, 0.2, 0.45]}, pairs(binary_labels, spread, COLUMN))
    yield sequence("AUC", {"thresholds": [0.25, 0.5, 0.75]}, pairs(binary_labels, spread, COLUMN), "even ones")
    yield sequence("AUC", {"thresholds": [0.9, 0.2], "multi_label": True}, pairs(binary_labels, spread, ROW3, ()))
    yield sequence("AUC", {"from_logits": True}, pairs(binary_labels, wire.normal, COLUMN, ()))
    yield sequence("AUC", {"label_weights": [0.5, 2.0, 1.0]}, pairs(binary_labels, spread, ROW3, ()))
    yield sequence("AUC", {"num_thresholds": 2}, pairs(binary_labels, spread, ((), ())))
    one_class = {"y_true": np.ones((4,), "float32"), "y_pred": wire.uniform((4,), 3)}
    for curve in ("ROC", "PR", "PRGAIN"):
        yield sequence("AUC", {"curve": curve}, [one_class], "nothing but positives")


def scores():
    for average in (None, "micro", "macro", "weighted"):
        for threshold in (None, 0.4):
            args = {"average": average, "threshold": threshold}
            yield sequence("F1Score", args, pairs(binary_labels, wire.uniform, ROW3))
            yield sequence("FBetaScore", {**args, "beta": 0.5}, pairs(hot(3), simplex, ROW3, ()))
    yield sequence("FBetaScore", {"beta": 2.0, "average": "macro"}, pairs(binary_labels, wire.uniform, ((4,), (4,))))
    for aggregation in (None, "uniform_average", "variance_weighted_average"):
        args = {"class_aggregation": aggregation}
        yield sequence("R2Score", args, pairs(wire.normal, wire.normal, ROW3))
        yield sequence("R2Score", args, pairs(wire.normal, wire.normal, ((2,), (2,)), ()))
    yield sequence("R2Score", {"num_regressors": 2}, pairs(wire.normal, wire.normal, COLUMN))
    yield sequence("R2Score", {"num_regressors": 4}, pairs(wire.normal, wire.normal, ((), (1,))), "as many at first")
    same = {"y_true": np.full((3, 1), 2, "float32"), "y_pred": np.array([[1], [2], [3]], "float32")}
    yield sequence("R2Score", {}, [same], "a truth that never changes")


def correlations():
    for name in ("PearsonCorrelation", "ConcordanceCorrelation"):
        yield sequence(name, {}, pairs(wire.normal, wire.normal, ((5,), (5,))))
        yield sequence(name, {}, pairs(wire.normal, wire.normal, ((5,), (5,)), ()))
        yield sequence(name, {"axis": 1}, pairs(wire.normal, wire.normal, ((4, 2), (4, 2))))
    yield sequence("CosineSimilarity", {"axis": 1}, pairs(wire.normal, wire.normal, ((4, 2), (4, 2))))


def overlaps():
    pictures = ((3, 2), (3, 2))
    whole = pairs(labels(3), labels(3), pictures)
    weighted = [{**u, "sample_weight": wire.integers(u["y_true"].shape, 7 + i, 3)} for i, u in enumerate(whole)]
    parts = [{**u, "sample_weight": wire.uniform(u["y_true"].shape, 17 + i, 0, 4)} for i, u in enumerate(whole)]
    for updates in (whole, weighted, parts):
        yield sequence("IoU", {"num_classes": 3, "target_class_ids": [0, 2]}, updates)
        yield sequence("MeanIoU", {"num_classes": 4}, updates)
        yield sequence("MeanIoU", {"num_classes": 3, "dtype": "float32"}, updates)
    yield sequence("MeanIoU", {"num_classes": 3, "ignore_class": 1}, whole)
    yield sequence("MeanIoU", {"num_classes": 2}, whole, "labels beyond the classes")
    yield sequence("IoU", {"num_classes": 3, "target_class_ids": [1], "ignore_class": -1}, weighted)
    dense = pairs(labels(3), simplex, ((3,), (3, 3)))
    yield sequence("MeanIoU", {"num_classes": 3, "sparse_y_pred": False}, dense)
    both = pairs(hot(3), simplex, ((2, 3), (2, 3)))
    yield sequence("OneHotIoU", {"num_classes": 3, "target_class_ids": [0, 1]}, both)
    yield sequence("OneHotMeanIoU", {"num_classes": 3}, both)
    yield sequence("OneHotMeanIoU", {"num_classes": 2, "ignore_class": 0}, both)
    flags = pairs(hot(3), labels(3), ((2, 3), (2,)))
    yield sequence("OneHotIoU", {"num_classes": 3, "target_class_ids": [2], "sparse_y_pred": True}, flags)
    yield sequence("BinaryIoU", {}, pairs(binary_labels, spread, pictures))
    yield sequence("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3}, pairs(binary_labels, spread, pictures))


def means():
    yield sequence("Sum", {}, [{"values": wire.normal((4,), 1)}, {"values": wire.normal((2, 3), 2)}])
    weighted = [{"values": wire.normal((4, 2), 3), "sample_weight": wire.uniform((4,), 4)}]
    yield sequence("Sum", {}, weighted)
    yield sequence("Mean", {}, weighted)
    whole = pairs(labels(4), labels(4), ((3,), (3,)), ())
    yield sequence("Accuracy", {}, whole)
    sorted_ids = pairs(labels(5), lambda s, n: wire.integers(s, n, 5).astype("float32"), ((), (4,)))
    yield sequence("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, sorted_ids)
    yield sequence("SparseTopKCategoricalAccuracy", {"k": 3}, pairs(labels(5), simplex, ((2,), (2, 5)), (2,)))
    yield sequence("TopKCategoricalAccuracy", {"k": 9}, pairs(hot(4), simplex, ((4,), (4,))), "more than there are")
    yield sequence("TopKCategoricalAccuracy", {"k": 2}, pairs(hot(5), simplex, ((2, 5), (2, 5)), ()))
    yield sequence("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, pairs(binary_labels, wire.normal, ROW3))
    yield sequence("CategoricalCrossentropy", {"axis": 1}, pairs(hot(3), simplex, ((3, 3), (3, 3))))


DEFAULTS = {
    "IoU": {"num_classes": 3, "target_class_ids": [0, 1]},
    "MeanIoU": {"num_classes": 3},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 1]},
    "OneHotMeanIoU": {"num_classes": 3},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
}


def defaults():
    """What each class writes, and in words which name stands for it."""
    names = {v: k for k, v in keras.src.metrics.ALL_OBJECTS_DICT.items() if k.islower()}
    for name, metric in inspect.getmembers(keras.metrics, inspect.isclass):
        if name in ("Metric", "MeanMetricWrapper"):
            continue
        keras.utils.clear_session()
        args = DEFAULTS.get(name, {})
        yield {"name": name, "args": args, "word": names[metric], "config": metric(**args).get_config()}


def compiled():
    """Metrics with several results, and what fit logs of them."""
    x, y = wire.uniform((9, 3), 60), one_hot(wire.integers((9,), 61, 3), 3)
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input((3,)), keras.layers.Activation("linear")])
    metrics = [keras.metrics.AUC(name="auc"), keras.metrics.F1Score(average="macro"), keras.metrics.R2Score()]
    model.compile(loss="mse", metrics=metrics, weighted_metrics=[keras.metrics.Recall(name="recall")])
    weight = wire.uniform((9,), 62)
    logs = model.evaluate(x, y, sample_weight=weight, batch_size=4, verbose=0, return_dict=True)
    return {
        "x": wire.array(x),
        "y": wire.array(y),
        "sample_weight": wire.array(weight),
        "logs": {k: float(np.float32(v)) for k, v in logs.items()},
    }


def facts():
    groups = (counts, at, areas, scores, correlations, overlaps, means)
    return {
        "about": "as metrics.json; compiled: evaluate of a model that hands x on, batches of 4",
        "sequences": [c for group in groups for c in group()],
        "defaults": list(defaults()),
        "compiled": compiled(),
    }
