"""What PyTorch makes of PyanNet, pyannote's segmentation network: `network.json`.

    python make_golden.py            # weights from an integer hash
    python make_golden.py FILE.pt FOLDER    # and `recordings.json`: the state dict of segmentation-3.0, shared conversations

Needs torch and numpy; with a file, soundfile too. With asteroid-filterbanks at hand, its filters are held against those here.
The network is written as pyannote.audio 3.0 has it (`PyanNet`, `SincNet`), filters in f32 as there, all else in f64; windows
and how they are brought together as its `Inference.slide` and `Inference.aggregate` (no Hamming window, no warm-up).
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

HERE = Path(__file__).parent
SPREAD = {"lstm": 2.5, "classifier": 6.0}
# With these no class is much likelier than the others.
BALANCE = [2.71, 2.06, 1.42, 3.37, 2.08, 1.67, 1.77]
RATE, WINDOW, STEP, FRAME = 16_000, 160_000, 16_000, 270
POWERSET = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0], [1, 0, 1], [0, 1, 1]])


def hashed(name: str, count: int) -> np.ndarray:
    """Numbers from -1 to 1: a hash of the name and the index, the same in `common/mod.rs`."""
    seed = np.uint32(2166136261)
    with np.errstate(over="ignore"):
        for byte in name.encode():
            seed = (seed ^ np.uint32(byte)) * np.uint32(16777619)
        h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9) + seed
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            h = (h ^ (h >> np.uint32(shift))) * np.uint32(factor)
        h ^= h >> np.uint32(16)
    return (h.astype(np.float64) / 2.0**31 - 1.0).astype(np.float32)


def weights() -> dict:
    """Weights of the network's sizes, f32."""
    shapes = {"sincnet.wav_norm1d.weight": (1,), "sincnet.wav_norm1d.bias": (1,)}
    for part in ("low_hz_", "band_hz_"):
        shapes[f"sincnet.conv1d.0.filterbank.{part}"] = (40, 1)
    for index, inputs in ((1, 80), (2, 60)):
        shapes[f"sincnet.conv1d.{index}.weight"] = (60, inputs, 5)
        shapes[f"sincnet.conv1d.{index}.bias"] = (60,)
    for index, channels in ((0, 80), (1, 60), (2, 60)):
        shapes[f"sincnet.norm1d.{index}.weight"] = (channels,)
        shapes[f"sincnet.norm1d.{index}.bias"] = (channels,)
    for layer in range(4):
        for way in ("", "_reverse"):
            shapes[f"lstm.weight_ih_l{layer}{way}"] = (512, 60 if layer == 0 else 256)
            shapes[f"lstm.weight_hh_l{layer}{way}"] = (512, 128)
            shapes[f"lstm.bias_ih_l{layer}{way}"] = (512,)
            shapes[f"lstm.bias_hh_l{layer}{way}"] = (512,)
    for name, outputs, inputs in (("linear.0", 128, 256), ("linear.1", 128, 128), ("classifier", 7, 128)):
        shapes[f"{name}.weight"] = (outputs, inputs)
        shapes[f"{name}.bias"] = (outputs,)
    made = {}
    for name, shape in shapes.items():
        values = hashed(name, int(np.prod(shape))).astype(np.float64)
        index = np.arange(len(values))
        if name.endswith("low_hz_"):
            values = (20 + 180 * index) * np.where(index % 3 == 2, -1, 1) + 15 * values
        elif name.endswith("band_hz_"):
            values = 60 + 5 * index + 50 * values
        elif "norm1d" in name:
            values = (1.0 if name.endswith("weight") else 0.0) + 0.4 * values
        elif name == "classifier.bias":
            values = np.array(BALANCE)
        elif "bias" in name:
            values = 0.2 * values
        else:
            fan = int(np.prod(shape[1:]))
            values = values * SPREAD.get(name.split(".")[0], 2.0) / np.sqrt(fan)
        made[name] = torch.from_numpy(values.astype(np.float32).reshape(shape))
    return made


def signal(name: str, count: int) -> np.ndarray:
    """Noise that becomes louder and quieter every tenth of a second, and triangles of 125 Hz that come and go; an offset."""
    index = np.arange(count, dtype=np.int64)
    loud = hashed(name + " loud", count // 1600 + 1).astype(np.float64)[index // 1600]
    triangle = np.abs(index % 128 - 64) / 32.0 - 1.0
    noise = hashed(name, count).astype(np.float64)
    return (0.02 + 0.2 * np.maximum(loud, 0.0) * noise + 0.2 * np.maximum(-loud, 0.0) * triangle).astype(np.float32)


def filters(low_hz: torch.Tensor, band_hz: torch.Tensor) -> torch.Tensor:
    """asteroid_filterbanks.ParamSincFB(80, 251, stride=10, sample_rate=16000, min_low_hz=50, min_band_hz=50).filters()."""
    half = 125
    window = torch.from_numpy(np.hamming(251)[:half]).float()
    n = 2 * np.pi * (torch.arange(-half, 0.0).view(1, -1) / RATE)
    low = 50 + torch.abs(low_hz)
    high = torch.clamp(low + 50 + torch.abs(band_hz), 50, RATE / 2)
    band = (high - low)[:, 0]
    at_low, at_high = torch.matmul(low, n), torch.matmul(high, n)
    even = ((torch.sin(at_high) - torch.sin(at_low)) / (n / 2)) * window
    odd = ((torch.cos(at_low) - torch.cos(at_high)) / (n / 2)) * window
    even = torch.cat([even, 2 * band.view(-1, 1), torch.flip(even, dims=[1])], dim=1)
    odd = torch.cat([odd, torch.zeros(len(band), 1), -torch.flip(odd, dims=[1])], dim=1)
    made = torch.cat([even / (2 * band[:, None]), odd / (2 * band[:, None])]).unsqueeze(1)
    try:
        from asteroid_filterbanks import ParamSincFB
    except ImportError:
        return made
    theirs = ParamSincFB(80, 251, stride=10, sample_rate=RATE, min_low_hz=50, min_band_hz=50)
    theirs.low_hz_.data, theirs.band_hz_.data = low_hz, band_hz
    assert torch.equal(theirs.filters().detach(), made), "not asteroid's filters"
    return made


class PyanNet:
    def __init__(self, state: dict):
        self.filters = filters(*(state[f"sincnet.conv1d.0.filterbank.{part}"] for part in ("low_hz_", "band_hz_"))).double()
        self.state = {name: tensor.double() for name, tensor in state.items()}
        self.lstm = nn.LSTM(60, 128, num_layers=4, bidirectional=True, batch_first=True).double()
        self.lstm.load_state_dict({k.removeprefix("lstm."): v for k, v in self.state.items() if k.startswith("lstm.")})

    def __call__(self, samples: np.ndarray) -> np.ndarray:
        s = self.state
        norm = lambda x, name: F.instance_norm(x, weight=s[f"{name}.weight"], bias=s[f"{name}.bias"])
        x = norm(torch.from_numpy(samples).double().view(1, 1, -1), "sincnet.wav_norm1d")
        for index in range(3):
            if index == 0:
                x = torch.abs(F.conv1d(x, self.filters, stride=10))
            else:
                x = F.conv1d(x, s[f"sincnet.conv1d.{index}.weight"], s[f"sincnet.conv1d.{index}.bias"])
            x = F.leaky_relu(norm(F.max_pool1d(x, 3, stride=3), f"sincnet.norm1d.{index}"))
        x, _ = self.lstm(x.transpose(1, 2))
        for index in range(2):
            x = F.leaky_relu(F.linear(x, s[f"linear.{index}.weight"], s[f"linear.{index}.bias"]))
        x = F.linear(x, s["classifier.weight"], s["classifier.bias"])
        return F.log_softmax(x, dim=-1)[0].numpy()


def margin(answer: np.ndarray) -> float:
    """By how much the likeliest class is ahead where it is least so: rounding must not decide."""
    ordered = np.sort(answer, axis=1)
    return float((ordered[:, -1] - ordered[:, -2]).min())


def slide(network: PyanNet, samples: np.ndarray, window: int, step: int) -> list:
    """`Inference.slide`: whole windows, and what is left padded with zeros."""
    starts = list(range(0, len(samples) - window + 1, step))
    if len(samples) < window or (len(samples) - window) % step > 0:
        starts.append(len(starts) * step)
    pieces = [samples[start : start + window] for start in starts]
    return [(start, network(np.pad(piece, (0, window - len(piece))))) for start, piece in zip(starts, pieces)]


def together(windows: list, of_window) -> np.ndarray:
    """`Inference.aggregate(..., hamming=False, skip_average=False)` of one number a frame."""
    closest = lambda start: int(np.rint(start / FRAME))
    total = closest(windows[-1][0]) + len(windows[-1][1])
    sums, counts = np.zeros(total), np.zeros(total)
    for start, answer in windows:
        first = closest(start)
        sums[first : first + len(answer)] += of_window(answer)
        counts[first : first + len(answer)] += 1
    return sums / np.maximum(counts, 1e-12)


def digits(values: np.ndarray, number: int = 7) -> list:
    return [float(f"{value:.{number}g}") for value in np.asarray(values).ravel()]


def text(values: np.ndarray) -> str:
    return "".join(str(int(value)) for value in values)


def recording(network: PyanNet, samples: np.ndarray, window: int, step: int) -> dict:
    windows = slide(network, samples, window, step)
    count = np.rint(together(windows, lambda answer: POWERSET[answer.argmax(1)].sum(1)))
    speech = together(windows, lambda answer: 1 - np.exp(answer[:, 0]))
    return {
        "margin": min(margin(answer) for _, answer in windows),
        "window": window,
        "step": step,
        "starts": [start for start, _ in windows],
        "classes": [text(answer.argmax(1)) for _, answer in windows],
        "num_speakers": text(count),
        "speech": digits(speech[::7], 6),
    }


def network_json() -> dict:
    network = PyanNet(weights())
    cases = []
    for name, count in (("few frames", 2_341), ("short", 5_000), ("odd", 32_037), ("whole", WINDOW)):
        answer = network(signal(name, count))
        every = 1 if count < WINDOW else 6
        assert margin(answer) > 3e-5, (name, margin(answer))
        cases.append({"name": name, "samples": count, "every": every, "classes": text(answer.argmax(1)),
                      "log_probabilities": digits(answer[::every])})
    silence = network(np.zeros(8_000, dtype=np.float32))
    recordings = [
        {"name": name, "samples": count, **recording(network, signal(name, count), window, step)}
        for name, count, window, step in (
            ("call", 145_000, 32_000, 8_000),
            ("beside the filters", 40_000, 16_000, 4_001),
            ("shorter", 9_000, 16_000, 1_600),
            ("exactly", 64_000, 32_000, 16_000),
        )
    ]
    assert all(recording["margin"] > 3e-5 for recording in recordings)
    return {"torch": torch.__version__, "cases": cases, "silence": digits(silence[0]), "recordings": recordings}


def recordings_json(file: str, folder: str) -> dict:
    import soundfile

    loaded = torch.load(file, map_location="cpu", weights_only=False)
    network = PyanNet({k: v for k, v in loaded["state_dict"].items() if not k.endswith((".n_", ".window_"))})
    made = []
    for name in ("ami/ami_tst00.ogg", "synth/" + next(p.name for p in sorted(Path(folder, "synth").iterdir()))):
        samples, rate = soundfile.read(Path(folder, name), dtype="float32")
        assert rate == RATE and samples.ndim == 1
        samples = samples[: 15 * RATE]
        first = network(samples[:WINDOW])
        made.append({"name": name, "samples": len(samples), "every": 8, "log_probabilities": digits(first[::8]),
                     **recording(network, samples, WINDOW, STEP)})
    return {"torch": torch.__version__, "recordings": made}


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    if len(sys.argv) == 3:
        (HERE / "recordings.json").write_text(json.dumps(recordings_json(*sys.argv[1:]), indent=0) + "\n")
    else:
        (HERE / "network.json").write_text(json.dumps(network_json(), indent=0) + "\n")
