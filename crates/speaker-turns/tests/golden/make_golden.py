"""Writes golden.json: what pyannote.metrics, spy-der and SciPy say of 200 made-up references and hypotheses.

Run with pyannote.metrics 4.2.0, spy-der 0.4.1 (a C++ compiler is needed), SciPy 1.17.1 (other versions should agree
within the tolerance of ../golden.rs, 1e-9):
    python make_golden.py

What each is asked, and what had to be made equal:
- The collar of pyannote.metrics is the whole width, that of spy-der half of it. Cases name the half.
- pyannote.metrics takes turns of one speaker that touch or overlap as they are written: it counts what overlaps twice and
  has a collar at the seam. spy-der joins them first, and so do we. `der` and `jer` are what pyannote.metrics says about
  joined turns (`support`), `raw` is its DER of those that are written, where that differs.
- spy-der matches speakers before it takes collars and overlap away, as md-eval does; pyannote.metrics and we match on what
  is scored. Its confusion is therefore at least ours where something is left out; the rest is equal.
- spy-der crashes without turns on a side, and its rates are NaN where no speech is scored: such cases hold null for it. Where
  no map of scored regions is given, it is asked with the one that pyannote.metrics assumes: from the first boundary to
  the last.
- JER: pyannote.metrics matches speakers by the time they share (`jer`). DIHARD's plan and dscore match so that the mean is
  least, and so do we: `dihard` is SciPy's linear_sum_assignment on pyannote.core's timelines.
"""

import json
import pathlib
import random
import warnings

import numpy as np
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate, JaccardErrorRate
from pyannote.metrics.utils import UEMSupportMixin
from scipy.optimize import linear_sum_assignment
from spyder import DER

warnings.filterwarnings("ignore")
rng = random.Random(20091)


def annotation(turns):
    result = Annotation()
    for number, (speaker, start, end) in enumerate(turns):
        result[Segment(start / 1000, end / 1000), number] = speaker
    return result


def draw_turns(num_speakers, until, coarse, self_overlap):
    """Turns in whole milliseconds; those of one speaker overlap or touch only where asked for."""
    turns = []
    for number in range(num_speakers):
        at = rng.randrange(0, until // 3, coarse)
        while True:
            length = rng.randrange(coarse, max(until // 6, 2 * coarse), coarse)
            if at + length > until:
                break
            turns.append((f"s{number}", at, at + length))
            gap = rng.randrange(coarse, max(until // 3, 2 * coarse), coarse)
            at += length + gap
            if self_overlap and rng.random() < 0.5:
                # Touching, or reaching back into the last.
                at = turns[-1][2] - rng.choice([0, min(length, coarse)])
    return turns


def disturb(turns, until, coarse):
    """A hypothesis: boundaries moved, speakers mixed up, turns lost and found."""
    result = []
    names = sorted({turn[0] for turn in turns})
    rename = {name: f"h{rng.randrange(len(names) + 1)}" for name in names}
    by_speaker = {}
    for speaker, start, end in turns:
        if rng.random() < 0.12:
            continue
        if rng.random() < 0.6:
            start = max(0, start + rng.randrange(-6, 7) * coarse)
            end = min(until, end + rng.randrange(-6, 7) * coarse)
        name = f"h{rng.randrange(5)}" if rng.random() < 0.15 else rename[speaker]
        if start < end:
            by_speaker.setdefault(name, []).append((start, end))
    if rng.random() < 0.5:
        start = rng.randrange(0, until - 2 * coarse, coarse)
        end = min(until, start + 30 * coarse)
        by_speaker.setdefault("noise", []).append((start, end))
    for name, spans in by_speaker.items():
        result.extend((name, start, end) for start, end in spans)
    return result


def der(reference, hypothesis, uem, half, skip):
    parts = DiarizationErrorRate(collar=2 * half, skip_overlap=skip)(reference, hypothesis, uem=uem, detailed=True)
    return [parts[key] for key in ("total", "missed detection", "false alarm", "confusion", "correct")]


def jer(reference, hypothesis, uem, half, skip):
    parts = JaccardErrorRate(collar=2 * half, skip_overlap=skip)(reference, hypothesis, uem=uem, detailed=True)
    return [parts["speaker count"], parts["speaker error"]]


def dihard(reference, hypothesis, uem, half, skip):
    reference, hypothesis = UEMSupportMixin().uemify(reference, hypothesis, uem=uem, collar=2 * half, skip_overlap=skip)
    rows, columns = reference.labels(), hypothesis.labels()
    errors = np.ones((len(rows), len(columns)))
    for i, row in enumerate(rows):
        r = reference.label_timeline(row).support()
        for j, column in enumerate(columns):
            h = hypothesis.label_timeline(column).support()
            both = r.crop(h, mode="intersection").support().duration()
            errors[i, j] = 1 - both / (r.duration() + h.duration() - both)
    i, j = linear_sum_assignment(errors)
    return [len(rows), len(rows) - len(i) + float(errors[i, j].sum())]


def spyder(reference, hypothesis, uem, half, skip):
    if not reference or not hypothesis:
        return None
    # It knows a list of turns by its first entry, not by what it is.
    turns = lambda list: [(speaker, start / 1000, end / 1000) for speaker, start, end in list]
    metrics = DER(turns(reference), turns(hypothesis), uem=uem, collar=half, regions="nonoverlap" if skip else "all")
    total = metrics.duration
    values = [total, metrics.miss, metrics.falarm, metrics.conf]
    if total <= 1e-9 or not all(np.isfinite(values)):
        return None
    return [total, metrics.miss * total, metrics.falarm * total, metrics.conf * total]


def case(number):
    coarse = rng.choice([1, 10, 100, 250])
    until = rng.choice([8, 20, 60]) * 1000
    self_overlap = number % 5 == 4
    reference = draw_turns(rng.randrange(1, 6), until, coarse, self_overlap)
    kind = number % 10
    if kind == 3:
        hypothesis = []
    elif kind == 6:
        hypothesis = draw_turns(rng.randrange(1, 5), until, coarse, self_overlap)
    else:
        hypothesis = disturb(reference, until, coarse)
    if number == 77:
        reference = []
    if number == 93:
        reference = hypothesis = []
    uem = None
    if number % 3 == 0:
        cuts = sorted(rng.sample(range(0, until, coarse), 4))
        uem = [(cuts[0], cuts[1]), (cuts[2], cuts[3])]
    ends = [time for turn in reference + hypothesis for time in turn[1:]]
    spans = uem or ([(min(ends), max(ends))] if ends else [])
    timeline = Timeline([Segment(start / 1000, end / 1000) for start, end in spans])
    plain = annotation(reference), annotation(hypothesis)
    joined = plain[0].support(), plain[1].support()
    results = []
    for half in (0.0, 0.25):
        for skip in (False, True):
            asked = (timeline, half, skip)
            result = {
                "half": half,
                "skip": skip,
                "der": der(*joined, *asked),
                "jer": jer(*joined, *asked),
                "dihard": dihard(*joined, *asked),
                "spyder": spyder(reference, hypothesis, [(start / 1000, end / 1000) for start, end in spans], half, skip),
            }
            raw = der(*plain, *asked)
            if max(abs(a - b) for a, b in zip(raw, result["der"])) > 1e-9:
                result["raw"] = raw
            results.append(result)
    return {"reference": reference, "hypothesis": hypothesis, "uem": uem, "results": results}


def rounded(value):
    """Twelve decimals are enough for 1e-9."""
    if isinstance(value, float):
        return round(value, 12)
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    return value


cases = [case(number) for number in range(200)]
text = json.dumps(rounded(cases), separators=(",", ":")).replace("},{\"reference\"", "},\n{\"reference\"")
pathlib.Path(__file__).with_name("golden.json").write_text(text + "\n")
print(len(text), "bytes")
