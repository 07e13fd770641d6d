"""Names, order and defaults of every argument, and how objects are written in a model file."""

import inspect

import keras

LAYERS = {
    "InputLayer": {"shape": [3]},
    "Dense": {"units": 2},
    "Activation": {"activation": "relu"},
    "Dropout": {"rate": 0.5},
    "Flatten": {},
    "Reshape": {"target_shape": [2, 3]},
    "Conv2D": {"filters": 2, "kernel_size": 3},
    "MaxPooling2D": {},
    "AveragePooling2D": {"pool_size": 2},
    "GlobalAveragePooling2D": {},
    "GlobalMaxPooling2D": {},
    "BatchNormalization": {},
    "Add": {},
    "Concatenate": {},
    "Identity": {},
    "Conv1D": {"filters": 2, "kernel_size": 3},
    "Conv3D": {"filters": 2, "kernel_size": 3},
    "DepthwiseConv1D": {"kernel_size": 3},
    "DepthwiseConv2D": {"kernel_size": 3},
    "MaxPooling1D": {},
    "MaxPooling3D": {},
    "AveragePooling1D": {"pool_size": 2},
    "AveragePooling3D": {"pool_size": 2},
    "GlobalAveragePooling1D": {},
    "GlobalAveragePooling3D": {},
    "GlobalMaxPooling1D": {},
    "GlobalMaxPooling3D": {},
    "LayerNormalization": {},
    "Average": {},
    "Maximum": {},
    "Minimum": {},
    "Multiply": {},
    "Subtract": {},
    "Cropping1D": {},
    "Cropping2D": {},
    "Permute": {"dims": [2, 1]},
    "RepeatVector": {"n": 3},
    "UpSampling1D": {},
    "UpSampling2D": {},
    "ZeroPadding1D": {},
    "ZeroPadding2D": {},
    "ActivityRegularization": {},
    "GaussianDropout": {"rate": 0.5},
    "GaussianNoise": {"stddev": 0.5},
    "SpatialDropout1D": {"rate": 0.5},
    "SpatialDropout2D": {"rate": 0.5},
    "ELU": {},
    "LeakyReLU": {},
    "PReLU": {},
    "ReLU": {},
    "Softmax": {},
    "Rescaling": {"scale": 0.5},
}
INITIALIZERS = {
    n: {}
    for n in (
        "Zeros Ones Constant RandomNormal RandomUniform TruncatedNormal VarianceScaling Orthogonal Identity "
        "LecunNormal LecunUniform GlorotNormal GlorotUniform HeNormal HeUniform"
    ).split()
}
REGULARIZERS = {"L1": {}, "L2": {}, "L1L2": {}, "OrthogonalRegularizer": {}}
CONSTRAINTS = {"MaxNorm": {}, "MinMaxNorm": {}, "NonNeg": {}, "UnitNorm": {}}
LOSSES = {
    n: {}
    for n in (
        "MeanSquaredError MeanAbsoluteError BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy"
    ).split()
}
METRICS = {
    n: {}
    for n in (
        "Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy MeanSquaredError MeanAbsoluteError Mean"
    ).split()
}
OPTIMIZERS = {"SGD": {}, "RMSprop": {}, "Adam": {}}
CALLBACKS = {
    "History": {},
    "EarlyStopping": {},
    "ModelCheckpoint": {"filepath": "best.keras"},
    "CSVLogger": {"filename": "log.csv"},
    "TerminateOnNaN": {},
    "LambdaCallback": {},
}
FAMILIES = {
    "layers": LAYERS,
    "initializers": INITIALIZERS,
    "regularizers": REGULARIZERS,
    "constraints": CONSTRAINTS,
    "losses": LOSSES,
    "metrics": METRICS,
    "optimizers": OPTIMIZERS,
    "callbacks": CALLBACKS,
}
METHODS = [
    (keras.Model, m)
    for m in "compile fit evaluate predict train_on_batch test_on_batch predict_on_batch summary save".split()
] + [(keras.Sequential, "__init__")]
FUNCTIONS = {
    "keras.Input": keras.Input,
    "keras.utils.to_categorical": keras.utils.to_categorical,
    "keras.utils.set_random_seed": keras.utils.set_random_seed,
    "keras.datasets.mnist.load_data": keras.datasets.mnist.load_data,
    **{
        f"keras.activations.{n}": getattr(keras.activations, n)
        for n in (
            "softmax elu selu softplus softsign relu tanh sigmoid hard_sigmoid exponential linear leaky_relu gelu"
        ).split()
    },
}


def parameters(function):
    """Arguments in order: `default` is absent where the argument is required."""
    out = []
    for p in inspect.signature(function).parameters.values():
        if p.name == "self":
            continue
        row = {"name": p.name}
        if p.kind is p.VAR_KEYWORD:
            row["kind"] = "any keyword"
        elif p.kind is p.VAR_POSITIONAL:
            row["kind"] = "any positional"
        elif p.default is not p.empty:
            row["default"] = plain(p.default)
        out.append(row)
    return out


def plain(value):
    """Any default as JSON; objects become their serialised form, the rest its text."""
    if isinstance(value, (type(None), bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    try:
        return plain(keras.saving.serialize_keras_object(value))
    except (TypeError, ValueError):
        return repr(value)


def of_class(family, name, required):
    keras.utils.clear_session()
    cls = getattr(getattr(keras, family), name)
    out = {"name": name, "arguments": parameters(cls.__init__), "made_with": required}
    if family == "callbacks":
        return out
    out["config"] = plain(cls(**required).get_config())
    return out


def custom():
    """Objects with non-default settings, in the form a `.keras` file holds them."""
    keras.utils.clear_session()
    k = keras
    objects = [
        k.layers.InputLayer(shape=(None, 3), batch_size=4, dtype="int32", name="in"),
        k.layers.Dense(
            7,
            activation="selu",
            use_bias=False,
            kernel_initializer=k.initializers.HeNormal(seed=3),
            kernel_regularizer=k.regularizers.L1L2(0.1, 0.2),
            activity_regularizer="l2",
            kernel_constraint=k.constraints.MaxNorm(2),
            trainable=False,
            name="seven",
        ),
        k.layers.Activation("hard_sigmoid"),
        k.layers.Activation(k.activations.softmax),
        k.layers.Dropout(0.3, noise_shape=(None, 1), seed=5),
        k.layers.Flatten(data_format="channels_first"),
        k.layers.Reshape((-1, 9)),
        k.layers.Conv2D(
            4, (3, 5), strides=2, padding="same", data_format="channels_first", dilation_rate=1, groups=2, bias_initializer="ones"
        ),
        k.layers.MaxPooling2D(3, strides=(1, 2), padding="same"),
        k.layers.AveragePooling2D((2, 3), data_format="channels_first"),
        k.layers.GlobalAveragePooling2D(keepdims=True),
        k.layers.GlobalMaxPooling2D(data_format="channels_first"),
        k.layers.BatchNormalization(axis=1, momentum=0.9, epsilon=1e-5, center=False, gamma_regularizer="l1", synchronized=False),
        k.layers.Add(name="sum"),
        k.layers.Concatenate(axis=1),
        k.initializers.Constant(0.5),
        k.initializers.RandomNormal(1.0, 2.0, seed=1),
        k.initializers.RandomUniform(-1, 1, seed=2),
        k.initializers.TruncatedNormal(0.1, 0.2),
        k.initializers.VarianceScaling(2.0, "fan_out", "uniform"),
        k.initializers.Orthogonal(0.5),
        k.initializers.Identity(2.0),
        k.regularizers.L1(0.3),
        k.regularizers.L2(0.4),
        k.regularizers.L1L2(0.5, 0.6),
        k.losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.1, reduction="sum", name="b"),
        k.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1),
        k.losses.MeanSquaredError(reduction="none"),
        k.metrics.BinaryAccuracy(name="hit", threshold=0.7),
        k.metrics.Mean(name="average"),
        k.optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=1.0, weight_decay=0.01),
        k.optimizers.RMSprop(0.002, rho=0.8, momentum=0.1, centered=True, clipvalue=0.5),
        k.optimizers.Adam(
            0.003, beta_1=0.8, amsgrad=True, global_clipnorm=2.0, use_ema=True, ema_overwrite_frequency=10, gradient_accumulation_steps=2
        ),
        k.optimizers.SGD(k.optimizers.schedules.ExponentialDecay(0.1, 100, 0.9)),
    ]
    return [plain(keras.saving.serialize_keras_object(o)) for o in objects]


def models():
    """Whole models as `to_json` writes them: Sequential, functional, and the compile arguments."""
    keras.utils.clear_session()
    layers = keras.layers
    sequential = keras.Sequential([keras.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(1)])
    sequential.compile("adam", "mse", metrics=["mae", keras.metrics.BinaryAccuracy(threshold=0.3)])
    unbuilt = keras.Sequential([layers.Dense(3)])
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = layers.Dense(3, name="shared")
    both = layers.Concatenate(name="both")([shared(a), shared(b)])
    functional = keras.Model([a, b], [layers.Dense(1, name="out")(both), both], name="two")
    functional.compile(
        keras.optimizers.SGD(0.5, momentum=0.1), {"out": "mse", "both": "mae"}, loss_weights={"out": 1.0, "both": 0.5}
    )
    named = {"sequential": sequential, "unbuilt": unbuilt, "functional": functional}
    out = []
    for name, model in named.items():
        import json

        row = {"name": name, "json": json.loads(model.to_json())}
        row["compile_config"] = plain(model.get_compile_config())
        out.append(row)
    return out


def facts():
    methods = {f"{c.__name__}.{m}": parameters(getattr(c, m)) for c, m in METHODS}
    return {
        "about": "an argument without default is required; config = get_config() of an instance made with made_with",
        **{f: [of_class(f, n, r) for n, r in names.items()] for f, names in FAMILIES.items()},
        "methods": {**methods, **{n: parameters(f) for n, f in FUNCTIONS.items()}},
        "serialized": custom(),
        "models": models(),
        "image_data_format": keras.config.image_data_format(),
        "epsilon": keras.config.epsilon(),
        "floatx": keras.config.floatx(),
    }
