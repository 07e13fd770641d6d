"""Writes the reference facts that Ferras is tested against, taken from the real Keras.

Make the environment once (Python 3.11 or newer, nothing else on the system):

    python3 -m venv /tmp/keras-venv
    /tmp/keras-venv/bin/pip install -r tools/requirements.txt

Then, from the root of the repository:

    /tmp/keras-venv/bin/python tools/golden.py             # every topic
    /tmp/keras-venv/bin/python tools/golden.py layers      # some topics

Topics of what Keras does with TensorFlow alone want it installed beside, and are asked for by name:

    KERAS_BACKEND=tensorflow /tmp/keras-venv/bin/python tools/golden.py timeseries

Each topic is a module of `golden_facts` with a function `facts()`; its result
becomes `tests/golden/TOPIC.json`. The format is described in `tests/README.md`.

The run is deterministic: data and weights are drawn here from a seeded generator
and stored in the file, so no initialiser or random layer of Keras has to be matched.
Another machine may differ in the last bit of a sum, which is why tests compare with
a tolerance.
"""

import os
import pathlib
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["COLUMNS"] = "120"  # the width that `summary` sees
os.environ["LINES"] = "40"

sys.dont_write_bytecode = True  # leaves no __pycache__ in the working tree

from golden_facts import TOPICS, WITH_TENSORFLOW, wire  # noqa: E402  (the environment comes first)

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "tests" / "golden"


def main(wanted):
    unknown = sorted(set(wanted) - set(TOPICS + WITH_TENSORFLOW))
    if unknown:
        sys.exit(f"unknown topic {', '.join(unknown)}; known: {', '.join(TOPICS)}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for topic in wanted or TOPICS:
        path = FOLDER / f"{topic}.json"
        path.write_text(wire.dumps(wire.collect(topic)))
        print(f"{path.relative_to(FOLDER.parent.parent)}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])
