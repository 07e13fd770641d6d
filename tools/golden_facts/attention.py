"""Attention: every argument of the layers and of their calls, before and after two training steps."""

import keras
import numpy as np

from . import wire


def case(layer, args, *shapes, mask=None, listed=False, **options):
    """A model of one layer; `mask` is the shape of a further input, a bool attention mask."""
    keras.utils.clear_session()
    made = getattr(keras.layers, layer)(**args)
    inputs = [keras.Input(shape[1:]) for shape in shapes]
    x = [wire.normal(shape, 800 + i) for i, shape in enumerate(shapes)]
    kwargs = dict(options)
    if mask:
        inputs.append(keras.Input(mask[1:], dtype="bool"))
        x.append(wire.rng(810).random(mask) < 0.6)
        kwargs["attention_mask"] = inputs[-1]
    tensors = inputs[: len(shapes)]
    outputs = made(tensors, **kwargs) if listed else made(*tensors, **kwargs)
    model = keras.Model(inputs, outputs)
    weights = [wire.normal(w.shape, 820 + i, 0.4) for i, w in enumerate(model.weights)]
    model.set_weights(weights)
    found = model.predict(x, verbose=0)
    found = list(found) if isinstance(found, (list, tuple)) else [found]
    row = {"layer": layer, "args": args, "options": options, "masked": mask is not None}
    row |= {"inputs": wire.arrays([np.asarray(a, "float32") for a in x]), "weights": wire.arrays(weights)}
    row["outputs"] = wire.arrays(found)
    # The scores come with a mask that Keras' losses cannot take, so that training is on the output alone.
    trained = keras.Model(inputs, outputs[0] if len(found) > 1 else outputs)
    trained.compile(keras.optimizers.SGD(0.5), "mse")
    for _ in range(2):
        trained.train_on_batch(x, np.zeros_like(found[0]))
    row["trained"] = wire.arrays(model.get_weights())
    return row


def multi_head():
    name, base = "MultiHeadAttention", {"num_heads": 2, "key_dim": 3}
    q, v = (2, 4, 3), (2, 5, 3)
    yield case(name, base, q, v)
    yield case(name, {**base, "value_dim": 2, "use_bias": False}, q, (2, 5, 4), (2, 5, 2), return_attention_scores=True)
    yield case(name, {**base, "output_shape": [2, 3]}, q, v)
    yield case(name, {**base, "use_gate": True}, q, v, use_causal_mask=True)
    yield case(name, base, q, q, use_causal_mask=True, return_attention_scores=True)
    yield case(name, base, q, v, mask=(2, 4, 5), return_attention_scores=True)
    yield case(name, base, q, v, mask=(2, 4, 5), use_causal_mask=True)
    yield case(name, base, q, v, mask=(2, 2, 4, 5))
    yield case(name, {**base, "sliding_window": 2}, q, v)
    yield case(name, {**base, "sliding_window": 2}, q, q, use_causal_mask=True)
    yield case(name, {**base, "attention_axes": [2]}, (2, 2, 3, 3), (2, 2, 4, 3))
    yield case(name, {**base, "attention_axes": [1, 2]}, (1, 2, 3, 2), (1, 2, 2, 2))


def grouped():
    name, base = "GroupQueryAttention", {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
    q, v = (2, 4, 3), (2, 5, 3)
    yield case(name, base, q, v)
    yield case(name, {**base, "use_bias": False, "use_gate": True}, q, v, v)
    yield case(name, {**base, "sliding_window": 3}, q, q, use_causal_mask=True)
    yield case(name, base, q, v, mask=(2, 4, 5))


def plain():
    q, v = (2, 4, 3), (2, 5, 3)
    for name, args in (
        ("Attention", {}),
        ("Attention", {"use_scale": True}),
        ("Attention", {"score_mode": "concat", "use_scale": True}),
        ("AdditiveAttention", {}),
        ("AdditiveAttention", {"use_scale": False}),
    ):
        yield case(name, args, q, v, listed=True)
    yield case("Attention", {}, q, v, (2, 5, 3), listed=True, use_causal_mask=True, return_attention_scores=True)


def facts():
    return {"cases": [c for group in (multi_head, grouped, plain) for c in group()]}
