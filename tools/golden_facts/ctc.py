"""CTC: the loss with its gradients, what is trained with it, and decoding."""

import jax
import jax.numpy as jnp
import keras
import numpy as np

from . import wire


def labels(shape, seed, classes, lengths):
    """Class numbers from 1, with zeros behind each row's length; every second row repeats itself."""
    y = wire.integers(shape, seed, classes, 1)
    y[::2, 1:2] = y[::2, :1]
    for row, length in zip(y, lengths):
        row[length:] = 0
    return y


def loss(batch, steps, classes, n, lengths, seed, scale=1.0, sample_weight=False, note=None, **args):
    keras.utils.clear_session()
    y, x = labels((batch, n), seed, classes, lengths), wire.normal((batch, steps, classes), seed + 1, scale)
    weight = wire.uniform((batch,), seed + 2, 0.2, 2.0) if sample_weight else None
    made = keras.losses.CTC(**args)
    value = lambda x: made(y, x, sample_weight=weight)  # noqa: E731
    row = {"loss": "CTC", "args": args, **({"note": note} if note else {}), "y_true": wire.array(y), "y_pred": wire.array(x)}
    if sample_weight:
        row["sample_weight"] = wire.array(weight)
    row["per_sample"] = wire.array(keras.losses.ctc(y, x))
    row["value"] = wire.array(value(x))
    row["gradient"] = wire.array(jax.grad(lambda x: jnp.sum(value(x)))(jnp.asarray(x)))
    return row


def plain(batch, steps, classes, n, target_length, output_length, mask_index, seed):
    y, x = wire.integers((batch, n), seed, classes), wire.normal((batch, steps, classes), seed + 1)
    y = np.where(y == mask_index, (mask_index + 1) % classes, y).astype("int32")
    f = lambda x: keras.ops.ctc_loss(y, x, target_length, output_length, mask_index)  # noqa: E731
    return {
        "target": wire.array(y),
        "output": wire.array(x),
        "target_length": target_length,
        "output_length": output_length,
        "mask_index": mask_index,
        "value": wire.array(f(x)),
        "gradient": wire.array(jax.grad(lambda x: jnp.sum(f(x) * jnp.arange(1, batch + 1)))(jnp.asarray(x))),
    }


def decoding(shape, lengths, seed, scale=1.0, whole=False, **args):
    x = wire.normal(shape, seed, scale)
    x = np.round(x) if whole else x
    decoded, scores = keras.ops.ctc_decode(x, np.array(lengths, "int32"), **args)
    return {
        "inputs": wire.array(x),
        "lengths": lengths,
        "args": args,
        "labels": wire.array(np.asarray(decoded, "int32")),
        "scores": wire.array(scores),
    }


def training():
    keras.utils.clear_session()
    layers = [keras.Input((8, 3)), keras.layers.Conv1D(5, 3, padding="same", activation="tanh"), keras.layers.Dense(4)]
    model = keras.Sequential(layers)
    weights = [wire.normal(w.shape, 870 + i, 0.4) for i, w in enumerate(model.weights)]
    model.set_weights(weights)
    x, y = wire.normal((6, 8, 3), 880), labels((6, 3), 881, 4, [3, 2, 3, 1, 0, 3])
    model.compile(keras.optimizers.SGD(0.1), "ctc")
    losses = model.fit(x, y, batch_size=3, epochs=3, shuffle=False, verbose=0).history["loss"]
    row = {"x": wire.array(x), "y": wire.array(y), "weights": wire.arrays(weights)}
    return {**row, "losses": losses, "trained": wire.arrays(model.get_weights())}


def facts():
    beam = {"strategy": "beam_search"}
    return {
        "defaults": [{"name": "CTC", "config": keras.losses.CTC().get_config()}],
        "cases": [
            loss(3, 7, 5, 3, [3, 3, 2], 900),
            loss(4, 6, 4, 4, [4, 1, 0, 2], 903, scale=3.0, note="labels that do not fit: rounded to 0.01"),
            loss(2, 5, 3, 1, [1, 0], 906, reduction="sum"),
            loss(3, 9, 6, 4, [4, 4, 3], 909, sample_weight=True),
            loss(3, 9, 6, 4, [4, 4, 3], 912, sample_weight=True, reduction="mean_with_sample_weight"),
            loss(2, 12, 28, 5, [5, 4], 915, scale=5.0),
            loss(1, 5, 4, 3, [3], 918),
        ],
        "plain": [
            plain(3, 7, 5, 3, [3, 2, 1], [7, 5, 4], 0, 930),
            plain(2, 6, 4, 2, [2, 1], [6, 6], 3, 932),
            plain(3, 5, 4, 3, [2, 3, 0], [4, 5, 3], 1, 934),
        ],
        "decoding": [
            decoding((2, 6, 4), [6, 4], 940),
            decoding((3, 7, 3), [7, 5, 1], 941, merge_repeated=False),
            decoding((2, 6, 4), [6, 6], 942, mask_index=None),
            decoding((2, 6, 4), [3, 6], 943, mask_index=2),
            decoding((2, 6, 4), [6, 5], 944, whole=True),
            decoding((2, 6, 4), [6, 4], 945, **beam),
            decoding((2, 7, 5), [7, 5], 946, **beam, beam_width=4, top_paths=3),
            decoding((2, 6, 4), [6, 3], 947, **beam, beam_width=10, top_paths=2, mask_index=None),
            decoding((2, 8, 6), [8, 8], 948, scale=3.0, **beam, beam_width=20, top_paths=4, mask_index=2),
            decoding((2, 5, 3), [5, 2], 949, **beam, beam_width=1),
            decoding((1, 3, 3), [3], 950, **beam, beam_width=50, top_paths=5),
        ],
        "training": training(),
    }
