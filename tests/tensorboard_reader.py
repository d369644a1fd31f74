"""Event files of `siamang train --tensorboard`, read back by TensorBoard itself (2.21.0) and compared with the journal.

    python -m venv V && V/bin/pip install tensorboard==2.21.0
    siamang train --max-steps 20 --tensorboard --out run
    V/bin/python tests/tensorboard_reader.py run
"""
import json
import sys
from pathlib import Path

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

run = Path(sys.argv[1])
events = EventAccumulator(str(run / "tensorboard"))
events.Reload()
journal = [json.loads(line) for line in (run / "journal.jsonl").read_text().splitlines()]


def close(found, expected):
    return abs(found - expected) <= 1e-6 * max(1.0, abs(expected))


steps = [line for line in journal if line["event"] == "steps"]
losses = events.Scalars("loss")
assert [scalar.step for scalar in losses] == [line["step"] for line in steps], "steps of the loss"
assert all(close(a.value, b["loss"]) for a, b in zip(losses, steps)), "values of the loss"
evaluations = [line for line in journal if line["event"] == "evaluation" and line["mean_eer"] is not None]
means = events.Scalars("dev_eer/mean")
assert [scalar.step for scalar in means] == [line["step"] for line in evaluations], "steps of the EER"
assert all(close(a.value, b["mean_eer"]) for a, b in zip(means, evaluations)), "values of the EER"
print(f"{len(events.Tags()['scalars'])} scalars, {len(losses)} losses and {len(means)} evaluations as in the journal")
