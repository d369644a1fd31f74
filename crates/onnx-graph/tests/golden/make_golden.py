"""Small networks in the layouts of the families' own exports, with random weights, and what onnxruntime makes of them.

    python make_golden.py            # writes the files beside itself
    python make_golden.py --large F  # writes networks of the real sizes into the folder F, for timing

Ran with torch 2.15.0, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.x. The networks are written anew after the families' papers and published
layouts: WeSpeaker's ECAPA-TDNN and ResNet34 (`feats` -> `embs`, mean_vec subtracted inside), 3D-Speaker's CAM++ (`x` -> `embedding`),
NeMo's TitaNet (`audio_signal`, `length` -> `logits`, `embs`), Resemblyzer's LSTM.
"""

import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
import torch.nn.functional as F
from torch import nn

LENGTHS = [30, 57, 100, 298, 300, 512, 1000, 3000]


def features(frames, bins):
    """The same numbers as in `tests/common/mod.rs`."""
    index = np.arange(frames * bins, dtype=np.uint64)
    mixed = (index * 2654435761 + 12345) % 2**32
    return (mixed / 2**31 - 1).astype(np.float32).reshape(1, frames, bins)


class Tdnn(nn.Module):
    def __init__(self, i, o, k=1, d=1):
        super().__init__()
        self.conv = nn.Conv1d(i, o, k, dilation=d, padding=d * (k - 1) // 2)
        self.bn = nn.BatchNorm1d(o)

    def forward(self, x):
        return self.bn(F.relu(self.conv(x)))


class Res2(nn.Module):
    def __init__(self, c, k, d, scale=8):
        super().__init__()
        self.width = c // scale
        self.parts = nn.ModuleList([Tdnn(self.width, self.width, k, d) for _ in range(scale - 1)])

    def forward(self, x):
        parts = torch.split(x, self.width, 1)
        out, y = [], None
        for i, part in enumerate(self.parts):
            y = parts[0] if i == 0 else y + parts[i]
            y = part(y)
            out.append(y)
        out.append(parts[-1])
        return torch.cat(out, 1)


class Se(nn.Module):
    def __init__(self, c, b):
        super().__init__()
        self.a = nn.Linear(c, b)
        self.b = nn.Linear(b, c)

    def forward(self, x):
        y = x.mean(dim=2)
        return x * torch.sigmoid(self.b(F.relu(self.a(y)))).unsqueeze(2)


class EcapaBlock(nn.Module):
    def __init__(self, c, d, b):
        super().__init__()
        self.all = nn.Sequential(Tdnn(c, c), Res2(c, 3, d), Tdnn(c, c), Se(c, b))

    def forward(self, x):
        return x + self.all(x)


class Ecapa(nn.Module):
    def __init__(self, c=16, e=24, bottleneck=8, dim=16, bins=80):
        super().__init__()
        self.first = Tdnn(bins, c, 5)
        self.blocks = nn.ModuleList([EcapaBlock(c, d, bottleneck) for d in (2, 3, 4)])
        self.mfa = nn.Conv1d(3 * c, e, 1)
        self.att1 = nn.Conv1d(3 * e, bottleneck, 1)
        self.att2 = nn.Conv1d(bottleneck, e, 1)
        self.bn = nn.BatchNorm1d(2 * e)
        self.out = nn.Linear(2 * e, dim)
        self.register_buffer("mean_vec", torch.randn(dim) * 0.01)

    def forward(self, x):
        x = self.first(x.permute(0, 2, 1))
        outs = []
        for block in self.blocks:
            x = block(x)
            outs.append(x)
        x = F.relu(self.mfa(torch.cat(outs, 1)))
        mean = x.mean(dim=-1, keepdim=True).expand_as(x)
        std = torch.sqrt(x.var(dim=-1, keepdim=True) + 1e-7).expand_as(x)
        alpha = torch.tanh(self.att1(torch.cat([x, mean, std], 1)))
        alpha = torch.softmax(self.att2(alpha), dim=2)
        mean = torch.sum(alpha * x, dim=2)
        var = torch.sum(alpha * x**2, dim=2) - mean**2
        x = torch.cat([mean, torch.sqrt(var.clamp(min=1e-7))], 1)
        return self.out(self.bn(x)) - self.mean_vec


class Basic(nn.Module):
    def __init__(self, i, o, s):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(i, o, 3, s, 1, bias=False), nn.BatchNorm2d(o)
        self.c2, self.b2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.short = nn.Sequential()
        if s != 1 or i != o:
            self.short = nn.Sequential(nn.Conv2d(i, o, 1, s, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = F.relu(self.b1(self.c1(x)))
        return F.relu(self.b2(self.c2(y)) + self.short(x))


class ResNet(nn.Module):
    def __init__(self, c=4, blocks=(1, 1, 1, 1), dim=16):
        super().__init__()
        self.c, self.b = nn.Conv2d(1, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c)
        layers, i = [], c
        for n, (count, s) in enumerate(zip(blocks, (1, 2, 2, 2))):
            for k in range(count):
                layers.append(Basic(i, c * 2**n, s if k == 0 else 1))
                i = c * 2**n
        self.layers = nn.Sequential(*layers)
        self.out = nn.Linear(2 * i * 10, dim)
        self.register_buffer("mean_vec", torch.randn(dim) * 0.01)

    def forward(self, x):
        x = x.permute(0, 2, 1).unsqueeze(1)
        x = self.layers(F.relu(self.b(self.c(x))))
        mean = x.mean(dim=-1).flatten(start_dim=1)
        std = torch.sqrt(torch.var(x, dim=-1) + 1e-7).flatten(start_dim=1)
        return self.out(torch.cat([mean, std], 1)) - self.mean_vec


class Cam(nn.Module):
    def __init__(self, i, o, k, d):
        super().__init__()
        self.local = nn.Conv1d(i, o, k, dilation=d, padding=d * (k - 1) // 2, bias=False)
        self.a, self.b = nn.Conv1d(i, i // 2, 1), nn.Conv1d(i // 2, o, 1)

    def forward(self, x):
        y = self.local(x)
        pooled = F.avg_pool1d(x, kernel_size=100, stride=100, ceil_mode=True)
        shape = pooled.shape
        pooled = pooled.unsqueeze(-1).expand(shape[0], shape[1], shape[2], 100).reshape(shape[0], shape[1], -1)
        context = x.mean(-1, keepdim=True) + pooled[..., : x.shape[-1]]
        return y * torch.sigmoid(self.b(F.relu(self.a(context))))


class CamLayer(nn.Module):
    def __init__(self, i, growth, mid, d):
        super().__init__()
        self.bn1, self.lin, self.bn2 = nn.BatchNorm1d(i), nn.Conv1d(i, mid, 1, bias=False), nn.BatchNorm1d(mid)
        self.cam = Cam(mid, growth, 3, d)

    def forward(self, x):
        return self.cam(F.relu(self.bn2(self.lin(F.relu(self.bn1(x))))))


class CamPlus(nn.Module):
    def __init__(self, growth=8, layers=(2, 2, 2), width=16, m=4, dim=16):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(1, m, 3, 1, 1, bias=False), nn.BatchNorm2d(m)
        self.res = nn.Sequential(*[Basic2(m, m, s) for s in (2, 1, 2, 1)])
        self.c2, self.b2 = nn.Conv2d(m, m, 3, (2, 1), 1, bias=False), nn.BatchNorm2d(m)
        c = width
        self.tdnn = nn.Conv1d(m * 10, c, 5, stride=2, padding=2, bias=False)
        self.tbn = nn.BatchNorm1d(c)
        self.blocks, self.transits = nn.ModuleList(), nn.ModuleList()
        for count, d in zip(layers, (1, 2, 2)):
            self.blocks.append(nn.ModuleList([CamLayer(c + k * growth, growth, growth * 4, d) for k in range(count)]))
            c = c + count * growth
            self.transits.append(nn.Sequential(nn.BatchNorm1d(c), nn.ReLU(), nn.Conv1d(c, c // 2, 1, bias=False)))
            c //= 2
        self.bn = nn.BatchNorm1d(c)
        self.dense = nn.Conv1d(2 * c, dim, 1, bias=False)
        self.last = nn.BatchNorm1d(dim, affine=False)

    def forward(self, x):
        x = x.permute(0, 2, 1).unsqueeze(1)
        x = self.res(F.relu(self.b1(self.c1(x))))
        x = F.relu(self.b2(self.c2(x)))
        s = x.shape
        x = x.reshape(s[0], s[1] * s[2], s[3])
        x = F.relu(self.tbn(self.tdnn(x)))
        for block, transit in zip(self.blocks, self.transits):
            for layer in block:
                x = torch.cat([x, layer(x)], 1)
            x = transit(x)
        x = F.relu(self.bn(x))
        x = torch.cat([x.mean(-1), x.std(-1, unbiased=True)], -1)
        return self.last(self.dense(x.unsqueeze(-1)).squeeze(-1))


class Basic2(nn.Module):
    """As Basic, with a stride over the bins alone."""

    def __init__(self, i, o, s):
        super().__init__()
        self.c1, self.b1 = nn.Conv2d(i, o, 3, (s, 1), 1, bias=False), nn.BatchNorm2d(o)
        self.c2, self.b2 = nn.Conv2d(o, o, 3, 1, 1, bias=False), nn.BatchNorm2d(o)
        self.short = nn.Sequential()
        if s != 1 or i != o:
            self.short = nn.Sequential(nn.Conv2d(i, o, 1, (s, 1), bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        y = F.relu(self.b1(self.c1(x)))
        return F.relu(self.b2(self.c2(y)) + self.short(x))


class TitaNet(nn.Module):
    def __init__(self, c=16, e=24, dim=16, classes=10):
        super().__init__()
        self.first = nn.Conv1d(80, c, 3, padding=1)
        self.bn = nn.BatchNorm1d(c)
        self.depth, self.point = nn.Conv1d(c, c, 7, padding=3, groups=c), nn.Conv1d(c, c, 1)
        self.bn2 = nn.BatchNorm1d(c)
        self.se1, self.se2 = nn.Linear(c, c // 2), nn.Linear(c // 2, c)
        self.up = nn.Conv1d(c, e, 1)
        self.att1, self.att2 = nn.Conv1d(3 * e, 8, 1), nn.Conv1d(8, e, 1)
        self.norm, self.emb, self.cls = nn.BatchNorm1d(2 * e), nn.Conv1d(2 * e, dim, 1), nn.Linear(dim, classes)

    def forward(self, audio_signal, length):
        t = audio_signal.shape[-1]
        mask = torch.arange(t, device=audio_signal.device).expand(audio_signal.shape[0], t) < length.unsqueeze(1)
        hidden = ~mask.unsqueeze(1)
        x = audio_signal.masked_fill(hidden, 0.0)
        x = F.relu(self.bn(self.first(x)))
        y = self.bn2(self.point(self.depth(x.masked_fill(hidden, 0.0))))
        m = mask.unsqueeze(1).to(x.dtype)
        pooled = (y * m).sum(2) / m.sum(2)
        y = y * torch.sigmoid(self.se2(F.relu(self.se1(pooled)))).unsqueeze(-1)
        x = F.relu(self.up(x + y))
        total = m.sum(2, keepdim=True)
        mean = (x * m / total).sum(2, keepdim=True)
        std = ((m / total) * (x - mean).pow(2)).sum(2, keepdim=True).clamp(1e-10).sqrt()
        a = torch.cat([x, mean.expand(-1, -1, t), std.expand(-1, -1, t)], 1)
        a = self.att2(torch.tanh(self.att1(a))).masked_fill(hidden, float("-inf"))
        a = torch.softmax(a, dim=2)
        mean = (a * x).sum(2)
        std = (a * (x - mean.unsqueeze(2)).pow(2)).sum(2).clamp(1e-10).sqrt()
        e = self.emb(self.norm(torch.cat([mean, std], 1)).unsqueeze(-1)).squeeze(-1)
        return self.cls(F.normalize(e, dim=-1)), e


class Voice(nn.Module):
    def __init__(self, hidden=16, dim=16, layers=3):
        super().__init__()
        self.lstm = nn.LSTM(40, hidden, layers, batch_first=True)
        self.linear = nn.Linear(hidden, dim)

    def forward(self, x):
        _, (h, _) = self.lstm(x)
        e = F.relu(self.linear(h[-1]))
        return e / torch.norm(e, dim=1, keepdim=True)


def made(module, seed):
    torch.manual_seed(seed)
    network = module()
    for m in network.modules():
        # PyTorch's own initial values let deep networks hear nothing.
        if isinstance(m, (nn.Conv1d, nn.Conv2d)):
            nn.init.kaiming_normal_(m.weight)
        if isinstance(m, (nn.BatchNorm1d, nn.BatchNorm2d)):
            m.running_mean.normal_(0, 0.2)
            m.running_var.uniform_(0.5, 1.5)
            if m.affine:
                m.weight.data.uniform_(0.8, 1.2)
                m.bias.data.normal_(0, 0.1)
    return network.eval()


def export(network, path, inputs, outputs, args, opset):
    axes = {name: {0: "B"} for name in inputs + outputs}
    axes[inputs[0]] = {0: "B", (2 if inputs[0] == "audio_signal" else 1): "T"}
    torch.onnx.export(
        network, args, str(path), input_names=inputs, output_names=outputs, dynamic_axes=axes, opset_version=opset, dynamo=False
    )


def write(folder, sizes):
    folder = Path(folder)
    x = torch.randn(1, 200, 80)
    jobs = [
        ("wespeaker_ecapa", lambda: Ecapa(**sizes.get("ecapa", {})), ["feats"], ["embs"], (x,), 14),
        ("wespeaker_resnet", lambda: ResNet(**sizes.get("resnet", {})), ["feats"], ["embs"], (x,), 14),
        ("3dspeaker_campplus", lambda: CamPlus(**sizes.get("campplus", {})), ["x"], ["embedding"], (x,), 13),
        ("nemo_titanet", lambda: TitaNet(**sizes.get("titanet", {})), ["audio_signal", "length"], ["logits", "embs"],
         (x.permute(0, 2, 1).contiguous(), torch.tensor([200])), 14),
        ("resemblyzer", lambda: Voice(**sizes.get("voice", {})), ["mel"], ["embedding"], (torch.randn(1, 160, 40),), 14),
    ]
    for seed, (name, module, inputs, outputs, args, opset) in enumerate(jobs):
        path = folder / f"{name}.onnx"
        export(made(module, seed), path, inputs, outputs, args, opset)
        if name.startswith("wespeaker"):
            model = onnx.load(str(path))
            for key, value in [("framework", "wespeaker"), ("output_dim", "16"), ("sample_rate", "16000"),
                               ("normalize_samples", "0"), ("language", "English")]:
                entry = model.metadata_props.add()
                entry.key, entry.value = key, value
            onnx.save(model, str(path))
        if not sizes:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = 1
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            rows = []
            for frames in LENGTHS:
                data = features(frames, 40 if name == "resemblyzer" else 80)
                if name == "nemo_titanet":
                    feed = {"audio_signal": data.transpose(0, 2, 1).copy(), "length": np.array([frames], np.int64)}
                else:
                    feed = {inputs[0]: data}
                rows.append(session.run([outputs[-1]], feed)[0].reshape(-1))
            np.save(folder / f"{name}.npy", np.stack(rows).astype(np.float32))
        print(name, path.stat().st_size)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--large"]:
        write(sys.argv[2], {
            "ecapa": dict(c=512, e=1536, bottleneck=128, dim=192),
            "resnet": dict(c=32, blocks=(3, 4, 6, 3), dim=256),
            "campplus": dict(growth=32, layers=(12, 24, 16), width=128, m=32, dim=192),
            "titanet": dict(c=256, e=512, dim=192),
            "voice": dict(hidden=256, dim=256),
        })
    else:
        write(Path(__file__).parent, {})
