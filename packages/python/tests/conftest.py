"""What the tests share: the digits classifier, the command line, a devnet.

`make test-python` gives the binary and the devnet; without a devnet, its tests are skipped."""

import json
import os
import pathlib
import subprocess
import types

import numpy as np
import pytest

import fixpoint

ROOT = pathlib.Path(__file__).resolve().parents[3]
MODELS = ROOT / "test-vectors" / "models"
DIGITS = MODELS / "digits"
# A development account of `fixpoint devnet`.
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"


@pytest.fixture(scope="session")
def binary():
    path = os.environ.get("FIXPOINT_BINARY")
    if not path:
        pytest.skip("FIXPOINT_BINARY names no fixpoint binary")
    return path


@pytest.fixture(scope="session")
def cli(binary):
    """Runs the command line and returns what it printed."""

    def run(*arguments):
        command = [binary, *(str(argument) for argument in arguments)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def rpc():
    url = os.environ.get("FIXPOINT_TEST_RPC")
    if not url:
        pytest.skip("FIXPOINT_TEST_RPC names no devnet")
    return url


@pytest.fixture(scope="session")
def calibration():
    with np.load(DIGITS / "calibration.npz") as arrays:
        return arrays["image"]


@pytest.fixture(scope="session")
def images():
    with np.load(DIGITS / "test.npz") as arrays:
        return arrays["image"]


@pytest.fixture(scope="session")
def labels():
    return np.load(DIGITS / "test_labels.npy")


@pytest.fixture(scope="session")
def model(calibration, images, labels):
    return fixpoint.compile(DIGITS / "digits.onnx", calibration, test=images, labels=labels)


@pytest.fixture(scope="session")
def few(calibration):
    """So few samples that compiling takes no time, and what they make."""
    samples = calibration[:10]
    model = fixpoint.compile(DIGITS / "digits.onnx", samples, measure_layers=False)
    return types.SimpleNamespace(calibration=samples, model=model)


@pytest.fixture(scope="session")
def compiled(cli, tmp_path_factory):
    """The digits classifier as the command line compiles it: its file, and its report."""
    path = tmp_path_factory.mktemp("cli") / "digits.fxp"
    report = cli(
        "compile", DIGITS / "digits.onnx", "--calibration", DIGITS / "calibration.npz",
        "--test", DIGITS / "test.npz", "--labels", DIGITS / "test_labels.npy", "--json", "-o", path,
    )  # fmt: skip
    return path, json.loads(report)
