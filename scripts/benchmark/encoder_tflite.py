"""The encoder as a `.tflite` file of integer operators: products and softmax on i8, layer norms on i16
with a root by table on i8."""

import flatbuffers
import numpy
from ai_edge_litert import schema_py_generated as schema

from .encoder import CONTEXT, GELU, HEAD_WIDTH, HEADS, SCORES, SHARES, SUM, TOKENS, UNIT, WIDTH, Scale

I8, I16, I32 = schema.TensorType.INT8, schema.TensorType.INT16, schema.TensorType.INT32
# Steps of i16 in one of i8.
FINE = 256
# Of the squares of differences from the mean, up to 6 standard deviations, and of their mean.
SQUARES, VARIANCE = Scale(72 / 32767), Scale(8 / 255, -128)
# The mean is near 0.
MEAN = Scale(1 / 32767)
INVERSE = Scale(2 / 255, -128)
NORMAL = Scale(6 / 32767)


def fine(scale):
    """The same range in i16."""
    return Scale(scale.scale / FINE)


class Writer:
    """A file being put together."""

    def __init__(self, encoder):
        self.encoder = encoder
        self.buffers, self.tensors, self.operators, self.codes = [schema.BufferT()], [], [], []

    def tensor(self, shape, dtype, scale=None, data=None, scales=None):
        """Adds a tensor; returns its number."""
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = f"tensor{len(self.tensors)}", list(shape), dtype
        if scale is not None:
            scales = [scale.scale] if scales is None else scales
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale = [float(scale) for scale in scales]
            tensor.quantization.zeroPoint = [scale.zero_point] * len(scales)
        if data is not None:
            buffer = schema.BufferT()
            buffer.data = numpy.frombuffer(data.tobytes(), numpy.uint8)
            self.buffers.append(buffer)
            tensor.buffer = len(self.buffers) - 1
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def numbers(self, values):
        data = numpy.array(values, numpy.int32)
        return self.tensor(data.shape, I32, data=data)

    def operator(self, name, version, inputs, output, options=None):
        """Adds an operator; `output` is the shape, the type and the scale of what it gives."""
        code = (getattr(schema.BuiltinOperator, name), version)
        if code not in self.codes:
            self.codes.append(code)
        node = schema.OperatorT()
        node.opcodeIndex = self.codes.index(code)
        node.inputs, node.outputs = list(inputs), [self.tensor(*output)]
        if options is not None:
            kind = type(options).__name__.removesuffix("T")
            node.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            node.builtinOptions = options
        self.operators.append(node)
        return node.outputs[0]

    def dense(self, x, layer):
        outputs, inputs = layer.weights.shape
        weights = self.tensor(layer.weights.shape, I8, Scale(0), layer.weights, layer.scales)
        bias_scales = layer.scales * numpy.float32(layer.input.scale)
        bias = self.tensor((outputs,), I32, Scale(0), layer.bias, bias_scales)
        options = schema.FullyConnectedOptionsT()
        options.keepNumDims = True
        output = ((1, TOKENS, outputs), I8, layer.output)
        return self.operator("FULLY_CONNECTED", 5, [x, weights, bias], output, options)

    def reshape(self, x, shape, scale):
        options = schema.ReshapeOptionsT()
        options.newShape = list(shape)
        return self.operator("RESHAPE", 1, [x, self.numbers(shape)], (shape, I8, scale), options)

    def transpose(self, x, order, shape, scale):
        options = schema.TransposeOptionsT()
        return self.operator("TRANSPOSE", 2, [x, self.numbers(order)], (shape, I8, scale), options)

    def heads(self, x, layer):
        """The heads of `[1, TOKENS, WIDTH]`, one after another."""
        split = self.reshape(x, (1, TOKENS, HEADS, HEAD_WIDTH), layer.output)
        return self.transpose(split, (0, 2, 1, 3), (1, HEADS, TOKENS, HEAD_WIDTH), layer.output)

    def product(self, a, b, is_transposed, columns, scale):
        options = schema.BatchMatMulOptionsT()
        options.adjX, options.adjY = False, is_transposed
        output = ((1, HEADS, TOKENS, columns), I8, scale)
        return self.operator("BATCH_MATMUL", 2, [a, b], output, options)

    def attention(self, x, layer):
        query, key, value = (
            self.heads(self.dense(x, dense), dense) for dense in (layer.query, layer.key, layer.value)
        )
        scores = self.product(query, key, True, TOKENS, SCORES)
        options = schema.SoftmaxOptionsT()
        options.beta = 1.0
        output = ((1, HEADS, TOKENS, TOKENS), I8, SHARES)
        shares = self.operator("SOFTMAX", 2, [scores], output, options)
        context = self.product(shares, value, False, HEAD_WIDTH, CONTEXT)
        joined = self.transpose(context, (0, 2, 1, 3), (1, TOKENS, HEADS, HEAD_WIDTH), CONTEXT)
        return self.dense(self.reshape(joined, (1, TOKENS, WIDTH), CONTEXT), layer.attended)

    def quantize(self, x, width, dtype, scale):
        options = schema.QuantizeOptionsT()
        return self.operator("QUANTIZE", 2, [x], ((1, TOKENS, width), dtype, scale), options)

    def mean(self, x, scale):
        options = schema.ReducerOptionsT()
        options.keepDims = True
        output = ((1, TOKENS, 1), I16, scale)
        return self.operator("MEAN", 3, [x, self.numbers([2])], output, options)

    def pair(self, name, version, a, b, scale):
        """ADD, SUB or MUL of i16, as wide as the whole."""
        options = getattr(schema, f"{name.capitalize()}OptionsT")()
        if name != "MUL":
            options.potScaleInt16 = False
        return self.operator(name, version, [a, b], ((1, TOKENS, WIDTH), I16, scale), options)

    def constant(self, values):
        """A row of i16."""
        scale = Scale(float(numpy.abs(values).max()) / 32767)
        data = numpy.round(values / scale.scale).astype(numpy.int16)
        return self.tensor((1, 1, WIDTH), I16, scale, data)

    def norm(self, x, norm):
        """The layer norm of the sum of two."""
        gamma, beta = norm
        x = self.quantize(x, WIDTH, I16, fine(SUM))
        centred = self.pair("SUB", 5, x, self.mean(x, MEAN), fine(SUM))
        variance = self.mean(self.pair("MUL", 4, centred, centred, SQUARES), SQUARES)
        variance = self.quantize(variance, 1, I8, VARIANCE)
        inverse = self.operator("RSQRT", 2, [variance], ((1, TOKENS, 1), I8, INVERSE))
        inverse = self.quantize(inverse, 1, I16, fine(Scale(INVERSE.scale * 2)))
        normal = self.pair("MUL", 4, centred, inverse, NORMAL)
        scaled = self.pair("MUL", 4, normal, self.constant(gamma), NORMAL)
        moved = self.pair("ADD", 3, scaled, self.constant(beta), NORMAL)
        return self.quantize(moved, WIDTH, I8, UNIT)

    def add(self, a, b):
        options = schema.AddOptionsT()
        return self.operator("ADD", 2, [a, b], ((1, TOKENS, WIDTH), I8, SUM), options)

    def gelu(self, x, width):
        options = schema.GeluOptionsT()
        options.approximate = False
        return self.operator("GELU", 1, [x], ((1, TOKENS, width), I8, GELU), options)

    def write(self):
        """The bytes of the file."""
        first = x = self.tensor(self.encoder.input_shape, I8, UNIT)
        for layer in self.encoder.layers:
            x = self.norm(self.add(x, self.attention(x, layer)), layer.first_norm)
            wide = self.gelu(self.dense(x, layer.wide), len(layer.wide.weights))
            x = self.norm(self.add(x, self.dense(wide, layer.narrow)), layer.second_norm)
        graph = schema.SubGraphT()
        graph.tensors, graph.operators = self.tensors, self.operators
        graph.inputs, graph.outputs = [first], [x]
        model = schema.ModelT()
        model.version = 3
        model.subgraphs, model.buffers = [graph], self.buffers
        model.operatorCodes = []
        for builtin, version in self.codes:
            code = schema.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode = builtin, min(builtin, 127)
            code.version = version
            model.operatorCodes.append(code)
        builder = flatbuffers.Builder(1 << 24)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
