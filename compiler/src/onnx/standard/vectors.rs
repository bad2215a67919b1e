//! Support vector machines, and distances to points.

use super::{
    input, kernel, output, singles, unsupported,
    writer::{Value, Writer},
};
use crate::{
    error::CompileError,
    onnx::{Attributes, messages::NodeProto},
};

/// Element type float32 of a Cast.
const FLOAT32: i64 = 1;

/// Constant points `[count, features]` by name.
struct Points {
    name: String,
    count: usize,
    features: usize,
    /// Their elements, where they are an attribute of the node.
    elements: Vec<f32>,
}

/// Sums of kernels and what is added to them: `[vectors, outputs]` and `[outputs]`.
struct Sums {
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Writer<'_> {
    pub(super) fn svm_regressor(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let name = output(node, 0);
        let attributes = Attributes(node);
        let vectors = self.vectors(node, name, attributes.int("n_supports").unwrap_or(0))?;
        let coefficients = singles(attributes.floats("coefficients")?);
        let bias = singles(attributes.floats("rho")?);
        if coefficients.len() != vectors.count || bias.len() != 1 {
            return Err(unsupported(
                node,
                "it has not a coefficient for each vector: export it again",
            ));
        }
        let sums = Sums {
            weights: coefficients,
            bias,
        };
        let score = self.sums_of_kernels(node, &vectors, sums, name)?;
        if attributes.int("one_class").unwrap_or(0) == 0 {
            self.node("Identity", &[&score], name, &[]);
            return Ok(());
        }
        // One class: 1 for what is like the samples, -1 for an outlier.
        let zero = self.floats(format!("{name}/zero"), &[1], vec![0.0]);
        let inside = self.step("Greater", &[&score, &zero], name, "inside", &[]);
        let [one, other] = [("one", 1.0), ("other", -1.0)]
            .map(|(what, value)| self.floats(format!("{name}/{what}"), &[1], vec![value]));
        self.node("Where", &[&inside, &one, &other], name, &[]);
        Ok(())
    }

    pub(super) fn svm_classifier(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let (label, name) = (output(node, 0), output(node, 1));
        let place = if name.is_empty() { label } else { name };
        let attributes = Attributes(node);
        let per_class: Vec<usize> = attributes
            .ints("vectors_per_class")
            .iter()
            .map(|&count| usize::try_from(count).unwrap_or(0))
            .collect();
        let classes = self.class_numbers(node, "classlabels_ints")?;
        if per_class.len() != classes.len() || classes.len() < 2 {
            let reason = "it has no support vectors for each of its classes: train an SVC, or a LogisticRegression";
            return Err(unsupported(node, reason));
        }
        let count: usize = per_class.iter().sum();
        let vectors = self.vectors(node, place, count as i64)?;
        let pairs = pairs(classes.len());
        let bias = singles(attributes.floats("rho")?);
        let coefficients = singles(attributes.floats("coefficients")?);
        if bias.len() != pairs.len() || coefficients.len() != count * (classes.len() - 1) {
            let reason = "it has not a decision for each pair of classes: export it again";
            return Err(unsupported(node, reason));
        }
        let weights = pair_weights(&coefficients, &per_class, &pairs);
        let sums = Sums { weights, bias };
        let scores = self.sums_of_kernels(node, &vectors, sums, place)?;
        // Votes decide, as in scikit-learn, also where probabilities favour another class.
        let votes = self.votes(&scores, classes.len(), place);
        self.label(&votes, &classes, label);
        if attributes.has("prob_a") {
            return self.two_probabilities(node, &scores, classes.len());
        }
        if pairs.len() > 1 {
            self.node("Identity", &[&scores], name, &[]);
        } else {
            let signs = self.floats(format!("{place}/signs"), &[1, 2], vec![-1.0, 1.0]);
            self.node("MatMul", &[&scores, &signs], name, &[]);
        }
        Ok(())
    }

    /// Platt's probabilities of two classes. Those of more come from an iteration.
    fn two_probabilities(
        &mut self,
        node: &NodeProto,
        scores: &str,
        classes: usize,
    ) -> Result<(), CompileError> {
        let attributes = Attributes(node);
        let (a, b) = (attributes.floats("prob_a")?, attributes.floats("prob_b")?);
        let ([a], [b], 2) = (a.as_slice(), b.as_slice(), classes) else {
            let reason = "probabilities of more than two classes come from an iteration: train the SVC without probability=True; its classes are the same";
            return Err(unsupported(node, reason));
        };
        let name = output(node, 1);
        if name.is_empty() {
            return Ok(());
        }
        let slope = singles(vec![-a, *a]);
        let slope = self.floats(format!("{name}/slope"), &[1, 2], slope);
        let offset = self.floats(format!("{name}/offset"), &[2], singles(vec![-b, *b]));
        let logits = self.step("Gemm", &[scores, &slope, &offset], name, "logits", &[]);
        self.node("Sigmoid", &[&logits], name, &[]);
        Ok(())
    }

    /// For each class, how many of its pairs decide for it.
    fn votes(&mut self, scores: &str, classes: usize, place: &str) -> String {
        let pairs = pairs(classes);
        let mut weights = vec![0.0; pairs.len() * classes];
        let mut lost = vec![0.0; classes];
        for (pair, &(first, second)) in pairs.iter().enumerate() {
            weights[pair * classes + first] = 1.0;
            weights[pair * classes + second] = -1.0;
            lost[second] += 1.0;
        }
        let zero = self.floats(format!("{place}/none"), &[1], vec![0.0]);
        let weights = self.floats(
            format!("{place}/votes of pairs"),
            &[pairs.len(), classes],
            weights,
        );
        let lost = self.floats(format!("{place}/votes"), &[classes], lost);
        let first = self.step("Greater", &[scores, &zero], place, "is first", &[]);
        let cast = [("to", Value::Int(FLOAT32))];
        let first = self.step("Cast", &[&first], place, "first", &cast);
        self.step("Gemm", &[&first, &weights, &lost], place, "counted", &[])
    }

    /// A node's support vectors as a constant.
    fn vectors(
        &mut self,
        node: &NodeProto,
        place: &str,
        count: i64,
    ) -> Result<Points, CompileError> {
        let vectors = singles(Attributes(node).floats("support_vectors")?);
        let count = usize::try_from(count).unwrap_or(0);
        let features = vectors.len().checked_div(count).unwrap_or(0);
        if features == 0 || features * count != vectors.len() {
            let reason = "it has no support vectors: train it with a kernel, or a linear model (Ridge, LogisticRegression)";
            return Err(unsupported(node, reason));
        }
        let name = format!("{place}/vectors");
        Ok(Points {
            name: self.floats(name, &[count, features], vectors.clone()),
            count,
            features,
            elements: vectors,
        })
    }

    /// Weighted sums of the row's kernels with each vector, `[1, outputs]`. Those of products with the vectors are
    /// products with one matrix, and digits are not lost between the two.
    fn sums_of_kernels(
        &mut self,
        node: &NodeProto,
        vectors: &Points,
        sums: Sums,
        place: &str,
    ) -> Result<String, CompileError> {
        let outputs = sums.bias.len();
        let bias = self.floats(format!("{place}/bias"), &[outputs], sums.bias);
        let (kind, _) = kernel(node)?;
        let (read, shape, weights) = if kind == "LINEAR" {
            let mut weights = vec![0.0_f64; vectors.features * outputs];
            let rows = vectors.elements.chunks(vectors.features);
            for (vector, factors) in rows.zip(sums.weights.chunks(outputs)) {
                for (at, weight) in weights.iter_mut().enumerate() {
                    *weight += f64::from(vector[at / outputs]) * f64::from(factors[at % outputs]);
                }
            }
            let shape = [vectors.features, outputs];
            (input(node, 0).to_owned(), shape, singles(weights))
        } else {
            let similar = self.kernel(node, vectors, place)?;
            (similar, [vectors.count, outputs], sums.weights)
        };
        let weights = self.floats(format!("{place}/weights"), &shape, weights);
        Ok(self.step("Gemm", &[&read, &weights, &bias], place, "sums", &[]))
    }

    /// How similar the row is to each vector, `[1, count]`.
    fn kernel(
        &mut self,
        node: &NodeProto,
        vectors: &Points,
        place: &str,
    ) -> Result<String, CompileError> {
        let (kind, [gamma, constant, degree]) = kernel(node)?;
        let row = input(node, 0);
        if kind == "RBF" {
            let exponent = format!("{place}/exponent");
            self.squared_distances(row, vectors, -gamma, &exponent);
            return Ok(self.step("Exp", &[&exponent], place, "similar", &[]));
        }
        let attributes = [
            ("transB", Value::Int(1)),
            ("alpha", Value::Float(gamma as f32)),
        ];
        let constant = self.floats(format!("{place}/constant"), &[1], vec![constant as f32]);
        let operands = [row, &vectors.name, &constant];
        let product = self.step("Gemm", &operands, place, "product", &attributes);
        match kind {
            "POLY" => {
                let degree = self.floats(format!("{place}/degree"), &[1], vec![degree as f32]);
                Ok(self.step("Pow", &[&product, &degree], place, "similar", &[]))
            }
            "SIGMOID" => Ok(self.step("Tanh", &[&product], place, "similar", &[])),
            other => Err(unsupported(
                node,
                format!("kernel {other}: LINEAR, POLY, RBF and SIGMOID are known"),
            )),
        }
    }

    /// `factor * sum((x - point)^2)` for each point, `[1, count]`. The differences are squared, as squares
    /// of `x` and of a point have fewer digits left of what they differ by.
    fn squared_distances(&mut self, row: &str, points: &Points, factor: f64, output: &str) {
        let (count, features) = (points.count, points.features);
        let spread = format!("{output}/row");
        self.reshape(row, &[-1, 1, features as i64], &spread);
        let apart = self.step("Sub", &[&spread, &points.name], output, "apart", &[]);
        let squares = self.step("Mul", &[&apart, &apart], output, "squares", &[]);
        let factors = vec![factor as f32; features];
        let factors = self.floats(format!("{output}/factors"), &[features, 1], factors);
        let sums = self.step("MatMul", &[&squares, &factors], output, "sums", &[]);
        self.reshape(&sums, &[-1, count as i64], output);
    }

    /// Onnxruntime's distances of a row to constant points.
    pub(super) fn distances(&mut self, node: &NodeProto) -> Result<(), CompileError> {
        let Some(&[count, features]) = self.shape(input(node, 1)) else {
            return Err(unsupported(node, "its points must be constant, a row each"));
        };
        let points = Points {
            name: input(node, 1).to_owned(),
            count: usize::try_from(count).unwrap_or(0),
            features: usize::try_from(features).unwrap_or(0),
            elements: Vec::new(),
        };
        let name = output(node, 0);
        match Attributes(node).text("metric")?.unwrap_or("sqeuclidean") {
            "sqeuclidean" => self.squared_distances(input(node, 0), &points, 1.0, name),
            "euclidean" => {
                let squared = format!("{name}/squared");
                self.squared_distances(input(node, 0), &points, 1.0, &squared);
                self.node("Sqrt", &[&squared], name, &[]);
            }
            other => {
                let reason = format!("metric {other}: train with euclidean distances");
                return Err(unsupported(node, reason));
            }
        }
        Ok(())
    }
}

/// Every two classes, in the order of their decisions.
fn pairs(classes: usize) -> Vec<(usize, usize)> {
    let of = |first| (first + 1..classes).map(move |second| (first, second));
    (0..classes).flat_map(of).collect()
}

/// Weights `[vectors, pairs]`: a pair reads the vectors of its two classes, each with the coefficients that
/// are kept for the other.
fn pair_weights(coefficients: &[f32], per_class: &[usize], pairs: &[(usize, usize)]) -> Vec<f32> {
    let count: usize = per_class.iter().sum();
    let mut weights = vec![0.0; count * pairs.len()];
    let start = |class: usize| per_class[..class].iter().sum::<usize>();
    for (pair, &(first, second)) in pairs.iter().enumerate() {
        for (class, row) in [(first, second - 1), (second, first)] {
            for vector in start(class)..start(class) + per_class[class] {
                weights[vector * pairs.len() + pair] = coefficients[row * count + vector];
            }
        }
    }
    weights
}
