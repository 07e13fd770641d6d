"""Names, order and defaults of the arguments of further layers and what belongs to them."""

import keras
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer
from keras.src.legacy.layers import ThresholdedReLU

from . import defaults

LAYERS = {
    "Conv1DTranspose": {"filters": 2, "kernel_size": 3},
    "Conv2DTranspose": {"filters": 2, "kernel_size": 3},
    "Conv3DTranspose": {"filters": 2, "kernel_size": 3},
    "SeparableConv1D": {"filters": 2, "kernel_size": 3},
    "SeparableConv2D": {"filters": 2, "kernel_size": 3},
    "AdaptiveAveragePooling1D": {"output_size": 2},
    "AdaptiveAveragePooling2D": {"output_size": 2},
    "AdaptiveAveragePooling3D": {"output_size": 2},
    "AdaptiveMaxPooling1D": {"output_size": 2},
    "AdaptiveMaxPooling2D": {"output_size": [2, 3]},
    "AdaptiveMaxPooling3D": {"output_size": 2},
    "GroupNormalization": {},
    "RMSNormalization": {},
    "UnitNormalization": {},
    "AlphaDropout": {"rate": 0.5},
    "SpatialDropout3D": {"rate": 0.5},
    "Cropping3D": {},
    "UpSampling3D": {},
    "ZeroPadding3D": {},
    "Dot": {"axes": 1},
    "Attention": {},
    "AdditiveAttention": {},
    "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
    "GroupQueryAttention": {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
    "EinsumDense": {"equation": "ab,bc->ac", "output_shape": [3]},
}
INITIALIZERS = {"STFT": {}}


WRAPPERS = ("Wrapper", "SpectralNormalization")


def wrapper(name):
    keras.utils.clear_session()
    layer = keras.layers.Activation("relu")
    row = defaults.of_class("layers", name, {"layer": layer})
    return {**row, "made_with": {"layer": defaults.plain(keras.saving.serialize_keras_object(layer))}}


def thresholded():
    """The class computes with TensorFlow alone, so it cannot be made here."""
    arguments = defaults.parameters(ThresholdedReLU.__init__)
    config = {row["name"]: row["default"] for row in arguments if "default" in row}
    return {"name": "ThresholdedReLU", "arguments": arguments, "made_with": {}, "config": config}


def part(kind, required):
    """A layer that only Keras' own networks have."""
    config = defaults.plain(kind(**required).get_config())
    arguments = defaults.parameters(kind.__init__)
    return {"name": kind.__name__, "arguments": arguments, "made_with": required, "config": config}


def facts():
    return {
        "about": "an argument without default is required; config = get_config() of an instance made with made_with",
        "layers": [
            *(defaults.of_class("layers", name, args) for name, args in LAYERS.items()),
            *(wrapper(name) for name in WRAPPERS),
            thresholded(),
            part(CustomScaleLayer, {"scale": 0.5}),
            part(LayerScale, {"init_values": 0.5, "projection_dim": 4}),
        ],
        "initializers": [defaults.of_class("initializers", name, args) for name, args in INITIALIZERS.items()],
    }
