"""Writes layouts.json beside it: names and sizes of the tensors of networks as their authors' code makes them, of few channels.

Made with Python 3.11.7, torch 2.15.0, wespeaker-unofficial 0.0.2, speechbrain 1.1.2 (each installed with --no-deps, beside what
they import). pyannote's and NeMo's are in no file: real ones are large, and their packages heavy.
"""
import json
import pathlib

from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN as SpeechBrainEcapa
from speechbrain.lobes.models.Xvector import Xvector
from wespeaker.models.campplus import CAMPPlus
from wespeaker.models.ecapa_tdnn import ECAPA_TDNN
from wespeaker.models.eres2net import ERes2Net34_Base
from wespeaker.models.redimnet import ReDimNetB0
from wespeaker.models.res2net import Res2Net34_Base
from wespeaker.models.resnet import BasicBlock, Bottleneck, ResNet
from wespeaker.models.tdnn import XVEC

networks = {
    "wespeaker-resnet34": ResNet(BasicBlock, [3, 4, 6, 3], m_channels=4, feat_dim=80, embed_dim=6),
    "wespeaker-resnet50": ResNet(Bottleneck, [3, 4, 6, 3], m_channels=2, feat_dim=80, embed_dim=6, two_emb_layer=True),
    "wespeaker-ecapa": ECAPA_TDNN(channels=16, feat_dim=80, embed_dim=6, pooling_func="ASTP", global_context_att=True),
    "wespeaker-xvector": XVEC(feat_dim=80, hid_dim=8, stats_dim=12, embed_dim=6),
    "wespeaker-campplus": CAMPPlus(feat_dim=80, embed_dim=6, growth_rate=4, bn_size=1, init_channels=8),
    "wespeaker-eres2net": ERes2Net34_Base(80, 6),
    "wespeaker-res2net": Res2Net34_Base(80, 6),
    "wespeaker-redimnet": ReDimNetB0(72, 6),
    "speechbrain-ecapa": SpeechBrainEcapa(80, channels=[16] * 4 + [48], attention_channels=5, se_channels=4, lin_neurons=6),
    "speechbrain-xvector": Xvector(in_channels=24, tdnn_channels=[8, 8, 8, 8, 12], lin_neurons=6),
}
layouts = {
    # What no layer is told by is left out, so that the file stays small.
    network: {name: list(tensor.shape) for name, tensor in module.state_dict().items() if name.endswith("weight")}
    for network, module in networks.items()
}
# Networks that have no small form: the sizes are of no matter.
for network in ("wespeaker-eres2net", "wespeaker-res2net", "wespeaker-redimnet"):
    layouts[network] = {name: [size if size <= 6 else 1 for size in shape] for name, shape in layouts[network].items()}
path = pathlib.Path(__file__).parent / "layouts.json"
lines = ",\n".join(f"{json.dumps(network)}: {json.dumps(layout, separators=(',', ':'))}" for network, layout in layouts.items())
path.write_text(f"{{\n{lines}\n}}\n")
