"""Recurrent layers, attention and what goes around them, in drawn settings: with masks, states and several outputs."""

import keras
import numpy as np
from keras import layers

from . import training, wire
from .drawn_layers import ACTIVATIONS, ROWS, SPEC, Draw, constraint, rule
from .training import fresh

STEPS = 5


def sequences(number, features):
    """Steps of which some are 0, at the end, at the beginning or in between; and a row without any."""
    d = Draw(number)
    x = wire.normal((ROWS, STEPS, features), number + 70)
    for row in range(ROWS):
        keep = d.whole(1, STEPS)
        kind = d.of("end", "front", "between", "whole")
        if kind == "end":
            x[row, keep:] = 0
        elif kind == "front":
            x[row, : STEPS - keep] = 0
        elif kind == "between":
            x[row, keep % STEPS] = 0
    return x


def recurrent_args(d):
    return d.some(
        activation=d.of(*ACTIVATIONS),
        use_bias=d.chance(),
        kernel_regularizer=lambda: rule(d),
        recurrent_regularizer=lambda: rule(d),
        bias_regularizer=lambda: rule(d),
        activity_regularizer=lambda: rule(d),
        kernel_constraint=lambda: constraint(d),
        recurrent_constraint=lambda: constraint(d),
    )


def gated(d, kind, units):
    args = {"units": units, **recurrent_args(d)}
    if kind != "SimpleRNN":
        args.update(d.some(recurrent_activation=d.of("sigmoid", "hard_sigmoid", "tanh")))
    if kind == "GRU":
        args["reset_after"] = d.chance()
    if kind == "LSTM":
        args["unit_forget_bias"] = d.chance()
    return args


def layer(d, units, **more):
    kind = d.of("SimpleRNN", "LSTM", "GRU")
    args = {**gated(d, kind, units), "go_backwards": d.chance(0.3), **more}
    if d.chance(0.3):
        args["zero_output_for_mask"] = True
    if d.chance(0.2):
        args["unroll"] = True
    return getattr(layers, kind)(**args)


def cell(d, units):
    kind = d.of("SimpleRNN", "LSTM", "GRU")
    args = gated(d, kind, units)
    args.pop("activity_regularizer", None)
    return getattr(layers, f"{kind}Cell")(**args)


def listed(outputs):
    return list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]


def plain(d, x):
    made = layer(d, d.whole(1, 4), return_sequences=d.chance(), return_state=d.chance())
    return listed(made(x))


def of_cells(d, x):
    cells = [cell(d, d.whole(1, 3)) for _ in range(d.whole(1, 3))]
    made = cells[0] if d.chance(0.3) else layers.StackedRNNCells(cells) if d.chance() else cells
    args = dict(return_sequences=d.chance(), return_state=d.chance(), go_backwards=d.chance(0.3), zero_output_for_mask=d.chance(0.3))
    return listed(layers.RNN(made, **args)(x))


def both_ways(d, x):
    units = d.whole(1, 3)
    same = dict(return_sequences=d.chance(), return_state=d.chance())
    forward = layer(d, units, **same)
    forward.go_backwards = False
    forward = type(forward).from_config({**forward.get_config(), "go_backwards": False})
    args = {"merge_mode": d.of("concat", "sum", "mul", "ave", None)}
    if d.chance(0.4):
        kind = d.of("SimpleRNN", "LSTM", "GRU") if not same["return_state"] else type(forward).__name__
        args["backward_layer"] = getattr(layers, kind)(**{**gated(d, kind, units), **same, "go_backwards": True})
    return listed(layers.Bidirectional(forward, **args)(x))


def stacked(d, x):
    for _ in range(d.whole(1, 2)):
        x = layer(d, d.whole(1, 4), return_sequences=True)(x)
        if d.chance(0.4):
            x = d.of(layers.LayerNormalization(), layers.Dense(3, activation="tanh"), layers.BatchNormalization())(x)
    return listed(layer(d, d.whole(1, 3), return_sequences=d.chance())(x))


def with_states(d, x):
    first = layers.LSTM(3, return_state=True, return_sequences=True)
    y, h, c = first(x)
    other = layers.LSTM(3, return_sequences=d.chance(), return_state=d.chance(), go_backwards=d.chance())
    return listed(other(y, initial_state=[h, c]))


def each_step(d, x):
    inner = d.of(
        layers.Dense(d.whole(1, 3), activation=d.of(*ACTIVATIONS)),
        layers.BatchNormalization(),
        layers.Dense(2, activity_regularizer=None, kernel_regularizer="l2"),
        layers.LayerNormalization(),
    )
    return [layers.TimeDistributed(inner)(x)]


def attended(d, x):
    kind = d.of("Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention")
    # A row whose steps are all left out has no softmax: another sequence, without a mask, is asked.
    key = layers.Dense(4)(x)
    query = layers.Dense(4)(x)
    if kind == "Attention":
        args = d.some(use_scale=True, score_mode=d.of("dot", "concat"))
        made = layers.Attention(**args)
        causal = d.chance(0.3)
        return listed(made([query, key], use_causal_mask=causal, return_attention_scores=d.chance(0.3)))
    if kind == "AdditiveAttention":
        made = layers.AdditiveAttention(**d.some(use_scale=False))
        return listed(made([query, key], use_causal_mask=d.chance(0.3), return_attention_scores=d.chance(0.3)))
    if kind == "MultiHeadAttention":
        args = d.some(value_dim=d.whole(1, 3), use_bias=False, output_shape=d.whole(1, 4), kernel_regularizer=lambda: rule(d),
                      kernel_constraint="non_neg", bias_regularizer=lambda: rule(d))
        made = layers.MultiHeadAttention(num_heads=d.whole(1, 3), key_dim=d.whole(1, 3), **args)
        return listed(made(query, key, use_causal_mask=d.chance(0.3), return_attention_scores=d.chance(0.3)))
    groups = d.whole(1, 2)
    made = layers.GroupQueryAttention(d.whole(1, 3), groups * d.whole(1, 2), groups, **d.some(use_bias=False))
    return listed(made(query, key, use_causal_mask=d.chance(0.3), return_attention_scores=d.chance(0.3)))


def pooled(d, x):
    return [d.of(layers.GlobalAveragePooling1D(keepdims=d.chance()), layers.Conv1D(2, 2), layers.SpatialDropout1D(0.0), layers.Softmax(), layers.Cropping1D(1))(x)]


def merged(d, x):
    other = layers.Dense(3, activation="tanh")(x)
    kind = d.of("Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Concatenate")
    return [getattr(layers, kind)()([layers.Dense(3)(x), other])]


KINDS = [plain, plain, plain, of_cells, of_cells, both_ways, both_ways, both_ways, stacked, with_states, each_step, attended, attended, pooled, merged]


def convolved(d, number):
    """ConvLSTM of one to three axes."""
    rank = d.whole(1, 3)
    args = {"filters": d.whole(1, 2), "kernel_size": d.sizes(rank, 1, 2), "padding": d.of("valid", "same")}
    args["data_format"] = d.of("channels_last", "channels_first")
    args.update(return_sequences=d.chance(), return_state=d.chance(), go_backwards=d.chance(0.3))
    if d.chance(0.4):
        args[d.of("strides", "dilation_rate")] = 2
    args.update(d.some(use_bias=False, unit_forget_bias=False, activation="relu", recurrent_activation="hard_sigmoid", kernel_regularizer="l2"))
    sizes = [d.whole(3, 5) for _ in range(rank)]
    shape = (3, 2, *sizes) if args["data_format"] == "channels_first" else (3, *sizes, 2)
    x = keras.Input(shape)
    made = getattr(layers, f"ConvLSTM{rank}D")(**args)
    return x, listed(made(layers.Dense(shape[-1])(x))), wire.normal((ROWS, *shape), number + 70), f"ConvLSTM{rank}D {args}"


def masked(d, number):
    kind = KINDS[number % len(KINDS)]
    features = d.whole(1, 3)
    with_words = d.chance(0.3)
    data = sequences(number, features)
    if with_words:
        data = (wire.integers((ROWS, STEPS), number + 70, 7, 1) * (np.abs(data).sum(-1) > 0)).astype("int32")
        x = keras.Input((STEPS,))
        y = layers.Embedding(7, 3, mask_zero=d.chance(0.8), **d.some(embeddings_regularizer="l2", embeddings_constraint="unit_norm"))(x)
    else:
        x = keras.Input((STEPS, features))
        y = layers.Masking()(x) if d.chance(0.7) else x
        y = layers.Dense(3)(y) if d.chance() else y
    return x, kind(d, y), data, kind.__name__


def drawing(number):
    fresh()
    d = Draw(number + 500_000)
    try:
        make = convolved if number % 12 == 11 else masked
        x, outputs, data, note = make(d, number)
        model = keras.Model(x, outputs if len(outputs) > 1 else outputs[0])
        truth = [wire.normal((ROWS, *y.shape[1:]), number + 80 + i) for i, y in enumerate(outputs)]
        spec = {**SPEC, "loss": ["mse"] * len(outputs) if len(outputs) > 1 else "mse"}
        case = training.case(f"sequences_{number}", model, spec, data, truth if len(truth) > 1 else truth[0], note, batch_size=3, epochs=2)
    except Exception as e:  # what Keras or JAX refuses is no setting
        print(f"{number}: {type(e).__name__}: {str(e).splitlines()[0][:140]}")
        return None
    # On JAX metrics of training steps lose the mask; losses of several outputs are such metrics.
    case["history"] = {k: v if k == "loss" else None for k, v in case["history"].items()}
    return case
