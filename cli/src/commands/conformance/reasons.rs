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

#[cfg(test)]
mod tests {
    use super::*;
    use fixpoint_runtime::{
        model::format::Signed32,
        ops::{
            add::Add,
            rescale::Rescale,
            slice::Slice,
            transpose::Transpose,
            transpose_conv2d::{OutPad2d, TransposeConv2d},
        },
    };

    /// Every `ERRORIF` of the profile's tests.
    const REASONS: [&str; 68] = [
        "ArgmaxOutputRankMismatch",
        "ArgmaxOutputShapeMismatch",
        "AxisLargerRank",
        "AxisSmallerZero",
        "BatchMismatch",
        "BorderLargerEqualMax",
        "BorderSmallerMin",
        "BroadcastShapesMismatch",
        "ChannelMismatch",
        "ConcatInputDimMismatch",
        "ConcatInputRankMismatch",
        "ConcatNoInputList",
        "ConcatShapeSumMismatch",
        "ConvBiasShapeMismatch",
        "ConvOutputShapeMismatch",
        "ConvOutputShapeNonInteger",
        "DilationSmallerOne",
        "DimensionMismatch",
        "IndexOutsideBounds",
        "IndexUsedTwice",
        "InputRank1WrongRank",
        "InputSizeStartLengthMismatch",
        "InputZeroPointNotZero",
        "KernelSmallerOne",
        "MaxDimExceeded",
        "MaxSmallerMin",
        "OffsetLargerEqualMax",
        "OffsetSmallerMin",
        "OutputZeroPointNotZero",
        "PadLargerEqualKernel",
        "PadOutputShapeMismatch",
        "PadSmallerZero",
        "PoolingOutputShapeMismatch",
        "PoolingOutputShapeNonInteger",
        "RankMismatch",
        "RescaleI32InputOutputUnsigned",
        "RescaleI32InputUnsigned",
        "RescaleI32OutputInputUnsigned",
        "RescaleI32OutputUnsigned",
        "RescaleI48InputOutputUnsigned",
        "RescaleI48InputUnsigned",
        "RescaleInputUnsignedOutputUnsigned",
        "RescalePerChannelRank0",
        "ResizeOutputShapeMismatch",
        "ResizeOutputShapeNonInteger",
        "ScaleDLargerMax",
        "ScaleNLargerMax",
        "ScaleNotTrue",
        "ScaleSmallerEqualZero",
        "ScaleTrue",
        "ShapeOfAxisNotOne",
        "SizeOutputShapeMismatch",
        "SizeSmallerEqualZero",
        "StartSizeOutsideBounds",
        "StartSmallerZero",
        "StrideSmallerOne",
        "TensorSizeInputOutputMismatch",
        "TileMultiplesOutputShapeMismatch",
        "TransposePermsOutputShapeMismatch",
        "U16InputZeroPointNotValid",
        "U16OutputZeroPointNotValid",
        "WeightZeroPointNotZero",
        "WrongAccumulatorType",
        "WrongBiasType",
        "WrongInputList",
        "WrongInputType",
        "WrongOutputList",
        "WrongOutputType",
    ];

    fn node(cause: NodeError) -> Rejection {
        Rejection::Compile(CompileError::TosaNode {
            operator: "ADD",
            output: "y".into(),
            cause,
        })
    }

    fn refused(operator: Operator, cause: OperatorError) -> Rejection {
        Rejection::Compile(CompileError::Rejected {
            source: ModelError::Operator { operator: 0, cause },
            operator: Some(Box::new(operator)),
        })
    }

    fn add(cause: OperatorError) -> Rejection {
        refused(Operator::Add(Add { a: 0, b: 1 }), cause)
    }

    fn range(attribute: Attribute, value: i64) -> Rejection {
        node(NodeError::AttributeRange {
            attribute,
            value,
            min: 0,
            max: 255,
        })
    }

    fn shape(declared: &[i32], inferred: &[u32]) -> Rejection {
        node(NodeError::OutputShape {
            declared: declared.to_vec(),
            inferred: inferred.to_vec(),
        })
    }

    /// What a rejection counts for, whatever operator has it.
    #[track_caller]
    fn counts_for(operator: &str, rejection: &Rejection, want: &[&str]) {
        let is_claimed = |reason: &&str| is_about(&Claim { operator, reason }, rejection);
        let found: Vec<&str> = REASONS.into_iter().filter(is_claimed).collect();
        let mut want = want.to_vec();
        want.sort_unstable();
        assert_eq!(found, want, "{rejection}");
        let other = Claim {
            operator: "MATMUL",
            reason: want.first().copied().unwrap_or_default(),
        };
        assert!(
            !is_about(&other, rejection),
            "another operator's: {rejection}"
        );
    }

    #[test]
    fn what_a_file_shows_counts_for_what_it_means() {
        let (got, want) = (1, 2);
        let operand = 2;
        let name = || "z".to_owned();
        for (rejection, reasons) in [
            (node(NodeError::NoInput), &["ConcatNoInputList"][..]),
            (
                node(NodeError::InputCount { got, want }),
                &["WrongInputList"],
            ),
            (
                node(NodeError::OutputCount { got: 0 }),
                &["WrongOutputList"],
            ),
            (
                node(NodeError::OperandRank {
                    operand,
                    name: name(),
                    declared: 0,
                }),
                &["InputRank1WrongRank"],
            ),
            (
                node(NodeError::AccumulatorType {
                    declared: "int48",
                    want: DType::I32,
                }),
                &["WrongAccumulatorType"],
            ),
            (range(Axis, -1), &["AxisSmallerZero"]),
            (range(Axis, 256), &["AxisLargerRank"]),
            (range(Kernel, -1), &["KernelSmallerOne"]),
            (range(Stride, -1), &["StrideSmallerOne"]),
            (range(Dilation, -1), &["DilationSmallerOne"]),
            (range(Pad, -1), &["PadSmallerZero"]),
            (range(Start, -1), &["StartSmallerZero"]),
            (range(Size, -1), &["SizeSmallerEqualZero"]),
            (range(Permutation, -1), &["IndexOutsideBounds"]),
            (range(Scale, -1), &["ScaleSmallerEqualZero"]),
            (range(Attribute::Shift, 300), &[]),
            (node(NodeError::Redefined), &[]),
            (
                node(NodeError::Undefined {
                    operand,
                    name: name(),
                }),
                &[],
            ),
        ] {
            counts_for("ADD", &rejection, reasons);
        }
    }

    #[test]
    fn declared_shapes_count_for_the_axes_that_differ() {
        // A mismatch of any axis is what these are about; each has its own operator.
        let any = [
            "ArgmaxOutputShapeMismatch",
            "DimensionMismatch",
            "PadOutputShapeMismatch",
            "SizeOutputShapeMismatch",
            "TileMultiplesOutputShapeMismatch",
            "TransposePermsOutputShapeMismatch",
        ];
        let windows = [
            "ConvOutputShapeMismatch",
            "PoolingOutputShapeMismatch",
            "ResizeOutputShapeMismatch",
        ];
        let longer = ["ConcatShapeSumMismatch", "TensorSizeInputOutputMismatch"];
        for (declared, more) in [
            ([9, 3, 4, 5], [&longer[..], &["BatchMismatch"]].concat()),
            ([2, 3, 4, 9], [&longer[..], &["ChannelMismatch"]].concat()),
            ([2, 9, 4, 5], [&longer[..], &windows].concat()),
            ([2, 4, 3, 5], windows.to_vec()),
            ([2, -1, 4, 5], [&longer[1..], &windows].concat()),
            ([3, 2, 4, 5], vec![]),
        ] {
            let rejection = shape(&declared, &[2, 3, 4, 5]);
            counts_for("ADD", &rejection, &[&any[..], &more].concat());
        }
        let reduced = shape(&[2, 3], &[2, 1]);
        let more = ["ShapeOfAxisNotOne", "ChannelMismatch"];
        counts_for("ADD", &reduced, &[&any[..], &longer, &more].concat());
        let rank = node(NodeError::OutputRank {
            declared: vec![1],
            inferred: vec![],
        });
        counts_for("ADD", &rank, &["ArgmaxOutputRankMismatch", "RankMismatch"]);
    }

    #[test]
    fn what_the_runtime_refuses_counts_for_what_it_means() {
        let dtype = DType::I48;
        let bias = OperatorError::OperandType { operand: 2, dtype };
        let dimension = |operand, axis| OperatorError::Dimension {
            operand,
            axis,
            got: 2,
            want: 3,
        };
        let rank = |operand| OperatorError::Rank {
            operand,
            got: 1,
            want: 2,
        };
        let [input, output] = [
            OperatorError::InputZeroPoint {
                operand: 0,
                zero_point: 3,
            },
            OperatorError::OutputZeroPoint { zero_point: 3 },
        ];
        let broadcasts = ["BroadcastShapesMismatch", "ConcatInputDimMismatch"];
        for (cause, reasons) in [
            (bias, &["WrongBiasType", "WrongInputType"][..]),
            (OperatorError::OutputType { dtype }, &["WrongOutputType"]),
            (rank(0), &["RankMismatch"]),
            (rank(1), &["RankMismatch", "ConcatInputRankMismatch"]),
            (dimension(1, 0), &broadcasts),
            (
                dimension(2, 0),
                &[&broadcasts[..], &["ConvBiasShapeMismatch"]].concat(),
            ),
            (dimension(0, 0), &[]),
            (
                OperatorError::Axis { axis: 3, rank: 2 },
                &["AxisLargerRank"],
            ),
            (
                OperatorError::Axis { axis: 0, rank: 0 },
                &["RescalePerChannelRank0"],
            ),
            (
                input,
                &[
                    "InputZeroPointNotZero",
                    "U16InputZeroPointNotValid",
                    "WeightZeroPointNotZero",
                ],
            ),
            (
                output,
                &["OutputZeroPointNotZero", "U16OutputZeroPointNotValid"],
            ),
            (
                OperatorError::Kernel { size: 0, limit: 9 },
                &["KernelSmallerOne"],
            ),
            (OperatorError::Kernel { size: 10, limit: 9 }, &[]),
            (
                OperatorError::Stride {
                    stride: 0,
                    limit: 9,
                },
                &["StrideSmallerOne"],
            ),
            (
                OperatorError::Stride {
                    stride: 10,
                    limit: 9,
                },
                &[],
            ),
            (OperatorError::Dilation, &["DilationSmallerOne"]),
            (
                OperatorError::Padding { pad: 2, limit: 1 },
                &["PadLargerEqualKernel"],
            ),
            (
                OperatorError::WindowFit { axis: 1 },
                &["ConvOutputShapeNonInteger", "PoolingOutputShapeNonInteger"],
            ),
            (OperatorError::Bounds { min: 1, max: 0 }, &["MaxSmallerMin"]),
            (OperatorError::Bounds { min: 0, max: 300 }, &[]),
            (
                OperatorError::EntryCount { got: 1, want: 2 },
                &["InputSizeStartLengthMismatch"],
            ),
            (
                OperatorError::ElementCount { got: 1, want: 2 },
                &["TensorSizeInputOutputMismatch"],
            ),
            (OperatorError::Accumulator { bound: 1 << 40 }, &[]),
            (OperatorError::Folding, &[]),
            (OperatorError::RescaleFlags, &[]),
            (OperatorError::Permutation, &[]),
            (OperatorError::Outside { axis: 0 }, &[]),
        ] {
            // ADD has two operands of one rank: only other operators have these ranks wrong.
            let reasons = match cause {
                OperatorError::Rank { .. } => [reasons, &["WrongRank"]].concat(),
                _ => reasons.to_vec(),
            };
            let known = reasons.iter().filter(|reason| REASONS.contains(reason));
            counts_for("ADD", &add(cause), &known.copied().collect::<Vec<_>>());
        }
    }

    #[test]
    fn attributes_tell_apart_what_one_cause_covers() {
        let resize = |cause, want: &[&str]| counts_for("ADD", &add(cause), want);
        let scale = |numerator, denominator| OperatorError::ResizeScale {
            axis: 1,
            numerator,
            denominator,
        };
        resize(scale(0, 1), &["ScaleSmallerEqualZero"]);
        resize(scale(1, 0), &["ScaleSmallerEqualZero"]);
        resize(scale(2049, 1), &["ScaleNLargerMax"]);
        resize(scale(2, 32), &["ScaleDLargerMax"]);
        let offset = |offset| OperatorError::ResizeOffset { axis: 1, offset };
        resize(offset(-9), &["OffsetSmallerMin"]);
        resize(offset(99), &["OffsetLargerEqualMax"]);
        let border = |border| OperatorError::ResizeBorder { axis: 1, border };
        resize(border(-99), &["BorderSmallerMin"]);
        resize(border(9), &["BorderLargerEqualMax"]);
        let size = OperatorError::ResizeSize {
            axis: 1,
            size: 1 << 20,
            limit: 9,
        };
        resize(size, &["MaxDimExceeded"]);
        resize(
            OperatorError::ResizeFit { axis: 1 },
            &["ResizeOutputShapeNonInteger"],
        );

        let permuted = |axes: &[u8]| {
            let permutation = axes.to_vec().try_into().expect("short");
            let input = 0;
            let operator = Operator::Transpose(Transpose { input, permutation });
            refused(operator, OperatorError::Permutation)
        };
        counts_for("TRANSPOSE", &permuted(&[0, 2]), &["IndexOutsideBounds"]);
        counts_for("TRANSPOSE", &permuted(&[1, 1]), &["IndexUsedTwice"]);

        let sliced = |size: u32| {
            let operator = Operator::Slice(Slice {
                input: 0,
                start: vec![1].try_into().expect("short"),
                size: vec![size].try_into().expect("short"),
            });
            refused(operator, OperatorError::Outside { axis: 0 })
        };
        counts_for("SLICE", &sliced(0), &["SizeSmallerEqualZero"]);
        counts_for("SLICE", &sliced(9), &["StartSizeOutsideBounds"]);

        let side = |side| Signed32(side);
        let transposed = |cause| {
            let size = fixpoint_runtime::ops::geometry::Size2d { y: 1, x: 1 };
            let operator = TransposeConv2d {
                input: 0,
                weight: 1,
                bias: 2,
                out_pad: OutPad2d {
                    top: side(-9),
                    bottom: side(0),
                    left: side(0),
                    right: side(0),
                },
                stride: size,
                input_zero_point: side(0),
                weight_zero_point: side(0),
            };
            refused(Operator::TransposeConv2d(operator), cause)
        };
        let pad = |pad| OperatorError::OutPadding {
            pad,
            kernel: 2,
            limit: 9,
        };
        let name = "TRANSPOSE_CONV2D";
        counts_for(name, &transposed(pad(-2)), &["PadLargerEqualKernel"]);
        counts_for(name, &transposed(pad(10)), &[]);
        let empty = transposed(OperatorError::WindowFit { axis: 1 });
        let windows = ["ConvOutputShapeNonInteger", "PoolingOutputShapeNonInteger"];
        counts_for(
            name,
            &empty,
            &[&windows[..], &["ConvOutputShapeMismatch"]].concat(),
        );
    }

    #[test]
    fn flags_count_for_the_flags_that_are_set() {
        let rescale = |to, scale32, double_round, input_unsigned, output_unsigned| {
            let operator = Operator::Rescale(Rescale {
                input: 0,
                to,
                input_zero_point: Signed32(0),
                output_zero_point: Signed32(0),
                multipliers: vec![Signed32(1)].try_into().expect("short"),
                shifts_bits: vec![9].try_into().expect("short"),
                scale32,
                double_round,
                per_channel: false,
                input_unsigned,
                output_unsigned,
            });
            refused(operator, OperatorError::RescaleFlags)
        };
        let inputs = ["RescaleI32InputUnsigned", "RescaleI48InputUnsigned"];
        let outputs = [
            "RescaleI32InputOutputUnsigned",
            "RescaleI48InputOutputUnsigned",
        ];
        for (rejection, reasons) in [
            (
                rescale(DType::I8, true, false, false, false),
                vec!["ScaleTrue"],
            ),
            (
                rescale(DType::I8, false, true, false, false),
                vec!["ScaleNotTrue"],
            ),
            (rescale(DType::I8, false, false, false, false), vec![]),
            (
                rescale(DType::I8, false, false, true, true),
                vec!["RescaleInputUnsignedOutputUnsigned"],
            ),
            (
                rescale(DType::I8, false, false, true, false),
                inputs.to_vec(),
            ),
            (
                rescale(DType::I8, false, false, false, true),
                outputs.to_vec(),
            ),
            (
                rescale(DType::I32, false, false, true, false),
                [&inputs[..], &["RescaleI32OutputInputUnsigned"]].concat(),
            ),
            (
                rescale(DType::I32, false, false, false, true),
                [&outputs[..], &["RescaleI32OutputUnsigned"]].concat(),
            ),
        ] {
            counts_for("RESCALE", &rejection, &reasons);
        }
    }

    #[test]
    fn what_is_outside_the_profile_is_named() {
        let operator = |operator, belongs| {
            Rejection::Compile(CompileError::TosaOperator {
                operator,
                output: "y".into(),
                belongs,
            })
        };
        let dtype = |dtype, belongs| {
            Rejection::Compile(CompileError::TosaType {
                tensor: "x".into(),
                dtype,
                belongs,
            })
        };
        for (rejection, want) in [
            (
                operator("MATMUL_T", "newer than TOSA 1.0"),
                "MATMUL_T is newer than TOSA 1.0",
            ),
            (operator("SIN", "PRO-FP"), "SIN: PRO-FP"),
            (dtype("int4", "EXT-INT4"), "int4: EXT-INT4"),
            (
                dtype("int64", "newer than TOSA 1.0"),
                "int64 is newer than TOSA 1.0",
            ),
            (
                node(NodeError::NotConstant {
                    operand: 1,
                    name: "z".into(),
                }),
                "computed attributes: EXT-DYNAMIC",
            ),
            (
                node(NodeError::RoundingMode { mode: 2 }),
                "INEXACT_ROUND: EXT-INEXACTROUND",
            ),
        ] {
            assert_eq!(outside(&rejection).as_deref(), Some(want));
        }
        for inside in [
            node(NodeError::NoInput),
            add(OperatorError::Dilation),
            Rejection::Test(anyhow::anyhow!("no data")),
            Rejection::Run(RunError::WrongArena),
        ] {
            assert_eq!(outside(&inside), None, "{inside}");
            let claim = Claim {
                operator: "ADD",
                reason: "WrongRank",
            };
            assert!(!is_about(&claim, &inside), "{inside}");
        }
    }
}
