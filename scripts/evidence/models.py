"""The models, and samples that no calibration has seen."""

import dataclasses
import pathlib
import sys

import numpy as np

MODELS = pathlib.Path(__file__).resolve().parents[2] / "test-vectors" / "models"
sys.path.insert(0, str(MODELS))
import market  # what the models that forecast from candles were trained on
# What a figure stands on at least.
SAMPLES = 2_000
SEED = 20_261_126


def load(name):
    """An array of a file; an `.npz` holds one."""
    content = np.load(MODELS / name)
    return content if isinstance(content, np.ndarray) else content[content.files[0]]


@dataclasses.dataclass(frozen=True)
class Model:
    """A network, or a classical model that is not made of trees."""

    name: str
    what: str
    onnx: str
    calibration: str
    # "class" or "number".
    answers: str
    precisions: tuple
    # Gives samples, and labels or targets for the first of them.
    samples: object
    # What a plain figure of the model's own quality is called.
    metric: str
    options: tuple = ()
    # Whether `answers.npy` has what the graph gives for the samples in float64.
    has_double_answers: bool = False


@dataclasses.dataclass(frozen=True)
class Trees:
    """A model of trees over the table of breast cancer."""

    name: str
    what: str
    # Whether the score is a share of votes, for which more than a half decides.
    is_votes: bool = False


def digits():
    """The held-out scans, moved by a pixel in each direction as well, with a little noise in the ink."""
    images, labels = load("digits/test.npz"), load("digits/test_labels.npy")
    random = np.random.default_rng(SEED)
    parts = [images]
    for rows, columns in ((0, 1), (0, -1), (1, 0), (-1, 0), (0, 0)):
        moved = np.roll(images, (rows, columns), axis=(2, 3))
        # What leaves on one side does not come in on the other.
        if rows:
            moved[:, :, 0 if rows > 0 else -1, :] = 0
        if columns:
            moved[:, :, :, 0 if columns > 0 else -1] = 0
        noise = random.normal(0, 0.5, moved.shape) * (moved > 0)
        parts.append(np.clip(moved + noise, 0, 16).astype(np.float32))
    return np.concatenate(parts), np.tile(labels, len(parts))


def volatility():
    """The held-out rows, and as many scaled by 0.8 to 1: markets a little calmer."""
    returns, targets = load("volatility/test.npz"), load("volatility/test_targets.npy")
    random = np.random.default_rng(SEED)
    scale = random.uniform(0.8, 1.0, (len(returns), 1))
    return np.concatenate([returns, (returns * scale).astype(np.float32)]), targets


def candles():
    """Ten candles of each of 2,000 markets that were never trained on."""
    return market.candles_for_volatility(SEED, SAMPLES, 11, 11)


def hourly():
    """24 candles of each of 2,000 such markets."""
    return market.candles_for_return(SEED, SAMPLES, 25, 25)


def wallet():
    """2,000 wallets that were never trained on."""
    return load("wallet/test.npz"), load("wallet/test_labels.npy")


def diabetes():
    """133 held-out rows, then 2,000 between two of these."""
    return load("diabetes/test.npz"), load("diabetes/test_targets.npy")


def breast_cancer():
    """171 held-out rows, then rows between two of these, with four decimals."""
    rows, labels = load("breast-cancer/test.npz"), load("breast-cancer/test_labels.npy")
    random = np.random.default_rng(SEED)
    first, second = random.integers(0, len(rows), (2, SAMPLES))
    share = random.uniform(0, 1, (SAMPLES, 1))
    between = rows[first] + share * (rows[second] - rows[first])
    return np.concatenate([rows, np.round(between, 4).astype(rows.dtype)]), labels


NETWORKS = (
    Model("digits", "CNN, handwritten digits", "digits/digits.onnx", "digits/calibration.npz",
          "class", ("int8", "int16"), digits, "accuracy"),
    Model("residual", "residual CNN, the same", "residual/residual.onnx", "digits/calibration.npz",
          "class", ("int8", "int16"), digits, "accuracy"),
    Model("depthwise", "depthwise-separable CNN, the same", "depthwise/depthwise.onnx",
          "digits/calibration.npz", "class", ("int8", "int16"), digits, "accuracy"),
    Model("wallet", "2-layer transformer, kind of trader", "wallet/wallet.onnx",
          "wallet/calibration.npz", "class", ("int8", "int16"), wallet, "accuracy"),
    Model("candles", "LSTM over raw candles, forecast of volatility", "candles/candles.onnx",
          "candles/calibration.npz", "number", ("int8", "int16", "int32"), candles, "R²",
          ("--saturate", "open_high_low_close")),
    Model("hourly", "TCN over raw candles, forecast of a return", "hourly/hourly.onnx",
          "hourly/calibration.npz", "number", ("int8", "int16", "int32"), hourly, "R²",
          ("--saturate", "candles")),
    Model("volatility", "MLP, forecast of volatility", "volatility/volatility.onnx",
          "volatility/calibration.npz", "number", ("int8", "int16", "int32"), volatility, "R²",
          ("--saturate", "returns")),
    Model("diabetes", "MLP behind a scaler, progression", "diabetes/diabetes.onnx",
          "diabetes/calibration.npz", "number", ("int8", "int16", "int32"), diabetes, "R²",
          ("--saturate", "features"), has_double_answers=True),
    Model("breast-cancer/logistic", "logistic regression", "breast-cancer/logistic.onnx",
          "breast-cancer/calibration.npz", "class", ("exact",), breast_cancer, "accuracy"),
)  # fmt: skip
TREES = (
    Trees("xgboost", "XGBoost, 100 trees"),
    Trees("lightgbm", "LightGBM, 60 trees"),
    Trees("forest", "random forest, 40 trees", is_votes=True),
)
