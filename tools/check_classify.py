"""Does the program `classify` see what Keras sees? With weights that Keras initialised.

    python tools/check_classify.py PROGRAM [MODEL…]

PROGRAM is the built example, MODEL some of vgg, inception, resnet, mobilenet (the default). The scores of all 1000
classes must agree within 1e-4 of the largest.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ["JAX_PLATFORMS"] = "cpu"

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import applications  # noqa: E402
from PIL import Image  # noqa: E402

NETWORKS = {
    "vgg": (applications.VGG16, applications.vgg16, 224),
    "inception": (applications.InceptionV3, applications.inception_v3, 299),
    "resnet": (applications.ResNet50, applications.resnet, 224),
    "mobilenet": (applications.MobileNet, applications.mobilenet, 224),
}


def scores_of(program, name, folder, image):
    build, module, side = NETWORKS[name]
    keras.utils.set_random_seed(7)
    model = build(weights=None)
    x = keras.utils.img_to_array(keras.utils.load_img(image, target_size=(side, side)))
    x = module.preprocess_input(x[None])
    expected = model.predict(x, verbose=0)[0]
    last = [layer for layer in model.layers if layer.weights][-1]
    while expected.max() < 0.01:  # nearly all alike otherwise, whatever the picture
        kernel, *rest = last.get_weights()
        last.set_weights([kernel * 10, *rest])
        expected = model.predict(x, verbose=0)[0]
    weights = folder / f"{name}.weights.h5"
    model.save_weights(weights)
    command = [program, "-m", name, "--image", image, "--weights", weights, "--classes", folder / "classes.json"]
    command += ["--top", "1000", "--out", folder, "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name}: {done.stderr}")
    found = np.zeros(1000)
    for number, _, score in json.loads(done.stdout.splitlines()[-1])["classes"]:
        found[int(number[1:])] = score
    weights.unlink()
    return found, expected


def main(program, names):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        classes = {str(i): [f"n{i}", f"thing {i}"] for i in range(1000)}
        (folder / "classes.json").write_text(json.dumps(classes))
        pixels = np.random.default_rng(3).integers(0, 256, (60, 80, 3)).astype("uint8")
        image = folder / "picture.png"
        Image.fromarray(pixels).resize((400, 300), Image.Resampling.BICUBIC).save(image)
        for network in names or ["mobilenet"]:
            found, expected = scores_of(program, network, folder, image)
            apart = np.abs(found - expected).max() / expected.max()
            print(f"{network}: {apart:.1e} of the largest score apart")
            if not apart < 1e-4:
                sys.exit("that is too much")


main(sys.argv[1], sys.argv[2:])
