"""Writes losses.json: losses and their gradients in PyTorch (2.9.1, 64 bits), from embeddings and weights that follow from a formula.

A tensor called NAME (`embeddings`, `teacher`, or a parameter's path in Siamang's loss) has, for its k-th element in row-major order, the
value u(k, NAME), uniform in [-1, 1): the murmur3 finaliser of k * 0x9e3779b1 + crc32(NAME), in 32-bit integers, rounded to 32
bits. Parameters called `scale` and `offset` have the values of the configuration.
Every loss is written down here as its paper or WeSpeaker, clovaai's voxceleb_trainer and TensorFlow have it.
Run: python make_losses.py  (torch==2.9.1, numpy)
"""
import json, math, zlib
import numpy as np, torch

F = torch.nn.functional
DIM, SPEAKERS = 6, 5
LABELS = [0, 0, 0, 2, 2, 2, 3, 3, 3]
UNEVEN = [0, 2, 2, 3, 0, 2, 3, 3, 3]
PAIRS = [[0, 1], [2, 5], [3, 4], [8, 0], [6, 7]]


def uniform(name, shape):
    x = np.arange(math.prod(shape), dtype=np.uint32) * np.uint32(0x9e3779b1) + np.uint32(zlib.crc32(name.encode()))
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x85ebca6b)
    x = (x ^ (x >> np.uint32(13))) * np.uint32(0xc2b2ae35)
    x = x ^ (x >> np.uint32(16))
    return (x.astype(np.float64) / 2**31 - 1).reshape(shape)


class Parameters(dict):
    def __init__(self, prefix=''):
        self.prefix = prefix

    def of(self, name, *shape, value=None):
        name = self.prefix + name
        values = uniform(name, shape) if value is None else np.full(shape, value)
        self[name] = torch.tensor(values.astype(np.float32)).double().requires_grad_()
        return self[name]


def margin_share(schedule, step):
    if schedule is None or step >= schedule['to_step']:
        return 1.0
    gone = max(0, step - schedule['from_step']) / (schedule['to_step'] - schedule['from_step'])
    return gone if schedule['growth'] == 'linear' else 1.0 - math.exp(gone * math.log(1e-3))


def cosines(p, x, k):
    centres = p.of('centres.directions', DIM, SPEAKERS * k)
    cosine = F.linear(F.normalize(x), F.normalize(centres.T))
    return cosine.reshape(-1, SPEAKERS, k).max(2).values


def softmax(p, x, y, step, pairs, bias=True):
    logits = x @ p.of('weight', DIM, SPEAKERS)
    if bias:
        logits = logits + p.of('bias', SPEAKERS)
    return F.cross_entropy(logits, y)


def margin_softmax(angular):
    def loss(p, x, y, step, pairs, margin=0.2, scale=32.0, sub_centres=1, top_k=0, top_k_penalty=0.06, margin_schedule=None):
        share = margin_share(margin_schedule, step)
        m, mp = margin * share, top_k_penalty * share
        cosine = cosines(p, x, sub_centres)
        if angular:
            sine = torch.sqrt(1.0 - cosine ** 2)
            phi = cosine * math.cos(m) - sine * math.sin(m)
            phi = torch.where(cosine > math.cos(math.pi - m), phi, cosine - (1.0 + math.cos(math.pi - m)))
            nearer = cosine * math.cos(mp) + sine * math.sin(mp)
        else:
            phi, nearer = cosine - m, cosine + mp
        one_hot = F.one_hot(y, SPEAKERS).double()
        output = one_hot * phi + (1 - one_hot) * cosine
        if top_k:
            _, index = torch.topk(cosine - 2 * one_hot, top_k)
            top = torch.zeros_like(cosine).scatter_(1, index, 1.0)
            output = one_hot * phi + top * nearer + (1 - one_hot - top) * cosine
        return F.cross_entropy(output * scale, y)
    return loss


def sphere_face2(p, x, y, step, pairs, margin=0.2, scale=32.0, **rest):
    t, lanbuda = rest.get('power', 3), rest.get('lambda', 0.7)
    m = margin * margin_share(rest.get('margin_schedule'), step)
    cosine = cosines(p, x, 1)
    bias = p.of('bias', 1)
    g = 2 * torch.pow((cosine + 1) / 2, t) - 1
    own = lanbuda * torch.log(1 + torch.exp(-(scale * (g - m) + bias)))
    other = (1 - lanbuda) * torch.log(1 + torch.exp(scale * (g + m) + bias))
    mask = F.one_hot(y, SPEAKERS).double()
    return (mask * own + (1 - mask) * other).sum(1).mean()


def speakers_of(y):
    return [torch.nonzero(y == speaker)[:, 0] for speaker in sorted(set(y.tolist()))]


def ge2e(p, x, y, step, pairs, scale=10.0, offset=-5.0):
    w, b = p.of('scale', 1, value=scale), p.of('offset', 1, value=offset)
    e, speakers, losses = F.normalize(x), speakers_of(y), []
    for own, segments in enumerate(speakers):
        for i in segments.tolist():
            row = []
            for k, others in enumerate(speakers):
                chosen = [j for j in others.tolist() if j != i]
                row.append(F.cosine_similarity(e[i], e[chosen].mean(0), dim=0))
            losses.append(F.cross_entropy((w * torch.stack(row) + b)[None], torch.tensor([own])))
    return torch.stack(losses).mean()


def prototypes(x, y):
    speakers = speakers_of(y)
    return torch.stack([x[s[0]] for s in speakers]), torch.stack([x[s[1:]].mean(0) for s in speakers])


def prototypical(p, x, y, step, pairs):
    q, c = prototypes(x, y)
    return F.cross_entropy(-torch.cdist(q, c, compute_mode='donot_use_mm_for_euclid_dist') ** 2, torch.arange(len(q)))


def angular_prototypical(p, x, y, step, pairs, scale=10.0, offset=-5.0):
    w, b = p.of('scale', 1, value=scale), p.of('offset', 1, value=offset)
    q, c = prototypes(x, y)
    return F.cross_entropy(F.cosine_similarity(q[:, None], c[None], dim=2) * w + b, torch.arange(len(q)))


def triplet(p, x, y, step, pairs, margin=0.3, mining='semi_hard', distance='unit_length'):
    x = F.normalize(x) if distance == 'unit_length' else x
    d = ((x[:, None] - x[None]) ** 2).sum(2)
    n, hinges = len(y), []
    for a in range(n):
        for q in range(n):
            if a == q or y[a] != y[q]:
                continue
            negatives = [j for j in range(n) if y[j] != y[a]]
            if mining == 'semi_hard':
                outside = [j for j in negatives if d[a, j] > d[a, q]]
                pick = min(outside, key=lambda j: d[a, j].item()) if outside else max(negatives, key=lambda j: d[a, j].item())
                negatives = [pick]
            hinges += [F.relu(d[a, q] - d[a, j] + margin) for j in negatives]
    hinges = torch.stack(hinges)
    return hinges[hinges > 0].mean() if mining == 'active' else hinges.mean()


def contrastive(p, x, y, step, pairs, margin=1.0, weighting='as_counted'):
    n = len(y)
    pairs = pairs or [[a, b] for a in range(n) for b in range(a + 1, n)]
    same, different = [], []
    for a, b in pairs:
        d = torch.linalg.vector_norm(x[a] - x[b])
        (same if y[a] == y[b] else different).append(d ** 2 / 2 if y[a] == y[b] else F.relu(margin - d) ** 2 / 2)
    w = len(same) / len(pairs) if weighting == 'as_counted' else 0.5
    return w * torch.stack(same).mean() + (1 - w) * torch.stack(different).mean()


def supervised_contrastive(p, x, y, step, pairs, temperature=0.1):
    z, losses = F.normalize(x), []
    logits = z @ z.T / temperature
    for i in range(len(y)):
        others = [a for a in range(len(y)) if a != i]
        own = [a for a in others if y[a] == y[i]]
        losses.append(-(logits[i, own] - torch.logsumexp(logits[i, others], 0)).mean())
    return torch.stack(losses).mean()


def beside_teacher(p, x, teacher):
    x = x @ p.of('map.weight', DIM, teacher.shape[1]) if teacher.shape[1] != DIM else x
    return x, torch.tensor(teacher)


def teacher_cosine(p, x, y, step, pairs, teacher):
    x, t = beside_teacher(p, x, teacher)
    return F.cosine_embedding_loss(x, t, torch.ones(len(x)))


def teacher_contrastive(p, x, y, step, pairs, teacher, temperature=0.05):
    x, t = beside_teacher(p, x, teacher)
    logits = F.cosine_similarity(x[:, None], t[None], dim=2) / temperature
    own = torch.eye(len(x), dtype=torch.bool)
    own[:len(y), :len(y)] |= y[:, None] == y[None]
    return (torch.logsumexp(logits, 1) - torch.logsumexp(logits.masked_fill(~own, -torch.inf), 1)).mean()


LOSSES = {
    'softmax': softmax, 'am_softmax': margin_softmax(False), 'aam_softmax': margin_softmax(True), 'sphere_face2': sphere_face2,
    'ge2e': ge2e, 'prototypical': prototypical, 'angular_prototypical': angular_prototypical, 'triplet': triplet,
    'contrastive': contrastive, 'supervised_contrastive': supervised_contrastive,
    'teacher_cosine': teacher_cosine, 'teacher_contrastive': teacher_contrastive,
}


def run(p, x, y, step, pairs, loss, teacher):
    loss = dict(loss)
    kind = loss.pop('kind')
    if kind != 'sum':
        if kind.startswith('teacher'):
            return LOSSES[kind](p, x, y, step, pairs, teacher, **loss)
        return LOSSES[kind](p, x[:len(y)], y, step, pairs, **loss)
    total = 0
    for place, part in enumerate(loss['parts']):
        part, prefix = dict(part), p.prefix
        weight = part.pop('weight')
        p.prefix = f'{prefix}parts.{place}.'
        total = total + weight * run(p, x, y, step, pairs, part, teacher)
        p.prefix = prefix
    return total


LINEAR = {'from_step': 100, 'to_step': 300, 'growth': 'linear'}
EXPONENTIAL = {'from_step': 100, 'to_step': 300, 'growth': 'exponential'}
ALL = {'margin': 0.3, 'scale': 32.0, 'sub_centres': 3, 'top_k': 2, 'top_k_penalty': 0.06}
CASES = [
    ({'kind': 'softmax'}, LABELS, None, 0),
    ({'kind': 'softmax', 'bias': False}, LABELS, None, 0),
    ({'kind': 'am_softmax', 'scale': 8.0}, LABELS, None, 0),
    ({'kind': 'am_softmax', **ALL, 'margin_schedule': LINEAR}, UNEVEN, None, 150),
    ({'kind': 'aam_softmax', 'scale': 8.0}, LABELS, None, 0),
    ({'kind': 'aam_softmax', 'scale': 30.0, 'margin': 0.2}, LABELS, None, 0),
    ({'kind': 'aam_softmax', **ALL}, UNEVEN, None, 0),
    ({'kind': 'aam_softmax', **ALL, 'margin_schedule': EXPONENTIAL}, LABELS, None, 170),
    # So wide a margin that own angles lie beyond pi - m.
    ({'kind': 'aam_softmax', 'scale': 5.0, 'margin': 1.5}, LABELS, None, 0),
    ({'kind': 'sphere_face2', 'scale': 8.0}, LABELS, None, 0),
    ({'kind': 'sphere_face2', 'scale': 32.0, 'lambda': 0.6, 'power': 2, 'margin_schedule': LINEAR}, LABELS, None, 250),
    ({'kind': 'ge2e'}, LABELS, None, 0),
    ({'kind': 'ge2e', 'scale': 3.0, 'offset': 1.0}, UNEVEN, None, 0),
    ({'kind': 'prototypical'}, LABELS, None, 0),
    ({'kind': 'prototypical'}, UNEVEN, None, 0),
    ({'kind': 'angular_prototypical'}, LABELS, None, 0),
    ({'kind': 'angular_prototypical', 'scale': 4.0}, UNEVEN, None, 0),
    *[({'kind': 'triplet', 'margin': 0.7, 'mining': mining, 'distance': distance}, labels, None, 0)
      for mining in ('all', 'active', 'semi_hard')
      for distance, labels in (('unit_length', LABELS), ('squared', UNEVEN))],
    ({'kind': 'contrastive', 'margin': 2.5}, LABELS, None, 0),
    ({'kind': 'contrastive', 'margin': 2.0, 'weighting': 'balanced'}, UNEVEN, None, 0),
    ({'kind': 'contrastive', 'margin': 2.5}, LABELS, PAIRS, 0),
    ({'kind': 'supervised_contrastive'}, LABELS, None, 0),
    ({'kind': 'supervised_contrastive', 'temperature': 0.5}, UNEVEN, None, 0),
    ({'kind': 'sum', 'parts': [
        {'weight': 1.0, 'kind': 'aam_softmax', 'scale': 8.0},
        {'weight': 0.5, 'kind': 'angular_prototypical'},
        {'weight': 2.0, 'kind': 'triplet', 'margin': 0.5, 'mining': 'all'}]}, LABELS, None, 0),
]
RECIPE = [{'weight': 5.0, 'kind': 'teacher_cosine'}, {'weight': 0.5, 'kind': 'teacher_contrastive'}, {'weight': 0.3, 'kind': 'aam_softmax', 'scale': 8.0}]
# Loss, labels, segments without a label behind them, dimensions of the teacher.
TAUGHT = [
    ({'kind': 'teacher_cosine'}, LABELS, 0, DIM),
    ({'kind': 'teacher_cosine'}, UNEVEN, 3, 4),
    ({'kind': 'teacher_contrastive'}, LABELS, 0, DIM),
    ({'kind': 'teacher_contrastive', 'temperature': 0.5}, UNEVEN, 0, 8),
    ({'kind': 'teacher_contrastive', 'temperature': 0.1}, LABELS, 3, 4),
    ({'kind': 'sum', 'parts': RECIPE}, LABELS, 2, DIM),
]
CASES = [(*case, 0, None) for case in CASES] + [(loss, labels, None, 0, unlabelled, dim) for loss, labels, unlabelled, dim in TAUGHT]

cases = []
for loss, labels, pairs, step, unlabelled, teacher_dim in CASES:
    rows = len(labels) + unlabelled
    x = torch.tensor(uniform('embeddings', (rows, DIM)).astype(np.float32)).double().requires_grad_()
    teacher = uniform('teacher', (rows, teacher_dim)).astype(np.float32).astype(np.float64) if teacher_dim else None
    p = Parameters()
    value = run(p, x, torch.tensor(labels), step, pairs, loss, teacher)
    value.backward()
    gradient = lambda t: [float(f'{v:.9g}') for v in t.grad.flatten().tolist()]
    gradients = {name: gradient(t) for name, t in [('embeddings', x), *p.items()]}
    of_teacher = {'teacher_dim': teacher_dim, 'num_unlabelled': unlabelled} if teacher_dim else {}
    cases.append({'loss': loss, 'labels': labels, **of_teacher, 'pairs': pairs, 'step': step, 'value': value.item(), 'gradients': gradients})
    print(loss['kind'], value.item())
with open('losses.json', 'w') as file:
    body = ',\n'.join(json.dumps(case, separators=(',', ':')) for case in cases)
    file.write(f'{{"dim":{DIM},"num_speakers":{SPEAKERS},"cases":[\n{body}\n]}}\n')
