"""Every public name of Keras, module by module: what `docs/keras-coverage.md` is about."""

import importlib
import inspect

MODULES = [
    "layers",
    "activations",
    "initializers",
    "regularizers",
    "constraints",
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "callbacks",
    "models",
    "datasets",
    "applications",
    "preprocessing",
    "preprocessing.image",
    "preprocessing.sequence",
    "utils",
    "saving",
    "ops",
    "random",
    "config",
    "distribution",
    "mixed_precision",
    "tree",
    "visualization",
    "quantizers",
    "export",
    "wrappers",
]


def names(module):
    """Each thing of the module once, with the names that mean the same."""
    made = importlib.import_module(f"keras.{module}")
    things = {}
    for name in sorted(vars(made)):
        value = getattr(made, name)
        if name.startswith("_") or inspect.ismodule(value):
            continue
        same = [known for known, other in things.items() if other[0] is value]
        if same:
            things[same[0]][1].append(name)
        else:
            things[name] = (value, [])
    return [{"name": n, "aliases": also} if also else {"name": n} for n, (_, also) in things.items()]


def submodules(module):
    made = importlib.import_module(f"keras.{module}")
    return [{"name": n} for n, v in sorted(vars(made).items()) if not n.startswith("_") and inspect.ismodule(v)]


def facts():
    found = {f"keras.{m}": names(m) for m in MODULES}
    found["keras.datasets"] = submodules("datasets")
    return {"modules": found}
