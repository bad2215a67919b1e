"""Trains the forecast of next hour's volatility on a synthetic market and writes its ONNX file, calibration set and test set."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import small_net  # before jax: it sets the environment that jax reads

import jax
import jax.numpy as jnp
import numpy as np
from onnx import helper

WINDOW_HOURS = 16
STEPS_PER_HOUR = 12  # five minutes
BURN_IN_HOURS = 300
TRAIN_MARKETS = 800
TRAIN_HOURS = 400
TEST_ROWS = 1000
CALIBRATION_ROWS = 500
BATCH_ROWS = 256
HIDDEN = (32, 16)

# Regimes calm, nervous and panic: typical hourly volatility in percent and the chance of staying for another hour.
REGIME_VOLATILITY = np.array([0.35, 0.9, 2.2])
REGIME_STAYS = np.array([0.985, 0.97, 0.90])
REGIME_NEXT = np.array([[0.0, 0.9, 0.1], [0.75, 0.0, 0.25], [0.2, 0.8, 0.0]])
# GJR-GARCH on the hourly returns, relative to the regime: unit mean, and a fall raises volatility more than a rise does.
GARCH_NEWS = 0.06
GARCH_FALL_NEWS = 0.20
GARCH_MEMORY = 0.72
# Degrees of freedom of the five-minute returns: fat tails, finite variance.
TAIL = 5.0


def simulate(seed, markets, hours):
    """Independent synthetic markets: (hourly simple returns, realised volatility of the same hours), both [markets, hours] in percent.

    Realised volatility of an hour is the root of the sum of its twelve squared five-minute returns.
    """
    random = np.random.default_rng(seed)
    regime = np.zeros(markets, dtype=np.int64)
    heat = np.ones(markets)
    returns, volatilities = [], []
    for hour in range(BURN_IN_HOURS + hours):
        leaves = random.random(markets) >= REGIME_STAYS[regime]
        moved = (random.random(markets)[:, None] >= np.cumsum(REGIME_NEXT[regime], axis=1)[:, :2]).sum(axis=1)
        regime = np.where(leaves, moved, regime)

        hourly = REGIME_VOLATILITY[regime] * np.sqrt(heat)
        shocks = random.standard_t(TAIL, (markets, STEPS_PER_HOUR)) * np.sqrt((TAIL - 2.0) / TAIL)
        # A five-minute simple return is never below -50 %, however fat the tail.
        steps = np.maximum(shocks * hourly[:, None] / np.sqrt(STEPS_PER_HOUR), -50.0)
        hour_return = (np.prod(1.0 + steps / 100.0, axis=1) - 1.0) * 100.0

        surprise = (hour_return / REGIME_VOLATILITY[regime]) ** 2
        rest = 1.0 - GARCH_NEWS - GARCH_FALL_NEWS / 2.0 - GARCH_MEMORY
        heat = rest + (GARCH_NEWS + GARCH_FALL_NEWS * (hour_return < 0)) * np.minimum(surprise, 16.0) + GARCH_MEMORY * heat
        if hour >= BURN_IN_HOURS:
            returns.append(hour_return)
            volatilities.append(np.sqrt(np.sum(steps**2, axis=1)))
    return np.stack(returns, axis=1).astype(np.float32), np.stack(volatilities, axis=1).astype(np.float32)


def windows(returns, volatilities, stride):
    """Rows of 16 consecutive returns, oldest first, each with the volatility of the hour after them [rows,1]."""
    starts = range(0, returns.shape[1] - WINDOW_HOURS, stride)
    rows = np.concatenate([returns[:, start : start + WINDOW_HOURS] for start in starts])
    targets = np.concatenate([volatilities[:, start + WINDOW_HOURS] for start in starts])
    return rows, targets[:, None]


def softplus_inverse(value):
    return float(np.log(np.expm1(value)))


def initial_parameters(key, mean_target):
    """Weights as Gemm takes them with transB, (out, in); the last layer's go through softplus in `last_layer`."""
    keys = jax.random.split(key, 3)
    sizes = (WINDOW_HOURS, *HIDDEN)
    parameters = {}
    for layer, (inputs, outputs) in enumerate(zip(sizes, HIDDEN), start=1):
        parameters[f"dense{layer}.weight"] = small_net.he_normal(keys[layer - 1], (outputs, inputs))
        parameters[f"dense{layer}.bias"] = jnp.zeros(outputs)
    parameters["raw_weight"] = softplus_inverse(0.1) + 0.5 * jax.random.normal(keys[2], (1, HIDDEN[1]))
    parameters["raw_bias"] = jnp.full(1, softplus_inverse(mean_target / 4))
    return parameters


def last_layer(parameters):
    """Positive weight and bias: after a Relu they can only give a positive volatility, whatever the input."""
    return jax.nn.softplus(parameters["raw_weight"]), jax.nn.softplus(parameters["raw_bias"])


def forecast(parameters, rows):
    values = rows
    for layer in (1, 2):
        values = jax.nn.relu(values @ parameters[f"dense{layer}.weight"].T + parameters[f"dense{layer}.bias"])
    weight, bias = last_layer(parameters)
    return values @ weight.T + bias


def squared_error(parameters, rows, targets):
    return jnp.mean((forecast(parameters, rows) - targets) ** 2)


def batches(rows, targets, seed):
    """Endless shuffled batches."""
    random = np.random.default_rng(seed)
    while True:
        order = random.permutation(len(rows))
        for start in range(0, len(order) - BATCH_ROWS + 1, BATCH_ROWS):
            chosen = order[start : start + BATCH_ROWS]
            yield rows[chosen], targets[chosen]


def train(rows, targets, seed, steps):
    return small_net.train(
        initial_parameters(jax.random.key(seed), float(targets.mean())),
        squared_error,
        batches(rows, targets, seed),
        learning_rate=3e-3,
        steps=steps,
        average_decay=0.998,
    )


def write_model(path, parameters):
    weight, bias = last_layer(parameters)
    weights = {name: array for name, array in parameters.items() if name.startswith("dense")}
    weights |= {"dense3.weight": np.asarray(weight), "dense3.bias": np.asarray(bias)}

    def dense(layer, source, target):
        return helper.make_node("Gemm", [source, f"dense{layer}.weight", f"dense{layer}.bias"], [target], name=f"dense{layer}", transB=1)

    nodes = [
        dense(1, "returns", "dense1"),
        helper.make_node("Relu", ["dense1"], ["relu1"], name="relu1"),
        dense(2, "relu1", "dense2"),
        helper.make_node("Relu", ["dense2"], ["relu2"], name="relu2"),
        dense(3, "relu2", "volatility"),
    ]
    small_net.write_onnx(path, "volatility", nodes, weights, ("returns", ["N", WINDOW_HOURS]), ("volatility", ["N", 1]))


def calibration_rows(rows, seed):
    """Half at random, half the rows with the largest moves: integer inputs saturate at the largest return seen here."""
    random = np.random.default_rng(seed).choice(len(rows), CALIBRATION_ROWS // 2, replace=False)
    extreme = np.argsort(-np.abs(rows).max(axis=1), kind="stable")[: CALIBRATION_ROWS // 2]
    return rows[np.concatenate([random, extreme])]


def report(name, predictions, targets):
    residual = np.sum((targets - predictions) ** 2, dtype=np.float64)
    total = np.sum((targets - targets.mean(dtype=np.float64)) ** 2, dtype=np.float64)
    correlation = np.corrcoef(predictions[:, 0], targets[:, 0])[0, 1]
    mean_error = np.mean(np.abs(targets - predictions), dtype=np.float64)
    print(f"{name:38} R2 {1.0 - residual / total:7.4f}  correlation {correlation:.4f}  mean error {mean_error:.4f} percent")


def fitted_baseline(rows, targets):
    """Least-squares line from the standard deviation of a row to its target: (slope, intercept)."""
    return np.polyfit(rows.std(axis=1), targets[:, 0], 1)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python train.py --output /path/to/empty/directory", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent, help="directory of the files written")
    parser.add_argument("--seed", type=int, default=7, help="seed of the market, the first weights and the batches")
    parser.add_argument("--steps", type=int, default=12_000, help="gradient steps")
    arguments = parser.parse_args()

    rows, targets = windows(*simulate(arguments.seed, TRAIN_MARKETS, TRAIN_HOURS), stride=3)
    # Other markets than those of the training part, and no hour in two rows.
    test_rows, test_targets = windows(*simulate(arguments.seed + 1, TEST_ROWS // 10, 10 * (WINDOW_HOURS + 1)), stride=WINDOW_HOURS + 1)

    parameters = train(rows, targets, arguments.seed, arguments.steps)
    arguments.output.mkdir(parents=True, exist_ok=True)
    model_path = arguments.output / "volatility.onnx"
    write_model(model_path, parameters)
    np.savez(arguments.output / "calibration.npz", returns=calibration_rows(rows, arguments.seed))
    np.savez(arguments.output / "test.npz", returns=test_rows)
    np.save(arguments.output / "test_targets.npy", test_targets.astype("<f4"))

    print(f"parameters: {small_net.parameter_count(parameters)}")
    print(f"training rows {len(rows)}, test rows {len(test_rows)}, largest return in training {np.abs(rows).max():.2f} percent")
    predictions = small_net.run_onnx(model_path, test_rows)
    print(f"forecasts on the test rows: {predictions.min():.4f} to {predictions.max():.4f} percent, targets {test_targets.min():.4f} to {test_targets.max():.4f}")
    report("volatility.onnx (onnxruntime)", predictions, test_targets)
    deviation = test_rows.std(axis=1, keepdims=True)
    report("standard deviation of the 16 returns", deviation, test_targets)
    slope, intercept = fitted_baseline(rows, targets)
    report("the same, fitted by least squares", slope * deviation + intercept, test_targets)


if __name__ == "__main__":
    main()
