"""FeatureSpace: what it makes of tables, with what it learned of one."""

import keras
import numpy as np

from . import wire
from .lookups import data

FS = keras.utils.FeatureSpace
N = 70
TABLE = {
    "age": wire.uniform((N,), 3, 18.0, 80.0),
    "income": (wire.normal((N,), 4) * 900 + 2000).astype("float32"),
    "city": np.array(["oslo", "rome", "lima", "größe", "oslo"])[wire.integers((N,), 5, 5)],
    "job": wire.integers((N,), 6, 9) * 11,
    "code": wire.integers((N,), 7, 1000),
}
ASKED = {
    "age": np.array([20.0, 44.5, 79.0], "float32"),
    "income": np.array([1000.0, 2500.0, -10.0], "float32"),
    "city": np.array(["rome", "unknown", "oslo"]),
    "job": np.array([11, 5, 88], "int32"),
    "code": np.array([3, 999, 12345], "int32"),
}


def made(kind):
    return getattr(FS, kind["kind"])(**kind["args"]) if isinstance(kind, dict) else kind


def case(features, crosses=(), output_mode="concat", **args):
    keras.utils.clear_session()
    kinds = {name: made(kind) for name, kind in features.items()}
    crossed = [
        FS.cross(tuple(c["names"]), c["crossing_dim"], c.get("output_mode", "one_hot")) if "crossing_dim" in c else tuple(c["names"])
        for c in crosses
    ]
    space = FS(kinds, crosses=crossed, output_mode=output_mode, **args)
    own = {name: TABLE[name] for name in features}
    space.adapt(own)
    asked = {name: ASKED[name] for name in features}
    given = space(asked)
    outputs = given if isinstance(given, dict) else {"concat": given}
    return {
        "features": features,
        "crosses": list(crosses),
        "output_mode": output_mode,
        **args,
        "data": {k: data(v) for k, v in own.items()},
        "asked": {k: data(v) for k, v in asked.items()},
        "outputs": {k: wire.array(np.asarray(v).astype("float32")) for k, v in outputs.items()},
    }


def kind(name, **args):
    return {"kind": name, "args": args}


def facts():
    return {
        "cases": [
            case({"age": "float_normalized", "city": "string_categorical", "job": "integer_categorical"}),
            case(
                {"income": "float_discretized", "age": "float", "code": "integer_hashed", "city": "string_hashed"},
                [{"names": ["city", "code"]}],
                hashing_dim=6,
                crossing_dim=9,
                num_discretization_bins=5,
            ),
            case(
                {
                    "income": kind("float_rescaled", scale=0.01, offset=-3.0),
                    "age": kind("float_discretized", num_bins=4),
                    "city": kind("string_categorical", max_tokens=3, num_oov_indices=2),
                    "job": kind("integer_categorical", max_tokens=5),
                    "code": kind("integer_hashed", num_bins=5),
                },
                [{"names": ["age", "job"], "crossing_dim": 7}, {"names": ["city", "code"], "crossing_dim": 11}],
            ),
            case(
                {
                    "age": kind("float_discretized", num_bins=3, output_mode="int"),
                    "city": kind("string_categorical", output_mode="int"),
                    "job": "integer_categorical",
                    "income": "float_normalized",
                },
                [{"names": ["city", "job"], "crossing_dim": 1000, "output_mode": "int"}],
                output_mode="dict",
            ),
        ]
    }
