"""Optimizers made of others: the variables after each step, and how they are written."""

import jax.numpy as jnp
import keras
import numpy as np

from . import wire

SHAPES = {"base/kernel": (3, 2), "base/bias": (2,), "head/kernel": (2, 1)}


def gradients(steps, wrong):
    """The gradients of some steps; in the steps of `wrong` one of them is not finite."""
    out = []
    for step in range(steps):
        grads = [wire.normal(s, 970 + 10 * step + i) for i, s in enumerate(SHAPES.values())]
        if step in wrong:
            grads[1][0] = [np.inf, np.nan][step % 2]
        out.append(grads)
    return out


def variable(path, value):
    folder, name = path.split("/")
    with keras.name_scope(folder):
        return keras.Variable(value, name=name)


def case(make, steps=5, wrong=(), finalize=False):
    keras.utils.clear_session()
    optimizer = make(keras.optimizers)
    start = [wire.normal(s, 960 + i) for i, s in enumerate(SHAPES.values())]
    variables = [variable(path, v) for path, v in zip(SHAPES, start)]
    optimizer.build(variables)
    out = {"object": keras.saving.serialize_keras_object(optimizer), "initial": wire.arrays(start)}
    out["gradients"], out["after"] = [], []
    for step in gradients(steps, wrong):
        states = [v.value for v in optimizer.variables]
        new, states = optimizer.stateless_apply(states, [jnp.asarray(g) for g in step], [v.value for v in variables])
        for v, value in zip([*variables, *optimizer.variables], [*new, *states]):
            v.assign(value)
        out["gradients"].append(wire.arrays(step))
        out["after"].append(wire.arrays(variables))
    if finalize:
        optimizer.finalize_variable_values(variables)
        out["finalized"] = wire.arrays(variables)
    out["state"] = [{"path": v.path, **wire.array(v)} for v in optimizer.variables]
    return out


def scaled():
    yield case(lambda o: o.LossScaleOptimizer(o.SGD(0.1), initial_scale=8.0, dynamic_growth_steps=2))
    yield case(
        lambda o: o.LossScaleOptimizer(o.Adam(0.05), initial_scale=4.0, dynamic_growth_steps=3), 7, wrong=(1, 2)
    )
    yield case(
        lambda o: o.LossScaleOptimizer(o.SGD(0.1, momentum=0.9, use_ema=True, ema_momentum=0.5, loss_scale_factor=7.0)),
        wrong=(0,),
        finalize=True,
    )
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    yield case(lambda o: o.LossScaleOptimizer(o.RMSprop(schedule, clipnorm=0.5), dynamic_growth_steps=1), wrong=(3,))
    yield case(lambda o: o.LossScaleOptimizer(o.MultiOptimizer(o.OptimizerMap(o.SGD(0.1), {"head/kernel": o.Adam(0.1)}))))


def several():
    yield case(lambda o: o.MultiOptimizer(o.OptimizerMap(o.SGD(0.1), {"head/.*": o.Adam(0.05)})))
    yield case(
        lambda o: o.MultiOptimizer(
            o.OptimizerMap(o.Nadam(0.01), {".*bias": o.SGD(0.2, momentum=0.5), "base/bias": o.Lion(0.01)}), 4.0
        )
    )
    yield case(lambda o: o.MultiOptimizer(o.OptimizerMap(o.SGD(0.1, global_clipnorm=0.5), {"nothing": o.Nadam(0.1)})))
    averaged = {"use_ema": True, "ema_momentum": 0.5}
    yield case(
        lambda o: o.MultiOptimizer(o.OptimizerMap(o.Adam(0.1), {"base/.*": o.SGD(0.1, **averaged)})), finalize=True
    )


def facts():
    return {"names": list(SHAPES), "cases": [c for group in (scaled, several) for c in group()]}
