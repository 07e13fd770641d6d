"""What fit, evaluate and predict print: the progress bar, on a terminal and in a file.

Time is a fake clock, so the text is exact: each step takes as long as the script says.
"""

import contextlib
import io

import keras
import numpy as np
from keras.src.utils import progbar

from . import training, wire


class Clock:
    """Stands in for the module `time` inside the progress bar."""

    def __init__(self):
        self.now = 1000.0

    def time(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@contextlib.contextmanager
def captured(terminal):
    clock, stream, real = Clock(), Terminal() if terminal else io.StringIO(), progbar.time
    progbar.time = clock
    keras.config.enable_interactive_logging()
    try:
        with contextlib.redirect_stdout(stream):
            yield clock, stream
    finally:
        progbar.time = real


def bar(target, steps, verbose, terminal, note=None, finish=True):
    """`steps` are (seconds, logs); the last is followed by the end of the epoch, as in fit."""
    with captured(terminal) as (clock, stream):
        made = keras.utils.Progbar(target, verbose=verbose, unit_name="step", stateless_metrics=set())
        for i, (seconds, logs) in enumerate(steps):
            clock.now += seconds
            if verbose == 1:
                made.update(i + 1, list(logs.items()), finalize=False)
        if finish:
            made.target = made.target or len(steps)
            made.update(made.target, list(steps[-1][1].items()), finalize=True)
    out = {"target": target, "verbose": verbose, "terminal": terminal, **({"note": note} if note else {})}
    out["steps"] = [{"seconds": s, "logs": logs} for s, logs in steps]
    return {**out, "text": stream.getvalue()}


def bars():
    ordinary = [(1.0, {"accuracy": 0.25, "loss": 2.5}), (0.1, {"accuracy": 0.5, "loss": 1.23456}), (0.1, {"accuracy": 0.75, "loss": 0.5})]
    small = [(0.2, {"loss": 0.001}), (0.2, {"loss": 0.0010001}), (0.2, {"loss": 1.5e-5}), (0.2, {"loss": 0.0})]
    negative = [(0.1, {"loss": -0.5}), (0.1, {"loss": -2.0})]
    odd = [(0.1, {"loss": float("nan")}), (0.1, {"loss": float("inf")})]
    for terminal in (True, False):
        yield bar(3, ordinary, 1, terminal)
        yield bar(None, ordinary, 1, terminal, "the number of steps is not known")
    yield bar(3, ordinary, 2, False)
    yield bar(100, ordinary, 1, True, "the start of a long epoch", finish=False)
    yield bar(4, small, 1, True, "at most 0.001: with an exponent")
    yield bar(4, small, 2, False)
    yield bar(2, negative, 1, True)
    yield bar(2, negative, 2, False, "verbose 2 tests the value, not its size: negative ones get an exponent")
    yield bar(2, odd, 1, True)
    yield bar(2, [(0.00002, {}), (0.0004, {})], 1, True, "no logs; quicker than the 0.05 s between two drawings")
    yield bar(2, [(0.01, {"loss": 1.0})] * 2, 1, True, "quick steps: the second is not drawn until the end")
    yield bar(20000, [(1.0, {"loss": 1.0}), (1.0, {"loss": 1.0})], 1, True, "hours to go", finish=False)
    yield bar(200, [(1.0, {"loss": 1.0}), (1.0, {"loss": 1.0})], 1, True, "minutes to go", finish=False)
    yield bar(1, [(90.0, {"loss": 1.0})], 1, True)
    yield bar(1, [(90.0, {"loss": 1.0})], 2, False)
    longer = [(0.1, {"loss": 123456.789}), (0.1, {"loss": 1.0})]
    yield bar(2, longer, 1, True, "a shorter line is padded over the longer one")
    yield bar(2, longer, 1, True, "cut short", finish=False)


class Ticking(keras.callbacks.Callback):
    """Lets a tenth of a second pass in each batch.

    A callback with hooks at the end of batches also makes Keras run all callbacks in
    step with the batches; without one they run in other threads, and what is drawn varies.
    """

    def __init__(self, clock):
        super().__init__()
        self.clock = clock

    def tick(self):
        self.clock.now += 0.1

    def on_train_batch_begin(self, batch, logs=None):
        self.tick()

    on_test_batch_begin = on_predict_batch_begin = on_train_batch_begin

    def on_train_batch_end(self, batch, logs=None):
        pass

    on_test_batch_end = on_predict_batch_end = on_train_batch_end


def run(method, verbose, terminal, epochs=2, **args):
    """A real fit, evaluate or predict."""
    spec = {"optimizer": {"class": "SGD", "args": {"learning_rate": 0.1}}, "loss": "mse", "metrics": ["mae"]}
    model = training.compiled(training.mlp(2, None), spec)
    training.start(model)
    x, y = training.X, training.REAL
    with captured(terminal) as (clock, stream):
        common = {"batch_size": 8, "verbose": verbose, "callbacks": [Ticking(clock)]}
        if method == "fit":
            model.fit(x, y, epochs=epochs, shuffle=False, **args, **common)
        elif method == "evaluate":
            model.evaluate(x, y, **common)
        else:
            model.predict(x, **common)
    out = {"method": method, "verbose": verbose, "terminal": terminal, "epochs": epochs}
    return {**out, "arguments": args, "text": stream.getvalue()}


def runs():
    yield run("fit", "auto", False)
    for terminal, verbose in [(True, 1), (False, 2)]:
        yield run("fit", verbose, terminal)
        yield run("fit", verbose, terminal, validation_split=0.3)
        yield run("fit", verbose, terminal, epochs=1)
        yield run("evaluate", verbose, terminal)
        yield run("predict", verbose, terminal)
    yield run("fit", 0, True)


def facts():
    return {
        "about": "runs: the network, weights and data of mlp_mse_sgd in training.json, batch size 8, no shuffling; "
        "every batch, also of validation, takes 0.1 s and everything else no time",
        "x": wire.array(training.X),
        "y": wire.array(training.REAL),
        "bars": list(bars()),
        "runs": list(runs()),
    }
