"""Layers of PyTorch on random weights: `python make_golden.py` writes `NAME.f32`, inputs and outputs one behind the other.

Ran with torch 2.15.0; 2.9.1 writes the same. All is computed in f64 and written as f32 (little endian). Activations are
written as Siamang has them: rows of channels.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(18)
torch.set_default_dtype(torch.float64)
HERE = Path(__file__).parent


def write(name, *tensors):
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    flat.to(torch.float32).numpy().astype("<f4").tofile(HERE / f"{name}.f32")


def random(*shape):
    # Values that f32 holds, so that both sides begin with the same.
    return torch.randn(*shape).to(torch.float32).to(torch.float64)


def norm(channels, kind=nn.BatchNorm1d):
    layer = kind(channels).eval()
    for value in (layer.weight, layer.bias, layer.running_mean):
        value.data = random(channels)
    layer.running_var = random(channels).abs() + 0.5
    layer.running_var = layer.running_var.to(torch.float32).to(torch.float64)
    return layer, (layer.weight, layer.bias, layer.running_mean, layer.running_var)


with torch.no_grad():
    # SpeechBrain's TDNN block: mirrored ends, ReLU, norm behind it.
    x, weight, bias = random(1, 5, 11), random(7, 5, 3), random(7)
    behind, values = norm(7)
    y = behind(F.relu(F.conv1d(F.pad(x, (2, 2), mode="reflect"), weight, bias, dilation=2)))
    write("reflect", x[0].T, weight, bias, *values, y[0].T)

    # CAM++'s first layer: stride 2, norm, ReLU.
    x, weight = random(1, 20, 12), random(33, 20, 5)
    before, values = norm(33)
    y = F.relu(before(F.conv1d(x, weight, stride=2, padding=2)))
    write("stride", x[0].T, weight, *values, y[0].T)

    # The end of a residual block.
    x, weight, residual = random(1, 16, 7, 9), random(17, 16, 3, 3), random(1, 17, 4, 9)
    before, values = norm(17, nn.BatchNorm2d)
    y = F.relu(before(F.conv2d(x, weight, stride=(2, 1), padding=1)) + residual)
    rows = lambda x: x[0].permute(1, 2, 0)
    write("block", rows(x), weight, *values, rows(residual), rows(y))

    # CAM++'s pre-activation.
    x = random(1, 19, 6)
    before, values = norm(19)
    write("norm", x[0].T, *values, F.relu(before(x))[0].T)

    # Statistics, unbiased, with an eps inside, for each bin of a plane; and the plane as frames.
    x = random(1, 3, 4, 5)
    mean, deviation = x.mean(-1), (x.var(-1) + 1e-7).sqrt()
    write("grid", rows(x), mean, deviation, x.reshape(1, 12, 5)[0].T)

    # Attentive statistics.
    x, scores = 5 + random(1, 18, 150), 3 * random(1, 18, 150)
    x = x.to(torch.float32).to(torch.float64)
    scores = scores.to(torch.float32).to(torch.float64)
    alpha = F.softmax(scores, dim=-1)
    mean = (alpha * x).sum(-1)
    deviation = (alpha * (x - mean.unsqueeze(-1)) ** 2).sum(-1).clamp(min=1e-7).sqrt()
    write("attentive", x[0].T, scores[0].T, mean, deviation)

    # CAM++'s context: means of segments and of all, a gate of it.
    x = random(1, 6, 25)
    means = F.avg_pool1d(x, kernel_size=10, stride=10, ceil_mode=True)
    context = x.mean(-1, keepdim=True) + means
    gates = torch.sigmoid(context)
    spread = gates.unsqueeze(-1).expand(*gates.shape, 10).reshape(1, 6, -1)[..., :25]
    write("segments", x[0].T, means[0].T, gates[0].T, (x * spread)[0].T)

    # A block that changes nothing of the plane's size: tiles of 4 x 4 outputs, which go beyond both ends.
    x, weight, residual = random(1, 20, 9, 7), random(18, 20, 3, 3), random(1, 18, 9, 7)
    before, values = norm(18, nn.BatchNorm2d)
    y = F.relu(before(F.conv2d(x, weight, padding=1)) + residual)
    write("tiles", rows(x), weight, *values, rows(residual), rows(y))
