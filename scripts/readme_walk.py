#!/usr/bin/env python3
"""Runs every command of the README's walk, as a reader would, against a devnet of its own.

The commands run in a temporary copy of what the reader's checkout holds, so nothing is left behind;
only the port differs from what is printed.
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import tempfile

from devkit import ROOT, Failed, environment, free_port, main, step
from devnet import running_devnet

RPC_IN_README = "http://127.0.0.1:8545"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    return parser.parse_args()


def walk_commands():
    """The `sh` blocks of the README, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (ROOT / "README.md").read_text(), re.M | re.S)
    if len(blocks) < 5:
        raise Failed("the README's walk has lost its commands")
    return "\n".join(blocks)


def checkout_copy(folder, fixpoint):
    """What the walk needs of a checkout, with the binary where `make devnet` puts it."""
    for name in ("contracts", "tools", "test-vectors/models/volatility"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("foundry.toml", "package.json"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    (folder / "target" / "release").mkdir(parents=True)
    (folder / "target" / "release" / "fixpoint").symlink_to(fixpoint.resolve())


def check(output):
    """What the reader is told to expect."""
    fees = [int(line) for line in re.findall(r"^(\d+)$", output, re.M)]
    if len(fees) < 2 or not fees[0] < fees[1]:
        raise Failed(f"the wild market's fee is not higher: {fees}\n{output[-3000:]}")
    if not output.rstrip().endswith("equal"):
        raise Failed(f"chain and command line differ:\n{output[-3000:]}")


def walk():
    arguments = parse_arguments()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fixpoint-walk-"))
    port = free_port()
    step("The README's walk")
    try:
        checkout_copy(folder, arguments.fixpoint)
        script = "set -euo pipefail\n" + walk_commands().replace(
            RPC_IN_README, f"http://127.0.0.1:{port}"
        )
        with running_devnet(arguments.fixpoint, port, folder / "chain", folder / "devnet.log"):
            done = subprocess.run(
                ["bash", "-c", script],
                cwd=folder,
                env=environment(),
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
        if done.returncode != 0:
            raise Failed(f"a command of the walk failed:\n{done.stdout[-6000:]}")
        check(done.stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("every command of the walk ran, with the results it promises")


if __name__ == "__main__":
    main(walk)
