"""Trains a network of depthwise-separable convolutions on the handwritten digits and writes PyTorch's export of it."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch_net  # before torch: it sets the environment that torch reads

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import scans

COPIES = 8
BATCH_SCANS = 64


class Separable(nn.Module):
    """A convolution of each channel alone, then one of each pixel alone."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(inputs)
        self.pointwise = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.pointwise_norm = nn.BatchNorm2d(outputs)

    def forward(self, x):
        x = functional.relu6(self.depthwise_norm(self.depthwise(x)))
        return functional.relu6(self.pointwise_norm(self.pointwise(x)))


class Depthwise(nn.Module):
    """Ink 0 to 16 in, ten scores out."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU6())
        self.blocks = nn.Sequential(Separable(16, 32, 1), Separable(32, 48, 2), Separable(48, 48, 1), Separable(48, 64, 2))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classify = nn.Linear(64, 10)

    def forward(self, image):
        return self.classify(self.pool(self.blocks(self.stem(image / 16))).flatten(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent, help="directory of the files written")
    parser.add_argument("--seed", type=int, default=7, help="seed of the first weights and the batches")
    parser.add_argument("--steps", type=int, default=1_500, help="gradient steps")
    arguments = parser.parse_args()

    images, labels, test_images, test_labels = scans.load()
    torch_net.begin(arguments.seed)
    model = Depthwise()
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
    path = arguments.output / "depthwise.onnx"
    torch_net.export(model, path, torch.from_numpy(test_images[:2]), "image", "logits")
    print(f"parameters: {torch_net.parameter_count(model)}")
    answers = torch_net.run_onnx(path, test_images)
    np.save(arguments.output / "answers.npy", answers[: torch_net.ANSWERED_ROWS])
    print(f"test accuracy (onnxruntime): {np.mean(answers.argmax(axis=1) == test_labels):.4f}")


if __name__ == "__main__":
    main()
