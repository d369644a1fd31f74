"""Prints what TensorBoard reads from an event directory, as JSON: {tag: [[step, value], ...]}.

Needs the package `tensorboard`, 2.21 here: python -m venv V && V/bin/pip install tensorboard
"""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0})
events.Reload()
scalars = {tag: [[one.step, one.value] for one in events.Scalars(tag)] for tag in events.Tags()["scalars"]}
print(json.dumps(scalars))
