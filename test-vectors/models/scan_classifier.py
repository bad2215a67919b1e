"""Trains a classifier of the handwritten digits: what the scripts of networks on `scans` share beside the network."""

from pathlib import Path

import torch_net  # before torch: it sets the environment that torch reads

import numpy as np
import torch
from torch.nn import functional

import scans

COPIES = 8
BATCH_SCANS = 64


def main(description, name, network):
    """Trains a `network()`, writes `NAME.onnx` and its answers, and says how good it is."""
    folder = Path(__file__).resolve().parent / name
    arguments = torch_net.parse_arguments(description, folder, steps=1_500, seeded="the first weights and the batches")

    images, labels, test_images, test_labels = scans.load()
    torch_net.begin(arguments.seed)
    model = network()
    copies = np.concatenate([scans.moved(images, arguments.seed + copy) for copy in range(COPIES)])
    torch_net.train(
        model,
        lambda model, images, labels: functional.cross_entropy(model(images), labels, label_smoothing=0.05),
        torch_net.batches((copies, np.tile(labels, COPIES)), BATCH_SCANS, arguments.seed),
        learning_rate=3e-3,
        steps=arguments.steps,
        weight_decay=1e-2,
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    path = arguments.output / f"{name}.onnx"
    torch_net.export(model, path, torch.from_numpy(test_images[:2]), "image", "logits")
    print(f"parameters: {torch_net.parameter_count(model)}")
    answers = torch_net.run_onnx(path, test_images)
    np.save(arguments.output / "answers.npy", answers[: torch_net.ANSWERED_ROWS])
    print(f"test accuracy (onnxruntime): {np.mean(answers.argmax(axis=1) == test_labels):.4f}")
