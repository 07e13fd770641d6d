"""Spectrograms: `cases` as in `layers`; `initial`: what the layers give with the kernels they begin with; `layers` as in `defaults`."""

import keras
import numpy as np

from . import wire
from .defaults import of_class
from .layers import case

SOUND = wire.normal((2, 50, 3), 90)


def transforms():
    small = {"frame_length": 8, "frame_step": 3}
    for mode in ("log", "magnitude", "psd", "real", "imag", "angle", "stft"):
        yield case("STFTSpectrogram", {**small, "mode": mode}, (2, 20, 2))
    first = {"data_format": "channels_first"}
    yield case("STFTSpectrogram", {**small, **first, "mode": "stft", "padding": "same"}, (2, 3, 19))
    yield case("STFTSpectrogram", {**small, **first, "expand_dims": True, "mode": "psd"}, (1, 2, 20))
    yield case("STFTSpectrogram", {**small, "expand_dims": True, "padding": "same"}, (2, 17, 2))
    yield case("STFTSpectrogram", {"frame_length": 5, "fft_length": 9, "padding": "same", "mode": "imag"}, (2, 11, 1))
    yield case("STFTSpectrogram", {"frame_length": 7, "mode": "magnitude"}, (1, 30, 1))


def pitches():
    small = {"fft_length": 32, "sequence_stride": 8, "sampling_rate": 400, "num_mel_bins": 5}
    yield case("MelSpectrogram", small, (2, 100))
    yield case("MelSpectrogram", {**small, "power_to_db": False, "mag_exp": 1.0}, (2, 99))
    yield case("MelSpectrogram", {**small, "window": "hamming", "sequence_length": 20, "top_db": 6.0}, (3, 70))
    yield case("MelSpectrogram", {**small, "window": None, "min_freq": 0.0, "max_freq": 150.0, "ref_power": 4.0}, (1, 60))
    yield case("MelSpectrogram", {**small, "mag_exp": 3.0, "min_power": 1.0, "ref_power": 0.5, "sequence_stride": 13}, (2, 64))
    yield case("MelSpectrogram", {"num_mel_bins": 40, "sampling_rate": 8000, "fft_length": 256, "sequence_stride": 100}, (1, 1000))


def initial():
    window = [float(v) for v in np.linspace(0.1, 1.0, 6)]
    for args in [
        {"frame_length": 16},
        {"frame_length": 12, "window": "hamming", "periodic": True, "scaling": "spectrum", "mode": "magnitude"},
        {"frame_length": 6, "window": window, "scaling": None, "mode": "stft", "fft_length": 16},
        {"frame_length": 10, "window": None, "frame_step": 10, "mode": "imag", "padding": "same"},
        {"frame_length": 9, "window": "blackman", "mode": "psd", "expand_dims": True},
    ]:
        made = keras.layers.STFTSpectrogram(**args)
        yield {"args": args, "input": wire.array(SOUND), "output": wire.array(made(SOUND))}


def facts():
    made = {"STFTSpectrogram": {}, "MelSpectrogram": {}}
    return {
        "cases": [*transforms(), *pitches()],
        "initial": list(initial()),
        "layers": [of_class("layers", n, r) for n, r in made.items()],
    }
