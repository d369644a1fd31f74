"""Small networks in the layouts of WeSpeaker, SpeechBrain and Resemblyzer, with random weights, and what PyTorch makes of
features of 13 and 57 frames: the layers and their order are those of the projects' own code, read on 2026-11-30
(wespeaker/models/{ecapa_tdnn,resnet,tdnn,pooling_layers}.py, speechbrain/lobes/models/{ECAPA_TDNN,Xvector}.py, resemblyzer/voice_encoder.py).

    pip install torch==2.15.0 numpy && python make_networks.py     # writes networks/*.pt and networks/*.npz beside itself
"""

import pathlib

import numpy
import torch
from torch import nn
from torch.nn import functional as F

OUT = pathlib.Path(__file__).parent / "networks"
BINS = 8


class ConvReluBn(nn.Module):
    def __init__(self, i, o, k=1, d=1):
        super().__init__()
        self.conv = nn.Conv1d(i, o, k, padding=(k - 1) * d // 2, dilation=d)
        self.bn = nn.BatchNorm1d(o)

    def forward(self, x):
        return self.bn(F.relu(self.conv(x)))


class Res2(nn.Module):
    def __init__(self, c, d, scale):
        super().__init__()
        w = c // scale
        self.w = w
        self.convs = nn.ModuleList(nn.Conv1d(w, w, 3, padding=d, dilation=d) for _ in range(scale - 1))
        self.bns = nn.ModuleList(nn.BatchNorm1d(w) for _ in range(scale - 1))

    def forward(self, x):
        parts = torch.split(x, self.w, 1)
        out, sp = [], parts[0]
        for i, (conv, bn) in enumerate(zip(self.convs, self.bns)):
            sp = bn(F.relu(conv(sp if i == 0 else sp + parts[i])))
            out.append(sp)
        return torch.cat(out + [parts[-1]], 1)


class SeConnect(nn.Module):
    def __init__(self, c, s):
        super().__init__()
        self.linear1, self.linear2 = nn.Linear(c, s), nn.Linear(s, c)

    def forward(self, x):
        weights = torch.sigmoid(self.linear2(F.relu(self.linear1(x.mean(2)))))
        return x * weights.unsqueeze(2)


class SeRes2Block(nn.Module):
    def __init__(self, c, d, scale, s):
        super().__init__()
        self.se_res2block = nn.Sequential(ConvReluBn(c, c), Res2(c, d, scale), ConvReluBn(c, c), SeConnect(c, s))

    def forward(self, x):
        return x + self.se_res2block(x)


class Astp(nn.Module):
    def __init__(self, c, s, context):
        super().__init__()
        self.context = context
        self.linear1 = nn.Conv1d(3 * c if context else c, s, 1)
        self.linear2 = nn.Conv1d(s, c, 1)

    def forward(self, x):
        seen = x
        if self.context:
            mean = x.mean(-1, keepdim=True).expand_as(x)
            std = torch.sqrt(torch.var(x, dim=-1, keepdim=True) + 1e-10).expand_as(x)
            seen = torch.cat([x, mean, std], 1)
        alpha = torch.softmax(self.linear2(torch.tanh(self.linear1(seen))), 2)
        mean = (alpha * x).sum(2)
        var = (alpha * x**2).sum(2) - mean**2
        return torch.cat([mean, torch.sqrt(var.clamp(min=1e-10))], 1)


def tstp(x):
    mean, std = x.mean(-1).flatten(1), torch.sqrt(torch.var(x, dim=-1) + 1e-7).flatten(1)
    return torch.cat([mean, std], 1)


class WespeakerEcapa(nn.Module):
    def __init__(self, context, c=16, s=4, scale=4):
        super().__init__()
        self.layer1 = ConvReluBn(BINS, c, 5)
        self.layer2, self.layer3, self.layer4 = (SeRes2Block(c, d, scale, s) for d in (2, 3, 4))
        self.conv = nn.Conv1d(3 * c, 24, 1)
        self.pool = Astp(24, 6, context)
        self.bn = nn.BatchNorm1d(48)
        self.linear = nn.Linear(48, 10)

    def forward(self, x):
        x = self.layer1(x.permute(0, 2, 1))
        two = self.layer2(x)
        three = self.layer3(two)
        four = self.layer4(three)
        out = F.relu(self.conv(torch.cat([two, three, four], 1)))
        return self.linear(self.bn(self.pool(out)))


class BasicBlock(nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(i, o, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(o)
        self.conv2 = nn.Conv2d(o, o, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(o)
        self.shortcut = nn.Sequential()
        if stride != 1 or i != o:
            self.shortcut = nn.Sequential(nn.Conv2d(i, o, 1, stride=stride, bias=False), nn.BatchNorm2d(o))

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self, c=4, blocks=(2, 1, 1, 1)):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(1, c, 3, padding=1, bias=False), nn.BatchNorm2d(c)
        stages, width = [], c
        for stage, count in enumerate(blocks):
            layers = []
            for index in range(count):
                stride = 2 if stage > 0 and index == 0 else 1
                layers.append(BasicBlock(width, c << stage, stride))
                width = c << stage
            stages.append(nn.Sequential(*layers))
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.seg_1 = nn.Linear(2 * width * BINS // 8, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x.permute(0, 2, 1).unsqueeze(1))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.seg_1(tstp(x))


class Tdnn(nn.Module):
    def __init__(self, i, o, k, d):
        super().__init__()
        self.conv_1d, self.bn = nn.Conv1d(i, o, k, dilation=d), nn.BatchNorm1d(o, affine=False)

    def forward(self, x):
        return self.bn(F.relu(self.conv_1d(x)))


class Xvector(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [(BINS, 12, 5, 1), (12, 12, 3, 2), (12, 12, 3, 3), (12, 12, 1, 1), (12, 15, 1, 1)]
        for number, size in enumerate(sizes, 1):
            setattr(self, f"frame_{number}", Tdnn(*size))
        self.seg_1, self.seg_bn_1 = nn.Linear(30, 10), nn.BatchNorm1d(10, affine=False)
        self.seg_2 = nn.Linear(10, 10)

    def forward(self, x):
        x = x.permute(0, 2, 1)
        for number in range(1, 6):
            x = getattr(self, f"frame_{number}")(x)
        return self.seg_1(tstp(x))


class SbConv(nn.Module):
    """SpeechBrain's Conv1d: reflecting padding that keeps the length."""

    def __init__(self, i, o, k=1, d=1):
        super().__init__()
        self.pad = (k - 1) * d // 2
        self.conv = nn.Conv1d(i, o, k, dilation=d)

    def forward(self, x):
        if self.pad:
            x = F.pad(x, (self.pad, self.pad), mode="reflect")
        return self.conv(x)


class SbNorm(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.norm = nn.BatchNorm1d(c)

    def forward(self, x):
        return self.norm(x)


class SbTdnn(nn.Module):
    def __init__(self, i, o, k=1, d=1):
        super().__init__()
        self.conv, self.norm = SbConv(i, o, k, d), SbNorm(o)

    def forward(self, x):
        return self.norm(F.relu(self.conv(x)))


class SbRes2(nn.Module):
    def __init__(self, c, d, scale):
        super().__init__()
        self.scale = scale
        self.blocks = nn.ModuleList(SbTdnn(c // scale, c // scale, 3, d) for _ in range(scale - 1))

    def forward(self, x):
        out = []
        for i, part in enumerate(torch.chunk(x, self.scale, dim=1)):
            if i == 0:
                y = part
            elif i == 1:
                y = self.blocks[0](part)
            else:
                y = self.blocks[i - 1](part + y)
            out.append(y)
        return torch.cat(out, 1)


class SbSe(nn.Module):
    def __init__(self, c, s):
        super().__init__()
        self.conv1, self.conv2 = SbConv(c, s), SbConv(s, c)

    def forward(self, x):
        s = x.mean(dim=2, keepdim=True)
        return torch.sigmoid(self.conv2(F.relu(self.conv1(s)))) * x


class SbBlock(nn.Module):
    def __init__(self, c, d, scale, s):
        super().__init__()
        self.tdnn1, self.res2net_block = SbTdnn(c, c), SbRes2(c, d, scale)
        self.tdnn2, self.se_block = SbTdnn(c, c), SbSe(c, s)

    def forward(self, x):
        return self.se_block(self.tdnn2(self.res2net_block(self.tdnn1(x)))) + x


class SbAsp(nn.Module):
    def __init__(self, c, s):
        super().__init__()
        self.tdnn, self.conv = SbTdnn(3 * c, s), SbConv(s, c)

    def forward(self, x):
        def statistics(x, m):
            mean = (m * x).sum(2)
            return mean, torch.sqrt((m * (x - mean.unsqueeze(2)).pow(2)).sum(2).clamp(1e-12))

        mean, std = statistics(x, torch.ones_like(x) / x.shape[2])
        seen = torch.cat([x, mean.unsqueeze(2).expand_as(x), std.unsqueeze(2).expand_as(x)], 1)
        attention = torch.softmax(self.conv(torch.tanh(self.tdnn(seen))), 2)
        return torch.cat(statistics(x, attention), 1).unsqueeze(2)


class SpeechbrainEcapa(nn.Module):
    def __init__(self, c=16, s=4, scale=4):
        super().__init__()
        blocks = [SbTdnn(BINS, c, 5, 1)] + [SbBlock(c, d, scale, s) for d in (2, 3, 4)]
        self.blocks = nn.ModuleList(blocks)
        self.mfa, self.asp = SbTdnn(3 * c, 24), SbAsp(24, 6)
        self.asp_bn, self.fc = SbNorm(48), SbConv(48, 10)

    def forward(self, x):
        x, outputs = x.transpose(1, 2), []
        for layer in self.blocks:
            x = layer(x)
            outputs.append(x)
        x = self.mfa(torch.cat(outputs[1:], 1))
        return self.fc(self.asp_bn(self.asp(x))).squeeze(2)


class SbDense(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.w = nn.Linear(i, o)

    def forward(self, x):
        return self.w(x)


class SbPooling(nn.Module):
    """SpeechBrain's StatisticsPooling: noise of 1e-5 to 9e-5 is added to means, 1e-5 to deviations. Here it is the noise's mean."""

    def forward(self, x):
        return torch.cat([x.mean(2) + 5e-5, x.std(2) + 1e-5], 1)


class SpeechbrainXvector(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [(BINS, 12, 5, 1), (12, 12, 3, 2), (12, 12, 3, 3), (12, 12, 1, 1), (12, 15, 1, 1)]
        self.blocks = nn.ModuleList()
        for i, o, k, d in sizes:
            self.blocks.extend([SbConv(i, o, k, d), nn.LeakyReLU(), SbNorm(o)])
        self.blocks.extend([SbPooling(), SbDense(30, 10)])

    def forward(self, x):
        x = x.transpose(1, 2)
        for layer in self.blocks:
            x = layer(x)
        return x


class Ge2eLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(BINS, 12, 3, batch_first=True)
        self.linear = nn.Linear(12, 10)
        self.similarity_weight = nn.Parameter(torch.tensor([10.0]))
        self.similarity_bias = nn.Parameter(torch.tensor([-5.0]))

    def forward(self, x):
        _, (hidden, _) = self.lstm(x)
        raw = F.relu(self.linear(hidden[-1]))
        return raw / torch.norm(raw, dim=1, keepdim=True)


def main():
    OUT.mkdir(exist_ok=True)
    networks = {
        "wespeaker_ecapa": lambda: WespeakerEcapa(False),
        "wespeaker_ecapa_glob": lambda: WespeakerEcapa(True),
        "wespeaker_resnet": ResNet,
        "wespeaker_xvector": Xvector,
        "speechbrain_ecapa": SpeechbrainEcapa,
        "resemblyzer": Ge2eLstm,
        "speechbrain_xvector": SpeechbrainXvector,
    }
    for seed, (name, network) in enumerate(networks.items()):
        torch.manual_seed(seed)
        network = network().eval()
        for module in network.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_(0, 0.3)
                module.running_var.uniform_(0.5, 2)
                if module.affine:
                    module.weight.data.uniform_(0.5, 1.5)
                    module.bias.data.normal_(0, 0.3)
        torch.save(network.state_dict(), OUT / f"{name}.pt")
        arrays = {}
        for frames in (13, 57):
            if name == "wespeaker_xvector" and frames == 13:
                frames = 20  # its convolutions see 15, and a deviation needs two
            x = torch.randn(1, frames, BINS)
            with torch.no_grad():
                y = network(x)[0]
            arrays[f"x{frames}"] = x[0].numpy()
            arrays[f"y{frames}"] = (y / y.norm()).numpy()
        numpy.savez(OUT / f"{name}.npz", **arrays)


main()
