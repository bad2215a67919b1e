"""Compiles the models, runs them, and compares their answers with the float models'; prints JSON.

Runs in an environment with NumPy, ONNX and onnxruntime; `scripts/accuracy.py` makes it.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from evidence import models
from evidence.trees import Ensemble

# What item 4 of the promise asks for: shares of equal classes, and errors by the float's deviation.
CLASS_BARS = {"int8": 0.99, "int16": 0.998, "exact": 0.998}
NUMBER_BARS = {"int16": 5e-3, "int32": 1e-6}
MARGIN_BAR = 1e-4
THRESHOLD_ROWS = 10_000
# Float32 sums of a framework may round a score this close to a decision to either side.
UNDECIDED = 1e-5
# The compiled forest calls shares closer than this to a half a tie, for which class 0 wins.
TIE = 0.5**22


class Refused(Exception):
    """The compiler has no lowering for a model at a precision, and says why."""


class Fixpoint:
    """The command line, with a folder for its files."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, folder

    def call(self, *arguments):
        command = [str(part) for part in (self.binary, *arguments)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed: {done.stderr}")
        return done.stdout

    def compile(self, onnx, *options):
        """The compiled model and its report."""
        path = self.folder / "model.fxp"
        path.unlink(missing_ok=True)
        try:
            report = self.call("compile", onnx, *options, "-o", path, "--json")
        except RuntimeError as error:
            if "no lowering" in str(error):
                raise Refused(str(error).split(".onnx: ", 1)[-1].strip()) from error
            raise
        return path, json.loads(report)

    def run(self, model, rows):
        """Each output, one line for a row, in the model's order."""
        inputs, answers = self.folder / "rows.npy", self.folder / "answers.npz"
        np.save(inputs, rows)
        self.call("run", model, "--input", inputs, "--output", answers)
        return [output.reshape(len(rows), -1) for output in np.load(answers).values()]


def float_answers(onnx, rows):
    """The first output of the float model, for each row."""
    session = onnxruntime.InferenceSession(str(onnx), providers=["CPUExecutionProvider"])
    (port, *_) = session.get_inputs()
    dtype = np.int64 if port.type == "tensor(int64)" else np.float32
    return np.asarray(session.run(None, {port.name: rows.astype(dtype)})[0]).reshape(len(rows), -1)


def double_answers(onnx_path, rows):
    """The first output of a network in float64, which has none of float32's roundings: the same graph,
    in NumPy, as onnxruntime has some operators in float32 alone."""
    model = onnx.load(onnx_path)
    tensors = list(model.graph.initializer)
    for node in model.graph.node:
        for field in node.attribute:
            if field.HasField("t"):
                tensors.append(field.t)
            if node.op_type == "Cast" and field.name == "to" and field.i == onnx.TensorProto.FLOAT:
                field.i = onnx.TensorProto.DOUBLE
    for tensor in tensors:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            array = numpy_helper.to_array(tensor).astype(np.float64)
            tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    for port in (*model.graph.input, *model.graph.output):
        if port.type.tensor_type.elem_type == onnx.TensorProto.FLOAT:
            port.type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    del model.graph.value_info[:]
    evaluator = ReferenceEvaluator(model)
    (name, *_) = evaluator.input_names
    answers = evaluator.run(None, {name: rows.astype(np.float64)})[0]
    if answers.dtype != np.float64:
        raise RuntimeError(f"{onnx_path}: not all of the graph was computed in float64")
    return answers.reshape(len(rows), -1)


def classes(answers):
    """A class is an index already, or the place of the largest."""
    return answers[:, 0] if answers.shape[1] == 1 else answers.argmax(axis=1)


def quality(metric, answers, truth):
    """The share of right classes, or the share of the variance that is explained."""
    answers = answers[: len(truth)]
    if metric == "accuracy":
        return float(np.mean(classes(answers) == truth.ravel()))
    answers, truth = answers.ravel().astype(np.float64), truth.ravel()
    return float(1 - np.sum((answers - truth) ** 2) / np.sum((truth - truth.mean()) ** 2))


def p99_by_deviation(got, want):
    """99th percentile of the error, in standard deviations of what is wanted."""
    error = np.abs(got.astype(np.float64) - want)
    return float(np.percentile(error, 99) / want.std(dtype=np.float64))


def figure(model, precision, wanted, got, report, truth):
    """What is told of a model at a precision; `wanted` by the float model and by it in float64."""
    want, double = wanted
    entry = {
        "precision": precision,
        "metric": quality(model.metric, got, truth),
        "gas": report["gas"]["first_call"],
    }
    if model.answers == "class":
        entry["agreement"] = float(np.mean(classes(want) == classes(got)))
        bar = CLASS_BARS.get(precision)
        entry["passes"] = entry["agreement"] >= bar
    else:
        entry["p99_by_deviation"] = p99_by_deviation(got, want)
        entry["p99_by_deviation_double"] = p99_by_deviation(got, double)
        bar = NUMBER_BARS.get(precision)
        # Where float32 itself is further than the bar from what the graph says, it can't be the judge.
        entry["by_double"] = bar is not None and p99_by_deviation(want, double) > bar
        judged = "p99_by_deviation_double" if entry["by_double"] else "p99_by_deviation"
        entry["passes"] = None if bar is None else entry[judged] <= bar
    return {**entry, "bar": bar}


def measure_network(fixpoint, model):
    rows, truth = model.samples()
    source = models.MODELS / model.onnx
    want = double = float_answers(source, rows)
    figures = []
    if model.answers == "number":
        # Float32's own roundings are not far from the bar at 32 bits, so both distances are told.
        if model.has_double_answers:
            double = models.load(f"{model.name}/answers.npy").reshape(want.shape)
        else:
            double = double_answers(source, rows)
    for precision in model.precisions:
        options = [] if precision == "exact" else ["--precision", precision]
        options += ["--calibration", models.MODELS / model.calibration, *model.options]
        try:
            compiled, report = fixpoint.compile(source, *options)
        except Refused as refusal:
            bars = CLASS_BARS if model.answers == "class" else NUMBER_BARS
            figures.append(
                {"precision": precision, "refused": str(refusal), "bar": bars.get(precision), "passes": False}
            )
            continue
        got = fixpoint.run(compiled, rows)[0]
        figures.append(figure(model, precision, (want, double), got, report, truth))
    return {
        "name": model.name, "what": model.what, "kind": model.answers, "metric_name": model.metric,
        "samples": len(rows), "float": quality(model.metric, want, truth), "figures": figures,
        "float_p99_by_deviation": p99_by_deviation(want, double),
    }  # fmt: skip


def judge_trees(rows, want, outputs, is_votes):
    """Wrong classes among decided rows, and the largest error of a score."""
    label, score = outputs
    got_class, got_score = label.ravel(), score.reshape(len(rows), -1)[:, -1].astype(np.float64)
    cut = 0.5 + TIE if is_votes else 0.0
    decided = np.abs(want - cut) > (0 if is_votes else UNDECIDED)
    wrong = int(np.sum((want > cut)[decided] != (got_class == 1)[decided]))
    return {
        "rows": len(rows), "undecided": int(np.sum(~decided)), "wrong_classes": wrong,
        "margin_error": float(np.max(np.abs(got_score - want))),
    }  # fmt: skip


def measure_trees(fixpoint, model):
    source = models.MODELS / "breast-cancer" / f"{model.name}.onnx"
    compiled, report = fixpoint.compile(source, "--outputs", "label,margin")
    decimals = next(iter(report["exact_decimals"].values()))
    table = np.concatenate(
        [models.load("breast-cancer/calibration.npz"), models.load("breast-cancer/test.npz")]
    )
    answers = np.load(models.MODELS / "breast-cancer" / "answers.npz")
    labels = models.load("breast-cancer/test_labels.npy")
    ensemble = Ensemble(source)
    hard = ensemble.rows_at_thresholds(decimals, THRESHOLD_ROWS, np.random.default_rng(models.SEED))

    got = fixpoint.run(compiled, table)
    of_table = judge_trees(table, answers[f"{model.name}_margin"].ravel(), got, model.is_votes)
    of_table["wrong_classes"] = int(np.sum(got[0].ravel() != answers[f"{model.name}_class"].ravel()))
    of_table["undecided"] = 0
    at_thresholds = judge_trees(hard, ensemble.scores(hard), fixpoint.run(compiled, hard), model.is_votes)
    checks = (of_table, at_thresholds)
    return {
        "name": f"breast-cancer/{model.name}", "what": model.what,
        "float": float(np.mean(answers[f"{model.name}_class"].ravel()[-len(labels) :] == labels)),
        "metric": float(np.mean(got[0].ravel()[-len(labels) :] == labels)),
        "gas": report["gas"]["first_call"], "exact_decimals": min(decimals[feature] for feature in ensemble.compared()),
        "table": of_table, "thresholds": at_thresholds,
        "passes": all(
            check["wrong_classes"] == 0 and check["margin_error"] <= MARGIN_BAR for check in checks
        ),
    }  # fmt: skip


def measure():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path)
    parser.add_argument("--only", default="", help="models with this text in their names")
    arguments = parser.parse_args()
    results = {"networks": [], "trees": []}
    with tempfile.TemporaryDirectory(prefix="fixpoint-accuracy-") as folder:
        fixpoint = Fixpoint(arguments.fixpoint, pathlib.Path(folder))
        for kind, function, chosen in (
            ("networks", measure_network, models.NETWORKS),
            ("trees", measure_trees, models.TREES),
        ):
            for model in chosen:
                if arguments.only in model.name:
                    print(f"measuring {model.name}", file=sys.stderr, flush=True)
                    results[kind].append(function(fixpoint, model))
    print(json.dumps(results))


if __name__ == "__main__":
    measure()
