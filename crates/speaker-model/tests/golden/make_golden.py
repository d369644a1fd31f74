"""Writes forward.json: whole networks and their gradients in PyTorch (2.9.1, 64 bits), with weights and inputs from a formula.

A tensor called NAME (for a parameter, its path in Siamang's module) has, for its k-th element in row-major order, the value
    scale * u(k, NAME), u uniform in [-1, 1): the murmur3 finaliser of k * 0x9e3779b1 + crc32(NAME), in 32-bit integers,
rounded to 32 bits (the network itself runs in 64, so that the file has no rounding of its own). Scale is gain/sqrt(rows) for
matrices, gain 3 in the encoder and the case's own in the head, so that some hinges of the loss are active and some are not;
0.1 for vectors and 1 for the input [frames, batch, bins].
Of every gradient the file holds the norm and 8 values evenly spread over the row-major tensor.
Run: python make_golden.py  (torch==2.9.1, numpy)
"""
import json, math, zlib
import numpy as np, torch

F = torch.nn.functional
LENGTHS = [12, 7, 1, 10, 4, 9]


def uniform(name, shape):
    x = np.arange(math.prod(shape), dtype=np.uint32) * np.uint32(0x9e3779b1) + np.uint32(zlib.crc32(name.encode()))
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85ebca6b)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xc2b2ae35)
    x = x ^ (x >> np.uint32(16))
    return (x.astype(np.float64) / 2**31 - 1).reshape(shape)


def tensor(name, shape, scale):
    return torch.tensor((scale * uniform(name, shape)).astype(np.float32)).double()


class Parameters(dict):
    """Parameters by name, made when they are first asked for."""

    def __init__(self, head_gain):
        self.head_gain = head_gain

    def of(self, name, *shape):
        gain = self.head_gain if name.startswith('head.') else 3
        scale = gain / math.sqrt(shape[0]) if len(shape) == 2 else 0.1
        self[name] = tensor(name, shape, scale).requires_grad_()
        return self[name]


def lstm_layer(p, name, x, hidden, lengths, both):
    """x [frames, batch, input] through torch.nn.LSTM; its weights are ours transposed, gate order i, f, g, o alike."""
    weights = []
    for direction, suffix in (('forward', ''), ('backward', '_reverse'))[:1 + both]:
        of = lambda part, *shape: p.of(f'{name}.{direction}.{part}', *shape)
        weights += [('weight_ih_l0' + suffix, of('input', x.shape[2], 4 * hidden).T),
                    ('weight_hh_l0' + suffix, of('recurrent', hidden, 4 * hidden).T),
                    ('bias_ih_l0' + suffix, of('bias', 4 * hidden)),
                    ('bias_hh_l0' + suffix, torch.zeros(4 * hidden, dtype=torch.float64))]
    lstm = torch.nn.LSTM(x.shape[2], hidden, bidirectional=both, dtype=torch.float64)
    packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, (h, _) = torch.func.functional_call(lstm, dict(weights), (packed,))
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, total_length=x.shape[0])
    return y, torch.cat(list(h), 1)


def mean(x, lengths):
    return torch.stack([x[:n, i].mean(0) for i, n in enumerate(lengths)])


def deviation(x, lengths):
    floor = 1e-6  # of the variance, as in encoder.rs
    return torch.stack([x[:n, i].var(0, unbiased=False).clamp_min(floor).sqrt() for i, n in enumerate(lengths)])


def encoder(p, config, x, lengths):
    x = x * config['input_scale']
    extra = []
    if config['input_cepstra']:
        bins, count = x.shape[2], config['input_cepstra']
        k, b = torch.arange(count, dtype=torch.float64), torch.arange(bins, dtype=torch.float64)
        dct = torch.cos(math.pi * (b[:, None] + 0.5) * k / bins) * torch.where(k == 0, 1 / bins, 2 / bins).sqrt()
        cepstra = torch.cat([mean(x, lengths) @ dct, deviation(x, lengths) @ dct], 1)
        if config['whiten_cepstra']:
            matrix = p.of('encoder.whitening.matrix', 2 * count, 2 * count)
            cepstra = (cepstra - p.of('encoder.whitening.mean', 2 * count).detach()) @ matrix.detach()
        extra = [cepstra]
    if config['centre_input']:
        x = x - mean(x, lengths)
    for layer in range(config['num_layers']):
        x, last = lstm_layer(p, f'encoder.layers.{layer}', x, config['hidden'], lengths, config.get('direction') != 'forward')
    pooled = {'last_state': lambda: [last], 'mean': lambda: [mean(x, lengths)],
              'mean_deviation': lambda: [mean(x, lengths), deviation(x, lengths)]}[config['pooling']]()
    pooled = torch.cat(pooled + extra, 1)
    if 'dense' not in config:
        return pooled
    width = config['dense']['width']
    y = torch.relu(pooled @ p.of('encoder.dense.weight', pooled.shape[1], width) + p.of('encoder.dense.bias', width))
    return y / y.norm(dim=1, keepdim=True)


def head(p, config, e):
    """The logits, and the first dense layer's output."""
    z = F.batch_norm(e, None, None, training=True) if config['batch_norm'] else e
    outputs, widths = [], config['hidden'] + [config['num_outputs']]
    for i, width in enumerate(widths):
        name = f'head.layers.{i}'
        z = z @ p.of(f'{name}.weight', z.shape[1], width) + p.of(f'{name}.bias', width)
        outputs.append(z)
        if config['activation'] == 'prelu' and i + 1 < len(widths):
            z = F.prelu(z, p.of(f'{name}.slope', width))
    return z, outputs[0]


def rows(x):
    return dict(first=[digits(row[:8]) for row in x], norms=digits(x.norm(dim=1)))


def digits(values):
    return [float(f'{v:.9g}') for v in values.tolist()]


def case(head_gain, lengths=None, prelu=False, widths=(100, 50, 10), bins=128, embedding='pooled', batch_norm=False, frames=12, **encoder_config):
    lengths = lengths or [frames] * 6
    config = dict(
        num_bins=bins, embedding=embedding,
        encoder=dict(dict(num_layers=2, dropout=0.0, input_scale=1.0, centre_input=False, input_cepstra=0, whiten_cepstra=False),
                     **encoder_config),
        head=dict(hidden=list(widths[:-1]), activation='prelu' if prelu else 'linear', dropout=0.0, batch_norm=batch_norm,
                  num_outputs=widths[-1]))
    p = Parameters(head_gain)
    pooled = encoder(p, config['encoder'], tensor('input', (frames, len(lengths), bins), 1), lengths)
    logits, first_dense = head(p, config['head'], pooled)
    logp = torch.log_softmax(logits, 1)
    labels = torch.arange(len(lengths)) % 3
    kl = (logp.exp() * logp).sum(1, keepdim=True) - logp.exp() @ logp.T
    same = labels[:, None] == labels[None]
    off = ~torch.eye(len(lengths), dtype=torch.bool)
    margin = 3
    loss = 2 * torch.where(same, kl, torch.relu(margin - kl))[off].mean()
    loss.backward()
    # The case is off the plateau, hinges are on either side of their kink, and none so near that 32 bits fall on the other.
    hinges = (margin - kl)[~same]
    plateau = 2 * margin * 24 / 30
    print(f'loss {loss.item():.3f} (plateau {plateau}), hinges {sorted(round(h, 2) for h in hinges.tolist())}')
    assert abs(loss.item() / plateau - 1) > 0.1 and hinges.min() < 0 < hinges.max() and hinges.abs().min() > 0.01
    gradients = {}
    for name, parameter in p.items():
        g = parameter.grad
        if g is not None:
            flat = g.flatten()
            gradients[name] = dict(spread=digits(flat[torch.arange(8) * (flat.numel() - 1) // 7]), norm=float(f'{g.norm().item():.9g}'))
    return dict(config=config, head_gain=head_gain, frames=frames, lengths=lengths, pooled=rows(pooled), first_dense=rows(first_dense), logits=rows(logits),
                loss=loss.item(), gradients=gradients)


cases = [
    case(5, hidden=128, widths=(1024, 512, 256, 128), prelu=True, pooling='last_state'),
    case(4.5, hidden=256, pooling='last_state'),
    case(4.5, hidden=256, pooling='last_state', lengths=LENGTHS),
    case(8, hidden=32, widths=(20, 10), pooling='mean', lengths=LENGTHS),
    case(8, hidden=32, widths=(20, 10), pooling='mean_deviation', lengths=LENGTHS),
    # What the default model uses (configs/best.toml).
    case(2, bins=80, num_layers=1, hidden=16, pooling='mean', input_scale=0.33, centre_input=True, input_cepstra=80, whiten_cepstra=True,
         widths=(160, 256), batch_norm=True, embedding='first_dense', lengths=LENGTHS),
    # Resemblyzer's encoder, of fewer units (configs/resemblyzer.toml).
    case(10, bins=80, num_layers=3, direction='forward', hidden=48, pooling='last_state', dense=dict(width=40, activation='relu'), widths=(20, 10),
         lengths=LENGTHS),
]
with open('forward.json', 'w') as file:
    file.write('[\n' + ',\n'.join(json.dumps(c) for c in cases) + '\n]\n')
