"""The kernels of short-time Fourier transforms, with every window."""

import keras

from . import wire

WINDOWS = (
    "hann hamming blackman boxcar triang bartlett nuttall blackmanharris flattop cosine bohman barthann parzen tukey "
    "lanczos exponential"
).split()


def kernel(shape, **args):
    return {"args": args, "output": wire.array(keras.initializers.STFT(**args)(shape))}


def facts():
    cases = []
    for window in WINDOWS:
        cases.append(kernel((8, 1, 5), window=window))
        cases.append(kernel((7, 1, 3), window=window, side="imag", scaling="spectrum", periodic=True))
    cases.append(kernel((1, 1, 2), window="hann"))
    cases.append(kernel((6, 1, 4), window=None))
    cases.append(kernel((5, 1, 4), window="hann", scaling=None, side="imag"))
    cases.append(kernel((4, 1, 3), window=[0.5, 1.0, -1.0, 0.25]))
    return {"cases": cases}
