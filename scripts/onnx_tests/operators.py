"""ONNX operators that the compiler is for: which operands are constants, and how large errors may be.

This is the one place where bounds are written down; a change here is a change of what is promised.

A bound is in steps of the output's 16-bit scale (its range over 32,767), against what ONNX's test
expects for the exact inputs; the model's inputs are rounded to 16 bits before. Integers and truth
values must be equal.
"""

import dataclasses

BOUND = 4.0
"""Steps that an operator's output may be off, unless it says otherwise."""


@dataclasses.dataclass(frozen=True)
class Operator:
    """What a test of an operator may assume."""

    constants: tuple = ()
    """Operands (by position) that models have as constants: weights, shapes, axes."""
    bound: float = BOUND
    why: str = ""
    """Why the bound is not the usual one."""


def plain(*names, **options):
    return {name: Operator(**options) for name in names}


OPERATORS = {
    **plain("Conv", "ConvTranspose", constants=(1, 2)),
    **plain("Gemm", "MatMul", "Einsum"),
    **plain("BatchNormalization", constants=(1, 2, 3, 4)),
    **plain("LayerNormalization", "RMSNormalization", constants=(1, 2)),
    **plain("InstanceNormalization", "GroupNormalization", constants=(1, 2)),
    **plain("LpNormalization", "MeanVarianceNormalization"),
    **plain("Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Sigmoid", "Tanh", "HardSigmoid", "HardSwish"),
    **plain("Swish", "Mish", "Gelu", "Softplus", "Softsign", "ThresholdedRelu", "Exp", "Erf", "Abs", "Neg"),
    **plain("Log", "Sqrt", "Reciprocal", "PRelu", "Sign"),
    **plain("Clip", constants=(1, 2)),
    **plain("Pow", constants=(1,)),
    **plain("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean"),
    **plain("Softmax", "LogSoftmax", "Hardmax"),
    **plain("MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool"),
    **plain(
        "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
        "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp", "ReduceProd", constants=(1,),
    ),
    **plain("ArgMax", "ArgMin"),
    **plain("TopK", "CumSum", constants=(1,)),
    **plain("Identity", "Flatten", "Transpose", "Concat", "DepthToSpace", "SpaceToDepth"),
    **plain("Dropout", constants=(1, 2)),
    **plain("Reshape", "Squeeze", "Unsqueeze", "Split", "Expand", "Tile", "Trilu", "CenterCropPad", constants=(1,)),
    **plain("Slice", constants=(1, 2, 3, 4)),
    **plain("Pad", constants=(1, 2, 3)),
    **plain("Gather", "GatherElements", "GatherND"),
    **plain("OneHot", constants=(1, 2)),
    **plain("Where", "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Not"),
    **plain("Cast", "CastLike"),
    **plain("Constant", "ConstantOfShape", "Shape", "Size", "Range", "EyeLike", constants=(0, 1, 2)),
    **plain("Resize", "Upsample", constants=(1, 2, 3)),
    **plain("LSTM", "GRU", "RNN", constants=(1, 2, 3, 4, 7)),
}  # fmt: skip

LEFT_OUT = {}
"""Tests of these operators that are known not to pass, each with its reason. They count as failed."""
