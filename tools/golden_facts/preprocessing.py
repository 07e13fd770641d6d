"""scikit-learn's and Keras' helpers that the tutorials use."""

import warnings

import keras
import numpy as np
from sklearn.metrics import (
    average_precision_score,
    classification_report,
    confusion_matrix,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler

from . import wire

warnings.filterwarnings("ignore")


def label_encoder():
    out = []
    for values in (["paris", "rome", "paris", "berlin", "Rome", ""], [3, -1, 3, 20, 10], [0.5, -2.0, 0.5]):
        e = LabelEncoder().fit(values)
        out.append({"values": values, "classes": e.classes_.tolist(), "codes": e.transform(values).tolist()})
    return out


def one_hot_encoder():
    rows = [["France", "F", 2], ["Spain", "M", 1], ["Germany", "F", 2], ["France", "F", 1]]
    out = []
    for drop in (None, "first", "if_binary"):
        for columns in ([0], [0, 1, 2]):
            data = np.array([[r[c] for c in columns] for r in rows], dtype=object)
            e = OneHotEncoder(drop=drop, sparse_output=False).fit(data)
            row = {"rows": data.tolist(), "drop": drop, "categories": [c.tolist() for c in e.categories_]}
            row["names"] = e.get_feature_names_out().tolist()
            row["output"] = wire.array(e.transform(data))
            out.append(row)
    data = np.array([["a"], ["b"]], dtype=object)
    e = OneHotEncoder(handle_unknown="ignore", sparse_output=False).fit(data)
    unknown = np.array([["b"], ["z"]], dtype=object)
    out.append({"rows": data.tolist(), "handle_unknown": "ignore", "transformed": unknown.tolist(), "output": wire.array(e.transform(unknown))})
    return out


def standard_scaler():
    out = []
    data = wire.rng(1).normal(50, 20, (8, 3))
    data[:, 2] = 4.0  # a constant column: its scale is 1
    for args in ({}, {"with_mean": False}, {"with_std": False}):
        e = StandardScaler(**args).fit(data)
        row = {"args": args, "rows": wire.array(data), "mean": stored(e.mean_), "var": stored(e.var_), "scale": stored(e.scale_)}
        row["output"] = wire.array(e.transform(data))
        out.append(row)
    return out


def stored(value):
    return None if value is None else wire.array(value)


def splits():
    """Row numbers; the permutation is numpy's legacy Mersenne Twister."""
    out = []
    for args in (
        {"test_size": 0.2, "random_state": 0},
        {"test_size": 0.25, "random_state": 42},
        {"test_size": 3, "random_state": 1},
        {"random_state": 7},
        {"train_size": 0.5, "random_state": 7},
        {"test_size": 0.34, "random_state": 3},
        {"test_size": 0.2, "shuffle": False},
        {"test_size": 0.4, "random_state": 5, "stratify": True},
    ):
        rows, labels = np.arange(20), np.arange(20) % 3
        given = {**args, "stratify": labels} if args.get("stratify") else args
        train, test = train_test_split(rows, **given)
        out.append({"args": args, "rows": 20, "labels": labels.tolist(), "train": train.tolist(), "test": test.tolist()})
    for n in (10, 101, 10000):
        train, test = train_test_split(np.arange(n), test_size=0.2, random_state=0)
        row = {"args": {"test_size": 0.2, "random_state": 0}, "rows": n, "sizes": [len(train), len(test)]}
        out.append({**row, "train_starts": train[:10].tolist(), "test_starts": test[:10].tolist()})
    return out


def categorical():
    out = []
    for x, classes in (([0, 2, 1], None), ([[1], [0]], None), ([[0, 1], [2, 0]], None), ([1, 3], 5), ([0.0, 1.0], 3), ([], 2)):
        args = {} if classes is None else {"num_classes": classes}
        try:
            out.append({"x": x, **args, "output": wire.array(keras.utils.to_categorical(x, **args))})
        except (ValueError, IndexError) as error:
            out.append({"x": x, **args, "error": type(error).__name__})
    for x, classes in (([0, 3], 3), ([-1, 0], 3)):
        try:
            out.append({"x": x, "num_classes": classes, "output": wire.array(keras.utils.to_categorical(x, classes))})
        except (ValueError, IndexError) as error:
            out.append({"x": x, "num_classes": classes, "error": type(error).__name__})
    return out


def reports():
    cases = [
        ([0, 1, 2, 2, 1, 0, 2, 1], [0, 2, 2, 2, 1, 0, 1, 1], {}),
        ([0, 1, 1, 0, 1], [0, 1, 0, 0, 1], {"target_names": ["stays", "leaves the bank"]}),
        ([0, 1, 2, 0], [0, 1, 1, 0], {"digits": 4}),
        ([0, 0, 1], [0, 2, 1], {}),
        (["cat", "dog", "cat"], ["dog", "dog", "cat"], {}),
        (wire.integers((3000,), 1, 10).tolist(), wire.integers((3000,), 2, 10).tolist(), {}),
        ([0, 1, 2], [0, 1, 2], {"labels": [0, 1]}),
    ]
    out = []
    for true, pred, args in cases:
        matrix = confusion_matrix(true, pred, labels=args.get("labels"))
        flat = (lambda v: wire.Flat(v)) if not isinstance(true[0], str) else (lambda v: v)
        row = {"y_true": flat(true), "y_pred": flat(pred), "args": args, "confusion_matrix": matrix.tolist()}
        row["report"] = classification_report(true, pred, **args).split("\n")
        values = classification_report(true, pred, output_dict=True, **args)
        row["values"] = {k: plain(v) for k, v in values.items()}
        out.append(row)
    return out


def plain(value):
    return {k: float(v) for k, v in value.items()} if isinstance(value, dict) else float(value)


def curves():
    out = []
    for rows, levels, seed in ((20, 5, 1), (50, 1000, 2), (200, 12, 3)):
        draw = wire.rng(seed)
        y = draw.integers(0, 2, rows)
        score = np.round(np.round(draw.random(rows) * levels) / levels + 0.3 * y * draw.random(rows), 2)
        fpr, tpr, thresholds = roc_curve(y, score)
        precision, recall, steps = precision_recall_curve(y, score)
        lists = {"y": y, "score": score, "fpr": fpr, "tpr": tpr, "precision": precision, "recall": recall}
        lists |= {"steps": steps, "thresholds": thresholds[1:]}  # the first is infinite
        row = {name: wire.Flat(values) for name, values in lists.items()}
        row["auc"] = float(roc_auc_score(y, score))
        row["average_precision"] = float(average_precision_score(y, score))
        out.append(row)
    return out


def facts():
    return {
        "label_encoder": label_encoder(),
        "one_hot_encoder": one_hot_encoder(),
        "standard_scaler": standard_scaler(),
        "train_test_split": splits(),
        "to_categorical": categorical(),
        "reports": reports(),
        "curves": curves(),
    }
