"""Trains a network of depthwise-separable convolutions on the handwritten digits and writes PyTorch's export of it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import scan_classifier  # before torch: it sets the environment that torch reads

from torch import nn
from torch.nn import functional


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


if __name__ == "__main__":
    scan_classifier.main(__doc__, "depthwise", Depthwise)
