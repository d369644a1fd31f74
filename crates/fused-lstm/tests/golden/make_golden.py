#!/usr/bin/env python3
"""Outputs and gradients of torch.nn.LSTM (one layer of one or both directions), in f64, for the golden test.

Run with Python 3, torch 2.9.1, numpy 2:  python make_golden.py
Writes one little-endian f32 file a case beside this script. Sizes are in the case's name, `equal` or the lengths next, and
`forward` where there is no other direction:
    <frames>-<batch>-<input>-<hidden>-<lengths>[-forward].f32
Content in order: x, for each direction W [input, 4 hidden], U [hidden, 4 hidden], b, then y, dy, dx, for each direction
dW, dU, db. A padded frame of y holds what Siamang writes there: the carried state of each direction.
"""

import pathlib

import numpy as np
import torch

HERE = pathlib.Path(__file__).parent
CASES = [(4, 3, 5, 6, None), (1, 1, 2, 3, None), (5, 4, 3, 17, [5, 2, 1, 4]), (3, 2, 7, 32, [3, 1]), (4, 3, 5, 6, None, False), (5, 4, 3, 17, [5, 2, 1, 4], False)]


def case(frames, batch, inputs, hidden, lengths, both=True):
    torch.manual_seed(frames * 1000 + hidden)
    lstm = torch.nn.LSTM(inputs, hidden, bidirectional=both).double()
    for parameter in lstm.parameters():  # f32 values, larger than the default, so that the gates leave their linear range
        parameter.data = (2 * torch.randn_like(parameter) / hidden**0.5).float().double()
    x = torch.randn(frames, batch, inputs).float().double().requires_grad_()
    dy = torch.randn(frames, batch, (1 + both) * hidden).float().double()
    if lengths is None:
        y, _ = lstm(x)
    else:
        packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        packed, (last, _) = lstm(packed)
        y, _ = torch.nn.utils.rnn.pad_packed_sequence(packed, total_length=frames)
        carried = torch.cat([last[0]] + both * [torch.zeros_like(last[0])], dim=1)  # backward direction: zero before it begins
        padding = torch.arange(frames)[:, None] >= torch.tensor(lengths)[None, :]
        y = torch.where(padding[:, :, None], carried[None], y)
    (y * dy).sum().backward()
    names = [("weight_ih_l0" + s, "weight_hh_l0" + s, "bias_ih_l0" + s, "bias_hh_l0" + s) for s in ("", "_reverse")[: 1 + both]]
    weights, gradients = [], []
    for w, u, b, b2 in names:
        w, u, b, b2 = (getattr(lstm, name) for name in (w, u, b, b2))
        weights += [w.T, u.T, (b + b2).float().double()]
        gradients += [w.grad.T, u.grad.T, b.grad]
    parts = [x, *weights, y, dy, x.grad, *gradients]
    name = "-".join(map(str, (frames, batch, inputs, hidden))) + "-" + ("equal" if lengths is None else "_".join(map(str, lengths))) + ("" if both else "-forward")
    flat = np.concatenate([part.detach().numpy().astype("<f4").ravel() for part in parts])
    flat.tofile(HERE / f"{name}.f32")
    print(name, flat.size)


for arguments in CASES:
    case(*arguments)
