"""Trains an LSTM that forecasts volatility from ten raw candles and writes PyTorch's export, calibration set and test set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch_net  # before torch: it sets the environment that torch reads

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import market

TRAIN_MARKETS, TRAIN_CANDLES = 600, 200
TEST_ROWS = 250
CALIBRATION_ROWS = 400
BATCH_ROWS = 256
HIDDEN = 16


class Forecast(nn.Module):
    """Prices as they are; the forecast is in percent, and positive."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, HIDDEN, batch_first=True)
        self.hidden = nn.Linear(HIDDEN, 16)
        self.forecast = nn.Linear(16, 1)

    def forward(self, open_high_low_close):
        last = open_high_low_close[:, -1:, 3:]
        # In percent of the last close: whatever the price, the same numbers.
        moves = (open_high_low_close / last - 1.0) * 100.0
        states, _ = self.lstm(moves)
        return functional.softplus(self.forecast(torch.relu(self.hidden(states[:, -1]))))


def main():
    folder = Path(__file__).resolve().parent
    arguments = torch_net.parse_arguments(
        __doc__, folder, steps=4_000, seeded="the market, the first weights and the batches"
    )

    rows, targets = market.candles_for_volatility(arguments.seed, TRAIN_MARKETS, TRAIN_CANDLES, 5)
    test_rows, test_targets = market.candles_for_volatility(arguments.seed + 1, TEST_ROWS, 11, 11)
    rows, test_rows = rows.astype(np.float32), test_rows.astype(np.float32)
    targets, test_targets = targets.astype(np.float32), test_targets.astype(np.float32)

    torch_net.begin(arguments.seed)
    model = Forecast()
    torch_net.train(
        model,
        lambda model, rows, targets: torch.mean((model(rows) - targets) ** 2),
        torch_net.batches((rows, targets), BATCH_ROWS, arguments.seed),
        learning_rate=3e-3,
        steps=arguments.steps,
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    path = arguments.output / "candles.onnx"
    torch_net.export(model, path, torch.from_numpy(test_rows[:2]), "open_high_low_close", "volatility")
    np.savez_compressed(arguments.output / "calibration.npz", open_high_low_close=market.calibration_rows(rows, CALIBRATION_ROWS, arguments.seed))
    np.savez_compressed(arguments.output / "test.npz", open_high_low_close=test_rows)
    np.save(arguments.output / "test_targets.npy", test_targets)

    print(f"parameters: {torch_net.parameter_count(model)}, training rows {len(rows)}")
    answers = torch_net.run_onnx(path, test_rows)
    np.save(arguments.output / "answers.npy", torch_net.double_answers(model, test_rows))
    residual, total = np.sum((test_targets - answers) ** 2), np.sum((test_targets - test_targets.mean()) ** 2)
    print(f"forecasts {answers.min():.4f} to {answers.max():.4f}, R2 on the test rows (onnxruntime): {1 - residual / total:.4f}")


if __name__ == "__main__":
    main()
