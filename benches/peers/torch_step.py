"""The training step and the embeddings of benches/src/step.rs in PyTorch: same network, loss, optimiser and batch."""
import argparse

import torch
from torch import nn
from torch.nn import functional as F

from turns import take_turns

parser = argparse.ArgumentParser()
parser.add_argument("work", choices=["train-step", "infer"])
parser.add_argument("--batch", type=int, required=True)
parser.add_argument("--frames", type=int, required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--bf16", action="store_true")
parser.add_argument("--tuned", action="store_true", help="fused Adam and flushed denormals; tcmalloc comes by LD_PRELOAD")
args = parser.parse_args()

torch.set_num_threads(args.threads)
torch.manual_seed(1)
if args.tuned:
    torch.set_flush_denormal(True)
BINS, HIDDEN, SPEAKERS, MARGIN = 128, 256, 100, 3.0


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(BINS, HIDDEN, num_layers=2, bidirectional=True, dropout=0.5)
        self.head = nn.Sequential(
            nn.Linear(2 * HIDDEN, 10 * SPEAKERS), nn.Dropout(0.25), nn.Linear(10 * SPEAKERS, 5 * SPEAKERS), nn.Linear(5 * SPEAKERS, SPEAKERS)
        )

    def embeddings(self, x):
        _, (h, _) = self.lstm(x)
        return torch.cat([h[2], h[3]], 1)


def loss_of(logits, same):
    log_p = F.log_softmax(logits.float(), 1)
    p = log_p.exp()
    kl = (p * log_p).sum(1, keepdim=True) - p @ log_p.T
    different = ~same
    same = same & ~torch.eye(len(logits), dtype=torch.bool)
    pairs = kl.numel() - len(logits)
    return 2 * (kl[same].sum() + F.relu(MARGIN - kl[different]).sum()) / pairs


network = Network()
x = 4 * torch.rand(args.frames, args.batch, BINS)
speaker = torch.arange(args.batch) // 4
same = speaker[:, None] == speaker[None]
adam = torch.optim.Adam(network.parameters(), lr=1e-3, eps=1e-8, fused=args.tuned)
autocast = torch.autocast("cpu", dtype=torch.bfloat16, enabled=args.bf16)


def train_step():
    adam.zero_grad(set_to_none=True)
    with autocast:
        logits = network.head(network.embeddings(x))
    loss = loss_of(logits, same)
    loss.backward()
    adam.step()
    return loss.item()


@torch.inference_mode()
def infer():
    with autocast:
        return network.embeddings(x).float().sum().item()


if args.work == "infer":
    network.eval()
take_turns(train_step if args.work == "train-step" else infer, version=torch.__version__)
