"""Losses: every class in odd settings, every reduction with and without weights, and every function."""

import inspect

import keras
import numpy as np

from . import wire
from .losses import case, one_hot, simplex

BINARY = ("BinaryCrossentropy", "BinaryFocalCrossentropy", "Hinge", "SquaredHinge", "Dice", "Tversky")
CLASSES = (
    "CategoricalCrossentropy CategoricalFocalCrossentropy CategoricalHinge KLDivergence CosineSimilarity"
).split()
REGRESSION = (
    "MeanSquaredError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredLogarithmicError Huber LogCosh Poisson"
).split()
REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none"]


def sphere(shape, seed):
    x = wire.normal(shape, seed)
    return (x / np.linalg.norm(x, axis=-1, keepdims=True)).astype("float32")


def data(name, shape, seed):
    """Truth and prediction that the class makes sense of, each loss keeping all axes but the last."""
    k = shape[-1]
    if name in BINARY:
        return wire.integers(shape, seed, 2).astype("float32"), wire.uniform(shape, seed + 1)
    if name in CLASSES:
        return one_hot(wire.integers(shape[:-1], seed, k), k), simplex(shape, seed + 1)
    if name in ("SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"):
        return wire.integers(shape[:-1], seed, k), simplex(shape, seed + 1)
    if name == "Circle":
        return wire.integers(shape[:1], seed, 3), sphere((shape[0], k), seed + 1)
    return np.abs(wire.normal(shape, seed)), np.abs(wire.normal(shape, seed + 1))


def reductions():
    names = [*REGRESSION, *BINARY, *CLASSES, "SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"]
    for i, name in enumerate(names):
        args = {"axis": [-1]} if name in ("Dice", "Tversky") else {}
        reduction = {"reduction": REDUCTIONS[i % len(REDUCTIONS)]}
        y, p = data(name, (5, 3), 700 + i)
        yield case(name, {**args, **reduction}, y, p)
        yield case(name, {**args, **reduction}, y, p, wire.uniform((5,), 750 + i, 0.0, 3.0))
    y, p = data("MeanSquaredError", (4, 2, 3), 790)
    for reduction in REDUCTIONS:
        yield case("MeanSquaredError", {"reduction": reduction}, y, p, wire.uniform((4, 2), 791, 0.0, 3.0))
        yield case("MeanSquaredError", {"reduction": reduction}, y, p, np.zeros((4, 2), "float32"), "no weight at all")
    y, p = data("SparseCategoricalCrossentropy", (4, 3, 5), 792)
    for reduction in REDUCTIONS:
        args = {"ignore_class": 1, "reduction": reduction}
        yield case("SparseCategoricalCrossentropy", args, y, p)
        yield case("SparseCategoricalCrossentropy", args, y, p, wire.uniform((4, 3), 793, 0.0, 3.0))


def overlaps():
    shape = (3, 4, 2, 2)
    y, p = data("Dice", shape, 800)
    for axis in (None, [1, 2, 3], [1, 2], -1, [0, -2]):
        yield case("Dice", {"axis": axis}, y, p)
        yield case("Tversky", {"axis": axis, "alpha": 0.3, "beta": 0.8}, y, p)
    yield case("Dice", {}, np.zeros(shape, "float32"), np.zeros(shape, "float32"), note="nothing anywhere")
    yield case("Tversky", {"alpha": 0.0, "beta": 2.0}, y, p)
    yield case("Dice", {}, wire.integers((6,), 801, 2), wire.uniform((6, 1), 802), note="targets (n,), output (n, 1)")
    yield case("Dice", {"axis": [1]}, y[..., 0, 0], p[..., 0, 0], wire.uniform((3,), 803), "a weight a picture")


def circles():
    labels, points = wire.integers((7,), 810, 3), sphere((7, 4), 811)
    for args in ({}, {"gamma": 10.0, "margin": 0.1}, {"remove_diagonal": False, "gamma": 2.0}):
        yield case("Circle", args, labels, points)
        yield case("Circle", args, labels[:, None], points, note="labels (n, 1)")
    yield case("Circle", {"gamma": 4.0}, labels, points, wire.uniform((7,), 812))
    alone = np.array([0, 0, 1, 2], "int32")
    yield case("Circle", {"gamma": 4.0}, alone, sphere((4, 3), 813), note="labels that occur once")
    for reduction in REDUCTIONS:
        yield case("Circle", {"gamma": 4.0, "reduction": reduction}, alone, sphere((4, 3), 814))


def crossentropies():
    y, p = data("CategoricalGeneralizedCrossEntropy", (6, 4), 820)
    for q in (0.1, 0.5, 0.9):
        yield case("CategoricalGeneralizedCrossEntropy", {"q": q}, y, p)
    y, p = data("CategoricalGeneralizedCrossEntropy", (2, 3, 4), 822)
    yield case("CategoricalGeneralizedCrossEntropy", {"q": 0.7}, y, p, wire.uniform((2, 3), 823))
    binary, prob = data("BinaryFocalCrossentropy", (3, 2, 4), 824)
    for axis in (-1, 1, 0):
        args = {"axis": axis, "gamma": 0.5, "alpha": 0.7, "apply_class_balancing": True, "label_smoothing": 0.3}
        yield case("BinaryFocalCrossentropy", args, binary, prob)
        yield case("BinaryCrossentropy", {"axis": axis, "label_smoothing": 1.0}, binary, prob)
    y, p = data("CategoricalCrossentropy", (3, 4, 4), 826)
    for axis in (-1, 1):
        args = {"axis": axis, "label_smoothing": 0.25}
        yield case("CategoricalCrossentropy", args, y, p)
        yield case("CategoricalFocalCrossentropy", {**args, "gamma": 3.0, "from_logits": True}, y, p)
    for axis in (0, 1, -2):
        yield case("CosineSimilarity", {"axis": axis}, wire.normal((3, 4, 2), 831), wire.normal((3, 4, 2), 832))
    yield case("Huber", {"delta": 2.5}, wire.normal((4, 3), 833), wire.normal((4, 3), 834, 3.0))


def functions():
    """The functions of keras.losses with their defaults."""
    names = {
        "MeanSquaredError": "mean_squared_error",
        "MeanAbsoluteError": "mean_absolute_error",
        "MeanAbsolutePercentageError": "mean_absolute_percentage_error",
        "MeanSquaredLogarithmicError": "mean_squared_logarithmic_error",
        "Huber": "huber",
        "LogCosh": "log_cosh",
        "Hinge": "hinge",
        "SquaredHinge": "squared_hinge",
        "CategoricalHinge": "categorical_hinge",
        "KLDivergence": "kl_divergence",
        "Poisson": "poisson",
        "CosineSimilarity": "cosine_similarity",
        "Dice": "dice",
        "Tversky": "tversky",
        "Circle": "circle",
    }
    for i, (name, function) in enumerate(names.items()):
        y, p = data(name, (4, 3), 850 + 2 * i)
        value = getattr(keras.losses, function)(y, p)
        yield {"function": function, "y_true": wire.array(y), "y_pred": wire.array(p), "value": wire.array(value)}


def defaults():
    """What each class writes, and the names that stand for it."""
    for name, loss in inspect.getmembers(keras.losses, inspect.isclass):
        if name in ("Loss", "CTC"):
            continue
        yield {"name": name, "config": {k: v for k, v in loss().get_config().items()}}


def facts():
    groups = (reductions, overlaps, circles, crossentropies)
    return {
        "about": "as losses.json; functions: the value for every sample with the function's defaults",
        "cases": [c for group in groups for c in group()],
        "functions": list(functions()),
        "defaults": list(defaults()),
    }
