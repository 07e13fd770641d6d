"""The reference facts, one module a topic."""

TOPICS = [
    "activations",
    "initializers",
    "regularizers",
    "losses",
    "loss_settings",
    "metrics",
    "metric_settings",
    "layers",
    "convolutions",
    "optimizers",
    "training",
    "masks",
    "callbacks",
    "output",
    "summary",
    "preprocessing",
    "datasets",
    "defaults",
    "layer_defaults",
    "recurrent_defaults",
]
