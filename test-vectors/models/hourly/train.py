"""Trains a TCN that forecasts the next hour's return from 24 raw candles and writes PyTorch's export, calibration set and test set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch_net  # before torch: it sets the environment that torch reads

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import market

TRAIN_MARKETS, TRAIN_CANDLES = 800, 240
TEST_ROWS = 250
CALIBRATION_ROWS = 200
BATCH_ROWS = 256
CHANNELS = 16


class Block(nn.Module):
    """Two dilated convolutions that see the past alone, beside a shortcut."""

    def __init__(self, inputs, outputs, dilation):
        super().__init__()
        self.before = 2 * dilation
        self.first = nn.Conv1d(inputs, outputs, 3, dilation=dilation)
        self.second = nn.Conv1d(outputs, outputs, 3, dilation=dilation)
        self.shortcut = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x):
        y = torch.relu(self.first(functional.pad(x, (self.before, 0))))
        y = torch.relu(self.second(functional.pad(y, (self.before, 0))))
        return torch.relu(y + self.shortcut(x))


class Forecast(nn.Module):
    """Prices and volumes as they are; the forecast is in percent."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(Block(5, CHANNELS, 1), Block(CHANNELS, CHANNELS, 2), Block(CHANNELS, CHANNELS, 4))
        self.forecast = nn.Linear(CHANNELS, 1)

    def forward(self, candles):
        prices, volumes = candles[:, :, :4], candles[:, :, 4:]
        # In percent of the last close, and of the window's mean volume.
        moves = (prices / prices[:, -1:, 3:] - 1.0) * 100.0
        bustle = volumes / volumes.mean(dim=1, keepdim=True) - 1.0
        x = torch.cat([moves, bustle], dim=2).transpose(1, 2)
        return self.forecast(self.blocks(x)[:, :, -1])


def main():
    folder = Path(__file__).resolve().parent
    arguments = torch_net.parse_arguments(
        __doc__, folder, steps=3_000, seeded="the market, the first weights and the batches"
    )

    rows, targets = market.candles_for_return(arguments.seed, TRAIN_MARKETS, TRAIN_CANDLES, 6)
    test_rows, test_targets = market.candles_for_return(arguments.seed + 1, TEST_ROWS, 25, 25)
    rows, test_rows = rows.astype(np.float32), test_rows.astype(np.float32)
    targets, test_targets = targets.astype(np.float32), test_targets.astype(np.float32)

    torch_net.begin(arguments.seed)
    model = Forecast()
    # Large moves are mostly chance: they count by their size, not by its square.
    torch_net.train(
        model,
        lambda model, rows, targets: functional.smooth_l1_loss(model(rows), targets, beta=0.5),
        torch_net.batches((rows, targets), BATCH_ROWS, arguments.seed),
        learning_rate=2e-3,
        steps=arguments.steps,
        weight_decay=1e-2,
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    path = arguments.output / "hourly.onnx"
    torch_net.export(model, path, torch.from_numpy(test_rows[:2]), "candles", "regression_output")
    np.savez_compressed(arguments.output / "calibration.npz", candles=market.calibration_rows(rows, CALIBRATION_ROWS, arguments.seed))
    np.savez_compressed(arguments.output / "test.npz", candles=test_rows)
    np.save(arguments.output / "test_targets.npy", test_targets)

    print(f"parameters: {torch_net.parameter_count(model)}, training rows {len(rows)}")
    answers = torch_net.run_onnx(path, test_rows)
    np.save(arguments.output / "answers.npy", torch_net.double_answers(model, test_rows))
    residual, total = np.sum((test_targets - answers) ** 2), np.sum((test_targets - test_targets.mean()) ** 2)
    print(f"forecasts {answers.min():.4f} to {answers.max():.4f}, deviation {answers.std():.4f}")
    print(f"R2 on the test rows (onnxruntime): {1 - residual / total:.4f}")
    print(f"right direction: {np.mean((answers > 0) == (test_targets > 0)):.4f}")


if __name__ == "__main__":
    main()
