"""Names, order and defaults of the arguments of recurrent layers and what goes with them, as in `defaults`."""

from .defaults import of_class

LAYERS = {
    "Embedding": {"input_dim": 5, "output_dim": 2},
    "Masking": {},
}


def facts():
    return {"about": "as defaults.json", "layers": [of_class("layers", n, r) for n, r in LAYERS.items()]}
