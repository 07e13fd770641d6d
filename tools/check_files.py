"""Opens in the real Keras what Ferras wrote: tests/way_back.rs calls it with a folder.

For each NAME.npz there is a model as NAME.keras, NAME.h5 and, of some, NAME.weights.h5. The arrays: x0, x1 …
the inputs, y0 … the targets, before0 … what the model predicts, after0 … what it predicts after one
more epoch in the same order of rows, in batches of 4 (only for models that are trained)."""

import os
import sys
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Each model is used twice: quick to compile is quick.
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
import keras  # noqa: E402
import numpy as np  # noqa: E402


# What Keras does not read from .h5, from its own files neither, and why.
UNREAD = {
    "optimizer_lamb.h5": "Lamb is unknown to it by name",
    "attention.h5": "operations between layers are written without their modules",
    "operations.h5": "as attention.h5",
    "sizes.h5": "layers of keras.applications are unknown to it",
    "given.h5": "it takes the word \"dot\" for its function of that name",
    "normalizations.h5": "it leaves out an axis that is a list of several",
}


def numbered(arrays, letter):
    names = (f"{letter}{i}" for i in range(len(arrays.files)))
    return [arrays[name] for name in names if name in arrays.files]


def one(values):
    return values[0] if len(values) == 1 else values


def compare(what, found, expected, tolerance):
    found = found if isinstance(found, (list, tuple)) else [found]
    assert len(found) == len(expected), f"{what}: {len(found)} outputs, not {len(expected)}"
    for i, (a, b) in enumerate(zip(found, expected)):
        scale = max(np.abs(b).max(), 1e-30)
        off = np.abs(np.asarray(a, "float64") - b).max() / scale
        assert off <= tolerance, f"{what}: output {i} is off by {off:.2e}"


def check(path, arrays):
    x, y = one(numbered(arrays, "x")), one(numbered(arrays, "y"))
    before, after = numbered(arrays, "before"), numbered(arrays, "after")
    model = keras.saving.load_model(path)
    compare(f"{path.name} as loaded", model.predict(x, verbose=0), before, 1e-5)
    weights = path.with_suffix(".weights.h5")
    if path.suffix == ".keras" and weights.exists():
        other = keras.models.clone_model(model)
        other.load_weights(weights)
        compare(f"{weights.name}", other.predict(x, verbose=0), before, 1e-5)
    # From .h5 Keras itself cannot train on: it builds the optimizer for no variables at all.
    if after and path.suffix == ".keras":
        if isinstance(y, list):
            y = dict(zip(model.output_names, y))
        model.fit(x, y, batch_size=4, epochs=1, shuffle=False, verbose=0)
        compare(f"{path.name} trained on", model.predict(x, verbose=0), after, 1e-4)


def main(folder):
    failures, count = [], 0
    for arrays in sorted(Path(folder).glob("*.npz")):
        for ending in [".keras", ".h5"]:
            path = arrays.with_suffix(ending)
            if path.name in UNREAD:
                continue
            count += 1
            try:
                check(path, np.load(arrays))
            except Exception as e:  # each failure is told, not only the first
                failures.append(f"{path.name}: {type(e).__name__}: {e}")
    print(f"{count - len(failures)} of {count} files are as Ferras wrote them")
    sys.exit("\n".join(failures) or 0)


if __name__ == "__main__":
    main(sys.argv[1])
