"""Layers: weights, inputs, output, and the gradients by inputs and weights."""

import jax
import jax.numpy as jnp
import keras
import numpy as np

from . import wire


def case(layer, args, *shapes, training=False, note=None, inputs=None):
    """One call of a layer on inputs of `shapes`, the batch axis included."""
    keras.utils.clear_session()
    made = getattr(keras.layers, layer)(**args)
    xs = inputs or [wire.normal(s, 500 + i) for i, s in enumerate(shapes)]
    made.build(xs[0].shape if len(xs) == 1 else [x.shape for x in xs])
    before = fill(made)
    pick = lambda xs: xs[0] if len(xs) == 1 else list(xs)  # noqa: E731
    kwargs = {"training": True} if training else {}
    fixed = [v.value for v in made.non_trainable_variables]
    output, updated = made.stateless_call([v.value for v in made.trainable_variables], fixed, pick(xs), **kwargs)
    cotangent = wire.normal(output.shape, 700)

    def weighted(xs, trainable):
        out, _ = made.stateless_call(trainable, fixed, pick(xs), **kwargs)
        return jnp.sum(out * cotangent)

    by_input, by_weight = jax.grad(weighted, (0, 1))(
        [jnp.asarray(x) for x in xs], [v.value for v in made.trainable_variables]
    )
    out = {"layer": layer, "args": args}
    if note:
        out["note"] = note
    out["training"] = training
    out["inputs"] = wire.arrays(xs)
    out["weights"] = before
    out["output"] = wire.array(output)
    out["symbolic_output_shape"] = symbolic_shape(made, xs)
    if training and updated:
        names = [v.name for v in made.non_trainable_variables]
        out["updated"] = {n: wire.array(v) for n, v in zip(names, updated) if n != "seed_generator_state"}
    out["cotangent"] = wire.array(cotangent)
    out["input_gradients"] = wire.arrays(by_input)
    out["weight_gradients"] = {v.name: wire.array(g) for v, g in zip(made.trainable_variables, by_weight)}
    return out


def fill(layer):
    """Gives every weight reproducible values and returns them, in the order of `layer.weights`."""
    out = []
    for i, weight in enumerate(layer.weights):
        if weight.name in ("moving_variance", "gamma"):
            value = wire.uniform(weight.shape, 600 + i, 0.5, 1.5)
        else:
            value = wire.normal(weight.shape, 600 + i, 0.5)
        weight.assign(value)
        out.append({"name": weight.name, "trainable": weight.trainable, **wire.array(value)})
    return out


def symbolic_shape(layer, xs):
    shapes = [(None, *x.shape[1:]) for x in xs]
    return list(layer.compute_output_shape(shapes[0] if len(xs) == 1 else shapes))


def dense():
    yield case("Dense", {"units": 3}, (4, 5))
    yield case("Dense", {"units": 3, "activation": "relu"}, (4, 5))
    yield case("Dense", {"units": 3, "activation": "softmax", "use_bias": False}, (4, 5))
    yield case("Dense", {"units": 1, "activation": "sigmoid"}, (1, 1))
    yield case("Dense", {"units": 4}, (2, 3, 5), note="rank 3: the last axis")
    yield case("Dense", {"units": 2}, (2, 3, 2, 5), note="rank 4")


def conv2d():
    c = {"filters": 3, "kernel_size": 3}
    image = (2, 5, 6, 2)
    yield case("Conv2D", c, image)
    yield case("Conv2D", {**c, "padding": "same"}, image)
    yield case("Conv2D", {**c, "activation": "relu", "use_bias": False}, image)
    yield case("Conv2D", {**c, "strides": 2}, image)
    yield case("Conv2D", {**c, "strides": 2, "padding": "same"}, image, note="odd padding: more at bottom and right")
    yield case("Conv2D", {**c, "strides": 2, "padding": "same"}, (2, 7, 7, 1))
    yield case("Conv2D", {**c, "strides": [3, 1], "padding": "same"}, image)
    even = {"filters": 2, "kernel_size": [2, 4]}
    yield case("Conv2D", {**even, "padding": "same"}, image)
    yield case("Conv2D", {**even, "padding": "same", "strides": 2}, (1, 6, 7, 2))
    yield case("Conv2D", even, image)
    yield case("Conv2D", {**c, "dilation_rate": 2}, (1, 7, 8, 2))
    yield case("Conv2D", {**c, "dilation_rate": [1, 3], "padding": "same"}, (1, 5, 7, 2))
    yield case("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 2}, (1, 5, 5, 4))
    yield case("Conv2D", {"filters": 6, "kernel_size": 2, "groups": 3, "padding": "same", "strides": 2}, (1, 5, 5, 3))
    yield case("Conv2D", {"filters": 4, "kernel_size": 1}, image)
    yield case("Conv2D", {"filters": 4, "kernel_size": 1, "strides": 2}, image)
    yield case("Conv2D", {"filters": 2, "kernel_size": 5, "padding": "same"}, (2, 3, 3, 1), note="kernel larger than image")
    yield case("Conv2D", {**c, "data_format": "channels_first"}, (2, 2, 5, 6))
    yield case("Conv2D", {**c, "data_format": "channels_first", "padding": "same", "strides": 2}, (2, 2, 5, 6))


def pooling():
    for layer in ("MaxPooling2D", "AveragePooling2D"):
        yield case(layer, {"pool_size": 2}, (2, 4, 6, 3))
        yield case(layer, {"pool_size": 2}, (2, 5, 7, 2), note="valid drops the rest")
        yield case(layer, {"pool_size": 2, "padding": "same"}, (2, 5, 7, 2))
        yield case(layer, {"pool_size": 3, "strides": 1, "padding": "same"}, (1, 4, 5, 2))
        yield case(layer, {"pool_size": 3, "strides": 2}, (1, 7, 8, 2), note="windows overlap")
        yield case(layer, {"pool_size": 3, "strides": 2, "padding": "same"}, (1, 6, 7, 2))
        yield case(layer, {"pool_size": [2, 3], "strides": [3, 1]}, (1, 7, 5, 2), note="stride beyond the pool")
        yield case(layer, {"pool_size": 2, "data_format": "channels_first"}, (2, 3, 4, 6))
        yield case(layer, {"pool_size": 2, "data_format": "channels_first", "padding": "same"}, (1, 2, 5, 5))
    tie = np.array([[1, 1, 0, 2], [1, 1, 2, 2], [-1, -3, 5, 5], [-2, -1, 5, 4]], "float32").reshape(1, 4, 4, 1)
    yield case("MaxPooling2D", {}, inputs=[tie], note="ties: the gradient goes to the first in row-major order")
    for layer in ("GlobalAveragePooling2D", "GlobalMaxPooling2D"):
        yield case(layer, {}, (2, 3, 5, 4))
        yield case(layer, {"keepdims": True}, (2, 3, 5, 4))
        yield case(layer, {"data_format": "channels_first"}, (2, 4, 3, 5))


def batch_normalization():
    for training in (False, True):
        yield case("BatchNormalization", {}, (6, 4), training=training)
        yield case("BatchNormalization", {}, (3, 4, 5, 2), training=training)
        yield case("BatchNormalization", {"axis": 1}, (3, 2, 4, 5), training=training)
        yield case("BatchNormalization", {"axis": 1}, (3, 4, 2), training=training)
        args = {"momentum": 0.8, "epsilon": 0.01}
        yield case("BatchNormalization", args, (5, 3), training=training)
        yield case("BatchNormalization", {"center": False}, (5, 3), training=training)
        yield case("BatchNormalization", {"scale": False}, (5, 3), training=training)
        yield case("BatchNormalization", {"center": False, "scale": False}, (5, 3), training=training)
    yield case("BatchNormalization", {}, (1, 3), training=True, note="a batch of one")
    yield case("BatchNormalization", {"trainable": False}, (5, 3), training=True, note="frozen: runs as in inference")
    offset = wire.normal((64, 2), 8, 0.01) + np.float32(1000)
    yield case("BatchNormalization", {}, inputs=[offset], training=True, note="mean far larger than deviation")


def shapes():
    yield case("Activation", {"activation": "relu"}, (2, 3))
    yield case("Activation", {"activation": "softmax"}, (2, 3, 4))
    yield case("Flatten", {}, (2, 3, 4))
    yield case("Flatten", {}, (2, 3, 4, 2))
    yield case("Flatten", {}, (3,), note="rank 1 gains an axis")
    yield case("Flatten", {"data_format": "channels_first"}, (2, 3, 4, 2))
    yield case("Reshape", {"target_shape": [6, 2]}, (2, 3, 4))
    yield case("Reshape", {"target_shape": [-1, 2]}, (2, 3, 4))
    yield case("Reshape", {"target_shape": [-1]}, (2, 3, 4))
    yield case("Reshape", {"target_shape": [2, 2, -1]}, (1, 12))
    yield case("Dropout", {"rate": 0.4}, (3, 4), note="inference: nothing happens")
    yield case("Dropout", {"rate": 0.0}, (3, 4), training=True)
    yield case("Add", {}, (2, 3), (2, 3))
    yield case("Add", {}, (2, 3, 2), (2, 3, 2), (2, 3, 2))
    yield case("Add", {}, (2, 3, 4), (2, 1, 4), note="broadcasting")
    yield case("Add", {}, (2, 4), (2, 3, 4), note="unequal ranks: what Keras does with the batch axis")
    yield case("Concatenate", {}, (2, 3), (2, 4))
    yield case("Concatenate", {"axis": 1}, (2, 3, 2), (2, 1, 2), (2, 2, 2))
    yield case("Concatenate", {"axis": -2}, (2, 3, 2), (2, 1, 2))
    yield case("Concatenate", {"axis": 3}, (1, 2, 3, 1), (1, 2, 3, 2))


def dropout():
    """What can be said of a random layer: the share kept and the scale of what is kept."""
    out = []
    for args, shape in [
        ({"rate": 0.25}, (100, 200)),
        ({"rate": 0.5, "noise_shape": [100, 1]}, (100, 200)),
        ({"rate": 0.9}, (100, 200)),
    ]:
        y = np.asarray(keras.layers.Dropout(**args, seed=1)(np.ones(shape, "float32"), training=True))
        values = sorted(set(y.ravel().tolist()))
        row = {"args": args, "shape": list(shape), "distinct_values": values, "share_kept": float((y > 0).mean().round(4))}
        row["rows_alike"] = bool((y == y[:, :1]).all())
        out.append(row)
    return out


def facts():
    groups = (dense, conv2d, pooling, batch_normalization, shapes)
    return {
        "about": "gradients are those of sum(output * cotangent); updated = non-trainable weights after the call",
        "cases": [c for group in groups for c in group()],
        "dropout": dropout(),
    }
