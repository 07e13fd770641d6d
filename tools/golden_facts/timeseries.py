"""Windows of time series. Needs TensorFlow beside Keras: `KERAS_BACKEND=tensorflow`."""

import keras
import numpy as np
from keras.src.legacy.preprocessing.sequence import TimeseriesGenerator

from . import wire

SERIES = np.arange(23, dtype="float32") * 1.5
PAIRS = wire.normal((17, 2), 4)


def windows(data, targets, args):
    batches = []
    for batch in keras.utils.timeseries_dataset_from_array(data, targets, **args):
        batch = batch if isinstance(batch, tuple) else (batch,)
        batches.append([wire.array(part.numpy()) for part in batch])
    targets = None if targets is None else wire.array(targets)
    return {"data": wire.array(data), "targets": targets, "args": args, "batches": batches}


def datasets():
    return [
        windows(SERIES, None, {"sequence_length": 4}),
        windows(SERIES, SERIES[3:], {"sequence_length": 3, "batch_size": 5}),
        windows(SERIES, SERIES[:7], {"sequence_length": 3, "batch_size": 5}),
        windows(SERIES, SERIES, {"sequence_length": 3, "batch_size": 4, "sampling_rate": 3, "sequence_stride": 2}),
        windows(PAIRS, PAIRS, {"sequence_length": 2, "batch_size": 3, "start_index": 5, "end_index": 14}),
        windows(PAIRS, None, {"sequence_length": 5, "batch_size": None, "sequence_stride": 4}),
    ]


def generators():
    out = []
    for data, args in [
        (SERIES, {"length": 4, "batch_size": 5}),
        (SERIES, {"length": 5, "sampling_rate": 2, "stride": 3, "batch_size": 3}),
        (PAIRS, {"length": 4, "sampling_rate": 2, "start_index": 3, "end_index": 12, "reverse": True, "batch_size": 4}),
        (PAIRS, {"length": 1, "batch_size": 100, "stride": 2}),
    ]:
        made = TimeseriesGenerator(data, data, **args)
        batches = [[wire.array(x), wire.array(y)] for x, y in (made[i] for i in range(len(made)))]
        out.append({"data": wire.array(data), "args": args, "batches": batches})
    return out


def facts():
    return {"datasets": datasets(), "generators": generators()}
