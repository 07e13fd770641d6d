"""ReversibleEmbedding: there and back, before and after two training steps, and its configuration."""

import keras
import numpy as np

from . import defaults, wire


def case(args, shape, note=None):
    """A model: numbers to vectors, the vectors' squares back to scores."""
    keras.utils.clear_session()
    layer = keras.layers.ReversibleEmbedding(**args)
    words = keras.Input(shape[1:], dtype="int32")
    hidden = layer(words)
    scores = layer(hidden * hidden, reverse=True)
    model = keras.Model(words, [hidden, scores])
    weights = [wire.normal(w.shape, 830 + i, 0.7) for i, w in enumerate(model.weights)]
    model.set_weights(weights)
    x = wire.integers(shape, 840, args["input_dim"])
    found = model.predict(x, verbose=0)
    row = {"args": args, "x": wire.array(x), "weights": wire.arrays(weights)}
    if note:
        row["note"] = note
    row["outputs"] = wire.arrays([np.asarray(a, "float32") for a in found])
    model.compile(keras.optimizers.SGD(0.3), ["mse", "mse"])
    for _ in range(2):
        model.train_on_batch(x, [np.zeros_like(a) for a in found])
    row["trained"] = wire.arrays(model.get_weights())
    return row


def facts():
    base = {"input_dim": 5, "output_dim": 3}
    cases = [
        case(base, (2, 4)),
        case({**base, "tie_weights": False}, (2, 4)),
        case({**base, "logit_soft_cap": 0.6}, (3,)),
        case({**base, "tie_weights": False, "logit_soft_cap": 2.0, "mask_zero": True}, (2, 4)),
        case({**base, "reverse_dtype": "bfloat16"}, (2, 3), note="rounded to 8 bits"),
        case({"input_dim": 4, "output_dim": 6, "embeddings_regularizer": "l2"}, (2, 2, 3)),
        case({**base, "embeddings_constraint": "unit_norm"}, (4, 2)),
    ]
    layers = [defaults.of_class("layers", "ReversibleEmbedding", base)]
    return {"cases": cases, "layers": layers}
