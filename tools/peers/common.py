"""What the programs that time a peer share: arguments, data, the result's line."""
import argparse
import json
import pathlib
import resource
import statistics
import time

import numpy as np

DATA = pathlib.Path(__file__).parents[2] / "data"
STEPS = 40  # of an epoch, as in benches/workloads


def arguments(about):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("workload")
    parser.add_argument("--seconds", type=float, default=2.5, help="to measure for, about")
    parser.add_argument("--mode", default="eager", choices=["eager", "compile"])
    return parser.parse_args()


def median(values):
    return statistics.median(values) if values else float("nan")


def report(arguments, figures, **versions):
    """Prints the line: microseconds of a step, its rows, how it was called, peak of memory."""
    microseconds = figures["us"]
    line = dict(
        workload=arguments.workload,
        batch=figures["batch"],
        microseconds_per_step=round(microseconds, 2),
        samples_per_second=round(figures["batch"] / microseconds * 1e6) if microseconds else None,
        peak_memory_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1),
        via=figures["via"],
        versions=versions,
    )
    print(json.dumps(line), flush=True)


def fastest(ways, seconds, batch):
    """Tries each way of a prediction for a share of the time; the one with the best median."""
    found = []
    for name, call in ways:
        try:
            call()
            call()
        except Exception:  # not every way works for every network
            continue
        times, end = [], time.perf_counter() + seconds / 2
        while len(times) < 3 or time.perf_counter() < end:
            began = time.perf_counter()
            call()
            times.append(time.perf_counter() - began)
        found.append((median(times) * 1e6, name))
    us, name = min(found)
    return dict(us=us, batch=batch, via=name)


def xor():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    return x, np.array([[0], [1], [1], [0]], "float32")


def churn():
    rows = np.genfromtxt(DATA / "Churn_Modelling.csv", delimiter=",", skip_header=1)
    # CreditScore, Age ... EstimatedSalary, Exited, RowNumber, CustomerId
    x = rows[:, [3, 6, 7, 8, 9, 10, 11, 12, 13, 0, 1]]
    x = (x - x.mean(0)) / x.std(0)
    return x.astype("float32"), rows[:, 13].astype("float32")


def digits(name, batch=256):
    z = np.load(DATA / "mnist.npz")
    rows = STEPS * batch
    x = z["x_train"][:rows].astype("float32") / 255
    shape = (rows, 784) if name.startswith("mlp") else (rows, 28, 28, 1)
    return x.reshape(shape), np.eye(10, dtype="float32")[z["y_train"][:rows]]


def words(batch=32):
    rows = STEPS * batch
    x = np.arange(rows * 80) * 7919 % 10_007 % 10_000
    return x.astype("int32").reshape(rows, 80), (np.arange(rows) % 2).astype("float32")[:, None]


def pictures(shape):
    return np.modf(np.arange(np.prod(shape)) * 0.618034)[0].astype("float32").reshape(shape)


def cifar(batch=64):
    rows = STEPS * batch
    return pictures((rows, 32, 32, 3)), np.eye(10, dtype="float32")[np.arange(rows) % 10]


def sequences(batch=32):
    rows = STEPS * batch
    return pictures((rows, 128, 64)), (np.arange(rows) % 2).astype("float32")[:, None]
