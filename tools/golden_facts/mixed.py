"""Dtype policies: element types of weights, outputs and gradients, and the numbers in 16 bits."""

import json

import jax
import jax.numpy as jnp
import keras
import numpy as np

from . import wire
from .layers import fill
from .training import compiled, start, weights

POLICIES = ("mixed_bfloat16", "mixed_float16")


def dtype(value):
    return np.dtype(value.dtype).name


def case(layer, args, *shapes, policy, training=False, inputs="float32"):
    """One call of a layer under a policy, on float32 inputs unless told otherwise."""
    keras.utils.clear_session()
    made = getattr(keras.layers, layer)(**args, dtype=policy)
    xs = [jnp.asarray(wire.normal(s, 500 + i)).astype(inputs) for i, s in enumerate(shapes)]
    made.build(xs[0].shape if len(xs) == 1 else [x.shape for x in xs])
    before = fill(made)
    pick = lambda xs: xs[0] if len(xs) == 1 else list(xs)  # noqa: E731
    kwargs = {"training": True} if training else {}
    fixed = [v.value for v in made.non_trainable_variables]
    trained = [v.value for v in made.trainable_variables]

    def call(xs, trained):
        """As `layer(x)` does, with casts: `stateless_call` leaves them out."""
        values = [*zip(made.trainable_variables, trained), *zip(made.non_trainable_variables, fixed)]
        with keras.StatelessScope(state_mapping=values) as scope:
            out = made(pick(xs), **kwargs)
        return out, [scope.get_current_value(v) for v in made.non_trainable_variables]

    output, updated = call(xs, trained)
    cotangent = wire.normal(output.shape, 700)

    def weighted(xs, trainable):
        out, _ = call(xs, trainable)
        return jnp.sum(out.astype("float32") * cotangent)

    by_input, by_weight = jax.grad(weighted, (0, 1))(xs, trained)
    names = [v.name for v in made.non_trainable_variables]
    out = {"layer": layer, "args": args, "policy": policy, "training": training}
    out["inputs"] = [{**wire.array(x.astype("float32")), "of": dtype(x)} for x in xs]
    out["weights"] = [{**w, "of": dtype(v)} for w, v in zip(before, made.weights)]
    out["output"] = {**wire.array(output.astype("float32")), "of": dtype(output)}
    symbolic = made.compute_output_spec(pick([keras.KerasTensor(x.shape, dtype(x)) for x in xs]))
    out["symbolic_dtype"] = symbolic.dtype
    if training and updated:
        out["updated"] = {n: wire.array(v) for n, v in zip(names, updated) if n != "seed_generator_state"}
    out["cotangent"] = wire.array(cotangent)
    out["input_gradients"] = [wire.array(g.astype("float32")) for g in by_input]
    out["weight_gradients"] = {v.name: wire.array(g) for v, g in zip(made.trainable_variables, by_weight)}
    return out


def layers():
    for policy in POLICIES:
        p = {"policy": policy}
        yield case("Dense", {"units": 3, "activation": "softmax"}, (4, 5), **p)
        yield case("Dense", {"units": 3, "activation": "gelu", "use_bias": False}, (2, 3, 5), **p)
        yield case("Conv2D", {"filters": 3, "kernel_size": 3, "padding": "same", "activation": "relu"}, (2, 5, 6, 2), **p)
        yield case("Conv1D", {"filters": 2, "kernel_size": 2, "strides": 2}, (2, 7, 3), **p)
        yield case("DepthwiseConv2D", {"kernel_size": 2}, (1, 4, 5, 3), **p)
        yield case("MaxPooling2D", {"pool_size": 2}, (2, 4, 6, 3), **p)
        yield case("AveragePooling2D", {"pool_size": 2, "padding": "same"}, (1, 5, 5, 2), **p)
        yield case("GlobalAveragePooling2D", {}, (2, 3, 5, 4), **p)
        for training in (False, True):
            yield case("BatchNormalization", {"momentum": 0.8}, (6, 4), training=training, **p)
        yield case("LayerNormalization", {}, (3, 8), **p)
        yield case("LayerNormalization", {"center": False}, (3, 8), inputs="bfloat16", **p)
        yield case("PReLU", {}, (3, 4), **p)
        yield case("Activation", {"activation": "tanh"}, (3, 4), **p)
        yield case("Softmax", {}, (3, 4), **p)
        yield case("Add", {}, (2, 3), (2, 3), **p)
        yield case("Concatenate", {}, (2, 3), (2, 4), **p)
        yield case("Rescaling", {"scale": 0.5, "offset": 1.0}, (3, 4), **p)
    yield case("Dense", {"units": 3}, (4, 5), policy="float32", inputs="bfloat16")
    yield case("Dense", {"units": 3}, (4, 5), policy="bfloat16")
    yield case("BatchNormalization", {}, (6, 4), policy="float32", inputs="float16", training=True)
    yield case("BatchNormalization", {}, (6, 4), policy="bfloat16", training=True)
    yield case("LayerNormalization", {}, (3, 8), policy="float32", inputs="bfloat16")


def mlp():
    L = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,)),
            L.Dense(16, activation="relu", kernel_regularizer="l2"),
            L.BatchNormalization(),
            L.Dense(12, activation="tanh"),
            L.Dense(3, activation="softmax", dtype="float32"),
        ]
    )


def conv_net():
    L = keras.layers
    x = image = keras.Input((8, 8, 2))
    x = L.Conv2D(8, 3, activation="relu", padding="same")(x)
    x = L.MaxPooling2D()(x)
    y = L.Conv2D(8, 1, dtype="float32")(x)
    x = L.Add()([L.Conv2D(8, 3, padding="same")(x), y])
    x = L.Flatten()(L.LayerNormalization()(x))
    return keras.Model(image, L.Dense(3, activation="softmax")(x))


def training(name, make, policy, shape):
    """A network that is trained under a global policy, from weights that are given."""
    keras.utils.clear_session()
    keras.config.set_dtype_policy(policy)
    try:
        model = make()
        config = json.loads(model.to_json())
    finally:
        keras.config.set_dtype_policy("float32")
    x = wire.normal((16, *shape), 1)
    y = np.eye(3, dtype="float32")[wire.integers((16,), 2, 3)]
    spec = {"optimizer": {"class": "SGD", "args": {"learning_rate": 0.02, "momentum": 0.9}}}
    spec |= {"loss": "categorical_crossentropy", "metrics": ["accuracy", "mae"], "auto_scale_loss": False}
    compiled(model, spec)
    out = {"name": name, "policy": policy, "model": config, "x": wire.array(x), "y": wire.array(y)}
    out["initial_weights"] = start(model)
    history = model.fit(x, y, batch_size=8, epochs=4, shuffle=False, verbose=0)
    out["history"] = {k: [float(np.float32(v)) for v in vs] for k, vs in history.history.items()}
    out["final_weights"] = [{**w, "of": dtype(v)} for w, v in zip(weights(model), model.weights)]
    predicted = model.predict(x, verbose=0)
    out["predict"] = {**wire.array(predicted.astype("float32")), "of": dtype(predicted)}
    return out


def facts():
    cases = [("mlp", mlp, (6,)), ("conv_net", conv_net, (8, 8, 2))]
    return {
        "about": "numbers of 16 bits are written as float32, with their own type as `of`; as in `layers` and `training`",
        "layers": list(layers()),
        "training": [training(n, m, p, s) for n, m, s in cases for p in POLICIES],
    }
