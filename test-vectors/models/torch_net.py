"""What the training scripts that use PyTorch share: one thread, AdamW, and PyTorch's own export to ONNX.

Import this before `torch`: it sets the environment that PyTorch reads when it is first imported.
Data sets, architectures and losses belong in each model's own `train.py`.
"""

import argparse
import os
from pathlib import Path

# More than one thread may change the order of float additions, and with it the trained weights.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import onnx
import onnxruntime
import torch

# The newest that all tools of the project read.
ONNX_OPSET = 20
# Rows of the test set whose answers by onnxruntime are kept: a check for tests, not the measure.
ANSWERED_ROWS = 60


def parse_arguments(description, folder, *, steps, seeded):
    """The command line of a training script: where its files go, what begins with the seed, and how long it trains."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--output", type=Path, default=folder, help="directory of the files written")
    parser.add_argument("--seed", type=int, default=7, help=f"seed of {seeded}")
    parser.add_argument("--steps", type=int, default=steps, help="gradient steps")
    return parser.parse_args()


def begin(seed):
    """A repeatable start: one thread, a fixed seed."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(seed)


def batches(arrays, size, seed):
    """Endless shuffled batches of arrays of equal length, as tensors."""
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(len(arrays[0]))
        for start in range(0, len(order) - size + 1, size):
            chosen = order[start : start + size]
            yield tuple(torch.from_numpy(array[chosen]) for array in arrays)


def train(model, loss, batches, *, learning_rate, steps, weight_decay=0.0):
    """Minimises `loss(model, *batch)` by AdamW, the rate falling by a cosine; leaves the model ready for use."""
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step, batch in zip(range(steps), batches):
        optimizer.zero_grad()
        value = loss(model, *batch)
        value.backward()
        optimizer.step()
        schedule.step()
        if step % 200 == 0:
            print(f"step {step:5} of {steps}  loss {value.item():.4f}", flush=True)
    model.eval()


def export(model, path, example, input_name, output_name):
    """Writes what `torch.onnx.export` makes of the model, with a free batch, without the paths of this machine."""
    program = torch.onnx.export(
        model,
        (example,),
        dynamo=True,
        opset_version=ONNX_OPSET,
        input_names=[input_name],
        output_names=[output_name],
        dynamic_shapes=({0: torch.export.Dim("N")},),
        verbose=False,
    )
    exported = program.model_proto
    exported.producer_version = torch.__version__.split("+")[0]
    for part in (exported, exported.graph, *exported.graph.node, *exported.graph.value_info, *exported.functions):
        del part.metadata_props[:]
    for port in (*exported.graph.input, *exported.graph.output, *exported.graph.initializer):
        del port.metadata_props[:]
    onnx.checker.check_model(exported, full_check=True)
    Path(path).write_bytes(exported.SerializeToString(deterministic=True))


def run_onnx(path, inputs):
    """The model's output for a whole batch, as onnxruntime computes it in float32."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: inputs})[0]


def double_answers(model, inputs):
    """The model's output as PyTorch computes it in float64, which has none of float32's roundings; the model stays so."""
    with torch.no_grad():
        return model.double()(torch.from_numpy(inputs).double()).numpy()


def parameter_count(model):
    """Number of trained scalars."""
    return sum(parameter.numel() for parameter in model.parameters())
