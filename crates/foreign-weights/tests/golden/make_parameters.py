"""Writes parameters.json beside it: how many parameters networks have as their authors' code makes them with random weights, by the
family's and the network's name in `KNOWN`. Statistics of batch norms do not count.

Made with Python 3.11.7, torch 2.9.1, wespeaker-unofficial 0.0.2, speechbrain 1.1.2, speakerlab 0.0.6 (3D-Speaker's), resemblyzer
0.1.4, each installed with --no-deps. Packages whose imports want more than torch are made to import their modules alone.
"""
import json
import pathlib
import site
import sys
import types

import scipy.ndimage

for package in ["wespeaker", "wespeaker.models", "wespeaker.utils", "speakerlab"]:
    module = types.ModuleType(package)
    module.__path__ = [str(pathlib.Path(folder) / package.replace(".", "/")) for folder in site.getsitepackages()]
    sys.modules[package] = module
morphology = types.ModuleType("scipy.ndimage.morphology")
morphology.binary_dilation = scipy.ndimage.binary_dilation
sys.modules["scipy.ndimage.morphology"] = morphology

from resemblyzer import VoiceEncoder  # noqa: E402
from speakerlab.models.campplus.DTDNN import CAMPPlus  # noqa: E402
from speakerlab.models.eres2net.ERes2Net import ERes2Net  # noqa: E402
from speakerlab.models.eres2net.ERes2Net_huge import ERes2Net as ERes2NetHuge  # noqa: E402
from speakerlab.models.eres2net.ERes2NetV2 import ERes2NetV2  # noqa: E402
from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN as SpeechBrainEcapa  # noqa: E402
from speechbrain.lobes.models.Xvector import Xvector  # noqa: E402
from wespeaker.models.campplus import CAMPPlus as WespeakerCamPlusPlus  # noqa: E402
from wespeaker.models.ecapa_tdnn import ECAPA_TDNN_GLOB_c512, ECAPA_TDNN_GLOB_c1024  # noqa: E402
from wespeaker.models.resnet import ResNet34, ResNet293  # noqa: E402
from wespeaker.models.tdnn import XVEC  # noqa: E402

networks = {
    # The sizes are those of `speakerlab/bin/infer_sv.py`, of WeSpeaker's recipes (voxceleb/v2) and of the hyperparams.yaml that
    # SpeechBrain gives out beside the weights.
    "3d-speaker/CAM++ zh/en common": CAMPPlus(80, 192),
    "3d-speaker/CAM++ zh common": CAMPPlus(80, 192),
    "3d-speaker/CAM++ VoxCeleb": CAMPPlus(80, 512),
    "3d-speaker/ERes2Net VoxCeleb": ERes2Net(feat_dim=80, embedding_size=192),
    "3d-speaker/ERes2Net zh common": ERes2NetHuge(feat_dim=80, embedding_size=192),
    "3d-speaker/ERes2NetV2 zh common": ERes2NetV2(feat_dim=80, embedding_size=192, baseWidth=26, scale=2, expansion=2),
    "wespeaker/ResNet34-LM": ResNet34(80, 256, pooling_func="TSTP", two_emb_layer=False),
    "wespeaker/ResNet293-LM": ResNet293(80, 256, pooling_func="TSTP", two_emb_layer=False),
    "wespeaker/ECAPA-TDNN 512": ECAPA_TDNN_GLOB_c512(80, 192, pooling_func="ASTP"),
    "wespeaker/ECAPA-TDNN 1024": ECAPA_TDNN_GLOB_c1024(80, 192, pooling_func="ASTP"),
    "wespeaker/CAM++": WespeakerCamPlusPlus(80, 512),
    "wespeaker/x-vector TDNN": XVEC(80, embed_dim=512, pooling_func="TSTP"),
    "speechbrain/ECAPA-TDNN 1024": SpeechBrainEcapa(
        80, channels=[1024] * 4 + [3072], kernel_sizes=[5, 3, 3, 3, 1], dilations=[1, 2, 3, 4, 1], attention_channels=128, lin_neurons=192
    ),
    "speechbrain/x-vector": Xvector(in_channels=24, lin_neurons=512),
    "resemblyzer/GE2E LSTM": VoiceEncoder("cpu", verbose=False),
}
counts = {name: sum(parameter.numel() for parameter in network.parameters()) for name, network in networks.items()}
path = pathlib.Path(__file__).parent / "parameters.json"
path.write_text(json.dumps(counts, indent=0) + "\n")
