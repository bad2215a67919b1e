"""Trains the classifier of handwritten digits and writes its ONNX file, calibration set and test set."""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import small_net  # before jax: it sets the environment that jax reads

import jax
import jax.numpy as jnp
import numpy as np
from onnx import helper
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

PIXEL_MAX = 16  # the scans' ink levels are the integers 0 to 16
TEST_SCANS = 360
CALIBRATION_SCANS = 200
BATCH_SCANS = 64
FEATURES = (16, 32, 32)


def load_scans(seed):
    """(train images, train labels, test images, test labels); images float32 [n,1,8,8], each digit equally frequent in both parts."""
    digits = load_digits()
    images = digits.images.astype(np.float32)[:, None]
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, digits.target, test_size=TEST_SCANS, random_state=seed, stratify=digits.target
    )
    return train_images, train_labels, test_images, test_labels


def initial_parameters(key):
    """Weights in ONNX's layouts: Conv (out, in, 3, 3), Gemm (out, in)."""
    keys = jax.random.split(key, 4)
    channels = (1, *FEATURES)
    parameters = {}
    for layer, (inputs, outputs) in enumerate(zip(channels, FEATURES), start=1):
        parameters[f"conv{layer}.weight"] = small_net.he_normal(keys[layer - 1], (outputs, inputs, 3, 3))
        parameters[f"conv{layer}.bias"] = jnp.zeros(outputs)
    parameters["classify.weight"] = small_net.he_normal(keys[3], (10, FEATURES[2] * 2 * 2))
    parameters["classify.bias"] = jnp.zeros(10)
    return parameters


def conv_relu(parameters, layer, values):
    weight = parameters[f"conv{layer}.weight"]
    values = jax.lax.conv_general_dilated(values, weight, (1, 1), "SAME", dimension_numbers=("NCHW", "OIHW", "NCHW"))
    return jax.nn.relu(values + parameters[f"conv{layer}.bias"][:, None, None])


def halve(values):
    """2x2 max pool, stride 2."""
    return jax.lax.reduce_window(values, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def logits(parameters, images, keep=1.0):
    """`images` hold 0 to 1; `keep` multiplies the last features (dropout's mask, scaled)."""
    values = conv_relu(parameters, 1, images)
    values = halve(conv_relu(parameters, 2, values))
    values = halve(conv_relu(parameters, 3, values))
    features = values.reshape(values.shape[0], -1) * keep
    return features @ parameters["classify.weight"].T + parameters["classify.bias"]


def cross_entropy(parameters, images, labels, keep):
    log_probabilities = jax.nn.log_softmax(logits(parameters, images, keep))
    targets = jax.nn.one_hot(labels, 10) * 0.95 + 0.005  # smoothed: a few scans are ambiguous even to people
    return -jnp.mean(jnp.sum(targets * log_probabilities, axis=1))


def batches(images, labels, seed):
    """Endless shuffled batches (images 0 to 1, labels, dropout mask), each scan moved by at most one pixel either way."""
    random = np.random.default_rng(seed)
    padded = np.pad(images / PIXEL_MAX, ((0, 0), (0, 0), (1, 1), (1, 1)))
    features = FEATURES[2] * 2 * 2
    while True:
        order = random.permutation(len(images))
        for start in range(0, len(order) - BATCH_SCANS + 1, BATCH_SCANS):
            chosen = order[start : start + BATCH_SCANS]
            # Most scans fill the frame, so only a part of them is moved.
            moves = np.where(random.random((BATCH_SCANS, 1)) < 0.5, random.integers(0, 3, (BATCH_SCANS, 2)), 1)
            moved = np.stack([padded[i, :, y : y + 8, x : x + 8] for i, (y, x) in zip(chosen, moves)])
            keep = (random.random((BATCH_SCANS, features)) < 0.75) / np.float32(0.75)
            yield moved, labels[chosen], keep.astype(np.float32)


def train(images, labels, seed, epochs):
    return small_net.train(
        initial_parameters(jax.random.key(seed)),
        cross_entropy,
        batches(images, labels, seed),
        learning_rate=3e-3,
        steps=epochs * (len(images) // BATCH_SCANS),
        weight_decay=1e-2,
        average_decay=0.998,
    )


def write_model(path, parameters):
    """The graph takes pixels as they are (0 to 16): the division by 16 is exact in float and goes into the first weights."""
    weights = dict(parameters)
    weights["conv1.weight"] = weights["conv1.weight"] / PIXEL_MAX

    def conv(layer, source):
        return [
            helper.make_node(
                "Conv",
                [source, f"conv{layer}.weight", f"conv{layer}.bias"],
                [f"conv{layer}"],
                name=f"conv{layer}",
                kernel_shape=[3, 3],
                pads=[1, 1, 1, 1],
            ),
            helper.make_node("Relu", [f"conv{layer}"], [f"relu{layer}"], name=f"relu{layer}"),
        ]

    def pool(layer):
        return helper.make_node("MaxPool", [f"relu{layer}"], [f"pool{layer}"], name=f"pool{layer}", kernel_shape=[2, 2], strides=[2, 2])

    nodes = [
        *conv(1, "image"),
        *conv(2, "relu1"),
        pool(2),
        *conv(3, "pool2"),
        pool(3),
        helper.make_node("Flatten", ["pool3"], ["features"], name="flatten", axis=1),
        helper.make_node("Gemm", ["features", "classify.weight", "classify.bias"], ["logits"], name="classify", transB=1),
    ]
    small_net.write_onnx(path, "digits", nodes, weights, ("image", ["N", 1, 8, 8]), ("logits", ["N", 10]))


def accuracy(scores, labels):
    return float(np.mean(np.argmax(scores, axis=1) == labels))


def validate(images, labels, seed, epochs):
    """Five-fold accuracy inside the training part: the number to tune by, so that the test set stays unseen."""
    folds = np.random.default_rng(seed).permutation(len(images)) % 5
    scores = []
    for fold in range(5):
        parameters = train(images[folds != fold], labels[folds != fold], seed, epochs)
        held_out = images[folds == fold] / PIXEL_MAX
        scores.append(accuracy(logits(parameters, held_out), labels[folds == fold]))
        print(f"fold {fold}: {scores[-1]:.4f}", flush=True)
    print(f"mean accuracy of five folds of the training part: {np.mean(scores):.4f}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="example: python train.py --output /path/to/empty/directory", formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).resolve().parent, help="directory of the files written")
    parser.add_argument("--seed", type=int, default=7, help="seed of the split, the first weights and the batches")
    parser.add_argument("--epochs", type=int, default=100, help="passes over the training part")
    parser.add_argument("--validate", action="store_true", help="write nothing; print the five-fold accuracy inside the training part")
    arguments = parser.parse_args()

    train_images, train_labels, test_images, test_labels = load_scans(arguments.seed)
    if arguments.validate:
        validate(train_images, train_labels, arguments.seed, arguments.epochs)
        return

    parameters = train(train_images, train_labels, arguments.seed, arguments.epochs)
    arguments.output.mkdir(parents=True, exist_ok=True)
    model_path = arguments.output / "digits.onnx"
    write_model(model_path, parameters)
    # The split shuffles, so the first scans are a random sample of the training part.
    np.savez(arguments.output / "calibration.npz", image=train_images[:CALIBRATION_SCANS])
    np.savez(arguments.output / "test.npz", image=test_images)
    np.save(arguments.output / "test_labels.npy", test_labels.astype("<i8"))

    print(f"parameters: {small_net.parameter_count(parameters)}")
    for part, images, labels in (("training", train_images, train_labels), ("test", test_images, test_labels)):
        score = accuracy(small_net.run_onnx(model_path, images), labels)
        print(f"{part} accuracy of digits.onnx (onnxruntime, {len(images)} scans): {score:.4f}")


if __name__ == "__main__":
    main()
