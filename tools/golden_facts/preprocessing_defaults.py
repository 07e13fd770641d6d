"""Names, order and defaults of the arguments of layers that prepare data, as in `defaults`."""

from .defaults import of_class

FACTOR = {"factor": 0.25}
LAYERS = {
    "AugMix": {},
    "AutoContrast": {},
    "CategoryEncoding": {"num_tokens": 4},
    "ContrastLimitedAdaptiveHistogramEqualization": {},
    "CutMix": {},
    "Discretization": {"bin_boundaries": [0.5, 1.5]},
    "Equalization": {},
    "MaxNumBoundingBoxes": {"max_number": 5},
    "MixUp": {},
    "Normalization": {},
    "RandAugment": {},
    "RandomBrightness": FACTOR,
    "RandomColorDegeneration": FACTOR,
    "RandomColorJitter": {},
    "RandomContrast": FACTOR,
    "RandomElasticTransform": {},
    "RandomErasing": {},
    "RandomFlip": {},
    "RandomGaussianBlur": {},
    "RandomGrayscale": {},
    "RandomHue": FACTOR,
    "RandomInvert": {},
    "RandomPerspective": {},
    "RandomPosterization": {"factor": 3},
    "RandomRotation": FACTOR,
    "RandomSaturation": FACTOR,
    "RandomSharpness": FACTOR,
    "RandomShear": {},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": [-0.2, 0.3]},
    "RandomZoom": {"height_factor": [0.1, 0.2]},
    "Solarization": {},
}


def facts():
    return {"about": "as defaults.json", "layers": [of_class("layers", n, r) for n, r in LAYERS.items()]}
