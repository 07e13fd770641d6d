"""Regularizers: the penalty of a weight and its gradient."""

import jax
import jax.numpy as jnp
import keras

from . import wire

CASES = [
    ("L1", {}),
    ("L1", {"l1": 0.03}),
    ("L2", {}),
    ("L2", {"l2": 0.05}),
    ("L1L2", {}),
    ("L1L2", {"l1": 0.02, "l2": 0.07}),
    ("OrthogonalRegularizer", {"factor": 0.01, "mode": "rows"}),
    ("OrthogonalRegularizer", {"factor": 0.01, "mode": "columns"}),
]
STRINGS = ["l1", "l2", "l1l2", "l1_l2", "L1", "L2", "L1L2"]


def facts():
    x = wire.normal((4, 3), seed=3)
    x[1, 1] = 0.0
    cases = []
    for name, args in CASES:
        regularizer = getattr(keras.regularizers, name)(**args)
        value, gradient = jax.value_and_grad(lambda v: jnp.sum(regularizer(v)))(jnp.asarray(x))
        cases.append({"name": name, "args": args, "value": wire.array(value), "gradient": wire.array(gradient)})
    return {"input": wire.array(x), "cases": cases, "by_string": [by_string(s) for s in STRINGS]}


def by_string(name):
    """`config` is null where Keras does not know the name."""
    try:
        return {"name": name, "config": keras.regularizers.get(name).get_config()}
    except ValueError:
        return {"name": name, "config": None}
