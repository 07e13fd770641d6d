"""More models for tests/files/golden, each drawn from a seed of its own: one can be added or written
again without the others. `golden_files.py` saves them.

A function of `MODELS` gives the model with its optimizer, and what is unlike others: `x`, inputs other
than numbers between -1 and 1; `y`, targets and losses; `is_trained`, whether three steps more are
the same every time.
"""

import keras
import numpy as np
from keras import layers, losses, ops, optimizers
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

ROWS = 12


def numbers(shape, low=-1.0, high=1.0):
    return np.random.uniform(low, high, (ROWS, *shape)).astype("float32")


def whole(shape, high, low=0):
    return np.random.randint(low, high, (ROWS, *shape)).astype("int32")


def chain(x, *stack):
    for layer in stack:
        x = layer(x)
    return x


def averaged(*branches):
    """All branches as one row a sample."""
    rows = [layers.GlobalAveragePooling1D()(b) if len(b.shape) == 3 else layers.Flatten()(b) for b in branches]
    return layers.Concatenate()(rows)


def attention():
    query, value = keras.Input((5, 8), name="query"), keras.Input((4, 8), name="value")
    allowed = keras.Input((5, 4), name="allowed", dtype="bool")
    multi = layers.MultiHeadAttention(2, 3, output_shape=6)
    branches = [
        layers.Attention()([query, value]),
        layers.Attention(use_scale=True, score_mode="concat")([query, value, ops.tanh(value)]),
        layers.AdditiveAttention()([query, value]),
        layers.AdditiveAttention(use_scale=False)([query, value], use_causal_mask=True),
        multi(query, value),
        multi(query, value, key=value * 0.5, attention_mask=allowed),
        layers.MultiHeadAttention(3, 2, use_bias=False, attention_axes=(1,))(value, value, use_causal_mask=True),
        layers.GroupQueryAttention(4, 4, 2)(query, value),
        layers.GroupQueryAttention(2, 2, 1, use_bias=False)(query, value, attention_mask=allowed),
    ]
    model = keras.Model([query, value, allowed], layers.Dense(2)(averaged(*branches)))
    mask = np.random.uniform(size=(ROWS, 5, 4)) < 0.6
    mask[:, :, 0] = True
    return dict(model=model, optimizer=optimizers.SGD(0.05, 0.5), x=[numbers((5, 8)), numbers((4, 8)), mask])


def normalizations():
    x = keras.Input((6, 4), name="x")
    branches = [
        layers.GroupNormalization(2, axis=-1, epsilon=0.01)(x),
        layers.GroupNormalization(-1, axis=1, scale=False)(x),
        layers.RMSNormalization(axis=-1, epsilon=0.01)(x),
        layers.UnitNormalization(axis=-1)(x),
        layers.SpectralNormalization(layers.Dense(3, activation="tanh"), power_iterations=2)(x),
        layers.SpectralNormalization(layers.Conv1D(3, 2))(x),
        layers.LayerNormalization(axis=(1, 2), center=False)(x),
        layers.BatchNormalization(momentum=0.7, renorm=True)(x),
        layers.BatchNormalization(scale=False, center=False)(x),
    ]
    dense = layers.Dense(4, activation="tanh")
    joined = layers.Concatenate()([dense(layers.Flatten()(b)) if b is branches[0] else layers.Flatten()(b) for b in branches])
    return dict(model=keras.Model(x, layers.Dense(2)(joined)), optimizer=optimizers.SGD(0.02))


def transposed():
    s, i, v = keras.Input((6, 2), name="series"), keras.Input((4, 5, 2), name="image"), keras.Input((2, 3, 2, 2), name="volume")
    branches = [
        chain(s, layers.Conv1DTranspose(3, 3, strides=2, activation="tanh"), layers.SeparableConv1D(2, 3, depth_multiplier=2)),
        chain(s, layers.Conv1DTranspose(2, 2, dilation_rate=2, use_bias=False), layers.SeparableConv1D(3, 2, padding="same")),
        chain(i, layers.Conv2DTranspose(3, (3, 2), strides=2, padding="same", output_padding=(1, 0)), layers.SeparableConv2D(2, 3, activation="elu")),
        layers.SeparableConv2D(3, (2, 3), strides=(2, 2), padding="same", use_bias=False)(i),
        layers.Conv3DTranspose(2, 2, strides=(1, 2, 1), activation="tanh")(v),
    ]
    joined = layers.Concatenate()([layers.Flatten()(b) for b in branches])
    model = keras.Model([s, i, v], layers.Dense(2)(joined))
    return dict(model=model, optimizer=optimizers.SGD(0.02))


def pools_and_borders():
    s, i, v = keras.Input((7, 2), name="series"), keras.Input((5, 6, 2), name="image"), keras.Input((3, 4, 3, 2), name="volume")
    s_, i_, v_ = layers.Dense(3)(s), layers.Conv2D(3, 1)(i), layers.Conv3D(3, 1)(v)
    branches = [
        layers.AdaptiveAveragePooling1D(3)(s_),
        layers.AdaptiveMaxPooling1D(2)(s_),
        layers.AdaptiveAveragePooling2D((2, 4))(i_),
        layers.AdaptiveMaxPooling2D(3)(i_),
        layers.AdaptiveAveragePooling3D((2, 2, 1))(v_),
        layers.AdaptiveMaxPooling3D((1, 3, 2))(v_),
        chain(v_, layers.ZeroPadding3D(((1, 0), (0, 2), 1)), layers.UpSampling3D((1, 2, 1)), layers.Cropping3D(((1, 0), (0, 3), 1))),
        chain(v_, layers.SpatialDropout3D(0.0), layers.AlphaDropout(0.0)),
        layers.UpSampling2D(2, interpolation="bilinear")(i_),
        layers.Reshape((-1, 2, 3))(i_),
    ]
    joined = layers.Concatenate()([layers.Flatten()(b) for b in branches])
    model = keras.Model([s, i, v], layers.Dense(2)(joined))
    return dict(model=model, optimizer=optimizers.SGD(0.01))


def tokens():
    words, series = keras.Input((6,), name="words", dtype="int32"), keras.Input((6, 3), name="series")
    known = layers.Embedding(9, 4, mask_zero=True)(words)
    plain = layers.Embedding(9, 4, embeddings_initializer="normal", embeddings_regularizer="l2")(words)
    masked = layers.Masking(0.25)(series)
    reversible = layers.ReversibleEmbedding(9, 4)
    branches = [
        layers.GlobalAveragePooling1D()(known),
        layers.GlobalAveragePooling1D()(layers.Dense(4)(masked)),
        layers.Dot(axes=2, normalize=True)([plain, known]),
        layers.Dot(axes=(1, 1))([plain, series]),
        layers.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d", activation="relu")(plain),
        layers.EinsumDense("abc,bd->adc", (5, 3))(series),
        reversible(reversible(words), reverse=True),
    ]
    model = keras.Model([words, series], layers.Dense(2)(averaged(*branches)))
    steps = numbers((6, 3))
    steps[:, 4:] = 0.25
    return dict(model=model, optimizer=optimizers.SGD(0.05), x=[whole((6,), 9), steps])


def tables():
    age, place, kind = keras.Input((3,), name="age"), keras.Input((2,), name="place"), keras.Input((4,), name="kind", dtype="int32")
    scaled = layers.Normalization(axis=-1)
    scaled.adapt(numbers((3,), 10, 90))
    bins = layers.Discretization(num_bins=4)
    bins.update_state(numbers((2,)))  # `adapt` needs TensorFlow
    bins.finalize_state()
    branches = [
        scaled(age),
        layers.Normalization(axis=None, mean=3.0, variance=2.0)(age),
        layers.Normalization(axis=-1, mean=[1.0, 2.0, 3.0], variance=[1.0, 0.5, 2.0], invert=True)(age),
        layers.CategoryEncoding(4, "count")(bins(place)),
        layers.Discretization([-0.5, 0.0, 0.25], output_mode="multi_hot")(place),
        layers.CategoryEncoding(5, "multi_hot")(kind),
        layers.CategoryEncoding(5, "count")(kind),
    ]
    model = keras.Model([age, place, kind], layers.Dense(2)(layers.Concatenate()(branches)))
    x = [numbers((3,), 10, 90), numbers((2,)), whole((4,), 5)]
    return dict(model=model, optimizer=optimizers.SGD(0.0001), x=x)


def pictures():
    x = keras.Input((8, 9, 3), name="x")
    branches = [
        layers.AutoContrast()(x),
        layers.ContrastLimitedAdaptiveHistogramEqualization(clip_limit=2.0, tile_grid_size=(2, 3))(x),
    ]
    joined = layers.Concatenate()([layers.Rescaling(1 / 255)(b) for b in branches])
    model = keras.Model(x, layers.Dense(2)(layers.Flatten()(layers.Conv2D(2, 3)(joined))))
    return dict(model=model, optimizer=optimizers.SGD(0.01), x=[np.floor(numbers((8, 9, 3), 0, 256))])


def random_pictures():
    """In training each image is another; what is predicted is not."""
    x = keras.Input((8, 8, 3), name="x")
    y = chain(
        x,
        layers.RandomFlip("horizontal", seed=1),
        layers.RandomRotation(0.1, fill_mode="constant", fill_value=0.5),
        layers.RandomZoom((-0.2, 0.1), 0.3),
        layers.RandomTranslation(0.1, (-0.2, 0.3), fill_mode="wrap"),
        layers.RandomShear(0.1, 0.2),
        layers.RandomPerspective(0.5, 0.4),
        layers.RandomElasticTransform(0.5),
        layers.RandomBrightness((-0.1, 0.2)),
        layers.RandomContrast(0.3, (0, 1)),
        layers.RandomHue(0.2),
        layers.RandomSaturation((0.2, 0.7)),
        layers.RandomSharpness(0.4),
        layers.RandomColorJitter(brightness_factor=0.1, contrast_factor=0.2),
        layers.RandomColorDegeneration(0.3),
        layers.RandomGrayscale(0.2),
        layers.RandomInvert(0.4),
        layers.RandomPosterization(4),
        layers.Solarization((0.0, 0.2), 0.5),
        layers.RandomCrop(8, 8),
        layers.RandomGaussianBlur(0.5, (3, 5), 0.7),
        layers.RandomErasing(0.5, 0.2),
        layers.AugMix(num_chains=2),
        layers.RandAugment(num_ops=3),
        layers.CutMix(0.5),
        layers.MixUp(0.3),
        layers.Rescaling(1 / 255),
        layers.Flatten(),
        layers.Dense(2),
    )
    x_ = [np.floor(numbers((8, 8, 3), 0, 256))]
    return dict(model=keras.Model(x, y), optimizer=optimizers.SGD(0.01), x=x_, is_trained=False)


def operations():
    """Between layers with weights; written as layers of the model."""
    x, i = keras.Input((4, 6), name="x"), keras.Input((4,), name="i", dtype="int32")
    h = layers.Dense(6, activation="tanh")(x)
    scores = ops.softmax(h @ ops.transpose(h, (0, 2, 1)) / np.sqrt(6.0), axis=-1)
    mixed = ops.einsum("bij,bjk->bik", scores, h)
    halves = ops.split(h, 2, axis=-1)
    picked = ops.where(ops.expand_dims(i, -1) > 1, h * 2.0 + 1.0, -h)
    branches = [
        ops.mean(mixed, axis=1),
        ops.concatenate([halves[0] * ops.sigmoid(halves[1]), h[:, :, ::-1]], axis=-1)[:, -1],
        ops.sum(picked, axis=1),
        ops.cast(ops.one_hot(i, 4), "float32")[:, 0],
        ops.logsumexp(h, axis=1),
        ops.max(h, axis=(1, 2), keepdims=True)[:, :, 0],
        ops.reshape(ops.pad(h, [[0, 0], [1, 0], [0, 1]]), (-1, 35)),
    ]
    model = keras.Model([x, i], layers.Dense(2)(ops.concatenate(branches, axis=-1)))
    return dict(model=model, optimizer=optimizers.SGD(0.05, 0.5), x=[numbers((4, 6)), whole((4,), 4)])


def gated():
    """Keras takes the width of such an output for twice what it is: nothing can follow it."""
    x = keras.Input((4,), name="x")
    model = keras.Model(x, layers.Dense(6, activation="glu")(layers.Dense(5, activation="tanh")(x)))
    y = ([numbers((3,))], "mean_squared_error")
    return dict(model=model, optimizer=optimizers.SGD(0.05), y=y)


def more_losses():
    """Names of outputs, losses, activations, targets."""
    x = keras.Input((4,), name="x")
    shared = layers.Dense(4, activation="tanh")(x)
    labels = np.random.randint(0, 3, (ROWS, 1))
    one_hot = np.eye(3, dtype="float32")[labels[:, 0]]
    table = {
        "dice": (losses.Dice(), "sigmoid", one_hot),
        "tversky": (losses.Tversky(0.3, 0.7), "sigmoid", one_hot),
        "general": (losses.CategoricalGeneralizedCrossEntropy(0.7), "softmax", labels[:, 0]),
        "circle": (losses.Circle(gamma=4.0, margin=0.2), None, labels),
    }
    outputs = [layers.Dense(3, activation=a, name=n)(shared) for n, (_, a, _) in table.items()]
    outputs[-1] = layers.UnitNormalization(name="near")(outputs[-1])
    model = keras.Model(x, outputs)
    return dict(model=model, optimizer=optimizers.SGD(0.05), y=([y for *_, y in table.values()], [l for l, *_ in table.values()]))


def films():
    x, v, s = keras.Input((3, 4, 4, 2), name="x"), keras.Input((2, 3, 3, 3, 1), name="v"), keras.Input((4, 3), name="s")
    branches = [
        layers.ConvLSTM2D(2, 2, padding="same", return_sequences=True)(x),
        layers.ConvLSTM3D(2, 2, go_backwards=True)(v),
        layers.RNN(layers.SimpleRNNCell(3, activation="sigmoid"))(s),
    ]
    joined = layers.Concatenate()([layers.Flatten()(b) for b in branches])
    return dict(model=keras.Model([x, v, s], layers.Dense(2)(joined)), optimizer=optimizers.SGD(0.05))


def sizes():
    x = keras.Input((9, 8, 3), name="x")
    small = layers.Resizing(5, 6, interpolation="bicubic", crop_to_aspect_ratio=True)(x)
    branch = chain(x, layers.CenterCrop(5, 6), layers.Conv2D(3, 1), LayerScale(0.5, 3))
    both = CustomScaleLayer(0.3)([small, branch])
    return dict(model=keras.Model(x, layers.Dense(2)(layers.Flatten()(both))), optimizer=optimizers.SGD(0.05))


def stack():
    return keras.Sequential([keras.Input((3,)), layers.Dense(4, activation="tanh", name="a"), layers.Dense(2, name="b")])


def loss_scale():
    inner = optimizers.Adam(0.05)
    return dict(model=stack(), optimizer=optimizers.LossScaleOptimizer(inner, initial_scale=256.0, dynamic_growth_steps=2))


def several_optimizers():
    rules = optimizers.OptimizerMap(optimizers.SGD(0.1, 0.5))
    rules["a/.*"] = optimizers.Adam(0.05)
    rules["b/bias"] = optimizers.RMSprop(0.01)
    # Not a stack: in Keras the paths of its weights begin with its name.
    x = keras.Input((3,), name="x")
    model = keras.Model(x, layers.Dense(2, name="b")(layers.Dense(4, activation="tanh", name="a")(x)))
    return dict(model=model, optimizer=optimizers.MultiOptimizer(rules))


def optimizers_of_a_stack():
    rules = optimizers.OptimizerMap(optimizers.SGD(0.1, 0.5))
    rules["net/a/.*"] = optimizers.Adam(0.05)
    rules["net/b/bias"] = optimizers.RMSprop(0.01)
    stack = [keras.Input((3,)), layers.Dense(4, activation="tanh", name="a"), layers.Dense(2, name="b")]
    return dict(model=keras.Sequential(stack, name="net"), optimizer=optimizers.MultiOptimizer(rules))


def transcript():
    x = keras.Input((8, 3), name="x")
    model = keras.Model(x, layers.Dense(5, name="letters")(x))
    labels = whole((3,), 5, 1)
    return dict(model=model, optimizer=optimizers.SGD(0.05), y=([labels], losses.CTC()))


def sounds():
    x = keras.Input((60,), name="x")
    mel = layers.MelSpectrogram(fft_length=16, sequence_length=12, sequence_stride=8, sampling_rate=100, num_mel_bins=4, max_freq=40.0)
    log = layers.STFTSpectrogram(frame_length=10, frame_step=6, window="hamming", periodic=True, padding="same")
    own = layers.STFTSpectrogram("magnitude", 6, window=[0.2, 0.5, 1.0, 1.0, 0.5, 0.2], scaling=None, expand_dims=True)
    signal = layers.Reshape((30, 2))(x)
    branches = [layers.Rescaling(0.05)(mel(x)), log(signal), own(signal)]
    joined = layers.Concatenate()([layers.Flatten()(b) for b in branches])
    return dict(model=keras.Model(x, layers.Dense(2)(joined)), optimizer=optimizers.SGD(0.01))


MODELS = [
    attention,
    normalizations,
    transposed,
    pools_and_borders,
    tokens,
    tables,
    pictures,
    random_pictures,
    operations,
    gated,
    more_losses,
    loss_scale,
    several_optimizers,
    optimizers_of_a_stack,
    transcript,
    films,
    sizes,
    sounds,
]
