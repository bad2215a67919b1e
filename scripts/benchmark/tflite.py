"""A network as a `.tflite` file: what LiteRT runs and `fixpoint compile` takes."""

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema

from .nets import ZERO_POINT

CODES = {
    "conv": schema.BuiltinOperator.CONV_2D,
    "depthwise": schema.BuiltinOperator.DEPTHWISE_CONV_2D,
    "dense": schema.BuiltinOperator.FULLY_CONNECTED,
    "add": schema.BuiltinOperator.ADD,
    "pool": schema.BuiltinOperator.AVERAGE_POOL_2D,
}


class Writer:
    """A file being put together."""

    def __init__(self, net):
        self.net = net
        self.buffers, self.tensors, self.operators = [schema.BufferT()], [], []
        self.codes = sorted({operator.kind for operator in net.operators})

    def tensor(self, name, shape, dtype, scales, zero_point, data=None, axis=0):
        """Adds a tensor; returns its number."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name, list(shape), dtype
        tensor.quantization = schema.QuantizationParametersT()
        tensor.quantization.scale = [float(scale) for scale in scales]
        tensor.quantization.zeroPoint = [zero_point] * len(scales)
        tensor.quantization.quantizedDimension = axis
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = numpy.frombuffer(data.tobytes(), numpy.uint8)
            self.buffers.append(buffer)
            tensor.buffer = len(self.buffers) - 1
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constants(self, at, operator):
        """The weights and the bias of a layer."""
        input_scale = self.net.scales[operator.inputs[0]]
        weights, scales = operator.weights, operator.weight_scales
        axis = 3 if operator.kind == "depthwise" else 0
        return [
            self.tensor(f"weights{at}", weights.shape, schema.TensorType.INT8, scales, 0, weights, axis),
            self.tensor(
                f"bias{at}", operator.bias.shape, schema.TensorType.INT32, scales * input_scale, 0,
                operator.bias,
            ),
        ]  # fmt: skip

    def options(self, operator):
        activation = schema.ActivationFunctionType
        fused = activation.RELU if operator.has_relu else activation.NONE
        if operator.kind == "conv":
            kind, options = schema.BuiltinOptions.Conv2DOptions, schema.Conv2DOptionsT()
            options.strideH = options.strideW = operator.stride
            options.dilationHFactor = options.dilationWFactor = 1
        elif operator.kind == "depthwise":
            kind = schema.BuiltinOptions.DepthwiseConv2DOptions
            options = schema.DepthwiseConv2DOptionsT()
            options.strideH = options.strideW = operator.stride
            options.depthMultiplier = options.dilationHFactor = options.dilationWFactor = 1
        elif operator.kind == "dense":
            kind, options = schema.BuiltinOptions.FullyConnectedOptions, schema.FullyConnectedOptionsT()
        elif operator.kind == "add":
            kind, options = schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
        else:
            kind, options = schema.BuiltinOptions.Pool2DOptions, schema.Pool2DOptionsT()
            _, height, width, _ = self.net.shapes[operator.inputs[0]]
            options.filterHeight, options.filterWidth = height, width
            options.strideH = options.strideW = 1
            options.padding = schema.Padding.VALID
        options.fusedActivationFunction = fused
        return kind, options

    def write(self):
        """The bytes of the file."""
        for at, (shape, scale) in enumerate(zip(self.net.shapes, self.net.scales)):
            self.tensor(f"tensor{at}", shape, schema.TensorType.INT8, [scale], ZERO_POINT)
        for at, operator in enumerate(self.net.operators):
            node = schema.OperatorT()
            node.opcodeIndex = self.codes.index(operator.kind)
            node.inputs = list(operator.inputs)
            if operator.weights is not None:
                node.inputs += self.constants(at, operator)
            node.outputs = [at + 1]
            node.builtinOptionsType, node.builtinOptions = self.options(operator)
            self.operators.append(node)
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = [0], [len(self.net.operators)]
        model = schema.ModelT()
        model.version = 3
        model.subgraphs, model.buffers = [graph], self.buffers
        model.operatorCodes = []
        for kind in self.codes:
            code = schema.OperatorCodeT()
            code.builtinCode = code.deprecatedBuiltinCode = CODES[kind]
            code.version = 3 if kind in ("conv", "depthwise") else 4 if kind == "dense" else 2
            model.operatorCodes.append(code)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
