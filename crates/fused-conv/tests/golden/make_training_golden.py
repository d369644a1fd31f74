"""Gradients of PyTorch's layers on random weights: `python make_training_golden.py` writes `train-NAME.f32`, inputs and
outputs one behind the other.

Ran with torch 2.9.1. All is computed in f64 and written as f32 (little endian). Activations are written as Siamang has
them: rows of channels, items one behind the other.
"""

from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(19)
torch.set_default_dtype(torch.float64)
HERE = Path(__file__).parent


def write(name, *tensors):
    flat = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    flat.to(torch.float32).numpy().astype("<f4").tofile(HERE / f"train-{name}.f32")


def random(*shape, offset=0.0):
    # Values that f32 holds, so that both sides begin with the same.
    return (offset + torch.randn(*shape)).to(torch.float32).to(torch.float64).requires_grad_()


def rows(x):
    return x.movedim(1, -1)


def norm(channels, kind):
    layer = kind(channels, momentum=0.1).train()
    layer.weight.data, layer.bias.data = random(channels).detach(), random(channels).detach()
    return layer


# TDNN and ECAPA: convolution, ReLU, norm.
x, weight, bias = random(3, 18, 21), random(20, 18, 3), random(20)
behind = norm(20, nn.BatchNorm1d)
y = behind(F.relu(F.conv1d(x, weight, bias, dilation=2, padding=2)))
dy = random(*y.shape)
y.backward(dy)
write("frames", rows(x), weight, bias, behind.weight, behind.bias, rows(y), behind.running_mean, behind.running_var, rows(dy),
      rows(x.grad), weight.grad, bias.grad, behind.weight.grad, behind.bias.grad)

# ResNet: the end of a block whose shortcut has a stride.
x, weight, short = random(2, 5, 8, 11), random(17, 5, 3, 3), random(17, 5, 1, 1)
first, second = norm(17, nn.BatchNorm2d), norm(17, nn.BatchNorm2d)
y = F.relu(first(F.conv2d(x, weight, stride=2, padding=1)) + second(F.conv2d(x, short, stride=2)))
dy = random(*y.shape)
y.backward(dy)
write("planes", rows(x), weight, short, first.weight, first.bias, second.weight, second.bias, rows(y), rows(dy),
      rows(x.grad), weight.grad, short.grad, first.weight.grad, first.bias.grad, second.weight.grad, second.bias.grad)

# Attentive statistics, and plain ones.
x, scores = random(2, 18, 140, offset=3.0), random(2, 18, 140)
alpha = F.softmax(scores, dim=-1)
mean = (alpha * x).sum(-1)
deviation = (alpha * (x - mean.unsqueeze(-1)) ** 2).sum(-1).clamp(min=1e-7).sqrt()
of_mean, of_deviation = random(2, 18), random(2, 18)
torch.autograd.backward([mean, deviation], [of_mean, of_deviation])
attentive = [rows(x), rows(scores), mean, deviation, of_mean, of_deviation, rows(x.grad), rows(scores.grad)]
x.grad = None
mean, deviation = x.mean(-1), x.var(-1, unbiased=False).clamp(min=1e-7).sqrt()
torch.autograd.backward([mean, deviation], [of_mean, of_deviation])
write("statistics", *attentive, mean, deviation, rows(x.grad))

# Squeeze and excitation with a residual.
x, residual, enter, leave = random(3, 19, 12), random(3, 19, 12), random(4, 19), random(19, 4)
gates = torch.sigmoid(F.relu(x.mean(-1) @ enter.T) @ leave.T)
y = x * gates.unsqueeze(-1) + residual
dy = random(*y.shape)
y.backward(dy)
write("gate", rows(x), rows(residual), enter, leave, rows(y), rows(dy), rows(x.grad), enter.grad, leave.grad)
