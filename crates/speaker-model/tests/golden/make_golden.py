"""Writes forward.json: both presets' networks in PyTorch (2.9.1), with weights and inputs that follow from a formula.

A parameter called NAME (the path in Siamang's module) has, for its k-th element in row-major order,
    scale(NAME) * sin(0.7 * k + crc32(NAME) % 1000)
computed in 64 bits and rounded to 32 (the network itself runs in 64, so that the file has no rounding of its own); scale is 1/sqrt(rows) for matrices and 0.1 for vectors.
The input [frames, batch, bins] is sin(0.013 * k + 0.1) for its k-th element.
Run: python make_golden.py  (torch==2.9.1, numpy)
"""
import json, zlib
import numpy as np, torch

def parameter(name, shape):
    k = np.arange(int(np.prod(shape)), dtype=np.float64)
    scale = 1 / np.sqrt(shape[0]) if len(shape) == 2 else 0.1
    return torch.tensor((scale * np.sin(0.7 * k + zlib.crc32(name.encode()) % 1000)).reshape(shape).astype(np.float32)).double()

def blstm(name, x, hidden, lengths):
    """x [frames, batch, input] through torch.nn.LSTM; its weights are ours transposed, gate order i, f, g, o alike."""
    lstm = torch.nn.LSTM(x.shape[2], hidden, bidirectional=True, dtype=torch.float64)
    for direction, suffix in (('forward', ''), ('backward', '_reverse')):
        get = lambda part, shape: parameter(f'{name}.{direction}.{part}', shape)
        with torch.no_grad():
            getattr(lstm, 'weight_ih_l0' + suffix).copy_(get('input', (x.shape[2], 4 * hidden)).T)
            getattr(lstm, 'weight_hh_l0' + suffix).copy_(get('recurrent', (hidden, 4 * hidden)).T)
            getattr(lstm, 'bias_ih_l0' + suffix).copy_(get('bias', (4 * hidden,)))
            getattr(lstm, 'bias_hh_l0' + suffix).zero_()
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, (h, _) = lstm(packed)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=x.shape[0])
    return y, torch.cat([h[0], h[1]], 1)

def network(hidden, widths, prelu, pooling, lengths, frames=12, bins=128):
    batch = len(lengths)
    k = np.arange(frames * batch * bins, dtype=np.float64)
    x = torch.tensor(np.sin(0.013 * k + 0.1).reshape(frames, batch, bins).astype(np.float32)).double()
    y, _ = blstm('encoder.layers.0', x, hidden, lengths)
    y, last = blstm('encoder.layers.1', y, hidden, lengths)
    if pooling == 'last_state':
        e = last
    else:
        mean = [y[:n, i].mean(0) for i, n in enumerate(lengths)]
        dev = [y[:n, i].var(0, unbiased=False).clamp_min(1e-6).sqrt() for i, n in enumerate(lengths)]  # the floor of encoder.rs
        e = torch.stack([torch.cat([m, d]) if pooling == 'mean_deviation' else m for m, d in zip(mean, dev)])
    z = e
    for i, width in enumerate(widths):
        z = z @ parameter(f'head.layers.{i}.weight', (z.shape[1], width)) + parameter(f'head.layers.{i}.bias', (width,))
        if prelu and i + 1 < len(widths):
            z = torch.nn.functional.prelu(z, parameter(f'head.layers.{i}.slope', (width,)))
    logp = torch.log_softmax(z, 1)
    labels = torch.arange(batch) % 2
    kl = (logp.exp() * logp).sum(1, keepdim=True) - logp.exp() @ logp.T
    same = labels[:, None] == labels[None]
    off = ~torch.eye(batch, dtype=torch.bool)
    pair = torch.where(same, kl, torch.relu(3 - kl))
    loss = 2 * pair[off].mean()
    return dict(hidden=hidden, widths=widths, prelu=prelu, pooling=pooling, lengths=lengths, frames=frames,
                embedding=e[:, :8].tolist(), embedding_norms=e.norm(dim=1).tolist(),
                logits=z[:, :8].tolist(), logit_norms=z.norm(dim=1).tolist(), loss=loss.item())

torch.manual_seed(0)
with torch.no_grad():
    cases = [
        network(128, [1024, 512, 256, 128], True, 'last_state', [12] * 4),
        network(256, [100, 50, 10], False, 'last_state', [12] * 4),
        network(256, [100, 50, 10], False, 'last_state', [12, 7, 1, 10]),
        network(32, [20, 10], False, 'mean', [12, 7, 1, 10]),
        network(32, [20, 10], False, 'mean_deviation', [12, 7, 5, 10]),
    ]
json.dump(cases, open('forward.json', 'w'), indent=1)
