"""Initializers: what can be compared without matching a random generator.

For the random ones: fans, the parameters of the distribution, its bounds, and the
moments of a large sample as a check on both.
"""

import math

import keras
import numpy as np
from keras.src.initializers.random_initializers import compute_fans

from . import wire

SHAPES = [(7,), (300, 200), (3, 3, 40, 60), (5, 64, 48)]
SCALED = [
    "LecunNormal", "LecunUniform", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform",
]  # fmt: skip
TRUNCATION = 0.87962566103423978  # deviation of a unit normal cut at two deviations


def scaled(name, args):
    """One family of `VarianceScaling` at every shape."""
    out = []
    for shape in SHAPES:
        initializer = getattr(keras.initializers, name)(seed=7, **args)
        fan_in, fan_out = compute_fans(shape)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}
        scale = initializer.scale / max(1.0, fan[initializer.mode])
        distribution = initializer.distribution
        row = {"name": name, "args": args, "shape": list(shape), "fan_in": fan_in, "fan_out": fan_out}
        row["distribution"] = distribution
        if distribution == "uniform":
            row["limit"] = math.sqrt(3.0 * scale)
        elif distribution == "truncated_normal":
            row["normal_stddev"] = math.sqrt(scale) / TRUNCATION
            row["limit"] = 2 * row["normal_stddev"]
        row["stddev"] = math.sqrt(scale)
        if math.prod(shape) > 1000:
            row["sample"] = moments(initializer(shape))
        out.append(row)
    return out


def moments(sample):
    sample = np.asarray(sample, "float64")
    names = ("mean", "stddev", "min", "max")
    values = (sample.mean(), sample.std(), sample.min(), sample.max())
    return {n: float(f"{v:.4g}") for n, v in zip(names, values)}


def plain(name, args, shape=(300, 200)):
    sample = getattr(keras.initializers, name)(**args)(shape)
    return {"name": name, "args": args, "shape": list(shape), "sample": moments(sample)}


def exact(name, args, shape):
    value = getattr(keras.initializers, name)(**args)(shape)
    return {"name": name, "args": args, "output": wire.array(value)}


def orthogonal(shape, gain):
    w = np.asarray(keras.initializers.Orthogonal(gain=gain, seed=3)(shape), "float64")
    flat = w.reshape(-1, shape[-1])
    small = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    error = float(np.abs(small - gain**2 * np.eye(len(small))).max())
    return {"shape": list(shape), "gain": gain, "gram_is_gain_squared_times_identity": error < 1e-5}


def facts():
    variance = [
        {},
        {"scale": 2.0, "mode": "fan_avg", "distribution": "uniform"},
        {"scale": 0.5, "mode": "fan_out", "distribution": "untruncated_normal"},
    ]
    return {
        "exact": [
            exact("Zeros", {}, (2, 3)),
            exact("Ones", {}, (2, 3)),
            exact("Constant", {"value": -1.5}, (2, 2)),
            exact("Identity", {}, (3, 3)),
            exact("Identity", {"gain": 0.5}, (2, 4)),
        ],
        "scaled": [r for n in SCALED for r in scaled(n, {})]
        + [r for a in variance for r in scaled("VarianceScaling", a)],
        "plain": [
            plain("RandomNormal", {"seed": 1}),
            plain("RandomNormal", {"mean": 1.0, "stddev": 0.5, "seed": 1}),
            plain("RandomUniform", {"seed": 1}),
            plain("RandomUniform", {"minval": 2.0, "maxval": 3.0, "seed": 1}),
            plain("TruncatedNormal", {"seed": 1}),
            plain("TruncatedNormal", {"mean": 1.0, "stddev": 0.5, "seed": 1}),
        ],
        "orthogonal": [orthogonal(s, g) for s in [(5, 5), (8, 3), (3, 8), (2, 3, 4)] for g in (1.0, 0.7)],
        "by_string": by_string(),
    }


def by_string():
    names = [
        "zeros", "ones", "constant", "random_normal", "random_uniform", "truncated_normal",
        "variance_scaling", "orthogonal", "identity", "lecun_normal", "lecun_uniform",
        "glorot_normal", "glorot_uniform", "he_normal", "he_uniform",
    ]  # fmt: skip
    extra = ["uniform", "normal", "zero", "one", "IdentityInitializer", "OrthogonalInitializer", "eye"]
    out = []
    for name in names + extra:
        try:
            found = type(keras.initializers.get(name)).__name__
        except (ValueError, KeyError):
            found = None
        out.append({"name": name, "class": found})
    return out
