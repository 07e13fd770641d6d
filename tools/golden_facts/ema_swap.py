"""SwapEMAWeights: validation with the moving averages of the weights."""

import keras

from . import wire


def case(swap_on_epoch, **options):
    keras.utils.clear_session()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, "tanh"), keras.layers.Dense(1)])
    weights = [wire.normal(w.shape, 850 + i, 0.5) for i, w in enumerate(model.weights)]
    model.set_weights(weights)
    model.compile(keras.optimizers.SGD(0.2, use_ema=True, **options), "mse")
    x, y = wire.normal((12, 2), 860), wire.normal((12, 1), 861)
    held = wire.normal((5, 2), 862), wire.normal((5, 1), 863)
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append([wire.array(w) for w in self.model.get_weights()])

    callbacks = [keras.callbacks.SwapEMAWeights(swap_on_epoch), Watch()]
    history = model.fit(
        x, y, batch_size=4, epochs=3, shuffle=False, validation_data=held, callbacks=callbacks, verbose=0
    )
    return {
        "swap_on_epoch": swap_on_epoch,
        "options": options,
        "weights": wire.arrays(weights),
        "x": wire.array(x),
        "y": wire.array(y),
        "validation": wire.arrays(held),
        "history": history.history,
        "after_epochs": seen,
        "trained": wire.arrays(model.get_weights()),
    }


def facts():
    return {
        "cases": [
            case(False, ema_momentum=0.5),
            case(True, ema_momentum=0.5),
            case(False, ema_momentum=0.9, ema_overwrite_frequency=4),
            case(True, ema_momentum=0.9, momentum=0.5),
        ]
    }
