"""Normalizations other than the batch's."""

from .layers import case


def layer():
    name = "LayerNormalization"
    yield case(name, {}, (3, 4))
    yield case(name, {"axis": 1}, (2, 3, 4))
    yield case(name, {"axis": [1, 2]}, (2, 3, 4))
    yield case(name, {"axis": [-1, 1]}, (2, 3, 2, 3))
    yield case(name, {"axis": [-1, 1]}, (2, 3, 4), note="sizes in the order of the numbers")
    yield case(name, {"axis": [-2, -1], "center": False}, (2, 3, 4))
    yield case(name, {"scale": False, "epsilon": 0.1}, (2, 3, 4))
    yield case(name, {"rms_scaling": True}, (2, 3, 4))
    yield case(name, {"rms_scaling": True, "scale": False, "axis": 1}, (2, 3, 4))


def group():
    name = "GroupNormalization"
    yield case(name, {"groups": 2}, (3, 6))
    yield case(name, {"groups": 2}, (2, 3, 4, 6))
    yield case(name, {"groups": 3, "axis": 1}, (2, 6, 3, 2))
    yield case(name, {"groups": 2, "axis": -2, "epsilon": 0.1}, (2, 3, 4, 2))
    yield case(name, {"groups": -1}, (2, 5, 3))
    yield case(name, {"groups": 1, "center": False}, (2, 5, 4))
    yield case(name, {"groups": 4, "scale": False}, (2, 3, 4))
    yield case(name, {"groups": 2, "scale": False, "center": False}, (2, 3, 4))


def norms():
    yield case("RMSNormalization", {}, (3, 5))
    yield case("RMSNormalization", {"epsilon": 0.1}, (2, 3, 4))
    yield case("RMSNormalization", {"axis": [1, 2]}, (2, 3, 4))
    yield case("RMSNormalization", {"axis": [-2, -1]}, (2, 2, 3, 4))
    yield case("RMSNormalization", {"axis": 1}, (2, 4, 4), note="scale lies along the last axis")
    yield case("UnitNormalization", {}, (3, 5))
    yield case("UnitNormalization", {"axis": 1}, (2, 3, 4))
    yield case("UnitNormalization", {"axis": [1, 2]}, (2, 3, 4))
    yield case("UnitNormalization", {"axis": [-1, 1]}, (2, 3, 2, 4))


def batch():
    name = "BatchNormalization"
    for training in (False, True):
        yield case(name, {"renorm": True}, (6, 3), training=training)
        yield case(name, {"renorm": True, "center": False, "momentum": 0.7, "renorm_momentum": 0.5}, (6, 3), training=training)
        yield case(name, {"renorm": True, "scale": False, "axis": 1}, (4, 3, 2), training=training)
        clipping = {"rmax": 1.2, "rmin": 0.8, "dmax": 0.1}
        yield case(name, {"renorm": True, "renorm_clipping": clipping, "epsilon": 0.01}, (6, 3), training=training)
        yield case(name, {"renorm": True, "renorm_clipping": {"dmax": 0.2}}, (3, 4, 2), training=training)
    frozen = {"renorm": True, "trainable": False}
    yield case(name, frozen, (6, 3), training=True, note="frozen: runs as in inference")


def facts():
    return {"cases": [c for group_ in (layer, group, norms, batch) for c in group_()]}
