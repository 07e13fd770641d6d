"""Opens the JSON that Ferras wrote for models in the real Keras.

    FERRAS_CONFIGS_OUT=/tmp/configs.json cargo test -p ferras --lib saving::config::tests
    python tools/check_configs.py /tmp/configs.json

Every model must be made, compiled where it was, called, and written again by Keras as it was read.
"""

import json
import os
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras.src.saving.serialization_lib import serialize_keras_object

# What Keras writes besides, or otherwise; none of it changes the model.
EXPLAINED = {"build_config", "quantization_config", "renorm", "renorm_momentum", "renorm_clipping"}
EXPLAINED |= {"jit_compile", "mask", "training"}
# What Keras writes of a layer, also of one that serves as an activation.
HANDLE = {"name", "trainable", "dtype"}


def plain(json_value):
    """Without what is explained."""
    if isinstance(json_value, dict):
        # SpatialDropout says neither of a layer's handle.
        left_out = EXPLAINED | ({"dtype", "trainable"} if "rate" in json_value else set())
        activation = json_value.get("activation")
        if isinstance(activation, dict):
            short = {k: v for k, v in activation["config"].items() if k not in HANDLE}
            json_value = {**json_value, "activation": {**activation, "config": short}}
        return {k: plain(v) for k, v in json_value.items() if k not in left_out}
    return [plain(v) for v in json_value] if isinstance(json_value, list) else json_value


def check(case):
    model = keras.models.model_from_json(json.dumps(case["json"]))
    if model.built:
        inputs = [np.zeros([d or 2 for d in x.shape], x.dtype) for x in model.inputs]
        model(inputs if len(inputs) > 1 else inputs[0])
    if case["json"]["compile_config"]:
        assert model.optimizer is not None, "not compiled"
    again = json.loads(json.dumps(serialize_keras_object(model)))
    assert plain(again) == plain(case["json"]), "written again, it differs"


def main():
    cases = json.load(open(sys.argv[1]))
    failed = 0
    for case in cases:
        keras.utils.clear_session()
        try:
            check(case)
        except Exception as error:  # noqa: BLE001  (every failure is counted)
            failed += 1
            print(f"{case['case']}: {type(error).__name__}: {error}"[:2000])
    print(f"Keras {keras.__version__}: {len(cases) - failed} of {len(cases)} opened")
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
