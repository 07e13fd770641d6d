"""How facts are written: JSON whose arrays are short, exact and easy to read in Rust.

An array is `{"shape": [...], "data": [...]}`, row-major; `"dtype"` is there unless it
is float32. A float32 is its shortest decimal that reads back to the same bits. JSON
has no NaN or infinity, so those are the strings "nan", "inf", "-inf".
"""

import importlib
import json
import math

import numpy as np

WIDE = 100  # a value that fits in this many characters stays on one line


def rng(seed):
    """The one source of data: numpy's PCG64, whose stream is fixed by its version policy."""
    return np.random.Generator(np.random.PCG64(seed))


def normal(shape, seed, scale=1.0):
    return (rng(seed).standard_normal(shape) * scale).astype("float32")


def uniform(shape, seed, low=0.0, high=1.0):
    return rng(seed).uniform(low, high, shape).astype("float32")


def integers(shape, seed, high, low=0):
    return rng(seed).integers(low, high, shape).astype("int32")


def array(value):
    """An array (numpy, JAX or a Keras variable) as the file holds it."""
    value = np.asarray(value)
    out = {"shape": list(value.shape)}
    if value.dtype != np.float32:
        out["dtype"] = value.dtype.name
    out["data"] = Flat(value.ravel())
    return out


def arrays(values):
    return [array(v) for v in values]


class Flat:
    """Numbers of one dtype, written without spaces on one line."""

    def __init__(self, values):
        self.values = values

    def text(self):
        return "[" + ",".join(number(v) for v in self.values) + "]"


def number(value):
    if isinstance(value, (bool, np.bool_)):
        return "1" if value else "0"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if not math.isfinite(value):
        return json.dumps(str(float(value)))
    if value == int(value) and abs(value) < 1e7:
        return ("-0" if value == 0 and math.copysign(1, value) < 0 else str(int(value))) + ".0"
    return str(value) if isinstance(value, np.floating) else repr(value)


def collect(topic):
    import keras

    module = importlib.import_module(f"golden_facts.{topic}")
    backend = keras.backend.backend()
    version = importlib.import_module(backend).__version__
    made_with = f"keras {keras.__version__}, {backend} {version}, cpu, float32"
    return {"topic": topic, "made_with": made_with, **module.facts()}


def dumps(value):
    return render(value, 0) + "\n"


def render(value, depth):
    flat = inline(value)
    if len(flat) <= WIDE or is_array(value):
        return flat
    pad, end = "\n" + " " * (depth + 1), "\n" + " " * depth
    if isinstance(value, dict):
        rows = [json.dumps(str(k)) + ": " + render(v, depth + 1) for k, v in value.items()]
        return "{" + pad + ("," + pad).join(rows) + end + "}"
    if isinstance(value, (list, tuple)):
        return "[" + pad + ("," + pad).join(render(v, depth + 1) for v in value) + end + "]"
    return flat


def is_array(value):
    return isinstance(value, Flat) or isinstance(value, dict) and isinstance(value.get("data"), Flat)


def inline(value):
    if isinstance(value, Flat):
        return value.text()
    if isinstance(value, dict):
        return "{" + ", ".join(json.dumps(str(k)) + ": " + inline(v) for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(inline(v) for v in value) + "]"
    if value is None or isinstance(value, (str, bool)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float, np.number)):
        return number(value)
    raise TypeError(f"cannot write a {type(value).__name__}: {value!r}")
