//! What a negative test is about, and whether a rejection is about the same.
//!
//! The names are those of the test generator's `ERRORIF`.

use fixpoint_compiler::CompileError;
use fixpoint_runtime::error::{ModelError, OperatorError, RunError};

/// Why a test's model did not run.
#[derive(Debug, thiserror::Error)]
pub(super) enum Rejection {
    /// The file is no model.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The model is not valid.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The model failed on its input.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The test's own data could not be used.
    #[error("{0:#}")]
    Test(anyhow::Error),
}

/// Whether `rejection` is about `reason`.
pub(super) fn is_about(reason: &str, rejection: &Rejection) -> bool {
    let compile = match rejection {
        Rejection::Compile(CompileError::Rejected { source, .. }) => return model(reason, source),
        Rejection::Model(error) => return model(reason, error),
        Rejection::Run(RunError::Execution(_)) => {
            return matches!(reason, "IndexOutsideBounds" | "IndexUsedTwice");
        }
        Rejection::Run(_) | Rejection::Test(_) => return false,
        Rejection::Compile(error) => error,
    };
    match compile {
        CompileError::TosaType { .. } => {
            matches!(
                reason,
                "WrongInputType" | "WrongOutputType" | "WrongAccumulatorType"
            )
        }
        CompileError::TosaOperator { .. } => reason == "WrongInputType",
        CompileError::Limit {
            what: "axes of a tensor",
            ..
        } => reason == "WrongRank",
        CompileError::TosaFile { .. } => matches!(
            reason,
            "WrongInputList"
                | "WrongOutputList"
                | "WrongOutputType"
                | "WrongAccumulatorType"
                | "WrongBiasType"
                | "PadSmallerZero"
                | "StartSmallerZero"
                | "SizeSmallerEqualZero"
                | "KernelSmallerOne"
                | "StrideSmallerOne"
                | "DilationSmallerOne"
                | "AxisSmallerZero"
                | "IndexOutsideBounds"
                | "ConcatNoInputList"
        ),
        _ => false,
    }
}

fn model(reason: &str, error: &ModelError) -> bool {
    let ModelError::Operator { cause, .. } = error else {
        return false;
    };
    let accepted: &[&str] = match cause {
        OperatorError::NoOperand => &["ConcatNoInputList", "WrongInputList"],
        OperatorError::OperandType { .. } => {
            &["WrongInputType", "WrongBiasType", "WrongAccumulatorType"]
        }
        OperatorError::OutputType { .. } => &["WrongOutputType", "WrongAccumulatorType"],
        OperatorError::Rank { .. } => &[
            "WrongRank",
            "RankMismatch",
            "InputRank1WrongRank",
            "ConcatInputRankMismatch",
            "RescalePerChannelRank0",
        ],
        OperatorError::Dimension { .. } => &[
            "DimensionMismatch",
            "BroadcastShapesMismatch",
            "BatchMismatch",
            "ChannelMismatch",
            "ConcatInputDimMismatch",
            "ConvBiasShapeMismatch",
        ],
        OperatorError::Axis { .. } => &[
            "AxisLargerRank",
            "AxisSmallerZero",
            "RescalePerChannelRank0",
        ],
        OperatorError::EntryCount { .. } => &[
            "RankMismatch",
            "InputSizeStartLengthMismatch",
            "InputShapeRankMismatch",
            "OutputShapeRankMismatch",
            "IndexOutsideBounds",
        ],
        OperatorError::Kernel { .. } => &["KernelSmallerOne"],
        OperatorError::Stride { .. } => &["StrideSmallerOne"],
        OperatorError::Dilation => &["DilationSmallerOne"],
        OperatorError::Padding { .. } => &["PadLargerEqualKernel", "PadSmallerZero"],
        OperatorError::WindowFit { .. } => {
            &["ConvOutputShapeNonInteger", "PoolingOutputShapeNonInteger"]
        }
        OperatorError::InputZeroPoint { .. } => &[
            "InputZeroPointNotZero",
            "WeightZeroPointNotZero",
            "U16InputZeroPointNotValid",
        ],
        OperatorError::OutputZeroPoint { .. } => {
            &["OutputZeroPointNotZero", "U16OutputZeroPointNotValid"]
        }
        OperatorError::Bounds { .. } => &["MaxSmallerMin"],
        OperatorError::RescaleFlags => &[
            "ScaleNotTrue",
            "ScaleTrue",
            "RescaleInputUnsignedOutputUnsigned",
            "RescaleI32OutputInputUnsigned",
            "RescaleI32InputOutputUnsigned",
            "RescaleI48InputOutputUnsigned",
            "RescaleI32InputUnsigned",
            "RescaleI32OutputUnsigned",
            "RescaleI48InputUnsigned",
        ],
        OperatorError::Permutation => &["IndexOutsideBounds", "IndexUsedTwice"],
        OperatorError::Outside { .. } => &["StartSizeOutsideBounds"],
        OperatorError::ElementCount { .. } => &["TensorSizeInputOutputMismatch"],
        OperatorError::ConstantOperand { .. } => &["IndexOutsideBounds"],
        _ => &[],
    };
    accepted.contains(&reason)
}
