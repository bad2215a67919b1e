#!/usr/bin/env python3
"""Rebuilds models that are on a devnet from their ONNX file and their recorded choices, and sees that
another record, another file and another model are told apart."""

import argparse
import json
import pathlib
import subprocess
import tempfile

from devkit import OWNER_KEY, ROOT, Devnet, Failed, environment, main, run, step

MODELS = ROOT / "test-vectors" / "models"
# Name, ONNX file, samples to calibrate on, other options.
CASES = (
    ("digits", "digits/digits.onnx", "digits/calibration.npz", ()),
    ("volatility", "volatility/volatility.onnx", "volatility/calibration.npz", ("--precision", "int16")),
    ("xgboost", "breast-cancer/xgboost.onnx", None, ("--outputs", "label,margin")),
)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    return parser.parse_args()


def compile_twice(fixpoint, folder, name, onnx, calibration, options):
    """Compiles with samples and again from the record; returns the model and the record."""
    model, again = folder / f"{name}.fxp", folder / f"{name}-again.fxp"
    if calibration:
        options = ("--calibration", MODELS / calibration, *options)
    run(fixpoint, "compile", MODELS / onnx, *options, "-o", model)
    record = model.with_suffix(".calib.json")
    run(fixpoint, "compile", MODELS / onnx, "--calib", record, "-o", again)
    if model.read_bytes() != again.read_bytes():
        raise Failed(f"{name}: the record gives other bytes")
    return model, record


def deploy(fixpoint, devnet, model):
    """Returns the address of the model's root."""
    text = run(
        fixpoint, "deploy", model, "--rpc", devnet.url, "--private-key", OWNER_KEY, "--json"
    )
    return json.loads(text)["model"]


def refused(fixpoint, devnet, address, onnx, record, *parts):
    """`fixpoint verify` must exit with 1 and say these parts."""
    command = [fixpoint, "verify", address, onnx, record, "--rpc", devnet.url]
    done = subprocess.run(
        [str(part) for part in command],
        env=environment(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    missing = [part for part in parts if part not in done.stderr]
    if done.returncode != 1 or done.stdout or missing:
        raise Failed(f"exit code {done.returncode}, no {missing} in: {done.stderr}{done.stdout}")


def changed_record(record):
    """The record with ranges a little wider, as a careless or dishonest author may publish it."""
    content = json.loads(record.read_text())
    for limits in content["ranges"].values():
        limits[1] = str(float(limits[1]) * 1.01 + 1.0)
    path = record.with_name("changed.calib.json")
    path.write_text(json.dumps(content))
    return path


def longer_file(folder, onnx):
    """The same network in a file of other bytes: a field that ONNX readers skip is appended."""
    path = folder / "other.onnx"
    # Field 99, of one byte.
    path.write_bytes(onnx.read_bytes() + b"\x9a\x06\x01x")
    return path


def test_verify():
    fixpoint = parse_arguments().fixpoint.absolute()
    step("Models rebuilt and compared with those on chain")
    with tempfile.TemporaryDirectory(prefix="fixpoint-verify-") as name:
        folder = pathlib.Path(name)
        with Devnet(fixpoint, folder / "chain", log=folder / "devnet.log") as devnet:
            deployed = {}
            for case in CASES:
                model, record = compile_twice(fixpoint, folder, *case)
                address = deploy(fixpoint, devnet, model)
                onnx = MODELS / case[1]
                said = run(fixpoint, "verify", address, onnx, record, "--rpc", devnet.url)
                if "verified" not in said or "content hash" not in said:
                    raise Failed(f"{case[0]}: {said}")
                deployed[case[0]] = address, onnx, record
            address, onnx, record = deployed["volatility"]
            hashes = ("its content hash is 0x", "rebuilt is 0x")
            refused(fixpoint, devnet, address, onnx, changed_record(record), *hashes)
            refused(fixpoint, devnet, deployed["digits"][0], onnx, record, *hashes)
            refused(fixpoint, devnet, address, longer_file(folder, onnx), record, "SHA-256")
            refused(fixpoint, devnet, address, deployed["digits"][1], record, "SHA-256")
            nobody = "0x" + "11" * 20
            refused(fixpoint, devnet, nobody, onnx, record, "asking for the model")
    print(f"{len(CASES)} models verified, 5 wrong claims refused")


if __name__ == "__main__":
    main(test_verify)
