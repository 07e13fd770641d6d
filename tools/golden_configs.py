"""Writes tests/golden/configs.json: the JSON that Keras itself writes for models.

Each layer that Ferras has stands in it in an unusual setting; so do models with branches, shared
layers and models inside, and everything that a model can be compiled with.

    python tools/golden_configs.py
"""

import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
from keras import constraints, initializers, layers, losses, metrics, optimizers, regularizers
from keras.src.saving.serialization_lib import serialize_keras_object

OUTPUT = pathlib.Path(__file__).parent.parent / "tests" / "golden" / "configs.json"


def single_layers():
    """Layers with the shape of one sample."""
    image = (8, 9, 4)
    yield layers.Activation("gelu"), (4,)
    yield layers.Activation(layers.LeakyReLU(negative_slope=0.2)), (4,)
    yield layers.Dense(
        3,
        activation="swish",
        use_bias=False,
        kernel_initializer=initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", 7),
        kernel_regularizer=regularizers.L1L2(0.01, 0.02),
        activity_regularizer="l1",
        kernel_constraint=constraints.MinMaxNorm(0.1, 2.0, 0.5, 0),
        trainable=False,
        dtype="float64",
        name="odd dense",
    ), (5, 4)
    yield layers.Dense(
        2,
        kernel_initializer="orthogonal",
        bias_initializer=initializers.Constant(0.5),
        bias_regularizer=regularizers.L2(0.125),
        kernel_regularizer=regularizers.OrthogonalRegularizer(0.02, "columns"),
        kernel_constraint="non_neg",
        bias_constraint=constraints.MaxNorm(3, axis=0),
    ), (4,)
    yield layers.Identity(), (3,)
    yield layers.Conv1D(
        4, 3, 2, "same", groups=2, activation="tanh", kernel_initializer="he_normal"
    ), (9, 4)
    yield layers.Conv2D(
        6,
        (3, 2),
        (2, 1),
        data_format="channels_first",
        kernel_initializer=initializers.RandomNormal(0.1, 0.2, seed=3),
        bias_initializer=initializers.RandomUniform(-0.1, 0.1),
        kernel_constraint=constraints.UnitNorm(axis=[0, 1, 2]),
        activity_regularizer=regularizers.L1L2(0.1, 0.2),
    ), (4, 8, 9)
    yield layers.Conv2D(6, 3, dilation_rate=2, kernel_initializer="truncated_normal"), image
    yield layers.Conv3D(2, (1, 2, 3), kernel_initializer="lecun_uniform"), (4, 4, 4, 2)
    yield layers.DepthwiseConv1D(3, 2, depth_multiplier=2), (9, 4)
    yield layers.DepthwiseConv2D(
        (3, 2), padding="same", depthwise_initializer="glorot_normal", use_bias=False
    ), image
    yield layers.AveragePooling1D(2, 3, "same"), (9, 4)
    yield layers.AveragePooling2D((2, 3), 1), image
    yield layers.AveragePooling3D(2), (4, 4, 4, 2)
    yield layers.MaxPooling1D(3, 2), (9, 4)
    yield layers.MaxPooling2D(2, data_format="channels_first"), (4, 8, 9)
    yield layers.MaxPooling3D((1, 2, 1), padding="same"), (4, 4, 4, 2)
    yield layers.GlobalAveragePooling1D(keepdims=True), (9, 4)
    yield layers.GlobalAveragePooling2D("channels_first"), image
    yield layers.GlobalAveragePooling3D(), (4, 4, 4, 2)
    yield layers.GlobalMaxPooling1D("channels_first"), (9, 4)
    yield layers.GlobalMaxPooling2D(keepdims=True), image
    yield layers.GlobalMaxPooling3D(), (4, 4, 4, 2)
    yield layers.BatchNormalization(
        1, 0.9, 0.01, center=False, gamma_initializer="uniform", gamma_regularizer="l2"
    ), image
    yield layers.LayerNormalization([1, 2], 0.01, scale=False, beta_constraint="unit_norm"), (5, 4)
    yield layers.Cropping1D((1, 2)), (9, 4)
    yield layers.Cropping2D(((1, 0), (2, 1))), image
    yield layers.Flatten("channels_first"), image
    yield layers.Permute((3, 1, 2)), image
    yield layers.RepeatVector(3), (4,)
    yield layers.Reshape((-1, 2)), (5, 4)
    yield layers.UpSampling1D(3), (9, 4)
    yield layers.UpSampling2D((2, 3), "channels_first"), image
    yield layers.ZeroPadding1D(2), (9, 4)
    yield layers.ZeroPadding2D(((1, 2), (0, 3))), image
    yield layers.ActivityRegularization(0.5, 0.25), (4,)
    yield layers.Dropout(0.25, noise_shape=(None, 1), seed=11), (4,)
    yield layers.GaussianDropout(0.3), (4,)
    yield layers.GaussianNoise(0.2, seed=5), (4,)
    yield layers.SpatialDropout1D(0.4), (9, 4)
    yield layers.SpatialDropout2D(0.4, "channels_first"), image
    yield layers.ELU(0.7), (4,)
    yield layers.LeakyReLU(0.15), (4,)
    yield layers.PReLU("ones", shared_axes=[1, 2], alpha_constraint="non_neg"), image
    yield layers.ReLU(6.0, 0.1, 0.5), (4,)
    yield layers.Softmax(axis=[1, 2]), (5, 4)
    yield layers.Rescaling(1 / 127.5, -1.0), image


def merges():
    """Layers of several inputs."""
    for layer in [
        layers.Add(),
        layers.Average(),
        layers.Concatenate(1),
        layers.Maximum(),
        layers.Minimum(),
        layers.Multiply(),
        layers.Subtract(),
    ]:
        inputs = [keras.Input((3, 4)), keras.Input((3, 4))]
        yield layer.name, keras.Model(inputs, layer(inputs))


def networks():
    """How layers are put together."""
    yield "stack of unknown input", keras.Sequential([layers.Dense(3), layers.Dropout(0.5)])
    image = keras.Input((6, 6, 2), name="image")
    facts = keras.Input((4,), dtype="float32", name="facts")
    seen = layers.Flatten()(layers.Conv2D(3, 3, activation="relu")(image))
    twin = layers.Dense(5, name="twin")
    a, b = twin(facts), twin(layers.Dense(4)(seen))
    shared = twin(layers.Dense(4)(a))
    verdict = layers.Concatenate(name="both")([a, b, shared])
    fixed = keras.Input((4,), batch_size=8)
    yield "fixed batch", keras.Model(fixed, layers.Dense(2)(fixed))
    yield "two inputs, shared layer, two outputs", keras.Model([image, facts], [verdict, b])
    inner_input = keras.Input((4,))
    inner = keras.Model(
        inner_input, layers.BatchNormalization()(layers.Dense(4)(inner_input)), name="inner"
    )
    stack = keras.Sequential([keras.Input((4,)), layers.Dense(4), layers.Dropout(0.1)], name="stack")
    x = keras.Input((4,), name="x")
    y = layers.Add()([inner(x, training=False), stack(inner(x))])
    yield "models inside, one used twice", keras.Model(x, [y, inner(y)], name="outer")
    inner.trainable = False
    yield "frozen model inside", keras.Model(x, layers.Dense(1)(inner(x)))
    yield "stack of models", keras.Sequential([inner, stack, layers.Dense(2)], name="stacks")
    deep = keras.Sequential([keras.Input((4,)), keras.Sequential([keras.Input((4,)), stack])])
    yield "stack in stack in stack", deep


def compiled():
    """What a model can be compiled with."""
    rate = optimizers.schedules
    for i, optimizer in enumerate(
        [
            optimizers.SGD(0.1, 0.9, nesterov=True, clipnorm=1.0),
            optimizers.RMSprop(rho=0.8, momentum=0.1, centered=True, weight_decay=0.01),
            optimizers.Adam(rate.ExponentialDecay(0.1, 100, 0.9, True), amsgrad=True),
            optimizers.AdamW(rate.CosineDecay(0.1, 100, 0.5, warmup_target=0.3, warmup_steps=5)),
            optimizers.Adagrad(rate.PiecewiseConstantDecay([10, 20], [0.3, 0.2, 0.1])),
            optimizers.Adadelta(rate.PolynomialDecay(0.1, 50, 0.01, 2.0, True), clipvalue=0.5),
            optimizers.Adamax(rate.InverseTimeDecay(0.1, 10, 0.5)),
            optimizers.Nadam(rate.CosineDecayRestarts(0.1, 50, 1.5, 0.9, 0.1)),
            optimizers.Lion(use_ema=True, ema_overwrite_frequency=10, global_clipnorm=2.0),
            optimizers.Adam(gradient_accumulation_steps=4, loss_scale_factor=8.0, name="mine"),
        ]
    ):
        model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
        model.compile(optimizer, "mse", metrics=["accuracy", "mae"], weighted_metrics=["mse"])
        yield f"optimizer {i} {optimizer.name}", model
    for loss in [
        losses.BinaryCrossentropy(True, 0.1, name="bits"),
        losses.CategoricalCrossentropy(label_smoothing=0.2, reduction="sum"),
        losses.SparseCategoricalCrossentropy(True, ignore_class=-1),
        losses.MeanSquaredError("sum"),
        losses.MeanAbsoluteError("mean_with_sample_weight"),
        losses.MeanAbsolutePercentageError(),
        losses.MeanSquaredLogarithmicError(),
        losses.LogCosh(),
        losses.Hinge(),
        losses.SquaredHinge(),
        losses.CategoricalHinge(),
        losses.KLDivergence(),
        losses.Poisson(),
        losses.CosineSimilarity(axis=1),
        losses.BinaryFocalCrossentropy(True, 0.3, 1.5, label_smoothing=0.1),
        losses.CategoricalFocalCrossentropy(0.3, 1.5),
    ]:
        model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
        model.compile("sgd", loss)
        yield f"loss {loss.name}", model
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    outputs = [layers.Dense(1, name="p")(a), layers.Dense(2, name="q")(b)]
    model = keras.Model([a, b], outputs)
    model.compile(
        "adam",
        ["mse", losses.CategoricalCrossentropy(from_logits=True)],
        loss_weights=[1.0, 0.5],
        metrics=[[], [metrics.Precision(0.7, name="sure"), "acc"]],
    )
    yield "losses in a list", model
    model = keras.Model([a, b], outputs)
    model.compile(
        "adam", {"p": "mae", "q": "mse"}, loss_weights={"p": 2.0, "q": 1.0}, metrics={"q": ["mse"]}
    )
    yield "losses by name", model
    every = [
        metrics.Accuracy(),
        metrics.BinaryAccuracy(threshold=0.3),
        metrics.CategoricalAccuracy(),
        metrics.SparseCategoricalAccuracy(),
        metrics.TopKCategoricalAccuracy(3),
        metrics.SparseTopKCategoricalAccuracy(2, name="top"),
        metrics.MeanSquaredError(),
        metrics.RootMeanSquaredError(),
        metrics.MeanAbsoluteError(),
        metrics.MeanAbsolutePercentageError(),
        metrics.MeanSquaredLogarithmicError(),
        metrics.LogCoshError(),
        metrics.Hinge(),
        metrics.SquaredHinge(),
        metrics.CategoricalHinge(),
        metrics.KLDivergence(),
        metrics.Poisson(),
        metrics.CosineSimilarity(),
        metrics.BinaryCrossentropy(label_smoothing=0.1),
        metrics.CategoricalCrossentropy(from_logits=True),
        metrics.SparseCategoricalCrossentropy(),
        metrics.Precision(0.2),
        metrics.Recall(top_k=2, class_id=1),
    ]
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    model.compile("sgd", "mse", metrics=every)
    yield "every metric", model


def main():
    cases = []
    for layer, shape in single_layers():
        keras.utils.clear_session()
        x = keras.Input(shape, name="x")
        kind = type(layer).__name__
        cases.append((kind, keras.Model(x, layer(x), name="one")))
    cases += [*merges(), *networks(), *compiled()]
    cases = [{"case": name, "json": serialize_keras_object(model)} for name, model in cases]
    rows = ",\n".join(json.dumps(case) for case in cases)
    OUTPUT.write_text(f'{{"keras": "{keras.__version__}", "cases": [\n{rows}\n]}}\n')
    print(f"{len(cases)} cases, {OUTPUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
