"""Writes the files of weights beside it, and what they hold as plain f32 in NAME.expected.safetensors.

Made with Python 3.11.7, torch 2.15.0, numpy 2.4.6, onnx 1.23.2, safetensors 0.8.0. All numbers are drawn.
    pip install torch numpy onnx safetensors && python make_golden.py
"""
import collections
import pathlib

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).parent
torch.manual_seed(18)


def expect(name, tensors):
    plain = {key: value.detach().to(torch.float32).contiguous().clone() for key, value in tensors.items()}
    save_file(plain, FOLDER / f"{name}.expected.safetensors")


plain = collections.OrderedDict(
    single=torch.randn(3, 4),
    double=torch.randn(5, dtype=torch.float64),
    half=torch.randn(2, 3).half(),
    bfloat=torch.randn(2, 3).bfloat16(),
    long=torch.tensor([1, -2, 1 << 40]),
    int=torch.tensor([7, -8], dtype=torch.int32),
    short=torch.tensor([7, -8], dtype=torch.int16),
    char=torch.tensor([7, -8], dtype=torch.int8),
    byte=torch.tensor([7, 250], dtype=torch.uint8),
    bool=torch.tensor([True, False]),
    scalar=torch.tensor(2.5),
    empty=torch.zeros(0, 4),
    parameter=torch.nn.Parameter(torch.randn(4)),
)
base = torch.randn(6, 8)
plain["transposed"] = base.t()
plain["part"] = base[1:5:2, 3:7]
plain["expanded"] = torch.randn(3, 1).expand(3, 4)
plain["permuted"] = torch.randn(2, 3, 4).permute(2, 0, 1)
plain["shared"] = base
torch.save(plain, FOLDER / "plain.pt")
torch.save(plain, FOLDER / "protocol4.pt", pickle_protocol=4)
torch.save(plain, FOLDER / "legacy.pt", _use_new_zipfile_serialization=False)
expect("plain", plain)

network = torch.nn.Sequential(torch.nn.Conv1d(3, 4, 5), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2))
optimiser = torch.optim.Adam(network.parameters())
state = network.state_dict()
# As PyTorch Lightning 2 writes it.
torch.save(
    {
        "epoch": 3,
        "global_step": 1200,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": state,
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint{'monitor': None}": {"best_model_score": torch.tensor(0.5), "dirpath": "/x"}},
        "optimizer_states": [optimiser.state_dict()],
        "lr_schedulers": [],
        "hparams_name": "kwargs",
        "hyper_parameters": {"rate": 0.1, "sizes": (1, 2), "device": torch.device("cpu"), "type": torch.float32,
                             "numpy": np.float64(1.5)},
    },
    FOLDER / "lightning.ckpt",
)
# As SpeechBrain's checkpointer writes a module, and as Resemblyzer's network lies in its package.
torch.save(torch.nn.DataParallel(network).state_dict(), FOLDER / "parallel.ckpt")
torch.save(
    {"step": 7, "model_state": state, "optimizer_state": optimiser.state_dict()},
    FOLDER / "step.pt",
    _use_new_zipfile_serialization=False,
)
expect("network", state)
save_file({k: v.contiguous() for k, v in state.items()}, FOLDER / "network.safetensors", metadata={"made": "here"})

rng = np.random.default_rng(18)
weight = rng.standard_normal((80, 6)).astype(np.float32)
half = rng.standard_normal((2, 3)).astype(np.float16)
listed = rng.standard_normal(6).astype(np.float32)
branch = lambda name: helper.make_graph(
    [helper.make_node("Identity", ["y"], [name])], name, [], [helper.make_tensor_value_info(name, 1, None)],
    [numpy_helper.from_array(np.ones(2, np.float32), "inner")])
graph = helper.make_graph(
    [
        helper.make_node("MatMul", ["feats", "weight"], ["x"]),
        helper.make_node("Constant", [], ["bias"], value=numpy_helper.from_array(listed, "")),
        helper.make_node("Add", ["x", "bias"], ["y"]),
        helper.make_node("If", ["flag"], ["embs"], then_branch=branch("a"), else_branch=branch("b")),
    ],
    "network",
    [helper.make_tensor_value_info("feats", TensorProto.FLOAT, ["B", "T", 80])],
    [helper.make_tensor_value_info("embs", TensorProto.FLOAT, ["B", "T", 6])],
    [
        numpy_helper.from_array(weight, "weight"),
        numpy_helper.from_array(half, "half"),
        numpy_helper.from_array(np.array(True), "flag"),
        helper.make_tensor("listed", TensorProto.FLOAT, [2, 3], listed),
        helper.make_tensor("listed_half", TensorProto.FLOAT16, [2, 3], half.flatten()),
        helper.make_tensor("listed_long", TensorProto.INT64, [2], [-5, 6]),
        numpy_helper.from_array(np.array(["x"], dtype=object), "text"),
    ],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8, producer_name="golden")
helper.set_model_props(model, {"framework": "wespeaker", "output_dim": "6"})
onnx.checker.check_model(model, full_check=True)
onnx.save(model, FOLDER / "graph.onnx")
expect("graph", {k: torch.from_numpy(np.asarray(v, dtype=np.float32)) for k, v in {
    "weight": weight, "half": half, "flag": np.array(1), "listed": listed.reshape(2, 3), "listed_half": half,
    "listed_long": np.array([-5, 6]), "bias": listed}.items()})
del model.graph.initializer[1:2], model.graph.initializer[2:]
onnx.save(model, FOLDER / "external.onnx", save_as_external_data=True, location="external.bin", size_threshold=64)
