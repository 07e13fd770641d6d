"""A model of Keras behind Flask, as tutorials have it: what `ferras serve` is measured beside.

    python3 -m venv /tmp/flask && /tmp/flask/bin/pip install flask keras tensorflow-cpu
    KERAS_BACKEND=tensorflow /tmp/flask/bin/python tools/serve_flask.py model.keras --port 5000

`POST /predict` takes `{"instances": [rows]}` and answers `{"predictions": [rows]}`, with `model.predict`, or with
`--call` by calling the model, which spares what `predict` sets up each time.
"""

import argparse

import keras
import numpy as np
from flask import Flask, jsonify, request

parser = argparse.ArgumentParser()
parser.add_argument("model")
parser.add_argument("--port", type=int, default=5000)
parser.add_argument("--call", action="store_true")
options = parser.parse_args()

model = keras.models.load_model(options.model)
app = Flask(__name__)


@app.post("/predict")
def predict():
    x = np.asarray(request.get_json()["instances"], "float32")
    y = np.asarray(model(x, training=False)) if options.call else model.predict(x, verbose=0)
    return jsonify(predictions=y.tolist())


if __name__ == "__main__":
    import logging

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request would be measured too
    app.run(port=options.port, threaded=True)
