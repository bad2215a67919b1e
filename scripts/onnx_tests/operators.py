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
    **plain("QuantizeLinear", "DequantizeLinear", constants=(1, 2)),
    **plain("QLinearConv", constants=(1, 2, 3, 4, 5, 6, 7, 8)),
    **plain("QLinearMatMul", constants=(1, 2, 4, 5, 6, 7)),
    **plain("ConvInteger", constants=(1, 2, 3)),
    **plain("MatMulInteger", constants=(2, 3)),
}  # fmt: skip

TRAINING = "training mode: models are for inference"
ONE_DIVIDED = "the inverse deviation, of a variance that 16 bits hold to 1 in 10,000"
RANDOM = "draws random numbers"
BLOCKED = "a scale for each block of 2 or 3 elements"
ROUNDED_INPUT = "rounding the input to 16 bits alone moves the result further"

LEFT_OUT = {
    "batchnorm_epsilon_training_mode": TRAINING,
    "batchnorm_example_training_mode": TRAINING,
    "training_dropout": RANDOM,
    "training_dropout_default": RANDOM,
    "training_dropout_default_mask": RANDOM,
    "training_dropout_mask": RANDOM,
    "layer_normalization_3d_axis2_epsilon": ONE_DIVIDED,
    "layer_normalization_3d_axis_negative_1_epsilon": ONE_DIVIDED,
    "layer_normalization_4d_axis3": ONE_DIVIDED,
    "layer_normalization_4d_axis_negative_1": ONE_DIVIDED,
    "layer_normalization_default_axis": ONE_DIVIDED,
    "dequantizelinear_blocked": BLOCKED,
    "quantizelinear_blocked_asymmetric": BLOCKED,
    "quantizelinear_blocked_symmetric": BLOCKED,
    "log": ROUNDED_INPUT + ": the derivative near 0",
    "logsoftmax_large_number": ROUNDED_INPUT + ": inputs of 10,000 whose differences count",
    "softmax_large_number": ROUNDED_INPUT + ": inputs of 10,000 whose differences count",
    "sign": ROUNDED_INPUT + ": over the jump at 0",
    "quantizelinear_int16": ROUNDED_INPUT + ": the result has 16 bits too, and must be equal",
    "quantizelinear_uint16": ROUNDED_INPUT + ": the result has 16 bits too, and must be equal",
    "quantizelinear_axis": "the input shares 8 bits with the result, and the result must be equal",
    "reduce_prod_default_axes_keepdims_example": "each factor is rounded to 16 bits",
    "reduce_prod_default_axes_keepdims_random": "each factor is rounded to 16 bits",
    "gru_with_initial_bias": "4.4 steps: the state goes through three products",
    "gru_seq_length": "a result of 1e-11 beside one of 1 before the last step's gates",
    "l2normalization_axis_0": "expects NaN for a row of zeros; integers have none",
    "qlinearmatmul_2D_int8_float32": "its expected integers wrap around; onnxruntime saturates, and so do we",
    "qlinearmatmul_3D_int8_float32": "its expected integers wrap around; onnxruntime saturates, and so do we",
    "convtranspose_3d": "three dimensions",
    "maxpool_3d_default": "three dimensions, 32 along each: too many steps of validation",
    "maxpool_with_argmax_2d_precomputed_pads": "the indices of the largest elements",
    "maxpool_with_argmax_2d_precomputed_strides": "the indices of the largest elements",
    "pow": "60 exponents; 8 are told apart",
    "slice_start_out_of_bounds": "an empty result",
}
"""Tests of these operators that are known not to pass, each with its reason. They count as failed."""
