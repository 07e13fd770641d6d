"""Callbacks that set the learning rate, driven by scripted logs: rates, texts, and what fit records."""

import keras
import numpy as np

from . import wire
from .callbacks import printed, tiny

NAN = float("nan")


def reduce(args, values, note=None):
    model = tiny()
    monitor = args.get("monitor", "val_loss")
    out = {"args": args, "values": wire.Flat(values), **({"note": note} if note else {})}
    logged, rates = [], []
    with printed() as box:
        callback = keras.callbacks.ReduceLROnPlateau(**args)
        callback.set_model(model)
        callback.on_train_begin()
        for epoch, value in enumerate(values):
            logs = {monitor: value}
            callback.on_epoch_end(epoch, logs)
            logged.append(logs["learning_rate"])
            rates.append(float(model.optimizer.learning_rate))
    return {**out, "logged": wire.Flat(logged), "rates": wire.Flat(rates), "printed": box["printed"]}


def reductions():
    falling, rising = [5.0, 4.0, 3.0, 3.5, 3.2, 3.1, 2.0, 2.5, 2.4, 2.6, 2.7], [0.1, 0.3, 0.2, 0.25, 0.4, 0.3, 0.2]
    yield reduce({"patience": 1}, falling)
    yield reduce({"patience": 0, "factor": 0.5}, falling, "no patience: reduced at once")
    yield reduce({"patience": 2, "verbose": 1}, falling)
    yield reduce({"patience": 1, "factor": 0.5, "cooldown": 2, "verbose": 1}, falling)
    yield reduce({"patience": 1, "factor": 0.1, "min_lr": 0.0005, "verbose": 1}, falling, "never below min_lr")
    yield reduce({"patience": 1, "monitor": "val_accuracy"}, rising, "auto: accuracy should rise")
    yield reduce({"patience": 1, "mode": "max"}, rising)
    yield reduce({"patience": 1, "min_delta": 0.95}, [5.0, 4.1, 3.5, 2.0, 1.9, 1.0])
    yield reduce({"patience": 1, "min_delta": -0.95}, [5.0, 4.1, 3.5, 2.0, 1.9, 1.0], "the sign is ignored")
    yield reduce({"patience": 1}, [5.0, NAN, NAN, 4.0], "NaN is no improvement")
    yield reduce({"patience": 2, "factor": -0.5, "min_lr": 0.001}, falling, "a factor below 0 meets min_lr")


def scheduled():
    """The rate halves each second epoch."""
    model = tiny()
    with printed() as box:
        callback = keras.callbacks.LearningRateScheduler(lambda e, rate: rate / 2 if e % 2 else rate, verbose=1)
        callback.set_model(model)
        rates, logged = [], []
        for epoch in range(5):
            callback.on_epoch_begin(epoch)
            logs = {"loss": 1.0}
            callback.on_epoch_end(epoch, logs)
            rates.append(float(model.optimizer.learning_rate))
            logged.append(logs["learning_rate"])
    return {"rates": wire.Flat(rates), "logged": wire.Flat(logged), "printed": box["printed"]}


def recorded():
    """The names of fit's history, in order."""
    model = tiny()
    reducing = keras.callbacks.ReduceLROnPlateau(monitor="loss")
    data = np.zeros((2, 1))
    history = model.fit(data, data, epochs=2, verbose=0, validation_data=(data, data), callbacks=[reducing])
    return list(history.history)


def facts():
    return {"reductions": list(reductions()), "scheduled": scheduled(), "recorded": recorded()}
