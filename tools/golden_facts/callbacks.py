"""Callbacks driven by scripted logs: when they stop, save, restore, print and write."""

import contextlib
import io
import pathlib
import tempfile
import warnings

import keras
import numpy as np

from . import wire

NAN = float("nan")


def tiny():
    """A model of one weight, which the scripts set to the number of the epoch."""
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile("sgd", "mse", metrics=["accuracy", "mae"])
    model.fit(np.zeros((2, 1)), np.zeros((2, 1)), verbose=0)
    model.stop_training = False
    return model


@contextlib.contextmanager
def printed():
    """Collects what is printed and warned of."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        box = {}
        yield box
    box["printed"] = text.getvalue()
    seen = sorted({str(w.message) for w in seen if not issubclass(w.category, DeprecationWarning)})
    if seen:
        box["warnings"] = seen


def early_stopping(args, values, note=None):
    model = tiny()
    monitor = args.get("monitor", "val_loss")
    out = {"args": args, "values": wire.Flat(values), **({"note": note} if note else {})}
    stopped = None
    with printed() as box:
        callback = keras.callbacks.EarlyStopping(**args)
        callback.set_model(model)
        callback.on_train_begin()
        for epoch, value in enumerate(values):
            model.set_weights([np.full((1, 1), epoch, "float32")])
            try:
                callback.on_epoch_end(epoch, {monitor: value})
            except ValueError as error:
                return {**out, "error": str(error)}
            if model.stop_training:
                stopped = epoch
                break
        callback.on_train_end()
    out["stopped_after_epoch"] = stopped
    out["stopped_epoch_attribute"] = callback.stopped_epoch
    out["weights_of_epoch"] = int(model.get_weights()[0][0, 0])
    return {**out, **box}


def early_stoppings():
    falling, rising = [5.0, 4.0, 3.0, 3.5, 3.2, 3.1, 2.0, 2.5, 2.4], [0.1, 0.3, 0.2, 0.25, 0.4, 0.3, 0.2]
    run = early_stopping
    yield run({}, falling, "patience 0 stops at the first epoch that is no better")
    yield run({"patience": 1}, falling)
    yield run({"patience": 2, "verbose": 1}, falling)
    yield run({"patience": 3}, falling)
    yield run({"patience": 4, "restore_best_weights": True, "verbose": 1}, falling, "never stopped: restored all the same")
    yield run({"patience": 2, "restore_best_weights": True, "verbose": 1}, falling)
    yield run({"patience": 2, "restore_best_weights": False, "verbose": 1}, falling)
    yield run({"patience": 1, "monitor": "val_accuracy"}, rising, "auto: accuracy should rise")
    yield run({"patience": 1, "monitor": "val_mae"}, falling, "auto: mae should fall")
    yield run({"patience": 1, "mode": "max"}, rising)
    yield run({"patience": 1, "mode": "min", "monitor": "val_accuracy"}, rising)
    yield run({"patience": 1, "monitor": "val_unknown"}, falling, "auto needs a metric of the model")
    yield run({"patience": 1, "mode": "upwards"}, falling, "an unknown mode becomes auto")
    yield run({"patience": 1, "min_delta": 0.95}, [5.0, 4.1, 3.5, 2.0, 1.9, 1.0])
    yield run({"patience": 2, "min_delta": -0.2}, [5.0, 4.9, 4.75, 4.5, 4.4], "the sign of min_delta is ignored")
    yield run({"patience": 2, "baseline": 3.2}, falling)
    yield run({"patience": 2, "baseline": 1.0, "restore_best_weights": True, "verbose": 1}, falling, "never below the baseline")
    yield run({"patience": 1, "start_from_epoch": 4}, falling)
    yield run({"patience": 2, "start_from_epoch": 3, "restore_best_weights": True, "verbose": 1}, falling)
    yield run({"patience": 2}, [5.0, NAN, NAN, 4.0], "NaN is no improvement")
    yield run({"patience": 3, "restore_best_weights": True}, [NAN, NAN, 4.0, 5.0], "a first NaN becomes the best and is never beaten")
    yield run({"patience": 1}, [3.0, 3.0, 3.0], "equal is no improvement")
    yield run({"patience": 0}, [3.0], "one epoch")


def checkpoint(args, logs, note=None, batches=None):
    """Files written, with the epoch they were last written in."""
    model = tiny()
    out = {"args": args, "logs": logs, **({"note": note} if note else {})}
    with tempfile.TemporaryDirectory() as folder:
        args = {**args, "filepath": f"{folder}/{args['filepath']}"}
        saved = []
        with printed() as box:
            try:
                callback = keras.callbacks.ModelCheckpoint(**args)
                callback.set_model(model)
                callback.on_train_begin()
                for epoch, log in enumerate(logs):
                    callback.on_epoch_begin(epoch)
                    for batch in range(batches or 0):
                        before = state(folder)
                        callback.on_train_batch_end(batch, log)
                        saved += [{"epoch": epoch, "batch": batch, "file": f} for f in changed(before, folder)]
                    before = state(folder)
                    callback.on_epoch_end(epoch, log)
                    saved += [{"epoch": epoch, "file": f} for f in changed(before, folder)]
            except (ValueError, KeyError) as error:
                out["error"] = str(error).replace(folder + "/", "")
        out["saved"] = saved
        if batches:
            out["batches_per_epoch"] = batches
        box["printed"] = box["printed"].replace(folder + "/", "")
        if "warnings" in box:
            box["warnings"] = [w.replace(folder + "/", "") for w in box["warnings"]]
    return {**out, **box}


def state(folder):
    return {p.relative_to(folder).as_posix(): (p.stat().st_mtime_ns, p.stat().st_ino) for p in pathlib.Path(folder).rglob("*") if p.is_file()}


def changed(before, folder):
    return sorted(f for f, when in state(folder).items() if before.get(f) != when)


def checkpoints():
    falling = [{"loss": v + 1, "val_loss": v, "val_accuracy": 1 - v / 10} for v in (5.0, 4.0, 4.5, 3.25)]
    run = checkpoint
    yield run({"filepath": "m.keras"}, falling[:2])
    yield run({"filepath": "m.keras", "verbose": 1}, falling[:2])
    yield run({"filepath": "{epoch}-{val_loss:.2f}.keras"}, falling[:2], "epoch counts from 1 in the name")
    yield run({"filepath": "run/{epoch:02d}-{val_accuracy:.3f}.weights.h5", "save_weights_only": True}, falling[:2], "the folder is made")
    yield run({"filepath": "m.keras", "save_best_only": True, "verbose": 1}, falling)
    yield run({"filepath": "m.keras", "save_best_only": True, "monitor": "val_accuracy", "verbose": 1}, falling)
    yield run({"filepath": "m.keras", "save_best_only": True, "initial_value_threshold": 4.2, "verbose": 1}, falling)
    yield run({"filepath": "m.keras", "save_best_only": True, "mode": "max", "verbose": 1}, falling)
    yield run({"filepath": "m.keras", "save_best_only": True, "monitor": "val_missing", "mode": "min"}, falling[:2], "monitored value absent")
    yield run({"filepath": "m.keras", "save_best_only": True, "monitor": "val_missing"}, falling[:2], "auto cannot tell the direction")
    yield run({"filepath": "m.h5", "verbose": 1}, falling[:1], "the old format")
    yield run({"filepath": "m.txt"}, falling[:1])
    yield run({"filepath": "m.keras", "save_weights_only": True}, falling[:1])
    yield run({"filepath": "{unknown}.keras"}, falling[:1])
    yield run({"filepath": "{epoch}-{batch}.keras", "save_freq": 3}, falling[:2], "counts batches across epochs", batches=4)
    yield run({"filepath": "m.keras", "save_freq": "batch"}, falling[:1])
    nan = [{"val_loss": v} for v in (NAN, 2.0, 1.0)]
    yield run({"filepath": "m.keras", "save_best_only": True}, nan, "a first NaN is saved and never beaten")


def csv(args, logs, note=None, existing=None):
    out = {"args": args, "logs": logs, **({"note": note} if note else {})}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "log.csv"
        if existing is not None:
            path.write_text(existing)
            out["existing"] = existing
        callback = keras.callbacks.CSVLogger(str(path), **args)
        try:
            callback.on_train_begin()
            for epoch, log in enumerate(logs):
                callback.on_epoch_end(epoch, log)
            callback.on_train_end()
        except ValueError as error:
            out["error"] = str(error)
        out["file"] = path.read_bytes().decode()
    return out


def csvs():
    logs = [{"loss": 1.5, "accuracy": 0.1}, {"loss": 0.30000001192092896, "accuracy": 1.0}]
    val = [{"loss": 2.0, "val_loss": 3.0}, {"loss": 1e-07, "val_loss": 12345678.0}]
    yield csv({}, logs, "without val_ keys in the first epoch, val_ columns are added and filled with NA; lines end in CR LF")
    yield csv({}, val)
    yield csv({"separator": ";"}, val)
    yield csv({"append": True}, val, "appending to nothing writes the header")
    yield csv({"append": True}, val, "appending writes no second header", "epoch,loss,val_loss\r\n0,9.0,9.0\r\n")
    yield csv({"append": False}, val, "overwrites", "old text\n")
    yield csv({}, [val[0], {"loss": 1.0}], "a missing value is NA")
    yield csv({}, [logs[0], {**logs[1], "val_loss": 0.5, "val_accuracy": 0.75}], "validation only in the second epoch")
    yield csv({}, [{"loss": NAN}, {"loss": float("inf")}])


class Recorder(keras.callbacks.Callback):
    """Notes every hook with its argument and the names in its logs."""

    def __init__(self):
        super().__init__()
        self.calls = []
        for name in dir(keras.callbacks.Callback):
            if name.startswith("on_") and name.count("_") > 1 and name not in ("on_batch_begin", "on_batch_end"):
                setattr(self, name, self.hook(name))

    def hook(self, name):
        def call(*args, logs=None, **_):
            if args and isinstance(args[-1], (dict, type(None))):
                *args, logs = args
            row = {"hook": name}
            if args:
                row["index"] = int(args[0])
            row["logs"] = None if logs is None else list(logs)
            self.calls.append(row)

        return call


def hooks():
    """The order of the hooks in fit, evaluate and predict, two batches each."""
    model, out = tiny(), []
    x, y = np.zeros((4, 1), "float32"), np.zeros((4, 1), "float32")
    runs = {
        "fit": lambda c: model.fit(x, y, batch_size=2, epochs=2, validation_data=(x, y), verbose=0, callbacks=[c]),
        "evaluate": lambda c: model.evaluate(x, y, batch_size=2, verbose=0, callbacks=[c]),
        "predict": lambda c: model.predict(x, batch_size=2, verbose=0, callbacks=[c]),
    }
    for name, run in runs.items():
        recorder = Recorder()
        run(recorder)
        out.append({"method": name, "params": {k: v for k, v in recorder.params.items()}, "calls": recorder.calls})
    return out


def terminate(bad, raise_error=False):
    """The loss becomes `bad` in the second batch of the second epoch."""
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    callback = keras.callbacks.TerminateOnNaN(raise_error=raise_error)
    callback.set_model(model)
    model.stop_training = False
    out = {"loss": bad, "args": {"raise_error": raise_error}}
    with printed() as box:
        try:
            callback.on_batch_end(7, {"loss": bad})
        except RuntimeError as error:
            out["error"] = str(error)
    return {**out, "stops": bool(model.stop_training), **box}


def stop_in_the_middle():
    """`stop_training` set in a batch: the epoch ends there, is validated, logged and closed."""
    model, seen = tiny(), Recorder()
    stop = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: setattr(model, "stop_training", batch == 1))
    x, y = np.zeros((6, 1), "float32"), np.zeros((6, 1), "float32")
    h = model.fit(x, y, batch_size=2, epochs=3, validation_data=(x, y), verbose=0, callbacks=[stop, seen])
    return {"epochs": h.epoch, "history_keys": list(h.history), "calls": [c for c in seen.calls if "test" not in c["hook"]]}


def facts():
    return {
        "about": "values[i] or logs[i] is what the callback gets at the end of epoch i; the one weight of the model is then i",
        "early_stopping": list(early_stoppings()),
        "model_checkpoint": list(checkpoints()),
        "csv_logger": list(csvs()),
        "terminate_on_nan": [terminate(v) for v in (1.0, NAN, float("inf"))] + [terminate(NAN, True)],
        "hooks": hooks(),
        "stop_in_the_middle": stop_in_the_middle(),
    }
