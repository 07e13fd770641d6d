"""Models in settings that are drawn at random: `tools/draw.py` looks for what differs from Keras.

A drawing is fixed by its family and number. Kept are those that once found a difference, and one of each kind.
"""

import importlib

FAMILIES = {"layers": "drawn_layers", "sequences": "drawn_sequences", "compiled": "drawn_compiled"}

# Family and numbers of what is kept; SpectralNormalization (25, 51, 77, 103) differed in the order of its weights.
KEPT = {"layers": [*range(26), 51, 77, 103], "sequences": [], "compiled": list(range(11))}


def drawing(family, number):
    """The case, or None where Keras itself refuses the settings."""
    return importlib.import_module(f"golden_facts.{FAMILIES[family]}").drawing(number)


def facts():
    cases = [drawing(family, number) for family, numbers in KEPT.items() for number in numbers]
    return {"about": "as training.json", "cases": cases}
