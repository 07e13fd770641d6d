"""Ferras beside its peers on this machine: every row measured in turn, round after round.

    python tools/peers.py --tensorflow PYTHON --jax PYTHON --torch PYTHON [--rows NAME,...]
        [--peers NAME,...] [--rounds N] [--seconds S] [--before COMMAND] [--save FILE] [--show FILE]

PYTHON is the interpreter of a virtual environment with tools/peers/requirements-*.txt; peers whose
interpreter is not given are left out. Each measurement is a process of its own of a few seconds;
COMMAND, if given, is put before it (a program that keeps the machine quiet, for example). Results are
added to FILE as JSON lines, so that a long comparison can be made in parts; --show prints the table of
a file and measures nothing. The table has the medians over the rounds, and Ferras against the best
peer of each row.
"""
import argparse
import collections
import json
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[1]
PROGRAMS = ROOT / "tools" / "peers"
# Name, interpreter's option, program and its arguments, back end of Keras.
PEERS = {
    "Keras-TF": ("tensorflow", ["keras_peer.py"], "tensorflow"),
    "Keras-JAX": ("jax", ["keras_peer.py"], "jax"),
    "Keras-torch": ("torch", ["keras_peer.py"], "torch"),
    "torch": ("torch", ["torch_peer.py", "--mode", "eager"], None),
    "torch.compile": ("torch", ["torch_peer.py", "--mode", "compile"], None),
}
ROWS = (
    "start xor churn mlp_one_layer mlp_two_layers mlp_two_layers_dropout conv_net conv_net_batch_norm "
    "le_net cifar_net depthwise lstm gru attention conv1d mlp_two_layers_bfloat16 conv_net_bfloat16 predict_conv_net_1 predict_conv_net_256 "
    "predict_resnet50_1 predict_resnet50_8 predict_mobilenet_1 predict_mobilenet_8"
).split()
LONGEST = 300  # seconds that a measurement may take, compilation included


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for interpreter in ("tensorflow", "jax", "torch"):
        parser.add_argument(f"--{interpreter}", metavar="PYTHON")
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=2.5)
    parser.add_argument("--before", default="", metavar="COMMAND")
    parser.add_argument("--save", metavar="FILE")
    parser.add_argument("--show", metavar="FILE")
    return parser.parse_args()


def ferras_program():
    """The benchmark, built."""
    command = "cargo bench -p ferras --bench workloads --no-run --message-format json".split()
    built = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    for line in built.stdout.splitlines():
        message = json.loads(line)
        if message.get("target", {}).get("name") == "workloads" and message.get("executable"):
            return message["executable"]
    sys.exit("cargo built no benchmark")


def run(command, environment):
    """The line that a measurement prints, with how long the whole process took; None if it failed."""
    began = time.perf_counter()
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        print(f"took over {LONGEST} s: {shlex.join(command)}", file=sys.stderr)
        return None
    whole = (time.perf_counter() - began) * 1e6
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode or not lines:
        print(f"failed: {shlex.join(command)}\n{done.stderr[-600:]}", file=sys.stderr)
        return None
    line = json.loads(lines[-1])
    if line["workload"] == "start":
        line["microseconds_per_step"] = round(whole, 1)
    return line


def commands(asked):
    """Each competitor's name, with what runs a row of it."""
    ferras = ferras_program()
    yield "Ferras", lambda row: ([ferras, "--once", row], {})
    for name in asked.peers.split(","):
        interpreter, program, backend = PEERS[name]
        python = getattr(asked, interpreter)
        if not python:
            continue
        script = [python, str(PROGRAMS / program[0])]
        rest = [*program[1:], "--seconds", str(asked.seconds)]
        environment = {"KERAS_BACKEND": backend} if backend else {}
        yield name, lambda row, s=script, r=rest, e=environment: ([*s, row, *r], e)


def measure(asked):
    before = shlex.split(asked.before)
    everyone = list(commands(asked))
    results = []
    for number in range(asked.rounds):
        for row in asked.rows.split(","):
            for name, command_of in everyone:
                command, environment = command_of(row)
                line = run([*before, *command], environment)
                if line is None:
                    continue
                line = {"who": name, "round": number, **line}
                results.append(line)
                print(json.dumps(line), file=sys.stderr, flush=True)
                if asked.save:
                    with open(asked.save, "a") as file:
                        file.write(json.dumps(line) + "\n")
    return results


def time_of(microseconds):
    for limit, unit, scale in ((1e3, "µs", 1), (1e6, "ms", 1e3), (float("inf"), "s", 1e6)):
        if microseconds < limit:
            return f"{microseconds / scale:.3g} {unit}"


def table(results):
    """Markdown: a row a workload, a column a competitor, then Ferras against the best of the others."""
    times, memory = collections.defaultdict(list), collections.defaultdict(list)
    for line in results:
        times[line["workload"], line["who"]].append(line["microseconds_per_step"])
        memory[line["workload"], line["who"]].append(line["peak_memory_mb"])
    names = ["Ferras", *[n for n in PEERS if any(who == n for _, who in times)]]
    rows = [r for r in dict.fromkeys(row for row, _ in times)]
    rows.sort(key=lambda r: ROWS.index(r) if r in ROWS else len(ROWS))
    print("| a step | " + " | ".join(names) + " | faster than the best |")
    print("|---|" + "---|" * (len(names) + 1))
    for row in rows:
        middle = {n: statistics.median(times[row, n]) for n in names if times[row, n]}
        others = [middle[n] for n in names[1:] if n in middle]
        ratio = f"{min(others) / middle['Ferras']:.2f}×" if others and "Ferras" in middle else ""
        cells = []
        for n in names:
            text = time_of(middle[n]) if n in middle else ""
            best = n in middle and middle[n] == min(middle.values())
            cells.append(f"**{text}**" if best else text)
        print(f"| {row} | " + " | ".join(cells) + f" | {ratio} |")
    print("\n| peak memory, MB | " + " | ".join(names) + " |")
    print("|---|" + "---|" * len(names))
    for row in rows:
        cells = [f"{statistics.median(memory[row, n]):.0f}" if memory[row, n] else "" for n in names]
        print(f"| {row} | " + " | ".join(cells) + " |")


def main():
    asked = arguments()
    if asked.show:
        with open(asked.show) as file:
            return table([json.loads(line) for line in file])
    table(measure(asked))


main()
