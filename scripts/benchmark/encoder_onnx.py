"""The encoder as an ONNX file for onnxruntime, in the form that was the fastest of those tried (QDQ,
quantised operators, dynamic quantisation, attention in pieces): products of quantised rows and weights, their
scales known beforehand; attention in one operator; softmax, layer norms and GELU in floats."""

import numpy
from onnx import TensorProto, helper, numpy_helper

from .encoder import CONTEXT, EPSILON, GELU, HEAD_WIDTH, HEADS, UNIT

MICROSOFT = "com.microsoft"


class Writer:
    """A graph being put together."""

    def __init__(self, encoder):
        self.encoder = encoder
        self.nodes, self.constants = [], []

    def constant(self, value):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.asarray(value), name))
        return name

    def node(self, kind, *inputs, domain=MICROSOFT, **attributes):
        name = f"tensor{len(self.nodes) + 1}"
        self.nodes.append(helper.make_node(kind, inputs, [name], domain=domain, **attributes))
        return name

    def parameters(self, scale):
        """A scale and a zero point; u8 is i8 plus 128."""
        return (
            self.constant(numpy.float32(scale.scale)),
            self.constant(numpy.uint8(scale.zero_point + 128)),
        )

    def quantised(self, x, scale):
        return self.node("QuantizeLinear", x, *self.parameters(scale), domain="")

    def dense(self, x, layer):
        """A layer from u8 to floats."""
        scale, zero = self.parameters(layer.input)
        return self.node(
            "MatMulIntegerToFloat", x, self.constant(numpy.ascontiguousarray(layer.weights.T)), scale,
            self.constant(layer.scales), zero, self.constant(numpy.zeros(len(layer.scales), numpy.int8)),
            self.constant(real_bias(layer, layer.scales)),
        )  # fmt: skip

    def attention(self, x, layer):
        """From u8 to floats, before the last layer."""
        dense = (layer.query, layer.key, layer.value)
        weights = numpy.concatenate([part.weights for part in dense]).T
        # The operator divides by the root of the heads' width, as queries here have been already.
        root = numpy.float32(HEAD_WIDTH**0.5)
        scales = (layer.query.scales * root, layer.key.scales, layer.value.scales)
        bias = [real_bias(part, own) for part, own in zip(dense, scales)]
        scale, zero = self.parameters(UNIT)
        return self.node(
            "QAttention", x, self.constant(numpy.ascontiguousarray(weights)),
            self.constant(numpy.concatenate(bias)), scale, self.constant(numpy.concatenate(scales)), "", zero,
            self.constant(numpy.zeros(weights.shape[1], numpy.int8)), num_heads=HEADS,
        )  # fmt: skip

    def norm(self, x, added, norm):
        gamma, beta = (self.constant(values) for values in norm)
        return self.node("SkipLayerNormalization", x, added, gamma, beta, epsilon=EPSILON)

    def write(self):
        """The bytes of the file."""
        x = self.node("DequantizeLinear", "input", *self.parameters(UNIT), domain="")
        for layer in self.encoder.layers:
            context = self.attention(self.quantised(x, UNIT), layer)
            attended = self.dense(self.quantised(context, CONTEXT), layer.attended)
            x = self.norm(x, attended, layer.first_norm)
            wide = self.node("Gelu", self.dense(self.quantised(x, UNIT), layer.wide))
            narrow = self.dense(self.quantised(wide, GELU), layer.narrow)
            x = self.norm(x, narrow, layer.second_norm)
        output = self.quantised(x, UNIT)
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes, "encoder",
            [info("input", TensorProto.UINT8, self.encoder.input_shape)],
            [info(output, TensorProto.UINT8, self.encoder.input_shape)],
            self.constants,
        )  # fmt: skip
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", 20), helper.make_opsetid(MICROSOFT, 1)]
        )
        model.ir_version = 9
        return model.SerializeToString()


def real_bias(layer, scales):
    return (layer.bias * scales * numpy.float32(layer.input.scale)).astype(numpy.float32)
