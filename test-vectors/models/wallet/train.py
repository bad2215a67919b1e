"""Trains a transformer that tells what kind of trader a wallet is and writes PyTorch's export, calibration set and test set."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import torch_net  # before torch: it sets the environment that torch reads

import numpy as np
import torch
from torch import nn
from torch.nn import functional

import wallets

TRAIN_ROWS, TEST_ROWS, CALIBRATION_ROWS = 100_000, 2_000, 300
BATCH_ROWS = 128
WIDTH, HEADS, LAYERS = 32, 4, 2


class Classifier(nn.Module):
    """Tokens in, a score for each kind out."""

    def __init__(self):
        super().__init__()
        self.actions = nn.Embedding(wallets.ACTIONS, WIDTH)
        self.places = nn.Parameter(torch.randn(wallets.LENGTH, WIDTH) * 0.1)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(WIDTH)
        self.classify = nn.Linear(WIDTH, len(wallets.KINDS))

    def forward(self, tokens):
        states = self.encoder(self.actions(tokens) + self.places)
        return self.classify(self.norm(states).mean(dim=1))


def main():
    folder = Path(__file__).resolve().parent
    arguments = torch_net.parse_arguments(
        __doc__, folder, steps=3_600, seeded="the wallets, the first weights and the batches"
    )

    tokens, kinds = wallets.wallets(arguments.seed, TRAIN_ROWS)
    test_tokens, test_kinds = wallets.wallets(arguments.seed + 1, TEST_ROWS)

    torch_net.begin(arguments.seed)
    # The fused path of inference has no export.
    torch.backends.mha.set_fastpath_enabled(False)
    model = Classifier()
    torch_net.train(
        model,
        lambda model, tokens, kinds: functional.cross_entropy(model(tokens), kinds),
        torch_net.batches((tokens, kinds), BATCH_ROWS, arguments.seed),
        learning_rate=2e-3,
        steps=arguments.steps,
        weight_decay=1e-2,
    )
    arguments.output.mkdir(parents=True, exist_ok=True)
    path = arguments.output / "wallet.onnx"
    torch_net.export(model, path, torch.from_numpy(test_tokens[:2]), "tokens", "logits")
    # As bytes: integers are integers, and the files stay small.
    np.savez_compressed(arguments.output / "calibration.npz", tokens=tokens[:CALIBRATION_ROWS].astype(np.int8))
    np.savez_compressed(arguments.output / "test.npz", tokens=test_tokens.astype(np.int8))
    np.save(arguments.output / "test_labels.npy", test_kinds.astype(np.int8))

    print(f"parameters: {torch_net.parameter_count(model)}")
    answers = torch_net.run_onnx(path, test_tokens)
    np.save(arguments.output / "answers.npy", answers[: torch_net.ANSWERED_ROWS])
    print(f"test accuracy (onnxruntime): {np.mean(answers.argmax(axis=1) == test_kinds):.4f}")


if __name__ == "__main__":
    main()
