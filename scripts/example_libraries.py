#!/usr/bin/env python3
"""Writes the typed libraries that the examples use, as `fixpoint inspect --solidity` does from freshly
compiled models; with `--check`, fails instead if that would change one."""

import argparse
import pathlib
import tempfile

from devkit import ROOT, Failed, main, run

FOLDER = ROOT / "contracts" / "examples" / "models"
MODELS = ROOT / "test-vectors" / "models"
# Library to model and precision.
LIBRARIES = {
    "Digits": ("digits", "int8"),
    "Risk": ("risk", "int16"),
    "Volatility": ("volatility", "int16"),
    "VolatilityInt8": ("volatility", "int8"),
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    return parser.parse_args()


def library(fixpoint, name, folder):
    """The library's source."""
    model, precision = LIBRARIES[name]
    compiled, source = folder / f"{name}.fxp", folder / f"{name}.sol"
    run(
        fixpoint, "compile", MODELS / model / f"{model}.onnx", "--precision", precision,
        "--calibration", MODELS / model / "calibration.npz", "-o", compiled,
    )  # fmt: skip
    run(fixpoint, "inspect", compiled, "--solidity", source)
    return source.read_text()


def write_or_check():
    arguments = parse_arguments()
    with tempfile.TemporaryDirectory(prefix="fixpoint-libraries-") as folder:
        for name in LIBRARIES:
            target = FOLDER / f"{name}.sol"
            source = library(arguments.fixpoint.resolve(), name, pathlib.Path(folder))
            if target.exists() and target.read_text() == source:
                continue
            if arguments.check:
                raise Failed(f"{target.relative_to(ROOT)} is out of date: run make examples and commit it")
            target.write_text(source)
            print(f"wrote {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main(write_or_check)
