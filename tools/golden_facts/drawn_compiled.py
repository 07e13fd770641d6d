"""Losses, metrics, optimizers and schedules with drawn arguments, in one small network."""

import json

import keras
import numpy as np
from keras import layers

from . import training, wire
from .drawn_layers import Draw
from .training import BINARY, HOT, LABELS, REAL, ROWS, X, fresh


def saved(made):
    """As files hold it."""
    return json.loads(json.dumps(keras.saving.serialize_keras_object(made)))


def reduction(d):
    return {"reduction": d.of("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight")} if d.chance(0.6) else {}


def logits(d):
    """Whether the outputs are logits, and what they go through."""
    return d.chance()


SIGNS = (2 * BINARY - 1).astype("float32")
POSITIVE = np.abs(REAL)
PROBABILITIES = (POSITIVE / POSITIVE.sum(-1, keepdims=True)).astype("float32")
MANY = wire.integers((ROWS, 3), 17, 2).astype("float32")


def real(d):
    kind = d.of("MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh", "CosineSimilarity", "MeanAbsolutePercentageError")
    args = reduction(d)
    if kind == "Huber":
        args.update(d.some(delta=d.of(0.3, 2.0)))
    if kind == "CosineSimilarity":
        args["axis"] = d.of(-1, 1)
    metrics = ["MeanSquaredError", "RootMeanSquaredError", "MeanAbsoluteError", "LogCoshError", "CosineSimilarity", "R2Score",
               "PearsonCorrelation", "ConcordanceCorrelation", "MeanAbsolutePercentageError"]
    return kind, args, REAL, None, metrics


def positive(d):
    kind = d.of("Poisson", "MeanSquaredLogarithmicError", "Tversky", "Dice")
    args = reduction(d)
    if kind == "Tversky":
        args.update(d.some(alpha=0.3, beta=0.8, axis=d.of(-1, [1], None)))
    if kind == "Dice":
        args.update(d.some(axis=d.of(-1, [1], None)))
    return kind, args, POSITIVE, d.of("softplus", "exponential"), ["Poisson", "MeanSquaredLogarithmicError", "MeanAbsoluteError"]


def shares(d):
    return "KLDivergence", reduction(d), PROBABILITIES, "softmax", ["KLDivergence", "CategoricalCrossentropy"]


def signs(d):
    kind = d.of("Hinge", "SquaredHinge")
    return kind, reduction(d), d.of(SIGNS, BINARY), d.of("tanh", None), ["Hinge", "SquaredHinge"]


def binary(d):
    kind, from_logits = d.of("BinaryCrossentropy", "BinaryFocalCrossentropy"), logits(d)
    args = {"from_logits": from_logits, **d.some(label_smoothing=d.of(0.1, 0.3)), **reduction(d)}
    if kind == "BinaryFocalCrossentropy":
        args.update(d.some(apply_class_balancing=True, alpha=0.6, gamma=d.of(1.0, 3.0)))
    truth = d.of(BINARY, MANY)
    if truth is MANY:
        args.update(d.some(axis=d.of(-1, 1)))
    metrics = ["BinaryAccuracy", "Precision", "Recall", "AUC", "TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives",
               "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity", "BinaryIoU",
               "BinaryCrossentropy"]
    return kind, args, truth, None if from_logits else "sigmoid", metrics[:1] if from_logits else metrics


def classes(d):
    kind, from_logits = d.of("CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge"), logits(d)
    args = reduction(d)
    if kind != "CategoricalHinge":
        args.update(from_logits=from_logits, **d.some(label_smoothing=0.2, axis=d.of(-1, 1)))
    if kind == "CategoricalFocalCrossentropy":
        args.update(d.some(alpha=0.5, gamma=1.5))
    metrics = ["CategoricalAccuracy", "TopKCategoricalAccuracy", "F1Score", "FBetaScore", "CategoricalHinge", "OneHotIoU", "OneHotMeanIoU", "CategoricalCrossentropy"]
    return kind, args, HOT, None if from_logits else "softmax", metrics


def numbers(d):
    from_logits = logits(d)
    args = {"from_logits": from_logits, **d.some(ignore_class=d.of(1, -1)), **reduction(d)}
    metrics = ["SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "SparseCategoricalCrossentropy"]
    return "SparseCategoricalCrossentropy", args, LABELS, None if from_logits else "softmax", metrics


def close(d):
    return "Circle", {**d.some(gamma=d.of(2.0, 20.0), margin=0.3, remove_diagonal=False), **reduction(d)}, LABELS, None, []


def metric(d, kind, weighted):
    args = {"name": f"{kind.lower()}_{'w' if weighted else 'p'}"}
    if kind in ("Precision", "Recall"):
        args.update(d.some(thresholds=d.of(0.3, 0.7), top_k=None))
    elif kind in ("TruePositives", "FalsePositives", "TrueNegatives", "FalseNegatives"):
        args.update(d.some(thresholds=0.4))
    elif kind == "AUC":
        args.update(d.some(num_thresholds=d.of(5, 50), curve=d.of("ROC", "PR"), summation_method=d.of("interpolation", "minoring", "majoring"), multi_label=False))
    elif kind in ("PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity"):
        first = {"PrecisionAtRecall": "recall", "RecallAtPrecision": "precision", "SensitivityAtSpecificity": "specificity", "SpecificityAtSensitivity": "sensitivity"}[kind]
        args.update({first: d.of(0.3, 0.6)}, **d.some(num_thresholds=20))
    elif kind == "BinaryIoU":
        args.update(d.some(target_class_ids=d.of([0], [1]), threshold=0.4))
    elif kind == "BinaryAccuracy":
        args.update(d.some(threshold=0.3))
    elif kind == "TopKCategoricalAccuracy" or kind == "SparseTopKCategoricalAccuracy":
        args["k"] = d.of(1, 2)
    elif kind in ("F1Score", "FBetaScore"):
        args.update(average=d.of("micro", "macro", "weighted"), **d.some(threshold=d.of(0.3, 0.5)))
        if kind == "FBetaScore":
            args.update(d.some(beta=d.of(0.5, 2.0)))
    elif kind == "OneHotIoU":
        args.update(num_classes=3, target_class_ids=d.of([0, 1], [2]))
    elif kind == "OneHotMeanIoU":
        args.update(num_classes=3)
    elif kind == "R2Score":
        args.update(d.some(class_aggregation=d.of("uniform_average", "variance_weighted_average"), num_regressors=d.of(0, 2)))
    elif kind == "CosineSimilarity":
        args.update(d.some(axis=1))
    elif kind == "SparseCategoricalCrossentropy":
        args.update(d.some(axis=-1))
    return getattr(keras.metrics, kind)(**args)


def schedule(d):
    rate = d.of(0.05, 0.01)
    s = keras.optimizers.schedules
    return d.of(
        lambda: s.ExponentialDecay(rate, d.whole(2, 5), 0.7, staircase=d.chance()),
        lambda: s.InverseTimeDecay(rate, d.whole(2, 5), 0.5, staircase=d.chance()),
        lambda: s.PolynomialDecay(rate, d.whole(3, 8), end_learning_rate=0.001, power=d.of(1.0, 2.0), cycle=d.chance()),
        lambda: s.PiecewiseConstantDecay([3, 7], [rate, rate / 2, rate / 10]),
        lambda: s.CosineDecay(rate, d.whole(4, 9), alpha=d.of(0.0, 0.1), **d.some(warmup_target=0.08, warmup_steps=3)),
        lambda: s.CosineDecayRestarts(rate, d.whole(2, 4), t_mul=d.of(1.0, 2.0), m_mul=d.of(1.0, 0.8), alpha=d.of(0.0, 0.2)),
    )()


def optimizer(d):
    kind = d.of("SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adagrad", "Adamax", "Adafactor", "Nadam", "Ftrl", "Lion", "Lamb", "Muon", "ScheduleFreeAdamW")
    args = {"learning_rate": schedule(d) if d.chance(0.3) else d.of(0.05, 0.01)}
    if d.chance(0.4):
        args["weight_decay"] = d.of(0.01, 0.1)
    clip = d.of("clipnorm", "clipvalue", "global_clipnorm", None)
    if clip:
        args[clip] = d.of(0.05, 0.5)
    if d.chance(0.3) and kind != "ScheduleFreeAdamW":
        args.update(use_ema=True, ema_momentum=d.of(0.5, 0.9), **d.some(ema_overwrite_frequency=d.of(2, 5)))
    if d.chance(0.25):
        args["gradient_accumulation_steps"] = d.of(2, 3)
    if d.chance(0.2):
        args["loss_scale_factor"] = d.of(0.5, 8.0)
    own = {
        "SGD": lambda: d.some(momentum=0.8, nesterov=True),
        "RMSprop": lambda: d.some(rho=0.7, momentum=0.5, epsilon=1e-3, centered=True),
        "Adam": lambda: d.some(beta_1=0.8, beta_2=0.9, epsilon=1e-3, amsgrad=True),
        "AdamW": lambda: d.some(beta_1=0.8, beta_2=0.9, epsilon=1e-3, amsgrad=True),
        "Adadelta": lambda: d.some(rho=0.8, epsilon=1e-3),
        "Adagrad": lambda: d.some(initial_accumulator_value=0.3, epsilon=1e-3),
        "Adamax": lambda: d.some(beta_1=0.8, beta_2=0.9, epsilon=1e-3),
        "Adafactor": lambda: d.some(beta_2_decay=-0.5, epsilon_1=1e-8, epsilon_2=1e-2, clip_threshold=0.5, relative_step=False),
        "Nadam": lambda: d.some(beta_1=0.8, beta_2=0.9, epsilon=1e-3),
        "Ftrl": lambda: d.some(learning_rate_power=-0.7, initial_accumulator_value=0.2, l1_regularization_strength=0.01, l2_regularization_strength=0.02, l2_shrinkage_regularization_strength=0.03, beta=0.1),
        "Lion": lambda: d.some(beta_1=0.8, beta_2=0.9),
        "Lamb": lambda: d.some(beta_1=0.8, beta_2=0.9, epsilon=1e-3),
        "Muon": lambda: d.some(momentum=0.8, nesterov=False, ns_steps=3, exclude_embeddings=False, rms_rate=0.3),
        "ScheduleFreeAdamW": lambda: d.some(beta_1=0.8, beta_2=0.9, warmup_steps=3),
    }
    return getattr(keras.optimizers, kind)(**args, **own[kind]())


KINDS = [real, real, positive, shares, signs, binary, binary, classes, classes, numbers, close]


def drawing(number):
    fresh()
    d = Draw(number + 700_000)
    try:
        kind, args, truth, last, metrics = KINDS[number % len(KINDS)](d)
        loss = getattr(keras.losses, kind)(**args)
        spec = {"optimizer": saved(optimizer(d)), "loss": saved(loss)}
        chosen = [m for m in metrics if d.chance(0.3)]
        spec["metrics"] = [saved(metric(d, m, False)) for m in chosen]
        spec["weighted_metrics"] = [saved(metric(d, m, True)) for m in metrics if d.chance(0.2)]
        spec = {k: v for k, v in spec.items() if v}
        outputs = 3 if truth is LABELS else truth.shape[-1]
        net = [keras.Input((4,)), layers.Dense(5, activation="tanh"), layers.Dense(outputs, activation=last)]
        fit = {"epochs": 2}
        test = None
        if d.chance():
            weight = wire.uniform((ROWS,), number, 0.0, 2.0)
            fit["sample_weight"], test = weight, {"sample_weight": weight}
        if d.chance(0.2):
            fit["validation_split"] = 0.3
        return training.case(f"compiled_{number}", keras.Sequential(net), spec, X, truth, f"{kind} {args} {spec['optimizer']['class_name']}", test=test, **fit)
    except Exception as e:  # what Keras or JAX refuses is no setting
        print(f"{number}: {type(e).__name__}: {str(e).splitlines()[0][:140]}")
        return None
