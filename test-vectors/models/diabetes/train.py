"""Trains a regressor of diabetes progression and writes its ONNX file, calibration set, test set and exact answers."""

import argparse
import warnings
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.datasets import load_diabetes
from sklearn.metrics import r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FEATURES = 10
TEST_SHARE = 0.3
AUGMENTED_ROWS = 2000


def exact(proto, rows):
    """The graph in float64: what the file means, without float32's roundings on the way."""
    constants = {tensor.name: numpy_helper.to_array(tensor).astype(np.float64) for tensor in proto.graph.initializer}
    values = {"features": np.asarray(rows, dtype=np.float64)} | constants
    for node in proto.graph.node:
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        reads = [values[name] for name in node.input]
        if node.op_type == "Scaler":
            result = (reads[0] - np.array(attributes["offset"])) * np.array(attributes["scale"])
        elif node.op_type == "MatMul":
            result = reads[0] @ reads[1]
        elif node.op_type == "Add":
            result = reads[0] + reads[1]
        elif node.op_type == "Relu":
            result = np.maximum(reads[0], 0.0)
        elif node.op_type in ("Cast", "Reshape"):
            result = reads[0]
        else:
            raise ValueError(node.op_type)
        values[node.output[0]] = result
    return values[proto.graph.output[0].name].reshape(-1, 1)


def augmented(rows, seed):
    """Rows between two of the table: new ones, but none beyond it; decimals as a person would write them."""
    random = np.random.default_rng(seed)
    first, second = rows[random.integers(len(rows), size=(2, AUGMENTED_ROWS))]
    share = random.random((AUGMENTED_ROWS, 1))
    return np.round(first * share + second * (1.0 - share), 4)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python train.py --output /path/to/empty/directory", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent, help="directory of the files written")
    parser.add_argument("--seed", type=int, default=7, help="seed of the split, the first weights and the new rows")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")

    rows, targets = load_diabetes(return_X_y=True, scaled=False)
    train_rows, test_rows, train_targets, test_targets = train_test_split(rows, targets, test_size=TEST_SHARE, random_state=arguments.seed)
    network = MLPRegressor(hidden_layer_sizes=(64, 32), alpha=3.0, max_iter=400, random_state=arguments.seed)
    model = make_pipeline(StandardScaler(), network).fit(train_rows, train_targets)
    proto = convert_sklearn(model, initial_types=[("features", FloatTensorType([None, FEATURES]))])
    proto.graph.name = "diabetes"

    arguments.output.mkdir(parents=True, exist_ok=True)
    onnx.save(proto, arguments.output / "diabetes.onnx")
    tested = np.concatenate([test_rows, augmented(test_rows, arguments.seed)]).astype("<f8")
    np.savez_compressed(arguments.output / "calibration.npz", features=train_rows.astype("<f8"))
    np.savez_compressed(arguments.output / "test.npz", features=tested)
    answers = exact(proto, tested)
    np.save(arguments.output / "answers.npy", answers.astype("<f8"))
    np.save(arguments.output / "test_targets.npy", test_targets.astype("<f4"))
    r2 = r2_score(test_targets, answers[: len(test_targets)])
    print(f"R2 on {len(test_targets)} test rows {r2:.4f}; answers {answers.min():.1f} to {answers.max():.1f}, deviation {answers.std():.2f}")
    print(f"scikit-learn differs by at most {np.abs(model.predict(tested) - answers[:, 0]).max():.1e}; {proto.ByteSize()} bytes")


if __name__ == "__main__":
    main()
