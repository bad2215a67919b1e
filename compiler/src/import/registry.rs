//! Which function imports which ONNX operator, and what to do instead of those that none does.

use super::source::{Converted, Source};
use crate::error::CompileError;

/// What to tell of an operator that has no lowering, where there is better advice than the rest.
const ADVICE: [(&[&str], &str); 8] = [
    (
        &[
            "DynamicQuantizeLinear",
            "DynamicQuantizeMatMul",
            "DynamicQuantizeLSTM",
        ],
        "its scale depends on the data: quantise the model statically (with calibration data), or compile the float model",
    ),
    (
        &["If", "Loop"],
        "graphs have no control flow: export the model traced for fixed shapes, loops unrolled",
    ),
    (
        &["NonMaxSuppression", "NonZero", "Unique", "Compress"],
        "the size of its output depends on data: cut the graph before it with --outputs and do it in the contract",
    ),
    (
        &[
            "RandomNormal",
            "RandomNormalLike",
            "RandomUniform",
            "RandomUniformLike",
            "Bernoulli",
            "Multinomial",
        ],
        "every validator must compute the same: export in evaluation mode, or make the random tensor an input",
    ),
    (
        &[
            "StringNormalizer",
            "StringConcat",
            "StringSplit",
            "TfIdfVectorizer",
            "RegexFullMatch",
            "LabelEncoder",
            "CategoryMapper",
        ],
        "graphs have no text: encode it to integers before and make them the input",
    ),
    (
        &["Scan"],
        "graphs have no control flow: of scikit-learn's KNeighbors and GaussianProcess, export with options={id(model): {\"optim\": \"cdist\"}}; of others, export the model traced for fixed shapes, loops unrolled",
    ),
    (
        &["Floor", "Ceil", "Round", "Mod", "IsNaN", "IsInf"],
        "no quantised form is faithful: cut the graph before it with --outputs and do it in the contract",
    ),
    (
        &["DFT", "STFT", "MelWeightMatrix"],
        "compute the spectrum before the model and make it the input",
    ),
];
/// What to tell of the others.
const GENERAL_ADVICE: &str = "the operator has no integer lowering yet; export the model without it, or cut the graph before it with --outputs";

impl Source<'_> {
    /// Adds what the node computes to the graph.
    pub(super) fn convert(&mut self) -> Converted {
        let operator = self.node.op_type.as_str();
        let quantises = matches!(operator, "QuantizeLinear" | "DequantizeLinear");
        let known = matches!(self.node.domain.as_str(), "" | "ai.onnx");
        if !(known || quantises && self.node.domain == "com.microsoft") {
            return Err(self.unknown_domain());
        }
        match operator {
            "Conv" => self.conv(),
            "ConvTranspose" => self.conv_transpose(),
            "MaxPool" | "AveragePool" => self.pool(),
            "GlobalAveragePool" | "GlobalMaxPool" => self.global_pool(),
            "Gemm" => self.gemm(),
            "MatMul" => self.matmul(),
            "Einsum" => self.einsum(),
            "BatchNormalization" => self.batch_norm(),
            "LayerNormalization" => self.layer_norm(),
            "RMSNormalization" => self.rms_norm(),
            "InstanceNormalization" | "GroupNormalization" => self.group_norm(),
            "LpNormalization" => self.lp_norm(),
            "MeanVarianceNormalization" => self.mean_variance(),
            "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" | "Sum" | "Mean" | "Pow" | "Neg" => {
                self.arithmetic()
            }
            "Equal" | "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" | "And" | "Or"
            | "Xor" | "Not" | "Where" | "Cast" | "CastLike" => self.logic(),
            "Softmax" | "LogSoftmax" | "Hardmax" => self.softmax(),
            "ReduceSum" | "ReduceMean" | "ReduceMax" | "ReduceMin" | "ReduceL1" | "ReduceL2"
            | "ReduceSumSquare" | "ReduceLogSum" | "ReduceLogSumExp" | "ReduceProd" => {
                self.reduction()
            }
            "ArgMax" | "ArgMin" => self.arg_extreme(),
            "TopK" => self.top_k(),
            "CumSum" => self.cumulative_sum(),
            "Identity" | "Dropout" | "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze"
            | "Transpose" | "Concat" | "Split" | "Slice" | "Pad" | "Expand" | "Tile"
            | "DepthToSpace" | "SpaceToDepth" | "Trilu" | "CenterCropPad" => self.movement(),
            "Gather" | "GatherElements" | "GatherND" | "OneHot" => self.indexed(),
            "Constant" | "ConstantOfShape" | "Shape" | "Size" | "Range" | "EyeLike" => {
                self.constants()
            }
            "Resize" | "Upsample" => self.resize(),
            "QuantizeLinear" => self.quantise_linear(),
            "DequantizeLinear" => self.dequantise_linear(),
            "LSTM" | "GRU" | "RNN" => self.recurrent(),
            _ => self.activation(),
        }
    }

    /// What to say of the node if no importer knows it.
    pub(super) fn unknown(&self) -> Converted {
        Err(self.unsupported(self.advice().unwrap_or(GENERAL_ADVICE)))
    }

    /// What to say of a node of a set of operators that nobody here knows.
    fn unknown_domain(&self) -> CompileError {
        let general = || {
            format!(
                "domain '{}' is not supported: cut the graph before it with --outputs",
                self.node.domain
            )
        };
        self.unsupported(self.advice().map_or_else(general, str::to_owned))
    }

    fn advice(&self) -> Option<&'static str> {
        let known = ADVICE
            .iter()
            .find(|(operators, _)| operators.contains(&self.operator()));
        known.map(|(_, advice)| *advice)
    }
}
