"""Activations: outputs and gradients, with kinks, zeros and large arguments among the inputs."""

import jax
import jax.numpy as jnp
import keras
import numpy as np

from . import wire

CASES = [
    ("linear", {}),
    ("softmax", {}),
    ("softmax", {"axis": 0}),
    ("elu", {}),
    ("elu", {"alpha": 0.3}),
    ("selu", {}),
    ("softplus", {}),
    ("softsign", {}),
    ("relu", {}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 2.0}),
    ("relu", {"threshold": 0.75}),
    ("relu", {"negative_slope": 0.2, "max_value": 3.0, "threshold": 0.5}),
    ("relu6", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": 0.05}),
    ("tanh", {}),
    ("sigmoid", {}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("hard_tanh", {}),
    ("exponential", {}),
    ("silu", {}),
    ("gelu", {}),
    ("gelu", {"approximate": True}),
    ("mish", {}),
    ("log_softmax", {}),
    ("log_sigmoid", {}),
    ("celu", {}),
    ("celu", {"alpha": 0.5}),
    ("soft_shrink", {}),
    ("hard_shrink", {}),
    ("tanh_shrink", {}),
    ("squareplus", {}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
    ("threshold", {"threshold": 0.5, "default_value": -1.0}),
    ("glu", {}),
    ("sparsemax", {}),
]


def inputs():
    """(6, 8): ordinary values, then the points where something special happens."""
    special = [
        [0.0, -0.0, 1.0, -1.0, 6.0, -6.0, 3.0, -3.0],
        [0.5, -0.5, 0.75, 2.0, 2.5, -2.5, 1e-4, -1e-4],
        [10.0, -10.0, 20.0, -20.0, 50.0, -50.0, 80.0, -80.0],
    ]
    ordinary = wire.normal((3, 8), seed=1, scale=2.0)
    return np.concatenate([ordinary, np.array(special, "float32")])


def facts():
    x, weight = inputs(), wire.normal((6, 8), seed=2)
    cases = []
    for name, args in CASES:
        function = getattr(keras.activations, name)

        def weighted(v):
            out = function(v, **args)
            return jnp.sum(out * weight[:, : out.shape[1]]), out

        gradient, output = jax.grad(weighted, has_aux=True)(jnp.asarray(x))
        cases.append(
            {
                "name": name,
                "args": args,
                "output": wire.array(output),
                "gradient": wire.array(gradient),
            }
        )
    extremes = np.array([[1e4, -1e4, 88.0, -88.0, 104.0, -104.0, 3e38, -3e38]], "float32")
    far = [
        {"name": name, "args": args, "output": wire.array(getattr(keras.activations, name)(extremes, **args))}
        for name, args in CASES
        if name not in ("sparsemax", "glu") and args != {"axis": 0}
    ]
    return {
        "about": "gradient = d sum(output * weight) / d input",
        "input": wire.array(x),
        "weight": wire.array(weight),
        "cases": cases,
        "extremes_input": wire.array(extremes),
        "extremes": far,
    }
