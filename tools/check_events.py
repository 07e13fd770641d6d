"""Reads the event files of a folder as TensorBoard does and lists what is in them.

    python3 -m venv /tmp/board && /tmp/board/bin/pip install tensorboard
    /tmp/board/bin/python tools/check_events.py logs
"""

import sys

from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.util import tensor_util

found = EventMultiplexer().AddRunsFromDirectory(sys.argv[1])
found.Reload()
for run, kinds in sorted(found.Runs().items()):
    for tag in kinds["tensors"]:
        plugin = found.SummaryMetadata(run, tag).plugin_data.plugin_name
        events = found.Tensors(run, tag)
        last = tensor_util.make_ndarray(events[-1].tensor_proto)
        shown = last.item() if last.ndim == 0 else f"{last.shape}, {last[:, 2].sum():.0f} numbers"
        print(f"{run}: {tag} ({plugin}) at {[e.step for e in events]}: {str(shown)[:60]}")
