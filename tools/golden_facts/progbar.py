"""`keras.utils.Progbar` in a program's own loops: averages, other widths and units, on a terminal."""

import keras

from .output import captured


def case(target, steps, **args):
    """`steps` are (seconds, count, values, options): options hold `add` or `finalize`."""
    with captured(True) as (clock, stream):
        bar = keras.utils.Progbar(target, **args)
        for seconds, count, values, options in steps:
            clock.now += seconds
            if options.get("add"):
                bar.add(count, values)
            else:
                bar.update(count, values, **options)
    played = [{"seconds": s, "count": c, "values": v, **o} for s, c, v, o in steps]
    return {"target": target, "arguments": args, "steps": played, "text": stream.getvalue()}


def cases():
    ordinary = [(0.5, 1, [("loss", 4.0), ("mae", 1.0)], {}), (0.1, 2, [("loss", 2.0), ("mae", 3.0)], {}), (0.1, 4, [("loss", 1.0)], {})]
    last = [(0.2, 5, [("loss", 0.5), ("mae", 0.25)], {})]
    yield case(5, ordinary + last)
    yield case(5, ordinary, width=30, unit_name="sample")
    yield case(5, ordinary + last, stateful_metrics=["mae"])
    yield case(5, ordinary + last, stateless_metrics=["mae"], width=7)
    yield case(5, ordinary + last, verbose=2, unit_name="file")
    yield case(5, ordinary + last, verbose=0)
    yield case(5, ordinary + last, interval=0.15)
    yield case(None, ordinary)
    yield case(None, ordinary + [(0.2, 6, [("loss", 0.5)], {"finalize": True})])
    yield case(None, ordinary + [(0.2, 6, [("loss", 0.5)], {"finalize": True})], verbose=2)
    yield case(12, [(0.3, 5, [("a", 1.0)], {"add": True}), (0.3, 5, [("a", 4.0)], {"add": True}), (0.3, 2, [("a", 7.0)], {"add": True})])
    yield case(12, [(0.3, 12, [("a", 0.0005)], {"finalize": False}), (0.3, 12, [("a", 2.0)], {})])
    yield case(10, [(4.0, 1, [], {}), (100.0, 2, [], {}), (4000.0, 3, [("b", -0.5)], {})])
    yield case(0, [(1.0, 0, [("b", 1.0)], {}), (1.0, 0, [("b", 3.0)], {"finalize": True})])


def facts():
    return {"about": "every clock starts at 1000; `add` counts further, `finalize` says that it is the last", "cases": list(cases())}
