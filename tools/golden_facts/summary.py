"""`summary()`: its exact text for the networks of the tutorials and for the odd cases."""

import keras
from keras import layers

SMALL = 88  # Keras' own line length for a sequential model on a wide terminal


def text(model, **args):
    lines = []
    model.summary(print_fn=lines.append, **args)
    return "\n".join(lines)


def dense_stack(inputs, *layers_):
    return keras.Sequential([keras.Input((inputs,)), *layers_])


def xor():
    return dense_stack(2, layers.Dense(8, activation="relu"), layers.Dense(4, activation="relu"), layers.Dense(1, activation="sigmoid"))


def churn():
    return dense_stack(11, layers.Dense(6, activation="relu"), layers.Dense(6, activation="relu"), layers.Dense(1, activation="sigmoid"))


def mlp_one_layer():
    return dense_stack(784, layers.Dense(512, activation="relu"), layers.Dense(10, activation="softmax"))


def mlp_two_layers():
    hidden = [layers.Dense(512, activation="relu"), layers.Dense(512, activation="relu")]
    return dense_stack(784, *hidden, layers.Dense(10, activation="softmax"))


def mlp_two_layers_dropout():
    hidden = [layers.Dense(512, activation="relu"), layers.Dropout(0.5), layers.Dense(512, activation="relu"), layers.Dropout(0.5)]
    return dense_stack(784, *hidden, layers.Dense(10, activation="softmax"))


def convolutions(after_pool=(), after_dense=()):
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            *after_pool,
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            *after_dense,
            layers.Dense(10, activation="softmax"),
        ]
    )


def conv_net():
    return convolutions()


def conv_net_dropout():
    return convolutions([layers.Dropout(0.25)], [layers.Dropout(0.5)])


def conv_net_batch_norm():
    return convolutions([layers.BatchNormalization()], [layers.BatchNormalization()])


def le_net():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(20, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(50, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(500, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def sudoku():
    return keras.Sequential(
        [
            keras.Input((9, 9, 1)),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(128, 1, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(729),
            layers.Reshape((-1, 9)),
            layers.Activation("softmax"),
        ]
    )


def two_branches():
    image, numbers = keras.Input((8, 8, 1), name="image"), keras.Input((4,), name="numbers")
    x = layers.Conv2D(4, 3, activation="relu")(image)
    x = layers.GlobalAveragePooling2D()(x)
    y = layers.Dense(4)(numbers)
    both = layers.Concatenate()([x, y])
    more = layers.Add()([x, y])
    return keras.Model([image, numbers], [layers.Dense(1, name="size")(both), layers.Dense(3, name="kind")(more)])


def shared_layer():
    a, b = keras.Input((4,)), keras.Input((4,))
    dense = layers.Dense(3, name="twice")
    return keras.Model([a, b], layers.Add()([dense(a), dense(b)]))


def nested():
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.Dense(2)], name="inner")
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(1)(inner(x)), name="outer")


def plain_functional():
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(1)(layers.Dense(3)(x)))


def frozen():
    model = dense_stack(4, layers.Dense(3, trainable=False), layers.BatchNormalization(), layers.Dense(1))
    return model


def unbuilt():
    return keras.Sequential([layers.Dense(3), layers.Dense(1)])


def long_names():
    return dense_stack(4, layers.Dense(3, name="a_layer_with_a_name_too_long_for_its_column_in_the_table"), layers.Dense(1))


NETWORKS = [
    xor, churn, mlp_one_layer, mlp_two_layers, mlp_two_layers_dropout, conv_net, conv_net_dropout,
    conv_net_batch_norm, le_net, sudoku, two_branches, shared_layer, nested, plain_functional, frozen,
    unbuilt, long_names,
]  # fmt: skip


def row(make, **args):
    keras.utils.clear_session()
    model = make()
    out = {"name": make.__name__, "arguments": args}
    if model.built:
        count = keras.src.utils.summary_utils.count_params
        out["parameters"] = model.count_params()
        out["trainable"] = count(model.trainable_weights)
        out["non_trainable"] = count(model.non_trainable_weights)
    out["text"] = text(model, **args).split("\n")
    return out


def compiled(make, fitted):
    import numpy as np

    keras.utils.clear_session()
    model = make()
    model.compile("adam", "binary_crossentropy")
    if fitted:
        model.fit(np.zeros((4, 11), "float32"), np.zeros((4, 1), "float32"), verbose=0)
    state = "after fit: optimizer variables are counted" if fitted else "after compile"
    return {"name": make.__name__, "arguments": {}, "note": state, "text": text(model).split("\n")}


def facts():
    networks = [row(make) for make in NETWORKS]
    networks += [row(nested, expand_nested=True), row(frozen, show_trainable=True)]
    networks += [row(two_branches, line_length=80), row(churn, line_length=60), row(sudoku, line_length=120)]
    networks += [row(churn, layer_range=["dense_1", "dense_2"])]
    networks += [compiled(churn, False), compiled(churn, True)]
    return {"about": "terminal 120 columns wide; text is a list of lines, the last one empty", "networks": networks}
