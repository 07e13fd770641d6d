"""Looks for settings in which Ferras differs from the real Keras: writes models with drawn settings.

    python tools/draw.py layers 0 100 drawn.json          # family, first number, how many, file
    FERRAS_DRAWN=drawn.json cargo test -p ferras --test masks drawn -- --ignored

The environment is that of `tools/golden.py`. What differs belongs into `KEPT` of `golden_facts/drawn.py`.
"""

import os
import pathlib
import sys
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ["JAX_PLATFORMS"] = "cpu"
sys.dont_write_bytecode = True
warnings.filterwarnings("ignore")

from golden_facts import drawn, wire  # noqa: E402  (the environment comes first)


def main(family, first, count, path):
    cases, refused = [], 0
    for number in range(int(first), int(first) + int(count)):
        case = drawn.drawing(family, number)
        if case is None:
            refused += 1
        else:
            cases.append(case)
    pathlib.Path(path).write_text(wire.dumps({"cases": cases}))
    print(f"{len(cases)} cases, {refused} that Keras refuses")


if __name__ == "__main__":
    main(*sys.argv[1:])
