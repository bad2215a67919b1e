"""Trains many small classical models, exports them as their authors would, and writes the ONNX files, rows and the frameworks' answers."""

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
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import ExtraTreesRegressor, GradientBoostingClassifier, GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier


# scikit-learn scales in float64, the exported file in float32: where trees cut at a row's own value the two go different ways. The answers of these are the file's.
ANSWERED_BY_FILE = {"forest-scaled"}


def table(seed):
    """Two categories and two numbers that decide a class together."""
    random = np.random.default_rng(seed)
    categories = random.integers(0, 3, (150, 2))
    numbers = np.round(random.normal(size=(150, 2)), 4)
    return np.hstack([categories, numbers]), (categories[:, 0] + numbers[:, 0] > 1).astype(int)


def with_categories():
    return ColumnTransformer([("categories", OneHotEncoder(), [0, 1]), ("numbers", StandardScaler(), [2, 3])])


def models(seed):
    """Name: (model, rows, targets)."""
    iris, species = load_iris(return_X_y=True)
    names = load_iris().target_names[species]
    two = species > 0
    diabetes, progression = load_diabetes(return_X_y=True, scaled=False)
    mixed, mixed_classes = table(seed)
    few = {"n_estimators": 6, "random_state": seed}
    trees = few | {"n_jobs": 1}
    return {
        "xgboost-binary": (xgboost.XGBClassifier(max_depth=3, **trees), iris[50:], species[50:] - 1),
        "xgboost-classes": (xgboost.XGBClassifier(max_depth=3, **trees), iris, species),
        "xgboost-regressor": (xgboost.XGBRegressor(max_depth=3, **trees), diabetes, progression),
        "lightgbm-binary": (lightgbm.LGBMClassifier(num_leaves=5, verbose=-1, **trees), iris[50:], species[50:] - 1),
        "lightgbm-classes": (lightgbm.LGBMClassifier(num_leaves=5, verbose=-1, **trees), iris, species),
        "lightgbm-regressor": (lightgbm.LGBMRegressor(num_leaves=5, verbose=-1, **trees), diabetes, progression),
        "forest-names": (RandomForestClassifier(max_depth=4, **few), iris, names),
        "forest-scaled": (make_pipeline(StandardScaler(), RandomForestClassifier(max_depth=4, **few)), iris, species),
        "forest-regressor": (RandomForestRegressor(max_depth=4, **few), diabetes, progression),
        "extra-trees-regressor": (ExtraTreesRegressor(max_depth=4, **few), diabetes, progression),
        "boosting-binary": (GradientBoostingClassifier(**few), iris, two.astype(int) * 7 - 3),
        "boosting-classes": (GradientBoostingClassifier(max_depth=2, **few), iris, names),
        "boosting-regressor": (GradientBoostingRegressor(**few), diabetes, progression),
        "boosting-categories": (make_pipeline(with_categories(), GradientBoostingClassifier(**few)), mixed, mixed_classes),
        "tree": (DecisionTreeClassifier(random_state=seed), iris, species),
        "linear-regression": (LinearRegression(), diabetes, progression),
        "ridge-scaled": (make_pipeline(MinMaxScaler(), Ridge()), diabetes, progression),
        "logistic-classes": (LogisticRegression(max_iter=2000), iris, names),
        "logistic-categories": (make_pipeline(with_categories(), LogisticRegression()), mixed, mixed_classes),
    }


def to_onnx(name, model, features):
    if name.startswith("xgboost"):
        return onnxmltools.convert_xgboost(model, initial_types=[("features", ToolsFloatTensorType([None, features]))])
    if name.startswith("lightgbm"):
        return onnxmltools.convert_lightgbm(model, initial_types=[("features", ToolsFloatTensorType([None, features]))])
    return convert_sklearn(model, initial_types=[("features", FloatTensorType([None, features]))])


def answers(name, model, proto, rows):
    """Probabilities and classes, or predictions alone."""
    if not hasattr(model, "predict_proba"):
        return np.ascontiguousarray(model.predict(rows), dtype="<f8").reshape(len(rows), -1), None
    known = list(model.classes_)
    if name in ANSWERED_BY_FILE:
        classes, maps = onnxruntime.InferenceSession(proto.SerializeToString()).run(None, {"features": rows.astype(np.float32)})
        return np.array([[row[key] for key in known] for row in maps], dtype="<f8"), np.asarray(classes, dtype="<i8")
    # Classes that are texts are told by their index.
    classes = [known.index(c) if isinstance(c, str) else c for c in model.predict(rows)]
    return np.ascontiguousarray(model.predict_proba(rows), dtype="<f8"), np.array(classes, dtype="<i8")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python export.py --output /path/to/empty/directory", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent, help="directory of the files written")
    parser.add_argument("--seed", type=int, default=7, help="seed of the models and the made-up table")
    parser.add_argument("--rows", type=int, default=60, help="rows of each model whose answers are written")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    arguments.output.mkdir(parents=True, exist_ok=True)

    arrays = {}
    for name, (model, rows, targets) in models(arguments.seed).items():
        model.fit(rows, targets)
        proto = to_onnx(name, model, rows.shape[1])
        proto.graph.name = "model"
        onnx.save(proto, arguments.output / f"{name}.onnx")
        chosen = np.random.default_rng(arguments.seed).choice(len(rows), arguments.rows, replace=False)
        arrays[f"{name} rows"] = np.ascontiguousarray(rows[chosen], dtype="<f8")
        numbers, classes = answers(name, model, proto, rows[chosen])
        arrays[f"{name} numbers"] = numbers
        if classes is not None:
            arrays[f"{name} classes"] = classes
        print(f"{name:26} {proto.ByteSize():6} bytes")
    np.savez_compressed(arguments.output / "answers.npz", **arrays)


if __name__ == "__main__":
    main()
