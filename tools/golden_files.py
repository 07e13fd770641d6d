"""Writes tests/files/golden: trained models as the real Keras saves them, with what they do next.

Each model is trained for three steps and saved as NAME.keras and NAME.h5. NAME.npz holds its inputs
x0 ..., its targets y0 ..., what it predicts (out0 ...), and what it predicts after three steps more in
batches of 4, in order (after0 ...), unless training is random.

    python tools/golden_files.py             # all
    python tools/golden_files.py attention   # some of golden_models.py
"""

import os
import pathlib
import shutil
import sys
import zipfile
import zlib

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import constraints, initializers, layers, losses, optimizers, regularizers

from golden_models import MODELS

FOLDER = pathlib.Path(__file__).parent.parent / "tests" / "files" / "golden"
ROWS, BATCH = 12, 4


def numbers(shape, low=-1.0, high=1.0):
    return np.random.uniform(low, high, shape).astype("float32")


def chain(x, *stack):
    for layer in stack:
        x = layer(x)
    return x


def pooled(x, rank, form=None):
    """Both global pools side by side."""
    average = getattr(layers, f"GlobalAveragePooling{rank}D")(form)(x)
    largest = getattr(layers, f"GlobalMaxPooling{rank}D")(form)(x)
    return layers.Concatenate()([average, largest])


def series():
    x = keras.Input((12, 4), name="series")
    a = chain(
        x,
        layers.Conv1D(6, 3, padding="causal", dilation_rate=2, use_bias=False, activation="tanh"),
        layers.BatchNormalization(),
        layers.MaxPooling1D(3, 2, "same"),
        layers.ZeroPadding1D((1, 2)),
        layers.DepthwiseConv1D(3, depth_multiplier=2, activation="relu"),
        layers.SpatialDropout1D(0.0),
        layers.UpSampling1D(2),
    )
    b = chain(
        x,
        layers.Conv1D(4, 4, 2, "same", groups=2, use_bias=False),
        layers.LayerNormalization(),
        layers.AveragePooling1D(2, 1, "same"),
        layers.Cropping1D((1, 1)),
        layers.PReLU(shared_axes=[1]),
        layers.Permute((2, 1)),
        layers.Reshape((2, -1)),
        layers.Flatten(),
        layers.RepeatVector(3),
    )
    merged = layers.Concatenate()([pooled(a, 1), pooled(b, 1)])
    return keras.Model(x, layers.Dense(3)(merged))


def images(form, name):
    axis = -1 if form == "channels_last" else 1
    x = keras.Input((8, 7, 3) if axis == -1 else (3, 8, 7), name=name)
    a = chain(
        x,
        layers.Rescaling(0.5, 0.1),
        layers.ZeroPadding2D(((1, 0), (0, 1)), form),
        layers.Conv2D(6, (3, 2), (2, 1), data_format=form, activation="relu"),
        layers.BatchNormalization(axis, momentum=0.8),
        layers.MaxPooling2D(2, 1, "same", form),
        layers.SpatialDropout2D(0.0, form),
        layers.Cropping2D(((1, 0), (1, 1)), form),
        layers.UpSampling2D((2, 1), form),
    )
    b = chain(
        x,
        layers.DepthwiseConv2D(3, (2, 2), "same", 2, form, activation="elu"),
        layers.Conv2D(4, 1, groups=2, data_format=form),
        layers.AveragePooling2D((2, 1), None, "same", form),
        layers.LeakyReLU(0.2),
        layers.Conv2D(4, 2, dilation_rate=2, padding="same", data_format=form),
        layers.LayerNormalization(axis),
    )
    merged = layers.Concatenate()([pooled(a, 2, form), pooled(b, 2, form), layers.Flatten(form)(b)])
    return keras.Model(x, layers.Dense(3)(merged), name=form)


def volumes():
    x = keras.Input((5, 4, 6, 2), name="volumes")
    a = chain(x, layers.Conv3D(3, (2, 3, 2), activation="selu"), layers.MaxPooling3D((1, 2, 2)))
    b = chain(x, layers.Conv3D(2, 2, 2, "same"), layers.AveragePooling3D(2, 1, "same"))
    return keras.Model(x, layers.Dense(2)(layers.Concatenate()([pooled(a, 3), pooled(b, 3)])))


ACTIVATIONS = (
    "linear relu softmax sigmoid tanh elu selu softplus softsign hard_sigmoid exponential gelu silu "
    "hard_silu leaky_relu relu6 mish log_softmax log_sigmoid celu hard_tanh hard_shrink soft_shrink "
    "tanh_shrink squareplus sparse_plus sparse_sigmoid sparsemax"
).split()


def activations():
    x = keras.Input((4,))
    shared = layers.Dense(5, name="before")(x)
    branches = [layers.Activation(name)(shared) for name in ACTIVATIONS]
    objects = [
        layers.ELU(0.7),
        layers.LeakyReLU(0.15),
        layers.PReLU("ones"),
        layers.ReLU(2.0, 0.1, 0.25),
        layers.Softmax(),
        layers.Activation(layers.LeakyReLU(negative_slope=0.3)),
        layers.Identity(),
        layers.ActivityRegularization(0.01, 0.02),
        layers.Dropout(0.0),
        layers.GaussianDropout(0.0),
        layers.GaussianNoise(0.0),
    ]
    branches += [layer(shared) for layer in objects]
    return keras.Model(x, layers.Dense(2)(layers.Concatenate()(branches)))


def networks():
    """Merges, shared layers, models inside, what is frozen, two inputs and outputs."""
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    twin = layers.Dense(4, activation="tanh", name="twin")
    inner_input = keras.Input((4,))
    inner = keras.Model(
        inner_input, chain(inner_input, layers.Dense(4), layers.BatchNormalization()), name="inner"
    )
    stack = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(4)], name="stack")
    p, q = stack(inner(twin(a))), layers.Dense(4, trainable=False)(twin(b))
    merges = [
        layers.Add(),
        layers.Average(),
        layers.Maximum(),
        layers.Minimum(),
        layers.Multiply(),
        layers.Subtract(),
    ]
    merged = layers.Concatenate()([merge([p, q]) for merge in merges])
    return keras.Model([a, b], [layers.Dense(2, name="first")(merged), layers.Dense(1, name="second")(q)])


def penalties():
    dense = [
        dict(kernel_regularizer=regularizers.L1L2(0.01, 0.02), activity_regularizer="l2"),
        dict(kernel_regularizer=regularizers.OrthogonalRegularizer(0.02), bias_regularizer="l1"),
        dict(kernel_constraint=constraints.MaxNorm(0.6), bias_constraint="non_neg"),
        dict(kernel_constraint=constraints.MinMaxNorm(0.3, 0.9, 0.5)),
        dict(kernel_constraint="unit_norm", bias_initializer=initializers.Constant(0.5)),
        dict(kernel_constraint="non_neg", kernel_initializer="orthogonal", use_bias=False),
    ]
    x = keras.Input((5,))
    branches = [layers.Dense(5, activation="tanh", **options)(x) for options in dense]
    return keras.Model(x, layers.Dense(2)(layers.Concatenate()(branches)))


def sequences():
    x = keras.Input((6, 3), name="sequences")
    # Without a mask, which Keras writes into .h5 as an op and does not read back.
    both = layers.Bidirectional(layers.LSTM(4, return_sequences=True, unit_forget_bias=False))(x)
    each = layers.TimeDistributed(layers.Dense(3, activation="tanh"))(both)
    top = layers.SimpleRNN(3, go_backwards=True, use_bias=False)(each)
    cells = [layers.LSTMCell(4), layers.GRUCell(2, reset_after=False)]
    stacked = layers.RNN(layers.StackedRNNCells(cells))(each)
    _, h, c = layers.LSTM(3, return_state=True)(x)
    decoded = layers.LSTM(3)(x, initial_state=[h, c])
    turned = layers.Bidirectional(layers.GRU(2), "sum", backward_layer=layers.GRU(2, go_backwards=True, activation="elu"))(x)
    convolved = layers.ConvLSTM1D(2, 2, padding="same")(layers.Reshape((6, 3, 1))(x))
    merged = layers.Concatenate()([top, stacked, decoded, turned, layers.Flatten()(convolved)])
    return keras.Model(x, layers.Dense(3)(merged))


def small():
    return keras.Sequential([keras.Input((3,)), layers.Dense(2, activation="tanh"), layers.Dense(2)])


def every_loss():
    """Losses with the lowest and highest target, and whether outputs are probabilities."""
    wide = (-1.0, 1.0)
    return {
        "mse": (losses.MeanSquaredError("sum"), wide, None),
        "mae": (losses.MeanAbsoluteError(), wide, None),
        "mape": (losses.MeanAbsolutePercentageError(), (1.0, 2.0), None),
        "msle": (losses.MeanSquaredLogarithmicError(), (0.0, 2.0), None),
        # Its delta is not written: Keras' own files come back with 1.
        "huber": (losses.Huber(), wide, None),
        "log_cosh": (losses.LogCosh(), wide, None),
        "hinge": (losses.Hinge(), "signs", None),
        "squared_hinge": (losses.SquaredHinge(), "signs", None),
        "categorical_hinge": (losses.CategoricalHinge(), "one-hot", None),
        "poisson": (losses.Poisson(), (0.0, 2.0), "softplus"),
        "kl": (losses.KLDivergence(), "rows", "softmax"),
        "cosine": (losses.CosineSimilarity(axis=-1), wide, None),
        "bits": (losses.BinaryCrossentropy(), "bits", "sigmoid"),
        "bit_logits": (losses.BinaryCrossentropy(True, 0.1), "bits", None),
        "classes": (losses.CategoricalCrossentropy(label_smoothing=0.2), "one-hot", "softmax"),
        "class_logits": (losses.CategoricalCrossentropy(True), "one-hot", None),
        "labels": (losses.SparseCategoricalCrossentropy(), "labels", "softmax"),
        "label_logits": (losses.SparseCategoricalCrossentropy(True, ignore_class=1), "labels", None),
        "focal_bits": (losses.BinaryFocalCrossentropy(True, 0.3, 1.5), "bits", "sigmoid"),
        "focal_classes": (losses.CategoricalFocalCrossentropy(0.3, 1.5), "one-hot", "softmax"),
    }


def targets(kind, shape):
    labels = np.random.randint(0, 3, (ROWS, 1))
    match kind:
        case "signs":
            return np.sign(numbers(shape))
        case "bits":
            return np.random.randint(0, 2, shape).astype("float32")
        case "labels":
            return labels
        case "one-hot":
            return np.eye(3, dtype="float32")[labels[:, 0]]
        case "rows":
            rows = numbers(shape, 0.1, 1.0)
            return rows / rows.sum(-1, keepdims=True)
        case _:
            return numbers(shape, *kind)


def loss_model():
    x = keras.Input((4,))
    shared = layers.Dense(4, activation="tanh")(x)
    table = every_loss()
    outputs = [layers.Dense(3, activation=a, name=name)(shared) for name, (_, _, a) in table.items()]
    model = keras.Model(x, outputs)
    weights = [0.1 + 0.05 * i for i in range(len(outputs))]
    model.compile(optimizers.SGD(0.05), [loss for loss, _, _ in table.values()], loss_weights=weights)
    return model, [targets(kind, (ROWS, 3)) for _, kind, _ in table.values()]


def every_optimizer():
    rate = optimizers.schedules
    return {
        "sgd": optimizers.SGD(0.1, 0.9, nesterov=True, clipnorm=0.5),
        "rmsprop": optimizers.RMSprop(0.01, 0.8, 0.1, centered=True, weight_decay=0.01),
        "adam": optimizers.Adam(rate.ExponentialDecay(0.1, 2, 0.9), amsgrad=True),
        "adamw": optimizers.AdamW(rate.CosineDecay(0.1, 10, 0.5, warmup_target=0.3, warmup_steps=2)),
        "adagrad": optimizers.Adagrad(rate.PiecewiseConstantDecay([2, 4], [0.3, 0.2, 0.1])),
        "adadelta": optimizers.Adadelta(rate.PolynomialDecay(0.5, 8, 0.01, 2.0), clipvalue=0.05),
        "adamax": optimizers.Adamax(rate.InverseTimeDecay(0.1, 2, 0.5)),
        "nadam": optimizers.Nadam(rate.CosineDecayRestarts(0.1, 4, 1.5, 0.9, 0.1)),
        "lion": optimizers.Lion(0.01, global_clipnorm=0.5),
        "gathered": optimizers.Adam(0.05, gradient_accumulation_steps=2),
    }


def more_optimizers():
    """Written last: what stands before keeps its numbers."""
    rate = optimizers.schedules
    return {
        "adafactor": optimizers.Adafactor(0.1, weight_decay=0.01),
        "ftrl": optimizers.Ftrl(0.1, l1_regularization_strength=0.01, beta=0.1),
        "lamb": optimizers.Lamb(rate.ExponentialDecay(0.1, 2, 0.9)),
        "muon": optimizers.Muon(0.05, momentum=0.9, adam_lr_ratio=0.5),
        "schedulefreeadamw": optimizers.ScheduleFreeAdamW(0.05, warmup_steps=2),
    }


def compiled_small(several):
    for name, optimizer in several.items():
        keras.utils.clear_session()
        model = small()
        model.compile(optimizer, "mean_squared_error")
        yield f"optimizer_{name}", model, [numbers((ROWS, 2))]


def models():
    """Name, compiled model, targets."""
    plain = {
        "series": (series, optimizers.Adam(0.01)),
        "images": (lambda: images("channels_last", "images"), optimizers.SGD(0.05, 0.9)),
        "images_first": (lambda: images("channels_first", "images"), optimizers.RMSprop(0.01)),
        "volumes": (volumes, optimizers.SGD(0.05)),
        "activations": (activations, optimizers.SGD(0.01)),
        "networks": (networks, optimizers.SGD(0.05, 0.5)),
        "penalties": (penalties, optimizers.SGD(0.05)),
    }
    for name, (build, optimizer) in plain.items():
        keras.utils.clear_session()
        model = build()
        # Full names: Keras does not read the short ones back from .h5.
        model.compile(optimizer, "mean_squared_error")
        yield name, model, [numbers((ROWS, *output.shape[1:])) for output in model.outputs]
    yield from compiled_small(every_optimizer())
    keras.utils.clear_session()
    yield "losses", *loss_model()
    yield from compiled_small(more_optimizers())
    yield recurrent()


def recurrent():
    """With seeds of its own, so that it can be written alone."""
    keras.utils.clear_session()
    np.random.seed(3)
    keras.utils.set_random_seed(4)
    model = sequences()
    model.compile(optimizers.Adam(0.01), "mean_squared_error")
    return "sequences", model, [numbers((ROWS, 3))]


def listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def pack(path):
    """The same members, deflated: most of what HDF5 writes is empty."""
    with zipfile.ZipFile(path) as file:
        members = [(name, file.read(name)) for name in file.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, data in members:
            file.writestr(name, data)


def write(name, model, y, x=None, is_trained=True):
    x = x or [numbers((ROWS, *tensor.shape[1:])) for tensor in model.inputs]
    fit = lambda: model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0)
    fit()
    # In this order: after writing .h5 Keras forgets the optimizer in .keras.
    model.save(FOLDER / f"{name}.keras")
    # Keras gives two variables of the one a single name there, and cannot copy the other.
    if name not in ("optimizer_adafactor", "random_pictures"):
        model.save(FOLDER / f"{name}.h5")
    pack(FOLDER / f"{name}.keras")
    out = listed(model.predict(x, verbose=0))
    lists = {"x": x, "y": y, "out": out}
    if is_trained:
        fit()
        lists["after"] = listed(model.predict(x, verbose=0))
    arrays = {f"{key}{i}": array for key, own in lists.items() for i, array in enumerate(own)}
    np.savez_compressed(FOLDER / f"{name}.npz", **arrays)


def write_more(build):
    """One of golden_models.py."""
    seed = zlib.crc32(build.__name__.encode())
    np.random.seed(seed)
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    case = build()
    model = case["model"]
    random_targets = [numbers((ROWS, *output.shape[1:])) for output in model.outputs]
    y, loss = case.get("y") or (random_targets, "mean_squared_error")
    model.compile(case["optimizer"], loss)
    write(build.__name__, model, y, case.get("x"), case.get("is_trained", True))


def main(wanted):
    known = [build.__name__ for build in MODELS]
    if unknown := [name for name in wanted if name not in known]:
        sys.exit(f"unknown {unknown}; known: {known}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not wanted:
        shutil.rmtree(FOLDER)
        FOLDER.mkdir()
        np.random.seed(1)
        keras.utils.set_random_seed(2)
        for name, model, y in models():
            write(name, model, y)
    for build in MODELS:
        if not wanted or build.__name__ in wanted:
            write_more(build)
            print(build.__name__)
    sizes = [path.stat().st_size for path in FOLDER.iterdir()]
    print(f"{len(sizes)} files, {sum(sizes)} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
