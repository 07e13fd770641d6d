"""Losses: per sample and reduced, with weights, and the gradient by the prediction."""

import jax
import jax.numpy as jnp
import keras
import numpy as np

from . import wire

REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"]


def simplex(shape, seed):
    x = np.exp(wire.normal(shape, seed))
    return (x / x.sum(-1, keepdims=True)).astype("float32")


def one_hot(labels, k):
    return np.eye(k, dtype="float32")[labels]


def case(loss, args, y_true, y_pred, sample_weight=None, note=None):
    """One call of a loss. `per_sample` has no weight; `value` has weight and reduction."""
    make = getattr(keras.losses, loss)
    reduced = make(**args)
    weight = None if sample_weight is None else jnp.asarray(sample_weight)

    def total(p):
        out = reduced(y_true, p, sample_weight=weight)
        return jnp.sum(out), out

    unweighted = make(**{**args, "reduction": "none"})
    out = {"loss": loss, "args": args}
    if note:
        out["note"] = note
    out["y_true"], out["y_pred"] = wire.array(y_true), wire.array(y_pred)
    if sample_weight is not None:
        out["sample_weight"] = wire.array(sample_weight)
    out["per_sample"] = wire.array(unweighted(y_true, jnp.asarray(y_pred)))
    try:
        gradient, value = jax.grad(total, has_aux=True)(jnp.asarray(y_pred))
    except (TypeError, ValueError) as error:
        out["error"] = type(error).__name__
        return out
    out["value"] = wire.array(value)
    out["gradient"] = wire.array(gradient)
    return out


def regression():
    names = ["MeanSquaredError", "MeanAbsoluteError"]
    more = ["MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Huber", "LogCosh"]
    more += ["Hinge", "SquaredHinge", "Poisson", "CosineSimilarity"]
    shapes = [((5,), (5,)), ((5,), (5, 1)), ((5, 1), (5, 1)), ((5, 3), (5, 3)), ((4, 3, 2), (4, 3, 2))]
    for name in names + more:
        for i, (true, pred) in enumerate(shapes if name in names else shapes[3:4]):
            y, p = wire.normal(true, 10 + i), wire.normal(pred, 20 + i)
            yield case(name, {}, y, p)
        y, p = wire.normal((4, 3), 31), wire.normal((4, 3), 32)
        yield case(name, {}, y, p, wire.uniform((4,), 33))
    y, p = wire.normal((4, 3, 2), 34), wire.normal((4, 3, 2), 35)
    for shape in [(4,), (4, 1), (4, 3)]:
        for name in names:
            yield case(name, {}, y, p, wire.uniform(shape, 36))
    for reduction in REDUCTIONS:
        args = {"reduction": reduction}
        yield case("MeanSquaredError", args, y, p)
        yield case("MeanSquaredError", args, y, p, wire.uniform((4, 3), 37))
    yield case("MeanSquaredError", {}, y, p, np.zeros(4, "float32"), "all weights zero")
    yield case("MeanAbsoluteError", {}, y, y, note="no error: the gradient at the kink")
    yield case("MeanSquaredError", {}, wire.integers((4, 3), 38, 5), wire.normal((4, 3), 39), note="integer targets")
    y, p, note = wire.normal((3, 3, 2), 46), wire.normal((3, 3, 2), 47), "weights (n,) meet losses (n, n): last axis"
    yield case("MeanSquaredError", {}, y, p, wire.uniform((3,), 48), note)


def binary():
    for shape in [(6,), (6, 1), (5, 3), (3, 2, 2)]:
        y = wire.integers(shape, 40, 2).astype("float32")
        prob, logit = wire.uniform(shape, 41), wire.normal(shape, 42, 3.0)
        for smoothing in (0.0, 0.2):
            args = {"label_smoothing": smoothing} if smoothing else {}
            yield case("BinaryCrossentropy", args, y, prob)
            yield case("BinaryCrossentropy", {"from_logits": True, **args}, y, logit)
    y = np.array([[0], [1], [0], [1]], "float32")
    sure = np.array([[0], [1], [1], [0]], "float32")
    yield case("BinaryCrossentropy", {}, y, sure, note="probabilities of exactly 0 and 1 are clipped by epsilon")
    far = np.array([[90], [-90], [0], [1000]], "float32")
    yield case("BinaryCrossentropy", {"from_logits": True}, y, far, note="logits where exp overflows")
    y, prob = wire.integers((4, 3), 43, 2), wire.uniform((4, 3), 44)
    yield case("BinaryCrossentropy", {}, y, prob, wire.uniform((4,), 45), "integer targets, weights")
    yield case("BinaryCrossentropy", {}, wire.integers((6,), 46, 2), wire.uniform((6, 1), 47), note="targets (n,), output (n, 1)")
    yield case("BinaryCrossentropy", {"axis": 1}, y, prob)


def categorical():
    for shape in [(5, 4), (3, 2, 4)]:
        y = one_hot(wire.integers(shape[:-1], 50, 4), 4)
        prob, logit = simplex(shape, 51), wire.normal(shape, 52, 2.0)
        for smoothing in (0.0, 0.1):
            args = {"label_smoothing": smoothing} if smoothing else {}
            yield case("CategoricalCrossentropy", args, y, prob)
            yield case("CategoricalCrossentropy", {"from_logits": True, **args}, y, logit)
    y = one_hot(np.array([0, 1, 2, 0]), 3)
    raw = np.array([[2, 1, 1], [0.2, 0.4, 0.2], [1, 1, 0], [0, 0, 5]], "float32")
    yield case("CategoricalCrossentropy", {}, y, raw, note="rows are divided by their sum first, then clipped")
    yield case("CategoricalCrossentropy", {}, y, simplex((4, 3), 53), wire.uniform((4,), 54))
    yield case("CategoricalCrossentropy", {}, simplex((4, 3), 55), simplex((4, 3), 56), note="soft targets")
    far = np.array([[100, -100, 0], [1e4, 0, 0], [0, 0, -90], [-500, 500, 0]], "float32")
    yield case("CategoricalCrossentropy", {"from_logits": True}, y, far)
    y, prob = one_hot(wire.integers((3, 2), 57, 4), 4), simplex((3, 2, 4), 58)
    yield case("CategoricalCrossentropy", {}, y, prob, wire.uniform((3, 2), 59), "a weight a time step")
    yield case("CategoricalCrossentropy", {"axis": 1}, y.transpose(0, 2, 1).copy(), prob.transpose(0, 2, 1).copy())


def sparse():
    name = "SparseCategoricalCrossentropy"
    for labels, pred in [((6,), (6, 4)), ((6, 1), (6, 4)), ((3, 5), (3, 5, 4)), ((3, 5, 1), (3, 5, 4)), ((2, 3, 2), (2, 3, 2, 4))]:
        y = wire.integers(labels, 60, 4)
        yield case(name, {}, y, simplex(pred, 61))
        yield case(name, {"from_logits": True}, y, wire.normal(pred, 62, 2.0))
    y = wire.integers((6,), 63, 4)
    yield case(name, {}, y.astype("float32"), simplex((6, 4), 64), note="labels stored as floats")
    raw = np.array([[2, 1, 1], [0.2, 0.4, 0.2], [1, 1, 0], [0, 0, 5]], "float32")
    yield case(name, {}, np.array([0, 1, 2, 0], "int32"), raw, note="rows are divided by their sum first, then clipped")
    yield case(name, {}, y, simplex((6, 4), 65), wire.uniform((6,), 66))
    y, prob = wire.integers((3, 5), 67, 4), simplex((3, 5, 4), 68)
    yield case(name, {}, y, prob, wire.uniform((3,), 69), "a weight a sample")
    yield case(name, {}, y, prob, wire.uniform((3, 5), 69), "a weight a position")
    ignored = y.copy()
    ignored[0, 1] = ignored[2, 3] = -1
    yield case(name, {"ignore_class": -1}, ignored, prob, note="the mean is over the labels that count")
    yield case(name, {"ignore_class": 2}, y, prob, wire.uniform((3, 5), 70))
    logits = wire.normal((3, 5, 4), 71)
    yield case(name, {"ignore_class": -1, "from_logits": True}, ignored, logits)
    yield case(name, {"ignore_class": 2, "from_logits": True}, y, logits)


def others():
    y, p = simplex((4, 3), 80), simplex((4, 3), 81)
    yield case("KLDivergence", {}, y, p)
    yield case("CategoricalHinge", {}, one_hot(wire.integers((4,), 82, 3), 3), p)
    yield case("Huber", {"delta": 0.3}, y, wire.normal((4, 3), 83))
    yield case("CosineSimilarity", {"axis": 0}, y, p)
    signs, binary_y = wire.integers((4, 3), 84, 2).astype("float32") * 2 - 1, wire.integers((4, 3), 84, 2).astype("float32")
    for name in ("Hinge", "SquaredHinge"):
        yield case(name, {}, signs, wire.normal((4, 3), 85))
        yield case(name, {}, binary_y, wire.normal((4, 3), 85), note="labels 0 and 1 become -1 and 1")
    prob, logit = wire.uniform((4, 3), 86), wire.normal((4, 3), 87, 2.0)
    for args in ({}, {"apply_class_balancing": True, "alpha": 0.4, "gamma": 1.5}, {"label_smoothing": 0.2}):
        yield case("BinaryFocalCrossentropy", args, binary_y, prob)
        yield case("BinaryFocalCrossentropy", {**args, "from_logits": True}, binary_y, logit)
    y = one_hot(wire.integers((4,), 88, 3), 3)
    for args in ({}, {"alpha": 0.4, "gamma": 1.5, "label_smoothing": 0.1}):
        yield case("CategoricalFocalCrossentropy", args, y, p)
        yield case("CategoricalFocalCrossentropy", {**args, "from_logits": True}, y, logit)


def facts():
    groups = (regression, binary, categorical, sparse, others)
    return {
        "about": "per_sample: reduction none, no weight; gradient = d sum(value) / d y_pred; "
        "error: Keras refuses this combination",
        "cases": [c for group in groups for c in group()],
        "by_string": by_string(),
    }


def by_string():
    names = [
        "mse", "MSE", "mean_squared_error", "mae", "MAE", "mean_absolute_error", "bce", "BCE",
        "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy",
        "BinaryCrossentropy", "CategoricalCrossentropy", "MeanSquaredError", "cce", "crossentropy",
    ]  # fmt: skip
    out = []
    for name in names:
        try:
            found = keras.losses.get(name)
            found = getattr(found, "__name__", type(found).__name__)
        except ValueError:
            found = None
        out.append({"name": name, "resolves_to": found})
    return out
