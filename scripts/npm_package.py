#!/usr/bin/env python3
"""Builds and packs the npm package, tests it on a devnet, and runs its README's example out of the packed file."""

import argparse
import json
import os
import pathlib
import re
import subprocess
import tempfile

from devkit import (
    DIGITS,
    OWNER_KEY,
    PRICE_WEI,
    ROOT,
    USER_KEY,
    Failed,
    main,
    read_npz,
    run,
    step,
)
from devnet import running_devnet

PACKAGE = ROOT / "packages" / "npm"
PAYLOADS = ROOT / "test-vectors" / "payloads"
RPC_IN_README = "http://127.0.0.1:8545"
# Models of the shared vectors: every element type, scales by axis, several inputs and outputs.
VECTORS = ("pixel", "thirds", "finest", "saturating", "columns", "rows", "plain", "sum", "classifier")
SAMPLES = 12


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    return parser.parse_args()


def deploy_vectors(fixpoint, devnet, folder):
    """Name to address."""
    addresses = {}
    for name in VECTORS:
        model = folder / f"{name}.fxp"
        model.write_bytes(bytes.fromhex((PAYLOADS / f"{name}.hex").read_text().strip()))
        text = run(
            fixpoint, "deploy", model, "--rpc", devnet.url, "--private-key", OWNER_KEY, "--json"
        )
        addresses[name] = json.loads(text)["model"]
    return addresses


def ask_digits(fixpoint, devnet, deployed):
    """Samples of the test set, and what the command line is answered on them."""
    text = run(
        fixpoint, "call", deployed["model"], "--input", DIGITS / "test.npz", "--rpc", devnet.url,
        "--json",
    )  # fmt: skip
    logits = json.loads(text)["outputs"]["logits"]
    (_, values) = read_npz(DIGITS / "test.npz")["image"]
    pixels = len(values) // len(logits)
    return {
        "model": deployed["model"],
        "modelId": deployed["model_id"],
        "price": str(PRICE_WEI),
        "images": [values[at * pixels : (at + 1) * pixels] for at in range(SAMPLES)],
        "logits": logits[:SAMPLES],
    }


def run_tests(network):
    os.environ["FIXPOINT_TEST"] = str(network)
    done = subprocess.run(
        ["npm", "test"], cwd=PACKAGE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    if done.returncode != 0 or not re.search(r"^# skipped 0$|^ℹ skipped 0$", done.stdout, re.M):
        raise Failed(f"the package's tests failed, or not all ran:\n{done.stdout[-6000:]}")
    print(re.search(r"^\S+ pass (\d+)$", done.stdout, re.M).group(1), "tests passed")


def run_readme(devnet, folder):
    """The README's example in a project that has the packed file and viem, and nothing else."""
    text = run("npm", "pack", "--silent", "--pack-destination", folder, cwd=PACKAGE)
    installed = folder / "node_modules" / "@fixpoint" / "viem"
    installed.mkdir(parents=True)
    run("tar", "-xzf", folder / text.split()[-1], "-C", installed, "--strip-components", 1)
    (folder / "node_modules" / "viem").symlink_to(PACKAGE / "node_modules" / "viem")
    example = re.search(r"^```js\n(.*?)^```$", (PACKAGE / "README.md").read_text(), re.M | re.S)
    script = folder / "example.mjs"
    script.write_text(example.group(1).replace(RPC_IN_README, devnet.url))
    said = run("node", script, cwd=folder)
    expected = (r"image \[1,1,8,8\]", r"^1$", rf" {PRICE_WEI}n ", r"^0n .*InputRange")
    missing = [part for part in expected if not re.search(part, said, re.M)]
    if missing:
        raise Failed(f"the README's example did not say {missing}:\n{said}")


def test_package():
    fixpoint = parse_arguments().fixpoint
    step("The npm package: install, build, test on a devnet")
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=PACKAGE)
    # Its interfaces are compared with the compiler's output.
    run("forge", "build")
    with tempfile.TemporaryDirectory(prefix="fixpoint-npm-") as name:
        folder = pathlib.Path(name)
        with running_devnet(fixpoint, None, folder / "chain", folder / "devnet.log") as (devnet, digits):
            network = folder / "network.json"
            network.write_text(
                json.dumps(
                    {
                        "url": devnet.url,
                        "key": USER_KEY,
                        "digits": ask_digits(fixpoint, devnet, digits),
                        "vectors": deploy_vectors(fixpoint, devnet, folder),
                        "root": str(ROOT),
                    }
                )
            )
            run_tests(network)
            run_readme(devnet, folder)
    print("and the README's example ran out of the packed file")


if __name__ == "__main__":
    main(test_package)
