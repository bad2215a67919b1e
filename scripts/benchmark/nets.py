"""Networks with random int8 weights, in the shapes of known ones.

What a weight or a scale is worth changes nothing about the time. Scales are chosen so that no layer
saturates everywhere: answers then tell whether two runtimes ran the same network.
"""

import dataclasses

import numpy

# Of every activation.
SCALE = 0.02
# Of every activation; a quantised 0 is -128 after a ReLU, so that one range serves all.
ZERO_POINT = -128


@dataclasses.dataclass
class Operator:
    """A layer. Tensors are numbered as they come to be: 0 is the input."""

    kind: str  # conv, depthwise, dense, add, pool
    inputs: tuple
    shape: tuple  # of the output, NHWC
    scale: float  # of the output
    weights: numpy.ndarray = None  # [O, KH, KW, I]; depthwise [1, KH, KW, C]
    weight_scales: numpy.ndarray = None
    bias: numpy.ndarray = None
    stride: int = 1
    has_relu: bool = False


class Net:
    """A network being put together; `last` is the tensor that the next layer reads."""

    def __init__(self, name, shape, seed=1):
        self.name = name
        self.shapes, self.scales = [tuple(shape)], [SCALE]
        self.operators = []
        self.last = 0
        self.random = numpy.random.default_rng(seed)

    def push(self, operator):
        self.operators.append(operator)
        self.shapes.append(operator.shape)
        self.scales.append(operator.scale)
        self.last = len(self.shapes) - 1
        return self.last

    def layer(self, kind, shape, kernel, outputs, stride, has_relu):
        """Weights and scales of a layer that multiplies."""
        weights = self.random.integers(-127, 128, kernel, dtype=numpy.int8)
        depth = weights[..., 0].size if kind == "depthwise" else weights[0].size
        # Inputs are some 100 above their zero point and weights some 73 from theirs, so that sums are
        # some 7,300 times the root of their length; outputs are to be some 60 from their zero point.
        weight_scale = 60 / (7300 * depth**0.5)
        scales = self.random.uniform(0.8, 1.2, outputs) * weight_scale
        return self.push(Operator(
            kind, (self.last,), shape, SCALE, weights, scales.astype(numpy.float32),
            self.random.integers(-2000, 2000, outputs, dtype=numpy.int32), stride, has_relu,
        ))  # fmt: skip

    def conv(self, outputs, kernel, stride=1, has_relu=True):
        """A convolution that pads so that every input pixel is read."""
        batch, height, width, channels = self.shapes[self.last]
        shape = (batch, -(-height // stride), -(-width // stride), outputs)
        weights = (outputs, *kernel, channels)
        return self.layer("conv", shape, weights, outputs, stride, has_relu)

    def depthwise(self, kernel, stride=1):
        batch, height, width, channels = self.shapes[self.last]
        shape = (batch, -(-height // stride), -(-width // stride), channels)
        return self.layer("depthwise", shape, (1, *kernel, channels), channels, stride, True)

    def dense(self, outputs, has_relu=True):
        batch, *rest = self.shapes[self.last]
        inputs = int(numpy.prod(rest))
        weights = (outputs, inputs)
        return self.layer("dense", (batch, outputs), weights, outputs, 1, has_relu)

    def add(self, first, second, has_relu):
        shape = self.shapes[first]
        return self.push(Operator("add", (first, second), shape, SCALE, has_relu=has_relu))

    def pool(self):
        """The mean over height and width."""
        batch, _, _, channels = self.shapes[self.last]
        shape = (batch, 1, 1, channels)
        return self.push(Operator("pool", (self.last,), shape, SCALE))

    def input(self):
        """Random elements."""
        return numpy.random.default_rng(7).integers(-128, 128, self.shapes[0], dtype=numpy.int8)

    def macs(self):
        """Multiply-accumulates of one inference."""
        total = 0
        for operator in self.operators:
            if operator.weights is not None:
                positions = int(numpy.prod(operator.shape[:-1]))
                total += positions * operator.weights.size
        return total


def dense_net(name, sizes):
    net = Net(name, (1, sizes[0]))
    for at, size in enumerate(sizes[1:], 2):
        net.dense(size, has_relu=at < len(sizes))
    return net


def ds_cnn():
    net = Net("DS-CNN 49x10", (1, 49, 10, 1))
    net.conv(64, (10, 4), 2)
    for _ in range(4):
        net.depthwise((3, 3))
        net.conv(64, (1, 1))
    net.pool()
    net.dense(12, has_relu=False)
    return net


def resnet8():
    net = Net("ResNet8 32x32", (1, 32, 32, 3))
    net.conv(16, (3, 3))
    for outputs, stride in ((16, 1), (32, 2), (64, 2)):
        before = net.last
        net.conv(outputs, (3, 3), stride)
        after = net.conv(outputs, (3, 3), has_relu=False)
        if stride > 1:
            net.last = before
            before = net.conv(outputs, (1, 1), stride, has_relu=False)
        net.add(before, after, has_relu=True)
    net.pool()
    net.dense(10, has_relu=False)
    return net


def mobilenet_v1():
    net = Net("MobileNetV1-0.25 96", (1, 96, 96, 3))
    net.conv(8, (3, 3), 2)
    for outputs, stride in (
        (16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), (128, 1), (128, 1), (128, 1), (128, 1),
        (128, 1), (256, 2), (256, 1),
    ):  # fmt: skip
        net.depthwise((3, 3), stride)
        net.conv(outputs, (1, 1))
    net.pool()
    net.dense(2, has_relu=False)
    return net


def mobilenet_v2():
    net = Net("MobileNetV2 224", (1, 224, 224, 3))
    net.conv(32, (3, 3), 2)
    for expansion, outputs, repeats, stride in (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
        (6, 320, 1, 1),
    ):  # fmt: skip
        for at in range(repeats):
            before, channels = net.last, net.shapes[net.last][3]
            if expansion > 1:
                net.conv(channels * expansion, (1, 1))
            net.depthwise((3, 3), stride if at == 0 else 1)
            after = net.conv(outputs, (1, 1), has_relu=False)
            if at > 0:
                net.add(before, after, has_relu=False)
    net.conv(1280, (1, 1))
    net.pool()
    net.dense(1000, has_relu=False)
    return net


def all_nets():
    """The networks of docs/performance.md that are layers one after another, small ones first."""
    return [
        dense_net("one layer 1024-1024", [1024, 1024]),
        dense_net("MLP 784-128-64-10", [784, 128, 64, 10]),
        dense_net("AE 640-128..8..-640", [640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640]),
        ds_cnn(),
        resnet8(),
        mobilenet_v1(),
        mobilenet_v2(),
    ]
