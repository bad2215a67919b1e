"""A network as an ONNX file for onnxruntime, in the form that its int8 kernels are fastest with:
operators on quantised tensors, activations u8, weights i8. Tensors are NCHW, as ONNX has them."""

import numpy
from onnx import TensorProto, helper, numpy_helper

from .nets import ZERO_POINT

# The same real number as an i8 with `ZERO_POINT`.
U8_ZERO_POINT = ZERO_POINT + 128
MICROSOFT = "com.microsoft"


def channels_first(shape):
    """The shape of an NHWC tensor in NCHW."""
    return (shape[0], shape[-1], *shape[1:-1])


class Writer:
    """A graph being put together."""

    def __init__(self, net):
        self.net = net
        self.nodes, self.constants = [], []

    def constant(self, name, value):
        self.constants.append(numpy_helper.from_array(numpy.asarray(value), name))
        return name

    def quantised(self, tensor):
        """A tensor, its scale and its zero point, as quantised operators take them."""
        name = f"tensor{tensor}"
        return [name, *self.parameters(name, self.net.scales[tensor])]

    def parameters(self, name, scale):
        return [
            self.constant(f"{name}_scale", numpy.float32(scale)),
            self.constant(f"{name}_zero", numpy.uint8(U8_ZERO_POINT)),
        ]

    def convolution(self, at, operator):
        weights = operator.weights
        if operator.kind == "depthwise":
            weights = weights.transpose(3, 0, 1, 2)
        else:
            weights = weights.transpose(0, 3, 1, 2)
        groups = len(weights) if operator.kind == "depthwise" else 1
        pads = []
        shape = self.net.shapes[operator.inputs[0]]
        for axis in (1, 2):
            covered = (operator.shape[axis] - 1) * operator.stride + weights.shape[axis + 1]
            pads.append(max(covered - shape[axis], 0))
        before = [pad // 2 for pad in pads]
        after = [pad - first for pad, first in zip(pads, before)]
        inputs = self.quantised(operator.inputs[0])
        inputs += self.weights(at, operator, numpy.ascontiguousarray(weights))
        inputs += self.output(at, operator)
        inputs.append(self.constant(f"bias{at}", operator.bias))
        return helper.make_node(
            "QLinearConv", inputs, [f"tensor{at + 1}"], pads=[*before, *after], group=groups,
            strides=[operator.stride] * 2, kernel_shape=weights.shape[2:],
        )  # fmt: skip

    def weights(self, at, operator, weights):
        count = len(operator.weight_scales)
        return [
            self.constant(f"weights{at}", weights),
            self.constant(f"weights{at}_scale", operator.weight_scales),
            self.constant(f"weights{at}_zero", numpy.zeros(count, numpy.int8)),
        ]

    def output(self, at, operator):
        return self.parameters(f"output{at}", operator.scale)

    def node(self, at, operator):
        name = f"tensor{at + 1}"
        if operator.kind in ("conv", "depthwise"):
            return self.convolution(at, operator)
        if operator.kind == "dense":
            first = operator.inputs[0]
            inputs = self.quantised(first)
            if len(self.net.shapes[first]) == 4:
                flat = f"{inputs[0]}_flat"
                self.nodes.append(helper.make_node("Flatten", [inputs[0]], [flat], axis=1))
                inputs[0] = flat
            inputs += self.weights(at, operator, operator.weights)
            inputs.append(self.constant(f"bias{at}", operator.bias))
            inputs += self.output(at, operator)
            return helper.make_node("QGemm", inputs, [name], domain=MICROSOFT, transB=1)
        if operator.kind == "add":
            first, second = (self.quantised(tensor) for tensor in operator.inputs)
            inputs = [*first, *second, *self.output(at, operator)]
            return helper.make_node("QLinearAdd", inputs, [name], domain=MICROSOFT)
        inputs = [*self.quantised(operator.inputs[0]), *self.output(at, operator)]
        return helper.make_node("QLinearGlobalAveragePool", inputs, [name], domain=MICROSOFT)

    def write(self):
        """The bytes of the file."""
        for at, operator in enumerate(self.net.operators):
            self.nodes.append(self.node(at, operator))
        # A tensor that two nodes read has had its parameters written twice.
        constants = list({constant.name: constant for constant in self.constants}.values())
        last = self.net.operators[-1]
        shape = [*last.shape] if len(last.shape) == 2 else channels_first(last.shape)
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes, "net",
            [info("tensor0", TensorProto.UINT8, channels_first(self.net.shapes[0]))],
            [info(f"tensor{len(self.net.operators)}", TensorProto.UINT8, shape)],
            constants,
        )  # fmt: skip
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
        )
        model.ir_version = 8
        return model.SerializeToString()
