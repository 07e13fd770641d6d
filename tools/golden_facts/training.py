"""Whole training runs: start, data and arguments in; history and weights out.

Every network is small, `shuffle` is off and no layer is random, so a run is fixed by
what its case holds. Batches leave a smaller last one wherever the case does not say otherwise.
"""

import copy
import json

import keras
import numpy as np
from keras import layers

from . import wire
from .losses import one_hot

ROWS, EPOCHS, BATCH = 22, 3, 5


def made(spec, module):
    """`"adam"`, `{"class": …, "args": …}`, an object as files hold it, or a list or dict of those."""
    if isinstance(spec, dict) and "class_name" in spec:
        # Keras changes what it is given.
        return getattr(module, spec["class_name"]).from_config(copy.deepcopy(spec["config"]))
    if isinstance(spec, dict) and "class" in spec:
        return getattr(module, spec["class"])(**spec["args"])
    if isinstance(spec, dict):
        return {k: made(v, module) for k, v in spec.items()}
    if isinstance(spec, list):
        return [made(v, module) for v in spec]
    return spec


def compiled(model, spec):
    modules = {
        "optimizer": keras.optimizers,
        "loss": keras.losses,
        "metrics": keras.metrics,
        "weighted_metrics": keras.metrics,
    }
    model.compile(**{k: made(v, modules[k]) if k in modules else v for k, v in spec.items()})
    return model


def start(model, seed=1000):
    """Sets every weight to a drawn value and returns them as the file holds them."""
    values = []
    for i, w in enumerate(model.weights):
        if w.name in ("moving_variance", "gamma"):
            values.append(wire.uniform(w.shape, seed + i, 0.5, 1.5))
        elif len(w.shape) < 2:
            values.append(wire.normal(w.shape, seed + i, 0.1))
        else:
            fan = np.prod(w.shape[:-1])
            values.append(wire.normal(w.shape, seed + i, 1.0 / np.sqrt(fan)))
    model.set_weights(values)
    return weights(model)


def weights(model):
    return [{"path": w.path, "trainable": w.trainable, **wire.array(w)} for w in model.weights]


def stored(data):
    """Data of a call as the file holds it: arrays, or lists and dicts of them."""
    if isinstance(data, dict):
        return {k: stored(v) for k, v in data.items()}
    if isinstance(data, (list, tuple)):
        return [stored(v) for v in data]
    return wire.array(data) if isinstance(data, np.ndarray) else data


def case(name, model, spec, x, y, note=None, callbacks=(), test=None, **fit):
    keras_names = json.loads(model.to_json())
    compiled(model, spec)
    fit = {"batch_size": BATCH, "epochs": EPOCHS, "shuffle": False, **fit}
    out = {"name": name}
    if note:
        out["note"] = note
    out["model"], out["compile"] = keras_names, spec
    out["x"], out["y"] = stored(x), stored(y)
    out["fit"] = stored(fit)
    out["initial_weights"] = start(model)
    history = model.fit(x, y, verbose=0, callbacks=list(callbacks), **fit)
    out["history"] = {k: [float(np.float32(v)) for v in vs] for k, vs in history.history.items()}
    out["epochs_run"] = history.epoch
    out["final_weights"] = weights(model)
    out["optimizer_state"] = [{"path": v.path, **wire.array(v)} for v in model.optimizer.variables]
    test = test or {}
    logs = model.evaluate(x, y, batch_size=BATCH, verbose=0, return_dict=True, **test)
    listed = model.evaluate(x, y, batch_size=BATCH, verbose=0, **test)
    out["evaluate"] = {
        "arguments": stored({"batch_size": BATCH, **test}),
        "logs": {k: float(np.float32(v)) for k, v in logs.items()},
        "list": [float(np.float32(v)) for v in np.atleast_1d(listed)],
    }
    out["predict"] = stored(model.predict(x, batch_size=BATCH, verbose=0))
    return out


def fresh():
    keras.utils.clear_session()


def mlp(outputs, activation, inputs=4, hidden="relu", **options):
    fresh()
    return keras.Sequential(
        [
            keras.Input((inputs,)),
            layers.Dense(6, activation=hidden, **options),
            layers.Dense(5, activation=hidden, **options),
            layers.Dense(outputs, activation=activation),
        ]
    )


X = wire.normal((ROWS, 4), 1)
REAL = wire.normal((ROWS, 2), 2)
BINARY = wire.integers((ROWS, 1), 3, 2).astype("float32")
LABELS = wire.integers((ROWS,), 4, 3)
HOT = one_hot(LABELS, 3)
IMAGES = wire.normal((ROWS, 7, 8, 2), 5)
WEIGHTS = wire.uniform((ROWS,), 6, 0.0, 2.0)
SGD = {"class": "SGD", "args": {"learning_rate": 0.1}}
ADAM = {"class": "Adam", "args": {"learning_rate": 0.02}}
RMSPROP = {"class": "RMSprop", "args": {"learning_rate": 0.01}}
BCE, CCE, SCCE = "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"


def plain():
    yield case("mlp_mse_sgd", mlp(2, None), {"optimizer": SGD, "loss": "mse", "metrics": ["mae"]}, X, REAL)
    spec = {"optimizer": ADAM, "loss": BCE, "metrics": ["accuracy"]}
    yield case("mlp_binary_adam", mlp(1, "sigmoid"), spec, X, BINARY)
    note = "targets of shape (n,) against an output of (n, 1)"
    yield case("mlp_binary_flat_targets", mlp(1, "sigmoid"), spec, X, BINARY[:, 0].copy(), note)
    spec = {"optimizer": RMSPROP, "loss": SCCE, "metrics": ["accuracy"]}
    yield case("mlp_sparse_rmsprop", mlp(3, "softmax"), spec, X, LABELS)
    spec = {"optimizer": ADAM, "loss": CCE, "metrics": ["accuracy", "mse"]}
    yield case("mlp_categorical_adam", mlp(3, "softmax", hidden="selu"), spec, X, HOT)
    spec = {"optimizer": SGD, "loss": SCCE, "metrics": ["sparse_categorical_crossentropy", "accuracy"]}
    yield case("metrics_not_alphabetical", mlp(3, "softmax"), spec, X, LABELS, "the order of evaluate's list")
    loss = {"class": "CategoricalCrossentropy", "args": {"from_logits": True, "label_smoothing": 0.1}}
    yield case("mlp_logits_smoothing", mlp(3, None, hidden="elu"), {"optimizer": SGD, "loss": loss}, X, HOT)
    yield case("whole_batches", mlp(2, None), {"optimizer": SGD, "loss": "mae"}, X[:20], REAL[:20], "no smaller batch")
    yield case("batch_larger_than_data", mlp(2, None), {"optimizer": SGD, "loss": "mse"}, X, REAL, batch_size=64)
    yield case("default_batch_size", mlp(2, None), {"optimizer": SGD, "loss": "mse"}, np.tile(X, (2, 1)), np.tile(REAL, (2, 1)), "32", batch_size=None)
    yield case("strings_only", mlp(1, "sigmoid"), {"optimizer": "adam", "loss": "mse", "metrics": ["acc"]}, X, BINARY)


def convolutions():
    fresh()
    net = keras.Sequential(
        [
            keras.Input((7, 8, 2)),
            layers.Conv2D(3, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(2),
            layers.Conv2D(4, 2, activation="relu"),
            layers.BatchNormalization(momentum=0.8),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    spec = {"optimizer": ADAM, "loss": SCCE, "metrics": ["accuracy"]}
    yield case("conv_net_batch_norm", net, spec, IMAGES, LABELS, validation_split=0.25)
    fresh()
    net = keras.Sequential(
        [
            keras.Input((7, 8, 2)),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="tanh"),
            layers.AveragePooling2D(2, padding="same"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    yield case("conv_net_average", net, {"optimizer": SGD, "loss": CCE, "metrics": ["accuracy"]}, IMAGES, HOT)


def regularized():
    rules = {
        "kernel_l1": {"kernel_regularizer": keras.regularizers.L1(0.01)},
        "kernel_l2_bias_l1": {"kernel_regularizer": keras.regularizers.L2(0.02), "bias_regularizer": keras.regularizers.L1(0.03)},
        "kernel_l1_l2": {"kernel_regularizer": keras.regularizers.L1L2(0.01, 0.02)},
        "activity_l1": {"activity_regularizer": keras.regularizers.L1(0.05)},
        "activity_l2": {"activity_regularizer": keras.regularizers.L2(0.05)},
    }
    note = "the penalty is part of the loss that is reported, also by evaluate; activity penalties are divided by the batch size"
    for name, options in rules.items():
        spec = {"optimizer": SGD, "loss": "mse", "metrics": ["mse"]}
        yield case(f"regularized_{name}", mlp(2, None, **options), spec, X, REAL, note, validation_split=0.3)


def weighted():
    spec = {"optimizer": SGD, "loss": "mse", "metrics": ["mae"], "weighted_metrics": ["mae"]}
    yield case("sample_weight", mlp(2, None), spec, X, REAL, sample_weight=WEIGHTS, test={"sample_weight": WEIGHTS})
    spec = {"optimizer": SGD, "loss": SCCE, "metrics": ["accuracy"], "weighted_metrics": ["accuracy"]}
    classes = {0: 1.0, 1: 2.5, 2: 0.5}
    yield case("class_weight_sparse", mlp(3, "softmax"), spec, X, LABELS, class_weight=classes)
    spec = {**spec, "loss": CCE}
    yield case("class_weight_one_hot", mlp(3, "softmax"), spec, X, HOT, "a class left out weighs 1", class_weight={1: 2.5})
    spec = {"optimizer": SGD, "loss": BCE, "metrics": ["accuracy"]}
    yield case("class_weight_binary", mlp(1, "sigmoid"), spec, X, BINARY, class_weight={0: 0.5, 1: 3.0}, validation_split=0.2)
    fresh()
    net = keras.Sequential([keras.Input((4, 3)), layers.Dense(5, activation="tanh"), layers.Dense(3, activation="softmax")])
    x, y = wire.normal((ROWS, 4, 3), 8), wire.integers((ROWS, 4), 9, 3)
    spec = {"optimizer": ADAM, "loss": SCCE, "metrics": ["accuracy"], "weighted_metrics": ["accuracy"]}
    yield case("sequence_sample_weight", net, spec, x, y, "a weight a time step", sample_weight=wire.uniform((ROWS, 4), 10))


def validated():
    spec = {"optimizer": SGD, "loss": "mse", "metrics": ["mae"]}
    yield case("validation_split", mlp(2, None), spec, X, REAL, "the last rows", validation_split=0.3)
    data = {"validation_split": 0.3, "sample_weight": WEIGHTS}
    both = {**spec, "weighted_metrics": ["mse"]}
    yield case("validation_split_sample_weight", mlp(2, None), both, X, REAL, "weights are split too", **data)
    val = (wire.normal((9, 4), 11), wire.normal((9, 2), 12))
    yield case("validation_data", mlp(2, None), spec, X, REAL, validation_data=val)
    val3 = (*val, wire.uniform((9,), 13))
    yield case("validation_data_weighted", mlp(2, None), both, X, REAL, validation_data=val3, validation_batch_size=4)
    often = {"validation_freq": 2, "epochs": 5, "validation_steps": 1}
    yield case("validation_freq_and_steps", mlp(2, None), spec, X, REAL, validation_data=val, **often)
    yield case("validation_freq_list", mlp(2, None), spec, X, REAL, validation_data=val, validation_freq=[1, 3])
    yield case("initial_epoch", mlp(2, None), spec, X, REAL, initial_epoch=2, epochs=4)
    yield case("steps_per_epoch", mlp(2, None), spec, X, REAL, "each epoch goes on where the last stopped", steps_per_epoch=2, epochs=4)


def optimizer_options():
    ways = {
        "clipnorm": {"clipnorm": 0.1},
        "global_clipnorm": {"global_clipnorm": 0.1},
        "clipvalue": {"clipvalue": 0.02},
        "weight_decay": {"weight_decay": 0.1},
        "momentum_nesterov": {"momentum": 0.9, "nesterov": True},
        "ema": {"use_ema": True, "ema_momentum": 0.9},
        "accumulation": {"gradient_accumulation_steps": 2},
    }
    for name, args in ways.items():
        optimizer = {"class": "SGD", "args": {"learning_rate": 0.1, **args}}
        yield case(f"sgd_{name}", mlp(2, None), {"optimizer": optimizer, "loss": "mse"}, X, REAL, test={})


def graphs():
    yield case("two_inputs_two_outputs", *two_in_two_out({"size": "mse", "kind": SCCE}))
    args = two_in_two_out(["mse", SCCE])
    args[1]["loss_weights"] = [0.5, 2.0]
    args[1]["metrics"] = [["mae"], ["accuracy"]]
    yield case("two_outputs_lists", *args)
    args = two_in_two_out({"size": "mse", "kind": SCCE})
    args[1]["loss_weights"] = {"size": 0.5, "kind": 2.0}
    args[1]["metrics"] = {"kind": ["accuracy"], "size": ["mae", "mse"]}
    yield case("two_outputs_dicts", *args, validation_split=0.25)
    args = two_in_two_out(["mse", None])
    yield case("two_outputs_one_loss", *args)
    args = two_in_two_out(["mse", SCCE])
    args[1]["weighted_metrics"] = [["mae"], []]
    yield case("two_outputs_sample_weights", *args, sample_weight=[WEIGHTS, WEIGHTS[::-1].copy()])
    args = two_in_two_out(["mse", SCCE])
    yield case("two_outputs_one_sample_weight", *args, "one weight array serves all outputs", sample_weight=WEIGHTS)
    fresh()
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    twice = layers.Dense(3, activation="tanh", name="twice")
    y = layers.Dense(2, name="out")(layers.Add(name="sum")([twice(a), twice(b)]))
    x = [X, wire.normal((ROWS, 4), 14)]
    yield case("shared_layer", keras.Model([a, b], y), {"optimizer": SGD, "loss": "mse"}, x, REAL)
    fresh()
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(5, activation="relu"), layers.BatchNormalization()], name="inner")
    x = keras.Input((4,), name="x")
    outer = keras.Model(x, layers.Dense(2, name="head")(inner(x)), name="outer")
    yield case("nested_model", outer, {"optimizer": ADAM, "loss": "mse"}, X, REAL)
    fresh()
    frozen = keras.Sequential(
        [keras.Input((4,)), layers.Dense(5, activation="relu", trainable=False), layers.BatchNormalization(trainable=False), layers.Dense(2)]
    )
    yield case("frozen_layers", frozen, {"optimizer": ADAM, "loss": "mse"}, X, REAL)


def two_in_two_out(loss):
    fresh()
    image, numbers = keras.Input((7, 8, 2), name="image"), keras.Input((4,), name="numbers")
    x = layers.GlobalMaxPooling2D(name="peak")(layers.Conv2D(3, 3, activation="relu", name="look")(image))
    both = layers.Concatenate(name="both")([x, numbers])
    outputs = [layers.Dense(2, name="size")(both), layers.Dense(3, activation="softmax", name="kind")(both)]
    model = keras.Model([image, numbers], outputs, name="two")
    spec = {"optimizer": SGD, "loss": loss}
    y = {"size": REAL, "kind": LABELS} if isinstance(loss, dict) else [REAL, LABELS]
    return [model, spec, {"image": IMAGES, "numbers": X} if isinstance(loss, dict) else [IMAGES, X], y]


def batches():
    """`train_on_batch` and `test_on_batch`: what each call returns."""
    model = compiled(mlp(1, "sigmoid"), {"optimizer": SGD, "loss": BCE, "metrics": ["accuracy"]})
    out = {"note": "every call starts its metrics anew", "model": json.loads(model.to_json())}
    out["compile"] = {"optimizer": SGD, "loss": BCE, "metrics": ["accuracy"]}
    out["initial_weights"], out["calls"] = start(model), []
    calls = [("train", 0, 8, {}), ("train", 8, 12, {}), ("train", 12, 20, {}), ("test", 0, 10, {})]
    calls += [("test", 10, 22, {}), ("train", 0, 6, {"class_weight": {0: 2.0, 1: 0.5}}), ("train", 0, 6, {"sample_weight": WEIGHTS[:6]})]
    for kind, first, last, args in calls:
        result = getattr(model, f"{kind}_on_batch")(X[first:last], BINARY[first:last], **args)
        row = {"call": f"{kind}_on_batch", "rows": [first, last], "arguments": stored(args)}
        row["returns"] = [float(np.float32(v)) for v in result]
        out["calls"].append(row)
    out["x"], out["y"] = wire.array(X), wire.array(BINARY)
    out["predict_on_batch"] = wire.array(model.predict_on_batch(X[:3]))
    out["final_weights"] = weights(model)
    return out


def facts():
    groups = (plain, convolutions, regularized, weighted, validated, optimizer_options, graphs)
    return {
        "about": "evaluate and predict run after fit on all of x and y; history keys are in Keras' order",
        "cases": [c for group in groups for c in group()],
        "on_batch": batches(),
    }
