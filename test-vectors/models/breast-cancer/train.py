"""Trains four classical classifiers of tumours and writes their ONNX files, the rows, and what the frameworks answer."""

import argparse
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import onnx
import onnxmltools
import onnxruntime
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloatTensorType
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FEATURES = 30
TEST_SHARE = 0.3


def models(seed):
    """Name: (untrained model, margin of trained model and rows)."""
    return {
        "xgboost": (
            xgboost.XGBClassifier(n_estimators=100, max_depth=4, learning_rate=0.2, n_jobs=1, random_state=seed),
            lambda model, rows: model.predict(rows, output_margin=True),
        ),
        "lightgbm": (
            lightgbm.LGBMClassifier(n_estimators=60, num_leaves=8, learning_rate=0.1, n_jobs=1, deterministic=True, random_state=seed, verbose=-1),
            lambda model, rows: model.predict(rows, raw_score=True),
        ),
        "forest": (
            RandomForestClassifier(n_estimators=40, max_depth=8, n_jobs=1, random_state=seed),
            lambda model, rows: model.predict_proba(rows)[:, 1],
        ),
        "logistic": (
            make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
            lambda model, rows: model.decision_function(rows),
        ),
    }


def to_onnx(name, model):
    if name == "xgboost":
        return onnxmltools.convert_xgboost(model, initial_types=[("features", ToolsFloatTensorType([None, FEATURES]))])
    if name == "lightgbm":
        return onnxmltools.convert_lightgbm(model, initial_types=[("features", ToolsFloatTensorType([None, FEATURES]))])
    return convert_sklearn(model, initial_types=[("features", FloatTensorType([None, FEATURES]))])


def without_names(proto):
    """What changes from run to run (time stamps, paths) stays out of the file."""
    proto.doc_string = ""
    proto.graph.doc_string = ""
    proto.graph.name = "classifier"
    return proto


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python train.py --output /path/to/empty/directory", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent, help="directory of the files written")
    parser.add_argument("--seed", type=int, default=7, help="seed of the split and the models")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    onnxruntime.set_default_logger_severity(3)

    rows, classes = load_breast_cancer(return_X_y=True)
    numbers = np.arange(len(rows))
    train_numbers, test_numbers = train_test_split(numbers, test_size=TEST_SHARE, random_state=arguments.seed, stratify=classes)
    arguments.output.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.output / "calibration.npz", features=rows[train_numbers])
    np.savez_compressed(arguments.output / "test.npz", features=rows[test_numbers])
    np.save(arguments.output / "test_labels.npy", classes[test_numbers].astype("<i8"))

    # The answers are those to the calibration rows and then to the test rows: all there are.
    rows, classes = rows[np.r_[train_numbers, test_numbers]], classes[np.r_[train_numbers, test_numbers]]
    train_count = len(train_numbers)
    answers = {}
    for name, (model, margin) in models(arguments.seed).items():
        model.fit(rows[:train_count], classes[:train_count])
        proto = without_names(to_onnx(name, model))
        onnx.save(proto, arguments.output / f"{name}.onnx")
        answers[f"{name}_margin"] = np.asarray(margin(model, rows), dtype="<f8")
        answers[f"{name}_class"] = model.predict(rows).astype("<i8")
        answers[f"{name}_probability"] = model.predict_proba(rows)[:, 1].astype("<f8")
        report(name, model, proto, rows, rows[train_count:], classes[train_count:], answers)
    np.savez_compressed(arguments.output / "answers.npz", **answers)


def report(name, model, proto, rows, test_rows, test_classes, answers):
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    labels = session.run(None, {"features": rows.astype(np.float32)})[0]
    probabilities = model.predict_proba(test_rows)[:, 1]
    print(
        f"{name:9} test accuracy {accuracy_score(test_classes, probabilities > 0.5):.4f}  AUC {roc_auc_score(test_classes, probabilities):.4f}  "
        f"{proto.ByteSize()} bytes, onnxruntime answers otherwise on {np.sum(labels != answers[f'{name}_class'])} of {len(rows)} rows"
    )


if __name__ == "__main__":
    main()
