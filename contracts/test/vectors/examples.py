#!/usr/bin/env python3
"""Writes examples.json beside this: scans and market states of the models' test sets, with what they show or what the training framework answers. Needs NumPy."""

import json
import pathlib

import numpy as np

ROWS = 12
HERE = pathlib.Path(__file__).resolve().parent
MODELS = HERE.parents[2] / "test-vectors" / "models"


def scans():
    """The first scan of each digit, ink levels row by row, one after another."""
    images = np.load(MODELS / "digits" / "test.npz")["image"].reshape(-1, 64)
    labels = np.load(MODELS / "digits" / "test_labels.npy")
    first = [int(np.flatnonzero(labels == digit)[0]) for digit in range(10)]
    return images[first].astype(int).reshape(-1).tolist()


def risks():
    """Rows over the whole span of answers: features in 10^-4 percent, scikit-learn's answers in 10^-6 percent."""
    features = np.load(MODELS / "risk" / "test.npz")["features"]
    answers = np.load(MODELS / "risk" / "answers.npy")[:, 0]
    chosen = np.argsort(answers, kind="stable")[np.linspace(0, len(answers) - 1, ROWS).astype(int)]
    return (
        np.round(features[chosen] * 1e4).astype(int).reshape(-1).tolist(),
        np.round(answers[chosen] * 1e6).astype(int).tolist(),
    )


def main():
    features, haircuts = risks()
    document = {"scans": scans(), "risk_features": features, "risk_haircuts": haircuts}
    (HERE / "examples.json").write_text(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
