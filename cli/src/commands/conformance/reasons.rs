//! What a negative test is about, and whether a rejection is about the same.
//!
//! The names are those of the test generator's `ERRORIF`. Each is matched by the variants that mean
//! it, on the operator under test, with the values that make it so: a runtime that refuses
//! everything passes none of these tests.

use Attribute::{Axis, Dilation, Kernel, Pad, Permutation, Scale, Size, Start, Stride};
use fixpoint_compiler::{
    CompileError,
    tosa::{Attribute, NodeError},
};
use fixpoint_runtime::{
    error::{ModelError, OperatorError, RunError},
    model::limits::{MAX_RESIZE_NUMERATOR, MAX_RESIZE_SHRINK},
    ops::Operator,
    tensor::DType,
};

/// Why a test's model did not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum Rejection {
    /// The file is no valid model.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The model failed on its input.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The test's own data could not be used.
    #[error("{0:#}")]
    Test(anyhow::Error),
}

/// What a negative test says is wrong.
pub(super) struct Claim<'a> {
    /// With which operator.
    pub(super) operator: &'a str,
    /// `ERRORIF`.
    pub(super) reason: &'a str,
}

/// What the rejection shows to be outside the profile, if it is about that.
pub(super) fn outside(rejection: &Rejection) -> Option<String> {
    let Rejection::Compile(error) = rejection else {
        return None;
    };
    match error {
        CompileError::TosaOperator {
            operator, belongs, ..
        } if belongs.starts_with("newer") => Some(format!("{operator} is {belongs}")),
        CompileError::TosaOperator {
            operator, belongs, ..
        } => Some(format!("{operator}: {belongs}")),
        CompileError::TosaType { dtype, belongs, .. } if belongs.starts_with("newer") => {
            Some(format!("{dtype} is {belongs}"))
        }
        CompileError::TosaType { dtype, belongs, .. } => Some(format!("{dtype}: {belongs}")),
        CompileError::TosaNode {
            cause: NodeError::NotConstant { .. },
            ..
        } => Some("computed attributes: EXT-DYNAMIC".into()),
        CompileError::TosaNode {
            cause: NodeError::RoundingMode { .. },
            ..
        } => Some("INEXACT_ROUND: EXT-INEXACTROUND".into()),
        _ => None,
    }
}

/// Whether a rejection is about what the test claims.
pub(super) fn is_about(claim: &Claim<'_>, rejection: &Rejection) -> bool {
    let Rejection::Compile(error) = rejection else {
        return false;
    };
    match error {
        CompileError::TosaNode {
            operator, cause, ..
        } => claim.operator == *operator && is_about_file(claim.reason, cause),
        CompileError::Rejected {
            source: ModelError::Operator { cause, .. },
            operator: Some(operator),
        } => claim.operator == operator.name() && is_about_model(claim.reason, cause, operator),
        CompileError::TosaRank { .. } => claim.reason == "WrongRank",
        CompileError::TosaType { .. } => {
            matches!(claim.reason, "WrongInputType" | "WrongOutputType")
        }
        _ => false,
    }
}

/// What the file itself shows.
fn is_about_file(reason: &str, cause: &NodeError) -> bool {
    match cause {
        NodeError::NoInput => reason == "ConcatNoInputList",
        NodeError::InputCount { .. } => reason == "WrongInputList",
        NodeError::OutputCount { .. } => reason == "WrongOutputList",
        NodeError::OperandRank { .. } => reason == "InputRank1WrongRank",
        NodeError::AccumulatorType { .. } => reason == "WrongAccumulatorType",
        NodeError::OutputType { .. } => reason == "WrongOutputType",
        NodeError::AttributeRange {
            attribute, value, ..
        } => match attribute {
            Axis if *value < 0 => reason == "AxisSmallerZero",
            Axis => reason == "AxisLargerRank",
            Kernel => reason == "KernelSmallerOne" && *value < 1,
            Stride => reason == "StrideSmallerOne" && *value < 1,
            Dilation => reason == "DilationSmallerOne" && *value < 1,
            Pad => reason == "PadSmallerZero" && *value < 0,
            Start => reason == "StartSmallerZero" && *value < 0,
            Size => reason == "SizeSmallerEqualZero" && *value < 1,
            Permutation => reason == "IndexOutsideBounds",
            Scale => reason == "ScaleSmallerEqualZero" && *value < 1,
            _ => false,
        },
        NodeError::OutputRank { .. } => {
            matches!(reason, "RankMismatch" | "ArgmaxOutputRankMismatch")
        }
        NodeError::OutputShape { declared, inferred } => is_about_shape(reason, declared, inferred),
        _ => false,
    }
}

/// A declared shape of the right rank.
fn is_about_shape(reason: &str, declared: &[i32], inferred: &[u32]) -> bool {
    let declared: Vec<i64> = declared.iter().map(|&dim| dim.into()).collect();
    let inferred: Vec<i64> = inferred.iter().map(|&dim| dim.into()).collect();
    let differ: Vec<usize> = (0..declared.len())
        .filter(|&axis| declared[axis] != inferred[axis])
        .collect();
    let last = declared.len().saturating_sub(1);
    let elements = |shape: &[i64]| {
        shape
            .iter()
            .fold(1_i64, |size, &dim| size.saturating_mul(dim))
    };
    match reason {
        // `[N, ..., C]`: the axes of the windows, the batch, the channels.
        "ConvOutputShapeMismatch" | "PoolingOutputShapeMismatch" | "ResizeOutputShapeMismatch" => {
            differ.iter().all(|&axis| axis != 0 && axis != last)
        }
        "BatchMismatch" => differ == [0],
        "ChannelMismatch" => differ == [last],
        // The reduced axis has one element, and is declared with more; nothing else differs.
        "ShapeOfAxisNotOne" => matches!(differ[..], [axis] if inferred[axis] == 1),
        // One axis is longer than the sum of the parts.
        "ConcatShapeSumMismatch" => matches!(differ[..], [axis] if declared[axis] > inferred[axis]),
        "TensorSizeInputOutputMismatch" => elements(&declared) != elements(&inferred),
        "DimensionMismatch"
        | "PadOutputShapeMismatch"
        | "SizeOutputShapeMismatch"
        | "ArgmaxOutputShapeMismatch"
        | "TileMultiplesOutputShapeMismatch"
        | "TransposePermsOutputShapeMismatch" => true,
        _ => false,
    }
}

/// What the runtime refuses.
fn is_about_model(reason: &str, cause: &OperatorError, operator: &Operator) -> bool {
    match (reason, cause) {
        ("WrongInputType", OperatorError::OperandType { .. })
        | ("WrongBiasType", OperatorError::OperandType { operand: 2, .. })
        | ("WrongOutputType", OperatorError::OutputType { .. })
        | ("WrongRank", OperatorError::Rank { .. })
        | ("RankMismatch", OperatorError::Rank { .. })
        | ("ConcatInputRankMismatch", OperatorError::Rank { operand: 1.., .. })
        | (
            "BroadcastShapesMismatch" | "ConcatInputDimMismatch",
            OperatorError::Dimension { operand: 1.., .. },
        )
        | (
            "ConvBiasShapeMismatch",
            OperatorError::Dimension {
                operand: 2,
                axis: 0,
                ..
            },
        )
        | ("AxisLargerRank", OperatorError::Axis { rank: 1.., .. })
        | ("RescalePerChannelRank0", OperatorError::Axis { rank: 0, .. })
        | ("InputSizeStartLengthMismatch", OperatorError::EntryCount { .. })
        | ("TensorSizeInputOutputMismatch", OperatorError::ElementCount { .. })
        | ("KernelSmallerOne", OperatorError::Kernel { size: 0, .. })
        | ("StrideSmallerOne", OperatorError::Stride { stride: 0, .. })
        | ("DilationSmallerOne", OperatorError::Dilation)
        | (
            "ConvOutputShapeNonInteger" | "PoolingOutputShapeNonInteger",
            OperatorError::WindowFit { .. },
        )
        | (
            "InputZeroPointNotZero" | "U16InputZeroPointNotValid" | "WeightZeroPointNotZero",
            OperatorError::InputZeroPoint { .. },
        )
        | (
            "OutputZeroPointNotZero" | "U16OutputZeroPointNotValid",
            OperatorError::OutputZeroPoint { .. },
        ) => true,
        ("PadLargerEqualKernel", OperatorError::Padding { pad, limit }) => pad > limit,
        ("PadLargerEqualKernel", OperatorError::OutPadding { pad, kernel, .. }) => {
            i64::from(*pad) <= -i64::from(*kernel)
        }
        // It takes any size, so the declared one is wrong because none above 0 would be right.
        ("ConvOutputShapeMismatch", OperatorError::WindowFit { .. }) => {
            matches!(operator, Operator::TransposeConv2d(_))
        }
        ("MaxSmallerMin", OperatorError::Bounds { min, max }) => max < min,
        (_, OperatorError::RescaleFlags) => is_about_flags(reason, operator),
        (_, OperatorError::Permutation) => is_about_permutation(reason, operator),
        (_, OperatorError::Outside { axis }) => is_about_box(reason, usize::from(*axis), operator),
        _ => is_about_resize(reason, cause),
    }
}

fn is_about_resize(reason: &str, cause: &OperatorError) -> bool {
    match (reason, cause) {
        (
            _,
            OperatorError::ResizeScale {
                numerator,
                denominator,
                ..
            },
        ) => {
            let largest = u64::from(MAX_RESIZE_SHRINK) * u64::from(*numerator);
            match reason {
                "ScaleSmallerEqualZero" => *numerator == 0 || *denominator == 0,
                "ScaleNLargerMax" => *numerator > MAX_RESIZE_NUMERATOR,
                "ScaleDLargerMax" => *numerator > 0 && u64::from(*denominator) >= largest,
                _ => false,
            }
        }
        ("OffsetSmallerMin", OperatorError::ResizeOffset { offset, .. }) => *offset < 0,
        ("OffsetLargerEqualMax", OperatorError::ResizeOffset { offset, .. }) => *offset > 0,
        ("BorderSmallerMin", OperatorError::ResizeBorder { border, .. }) => *border < 0,
        ("BorderLargerEqualMax", OperatorError::ResizeBorder { border, .. }) => *border > 0,
        ("MaxDimExceeded", OperatorError::ResizeSize { .. })
        | ("ResizeOutputShapeNonInteger", OperatorError::ResizeFit { .. }) => true,
        _ => false,
    }
}

fn is_about_flags(reason: &str, operator: &Operator) -> bool {
    let Operator::Rescale(op) = operator else {
        return false;
    };
    let (input, output) = (op.input_unsigned, op.output_unsigned);
    match reason {
        "ScaleTrue" => op.scale32,
        "ScaleNotTrue" => !op.scale32 && op.double_round,
        "RescaleInputUnsignedOutputUnsigned" => input && output,
        "RescaleI32OutputInputUnsigned" => op.to == DType::I32 && input && !output,
        "RescaleI32OutputUnsigned" => op.to == DType::I32 && output && !input,
        "RescaleI32InputUnsigned" | "RescaleI48InputUnsigned" => input && !output,
        "RescaleI32InputOutputUnsigned" | "RescaleI48InputOutputUnsigned" => output && !input,
        _ => false,
    }
}

fn is_about_permutation(reason: &str, operator: &Operator) -> bool {
    let Operator::Transpose(op) = operator else {
        return false;
    };
    let axes = &op.permutation;
    let is_inside = axes.iter().all(|&axis| usize::from(axis) < axes.len());
    match reason {
        "IndexOutsideBounds" => !is_inside,
        "IndexUsedTwice" => is_inside,
        _ => false,
    }
}

fn is_about_box(reason: &str, axis: usize, operator: &Operator) -> bool {
    let Operator::Slice(op) = operator else {
        return false;
    };
    let is_empty = op.size.get(axis) == Some(&0);
    match reason {
        "SizeSmallerEqualZero" => is_empty,
        "StartSizeOutsideBounds" => !is_empty,
        _ => false,
    }
}
