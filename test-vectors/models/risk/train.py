"""Trains a gradient-boosted estimate of how far a liquidation may fall short, on synthetic lending markets, and writes its ONNX file and data."""

import argparse
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingRegressor

FEATURES = ("utilisation", "concentration", "volatility", "drawdown")
WINDOW_HOURS = 24
TRAIN_ROWS = 40_000
TEST_ROWS = 2_000
CALIBRATION_ROWS = 500
# Which share of the losses the estimate has to cover.
COVERED = 0.95
TREES = 60
DEPTH = 4
# A contract has percent with as many decimals as it likes; the trees need no more.
DECIMALS = 4

# Regimes calm, nervous and panic: typical hourly volatility in percent, how often each is met, and the chance of leaving it within an hour.
REGIME_VOLATILITY = np.array([0.3, 0.9, 2.5])
REGIME_SHARE = np.array([0.6, 0.28, 0.12])
REGIME_LEAVES = np.array([0.01, 0.02, 0.05])
# Degrees of freedom of hourly returns: fat tails, finite variance.
TAIL = 4.0
# Hours until keepers have sold what was liquidated: some when they can borrow the debt asset to repay with, more when it is lent out.
SALE_HOURS = 2.0
SALE_HOURS_AT_FULL_UTILISATION = 10.0
# What the sale itself moves the price by, in percent: a single position of everything, in a market of average volatility.
IMPACT_PERCENT = 12.0


def hourly_returns(random, regime, hours):
    """[rows, hours] simple returns in percent, and the regime after them."""
    returns = []
    for _ in range(hours):
        leaves = random.random(len(regime)) < REGIME_LEAVES[regime]
        regime = np.where(leaves, random.choice(3, len(regime), p=REGIME_SHARE), regime)
        shocks = random.standard_t(TAIL, len(regime)) * np.sqrt((TAIL - 2.0) / TAIL)
        returns.append(np.maximum(REGIME_VOLATILITY[regime] * shocks, -60.0))
    return np.stack(returns, axis=1), regime


def simulate(seed, rows):
    """What a market contract sees (rows of FEATURES, percent), and what a liquidation begun then loses, in percent of the collateral's price."""
    random = np.random.default_rng(seed)
    regime = random.choice(3, rows, p=REGIME_SHARE)
    past, regime = hourly_returns(random, regime, WINDOW_HOURS)
    prices = np.concatenate([np.ones((rows, 1)), np.cumprod(1.0 + past / 100.0, axis=1)], axis=1)
    volatility = np.sqrt(np.mean(past**2, axis=1))
    drawdown = 100.0 * (1.0 - prices[:, -1] / prices.max(axis=1))
    utilisation = 100.0 * random.beta(2.0, 1.2, rows)
    # From many small borrowers to one large one.
    concentration = 100.0 * np.exp(-random.uniform(0.0, 5.0, rows))

    lent_out = (utilisation / 100.0) ** 4
    hours = SALE_HOURS + (SALE_HOURS_AT_FULL_UTILISATION - SALE_HOURS) * lent_out
    longest = int(np.ceil(SALE_HOURS_AT_FULL_UTILISATION))
    future, _ = hourly_returns(random, regime, longest)
    path = np.cumprod(1.0 + future / 100.0, axis=1)
    path[np.arange(longest)[None, :] >= np.ceil(hours)[:, None]] = np.inf
    fall = 100.0 * np.maximum(1.0 - path.min(axis=1), 0.0)
    impact = IMPACT_PERCENT * np.sqrt(concentration / 100.0) * np.sqrt(np.clip(volatility, 0.1, 5.0))
    loss = 100.0 * (1.0 - (1.0 - fall / 100.0) * (1.0 - np.minimum(impact, 60.0) / 100.0))
    features = np.stack([utilisation, concentration, volatility, drawdown], axis=1)
    return np.round(features, DECIMALS), loss


def calibration_rows(rows, seed):
    """Some at random, and those that hold a feature's extremes: inputs have the range seen here."""
    random = np.random.default_rng(seed).choice(len(rows), CALIBRATION_ROWS - 2 * len(FEATURES), replace=False)
    return rows[np.concatenate([random, rows.argmin(axis=0), rows.argmax(axis=0)])]


def pinball(losses, estimates):
    """The loss function of quantiles, averaged."""
    short = losses - estimates
    return np.mean(np.maximum(COVERED * short, (COVERED - 1.0) * short))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python train.py --output /path/to/empty/directory", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent, help="directory of the files written")
    parser.add_argument("--seed", type=int, default=7, help="seed of the markets and the trees")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")

    rows, losses = simulate(arguments.seed, TRAIN_ROWS)
    test_rows, test_losses = simulate(arguments.seed + 1, TEST_ROWS)
    model = GradientBoostingRegressor(
        loss="quantile", alpha=COVERED, n_estimators=TREES, max_depth=DEPTH, min_samples_leaf=200, learning_rate=0.15, subsample=0.7,
        random_state=arguments.seed,
    ).fit(rows, losses)  # fmt: skip
    proto = convert_sklearn(model, initial_types=[("features", FloatTensorType([None, len(FEATURES)]))], final_types=[("haircut", FloatTensorType([None, 1]))])
    proto.graph.name = "risk"
    proto.doc_string = proto.graph.doc_string = ""
    # The converter has them in a set's order, another in each process.
    versions = sorted(proto.opset_import, key=lambda version: version.domain)
    del proto.opset_import[:]
    proto.opset_import.extend(versions)

    arguments.output.mkdir(parents=True, exist_ok=True)
    onnx.save(proto, arguments.output / "risk.onnx")
    np.savez_compressed(arguments.output / "calibration.npz", features=calibration_rows(rows, arguments.seed))
    np.savez_compressed(arguments.output / "test.npz", features=test_rows)
    np.save(arguments.output / "test_targets.npy", test_losses.astype("<f4"))
    answers = model.predict(test_rows)
    np.save(arguments.output / "answers.npy", answers.astype("<f8")[:, None])

    session = onnxruntime.InferenceSession(proto.SerializeToString())
    by_file = session.run(None, {"features": test_rows.astype(np.float32)})[0][:, 0]
    constant = np.quantile(losses, COVERED)
    print(f"{TREES} trees, {sum(tree[0].tree_.node_count for tree in model.estimators_)} nodes, {proto.ByteSize()} bytes")
    print(f"test losses {test_losses.min():.2f} to {test_losses.max():.2f} percent, estimates {answers.min():.2f} to {answers.max():.2f}, median {np.median(answers):.2f}")
    print(f"covered on the test rows: {np.mean(test_losses <= answers):.4f}; pinball loss {pinball(test_losses, answers):.4f}, of a constant {pinball(test_losses, constant):.4f}")
    print(f"onnxruntime differs from scikit-learn by at most {np.abs(by_file - answers).max():.1e}")
    print("importances:", ", ".join(f"{name} {share:.2f}" for name, share in zip(FEATURES, model.feature_importances_)))


if __name__ == "__main__":
    main()
