"""Optimizers: the variables after each of five steps with given gradients."""

import jax.numpy as jnp
import keras
import numpy as np

from . import wire

SHAPES = [(3, 2), (4,)]
STEPS = 5


def gradients():
    """Five steps for two variables; the third step's gradients are large, one entry is always zero."""
    out = []
    for step in range(STEPS):
        grads = [wire.normal(s, 900 + 10 * step + i) for i, s in enumerate(SHAPES)]
        grads[1][2] = 0.0
        if step == 2:
            grads = [g * np.float32(20) for g in grads]
        out.append(grads)
    return out


def case(optimizer, args, note=None, finalize=False):
    keras.utils.clear_session()
    made = getattr(keras.optimizers, optimizer)(**revive(args))
    names = ["kernel", "bias"]
    start = [wire.normal(s, 800 + i) for i, s in enumerate(SHAPES)]
    variables = [keras.Variable(v, name=n) for v, n in zip(start, names)]
    made.build(variables)
    out = {"optimizer": optimizer, "args": args}
    if note:
        out["note"] = note
    out["after"], rates = [], []
    for step in gradients():
        rates.append(float(made.learning_rate))
        made.apply([jnp.asarray(g) for g in step], variables)
        out["after"].append(wire.arrays(variables))
    out["learning_rates"] = rates
    if finalize:
        made.finalize_variable_values(variables)
        out["finalized"] = wire.arrays(variables)
    out["state"] = [{"path": v.path, **wire.array(v)} for v in made.variables]
    return out


def revive(args):
    rate = args.get("learning_rate")
    if isinstance(rate, dict):
        schedule = getattr(keras.optimizers.schedules, rate["schedule"])(**rate["args"])
        return {**args, "learning_rate": schedule}
    return args


def own():
    yield case("SGD", {})
    yield case("SGD", {"learning_rate": 0.1})
    yield case("SGD", {"learning_rate": 0.1, "momentum": 0.9})
    yield case("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True})
    yield case("SGD", {"learning_rate": 0.1, "nesterov": True}, "nesterov without momentum: plain")
    yield case("RMSprop", {})
    yield case("RMSprop", {"learning_rate": 0.01, "rho": 0.8, "epsilon": 1e-3})
    yield case("RMSprop", {"momentum": 0.5})
    yield case("RMSprop", {"centered": True})
    yield case("RMSprop", {"centered": True, "momentum": 0.9, "learning_rate": 0.01})
    yield case("Adam", {})
    yield case("Adam", {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 0.01})
    yield case("Adam", {"amsgrad": True, "learning_rate": 0.05})
    yield case("AdamW", {"learning_rate": 0.05})
    yield case("Adagrad", {"learning_rate": 0.05})
    yield case("Adadelta", {"learning_rate": 0.5})
    yield case("Adamax", {"learning_rate": 0.05})
    yield case("Nadam", {"learning_rate": 0.05})
    yield case("Nadam", {"learning_rate": 0.05, "gradient_accumulation_steps": 2})
    yield case("Lion", {"learning_rate": 0.05, "weight_decay": 0.1})


def shared():
    """The options every optimizer has."""
    fast = {"SGD": {"learning_rate": 0.1}, "RMSprop": {"learning_rate": 0.01}, "Adam": {"learning_rate": 0.05}}
    for name, args in fast.items():
        yield case(name, {**args, "weight_decay": 0.1})
        yield case(name, {**args, "clipnorm": 1.0})
        yield case(name, {**args, "clipvalue": 0.3})
        yield case(name, {**args, "global_clipnorm": 1.0})
        yield case(name, {**args, "use_ema": True, "ema_momentum": 0.8}, finalize=True)
        every = {"use_ema": True, "ema_momentum": 0.8, "ema_overwrite_frequency": 2}
        yield case(name, {**args, **every}, finalize=True)
        yield case(name, {**args, "gradient_accumulation_steps": 2})
    yield case("SGD", {"learning_rate": 0.1, "weight_decay": 0.1, "clipnorm": 1.0, "momentum": 0.9})
    yield case("SGD", {"learning_rate": 0.1, "loss_scale_factor": 4.0}, "gradients are divided by the factor")
    both = {"learning_rate": 0.1, "gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.8}
    yield case("SGD", both, finalize=True)


def scheduled():
    schedules = [
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5}),
        ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5, "staircase": True}),
        ("PiecewiseConstantDecay", {"boundaries": [1, 3], "values": [0.1, 0.05, 0.01]}),
        ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 4}),
        ("CosineDecay", {"initial_learning_rate": 0.0, "decay_steps": 3, "alpha": 0.1, "warmup_target": 0.1, "warmup_steps": 2}),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 1.5, "m_mul": 0.5, "alpha": 0.1}),
        ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 2, "t_mul": 1.0}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "power": 2.0}),
        ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 3, "end_learning_rate": 0.01, "cycle": True}),
        ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5}),
        ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5, "staircase": True}),
    ]
    for name, args in schedules:
        yield case("SGD", {"learning_rate": {"schedule": name, "args": args}})


def facts():
    start = [wire.normal(s, 800 + i) for i, s in enumerate(SHAPES)]
    return {
        "about": "after[i] = variables after step i; the same start and gradients for every case",
        "names": ["kernel", "bias"],
        "initial": wire.arrays(start),
        "gradients": [wire.arrays(g) for g in gradients()],
        "cases": [c for group in (own, shared, scheduled) for c in group()],
    }
