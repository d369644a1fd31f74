"""Forward and backward of crates/fused-conv/examples/training_step.rs in PyTorch: the same layers on a batch of crops; with `--step` all
of a training step as benches/src/encoders.rs makes it, with the margin softmax of 500 classes and fused Adam.

With `--against PROGRAM` (that example) both take turns and the ratio of their fastest steps is printed; tcmalloc comes by LD_PRELOAD.
"""
import argparse
import json
import math
import os
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("network", choices=["tdnn", "ecapa", "resnet"])
parser.add_argument("--channels", type=int, default=256)
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--frames", type=int, default=150)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--step", action="store_true")
parser.add_argument("--against")
parser.add_argument("--rounds", type=int, default=8)
args = parser.parse_args()


def against():
    same = [args.network, str(args.channels), str(args.batch), str(args.frames), str(args.threads)]
    peer = [sys.executable, __file__, args.network]
    for name in ["channels", "batch", "frames", "threads"]:
        peer += [f"--{name}", str(getattr(args, name))]
    without = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    runs = [subprocess.Popen([args.against, *same], env=without, **pipes), subprocess.Popen(peer, **pipes)]
    best = [{}, {}]
    for run in runs:
        run.stdout.readline()
    for turn in range(args.rounds):
        for run, best_of in zip(runs, best):
            run.stdin.write("\n")
            run.stdin.flush()
            took = json.loads(run.stdout.readline())
            for what in ["wall_ms", "cpu_ms"] if turn else []:
                best_of[what] = min(took[what], best_of.get(what, took[what]))
    ours, torch = best
    print(" ".join(same), "|", " ".join(f"{what}: ours {ours[what]:.1f} torch {torch[what]:.1f} ratio {torch[what] / ours[what]:.3f};" for what in ours))


if args.against:
    against()
    sys.exit()

import torch
from torch import nn
from torch.nn import functional as F

from turns import take_turns

torch.set_num_threads(args.threads)
torch.manual_seed(1)
torch.set_flush_denormal(True)
BINS, C, EMBEDDING = 80, args.channels, 192


class Block(nn.Module):
    """Convolution over frames, ReLU, batch norm."""

    def __init__(self, inputs, outputs, kernel=1, dilation=1):
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, kernel, dilation=dilation, padding=dilation * (kernel - 1) // 2)
        self.norm = nn.BatchNorm1d(outputs)

    def forward(self, x):
        return self.norm(F.relu(self.conv(x), inplace=True))


def statistics(x, floor=1e-7):
    return torch.cat([x.mean(-1), x.var(-1, unbiased=False).clamp(min=floor).sqrt()], 1)


class Tdnn(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(Block(BINS, C, 5), Block(C, C, 3, 2), Block(C, C, 3, 3), Block(C, C), Block(C, 3 * C))
        self.dense = nn.Linear(6 * C, EMBEDDING)

    def forward(self, x):
        return self.dense(statistics(self.layers(x)))


class Ecapa(nn.Module):
    class Layer(nn.Module):
        def __init__(self, dilation):
            super().__init__()
            self.enter, self.leave = Block(C, C), Block(C, C)
            self.groups = nn.ModuleList(Block(C // 8, C // 8, 3, dilation) for _ in range(7))
            self.narrow, self.wide = nn.Conv1d(C, 128, 1), nn.Conv1d(128, C, 1)

        def forward(self, x):
            first, *chunks = self.enter(x).chunk(8, 1)
            outputs = [first]
            for index, (group, chunk) in enumerate(zip(self.groups, chunks)):
                outputs.append(group(chunk if index == 0 else chunk + outputs[-1]))
            y = self.leave(torch.cat(outputs, 1))
            gates = torch.sigmoid(self.wide(F.relu(self.narrow(y.mean(-1, keepdim=True)))))
            return y * gates + x

    def __init__(self):
        super().__init__()
        self.enter = Block(BINS, C, 5)
        self.layers = nn.ModuleList(self.Layer(dilation) for dilation in [2, 3, 4])
        self.gather = Block(3 * C, 3 * C)
        self.attend, self.weigh = nn.Conv1d(9 * C, 128, 1), nn.Conv1d(128, 3 * C, 1)
        self.norm, self.dense = nn.BatchNorm1d(6 * C), nn.Linear(6 * C, EMBEDDING)

    def forward(self, x):
        x, outputs = self.enter(x), []
        for layer in self.layers:
            x = layer(x)
            outputs.append(x)
        x = self.gather(torch.cat(outputs, 1))
        context = statistics(x).unsqueeze(-1).expand(-1, -1, x.shape[-1])
        weights = self.weigh(torch.tanh(self.attend(torch.cat([x, context], 1)))).softmax(-1)
        mean = (weights * x).sum(-1)
        deviation = (weights * (x - mean.unsqueeze(-1)) ** 2).sum(-1).clamp(min=1e-7).sqrt()
        return self.dense(self.norm(torch.cat([mean, deviation], 1)))


class ResNet(nn.Module):
    class Layer(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            conv = lambda inputs, kernel, stride: nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
            self.first, self.second = conv(inputs, 3, stride), conv(outputs, 3, 1)
            self.norms = nn.ModuleList(nn.BatchNorm2d(outputs) for _ in range(3))
            self.short = conv(inputs, 1, stride) if stride > 1 or inputs != outputs else None

        def forward(self, x):
            y = F.relu(self.norms[0](self.first(x)), inplace=True)
            y = self.norms[1](self.second(y))
            return F.relu(y + (x if self.short is None else self.norms[2](self.short(x))), inplace=True)

    def __init__(self):
        super().__init__()
        self.enter, self.norm = nn.Conv2d(1, C, 3, padding=1, bias=False), nn.BatchNorm2d(C)
        layers, inputs = [], C
        for stage, count in enumerate([3, 4, 6, 3]):
            for index in range(count):
                layers.append(self.Layer(inputs, C << stage, 2 if stage and not index else 1))
                inputs = C << stage
        self.layers, self.dense = nn.Sequential(*layers), nn.Linear(2 * inputs * BINS // 8, EMBEDDING)

    def forward(self, x):
        x = F.relu(self.norm(self.enter(x.unsqueeze(1))), inplace=True)
        return self.dense(statistics(self.layers(x).flatten(1, 2)))


network = {"tdnn": Tdnn, "ecapa": Ecapa, "resnet": ResNet}[args.network]()
x, of_embedding = torch.randn(args.batch, BINS, args.frames), torch.randn(args.batch, EMBEDDING)


CLASSES, SCALE, MARGIN = 500, 30.0, 0.2
centres = nn.Parameter(nn.init.xavier_uniform_(torch.empty(CLASSES, EMBEDDING)))
speakers = torch.arange(args.batch) // 2
adam = torch.optim.AdamW([*network.parameters(), centres], lr=1e-3, weight_decay=0.01, fused=True)


def training_step():
    adam.zero_grad(set_to_none=True)
    cosine = F.linear(F.normalize(network(x)), F.normalize(centres)).clamp(-1 + 1e-6, 1 - 1e-6)
    own = cosine.gather(1, speakers[:, None])
    moved = own * math.cos(MARGIN) - (1 - own * own).sqrt() * math.sin(MARGIN)
    moved = torch.where(own > math.cos(math.pi - MARGIN), moved, own - 1 - math.cos(math.pi - MARGIN))
    loss = F.cross_entropy(SCALE * cosine.scatter(1, speakers[:, None], moved), speakers)
    loss.backward()
    adam.step()
    return loss.item()


def step():
    network.zero_grad(set_to_none=True)
    embedding = network(x)
    embedding.backward(of_embedding)
    return embedding.sum().item()


take_turns(training_step if args.step else step, version=torch.__version__)
