"""Optimizers: those of optimizers.json that are not there, weights of every rank, odd settings of all."""

import inspect

import jax.numpy as jnp
import keras

from . import wire

NAMES = ["kernel", "tall", "bias", "filters", "embedding"]
SHAPES = [(3, 4), (5, 2), (4,), (2, 3, 2), (4, 3)]
STEPS = 4


def gradients():
    """Four steps; one entry is always zero."""
    out = []
    for step in range(STEPS):
        grads = [wire.normal(s, 3900 + 10 * step + i, 3.0 if step == 2 else 1.0) for i, s in enumerate(SHAPES)]
        grads[2][1] = 0.0
        out.append(grads)
    return out


def start():
    return [wire.normal(s, 3800 + i) for i, s in enumerate(SHAPES)]


def case(optimizer, args, note=None, exclude=None):
    keras.utils.clear_session()
    made = getattr(keras.optimizers, optimizer)(**args)
    variables = [keras.Variable(v, name=n) for v, n in zip(start(), NAMES)]
    if exclude:
        made.exclude_from_weight_decay(var_names=exclude)
    made.build(variables)
    out = {"optimizer": optimizer, "args": args}
    if note:
        out["note"] = note
    if exclude:
        out["exclude_from_weight_decay"] = exclude
    out["after"] = []
    for step in gradients():
        made.apply([jnp.asarray(g) for g in step], variables)
        out["after"].append(wire.arrays(variables))
    if args.get("use_ema"):
        made.finalize_variable_values(variables)
        out["finalized"] = wire.arrays(variables)
    out["state"] = [{"path": v.path, **wire.array(v)} for v in made.variables]
    return out


def own():
    for args in ({}, {"learning_rate": 0.5, "relative_step": False}, {"learning_rate": 0.1, "clip_threshold": 0.3}):
        yield case("Adafactor", args)
    yield case("Adafactor", {"learning_rate": 0.2, "beta_2_decay": -0.5, "epsilon_1": 0.01, "epsilon_2": 2.0})
    for args in ({}, {"learning_rate": 0.3, "l1_regularization_strength": 0.4}, {"learning_rate": 0.1, "beta": 0.5}):
        yield case("Ftrl", args)
    shrunk = {"l2_regularization_strength": 0.2, "l2_shrinkage_regularization_strength": 0.1}
    yield case("Ftrl", {"learning_rate": 0.3, **shrunk, "initial_accumulator_value": 0.5})
    yield case("Ftrl", {"learning_rate": 0.3, "learning_rate_power": -0.8})
    yield case("Lamb", {})
    yield case("Lamb", {"learning_rate": 0.1, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 0.01})
    yield case("Muon", {})
    yield case("Muon", {"learning_rate": 0.1, "nesterov": False, "momentum": 0.8, "ns_steps": 3, "rms_rate": None})
    yield case("Muon", {"learning_rate": 0.1, "exclude_layers": ["tall"], "exclude_embeddings": False})
    yield case("Muon", {"learning_rate": 0.1, "adam_lr_ratio": 0.5, "adam_weight_decay": 0.2, "weight_decay": 0.1})
    yield case("ScheduleFreeAdamW", {})
    yield case("ScheduleFreeAdamW", {"learning_rate": 0.1, "warmup_steps": 3, "beta_1": 0.8, "weight_decay": 0.1})


def shared():
    fast = {
        "Adafactor": 0.1, "Ftrl": 0.2, "Lamb": 0.1, "Muon": 0.1, "ScheduleFreeAdamW": 0.1, "Adadelta": 0.5,
        "Adagrad": 0.1, "Adamax": 0.1, "Nadam": 0.1, "Lion": 0.01, "AdamW": 0.1,
    }  # fmt: skip
    for name, rate in fast.items():
        yield case(name, {"learning_rate": rate, "weight_decay": 0.1, "clipnorm": 1.5})
        yield case(name, {"learning_rate": rate, "global_clipnorm": 2.0, "gradient_accumulation_steps": 2})
        averaged = {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3}
        yield case(name, {"learning_rate": rate, "clipvalue": 0.5, **averaged})
        yield case(name, {"learning_rate": rate, "loss_scale_factor": 8.0})


def excluded():
    for name in ("SGD", "AdamW", "Muon", "RMSprop"):
        yield case(name, {"learning_rate": 0.1, "weight_decay": 0.2}, exclude=["bias", "tall"])


def defaults():
    for name, optimizer in inspect.getmembers(keras.optimizers, inspect.isclass):
        if name in ("Optimizer", "OptimizerMap", "MultiOptimizer", "LossScaleOptimizer"):
            continue
        keras.utils.clear_session()
        yield {"name": name, "word": name.lower(), "config": optimizer().get_config()}


def facts():
    return {
        "about": "as optimizers.json",
        "names": NAMES,
        "initial": wire.arrays(start()),
        "gradients": [wire.arrays(g) for g in gradients()],
        "cases": [c for group in (own, shared, excluded) for c in group()],
        "defaults": list(defaults()),
    }
