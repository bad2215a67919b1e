"""The scans of handwritten digits, split as for `digits/`: other classifiers learn from the same part."""

from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

DIGITS = Path(__file__).resolve().parent / "digits"
SEED = 7
TEST_SCANS = 360


def load():
    """(train images, train labels, test images, test labels); images float32 [n,1,8,8] with ink 0 to 16."""
    digits = load_digits()
    images = digits.images.astype(np.float32)[:, None]
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, digits.target, test_size=TEST_SCANS, random_state=SEED, stratify=digits.target
    )
    if not np.array_equal(test_images, np.load(DIGITS / "test.npz")["image"]):
        raise SystemExit("the split differs from that of digits/: its test scans would be trained on")
    return train_images, train_labels, test_images, test_labels


def moved(images, seed):
    """The scans, half of them moved by up to a pixel either way."""
    random = np.random.default_rng(seed)
    padded = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    moves = np.where(random.random((len(images), 1)) < 0.5, random.integers(0, 3, (len(images), 2)), 1)
    return np.stack([image[:, y : y + 8, x : x + 8] for image, (y, x) in zip(padded, moves)])
