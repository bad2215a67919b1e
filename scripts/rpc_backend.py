#!/usr/bin/env python3
"""Runs the Solidity tests that ask a running node: InferenceTest's RPC backend, on a devnet."""

import argparse
import json
import os
import pathlib
import tempfile

from devkit import OWNER_KEY, ROOT, Devnet, Failed, main, run, step

VOLATILITY = ROOT / "test-vectors" / "models" / "volatility"
TESTS = "contracts/test/native/InferenceRpc.t.sol"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    return parser.parse_args()


def test_backend():
    fixpoint = parse_arguments().fixpoint
    step("forge test against a node")
    with tempfile.TemporaryDirectory(prefix="fixpoint-rpc-") as folder:
        model = pathlib.Path(folder) / "volatility.fxp"
        run(
            fixpoint, "compile", VOLATILITY / "volatility.onnx", "--precision", "int16",
            "--calibration", VOLATILITY / "calibration.npz", "-o", model,
        )  # fmt: skip
        with Devnet(fixpoint, pathlib.Path(folder) / "chain", log=model.with_suffix(".log")) as devnet:
            text = run(
                fixpoint, "deploy", model, "--rpc", devnet.url, "--private-key", OWNER_KEY, "--json"
            )
            os.environ["FIXPOINT_RPC"] = devnet.url
            os.environ["FIXPOINT_RPC_MODEL"] = json.loads(text)["model"]
            output = run("forge", "test", "--match-path", TESTS)
    # Skipped tests also end well.
    if ", 0 failed, 0 skipped" not in output or "0 tests passed" in output:
        raise Failed(f"not every test ran:\n{output[-2000:]}")
    print(output.strip().splitlines()[-1])


if __name__ == "__main__":
    main(test_backend)
