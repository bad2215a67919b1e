#!/usr/bin/env python3
"""The usual Ethereum clients against devnets: cast, forge, viem, ethers and Hardhat 3, each as for anvil.

With --anvil the suites run on anvil itself, which shows that they ask for nothing that only this node has.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

from client_tests import cast, forge, foundry, javascript
from devkit import OWNER_KEY, ROOT, Devnet, Failed, Node, free_port, main, run, step

PRECOMPILE = "0x0000000000000000000000000000000000000F1E"
# A small model of the shared vectors, and the call of it that the suites make.
MODEL = "columns"
VECTOR = "columns: a scale per column"
SUITES = ("cast", "forge", "viem", "ethers", "hardhat")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    node = parser.add_mutually_exclusive_group(required=True)
    node.add_argument("--fixpoint", type=pathlib.Path, help="the fixpoint binary")
    node.add_argument("--anvil", action="store_true", help="run the suites on anvil")
    parser.add_argument("--suite", action="append", choices=SUITES, help="only this one")
    return parser.parse_args()


def deploy_model(fixpoint, node, folder):
    """Deploys the model; returns what the JavaScript suites are told about it."""
    vectors = json.loads((ROOT / "test-vectors" / "calls" / "words.json").read_text())
    vector = next(vector for vector in vectors if vector["Name"] == VECTOR)
    file = folder / "model.fxp"
    payload = (ROOT / "test-vectors" / "payloads" / f"{MODEL}.hex").read_text()
    file.write_bytes(bytes.fromhex(payload.strip()))
    text = run(fixpoint, "deploy", file, "--rpc", node.url, "--private-key", OWNER_KEY, "--json")
    return {
        "precompile": PRECOMPILE,
        "address": json.loads(text)["model"],
        # Calldata of `inference`, which names another address, and what it returns.
        "input": f"0x{vector['Input']}",
        "output": f"0x{vector['Expected']}",
    }


class Nodes:
    """Starts a fresh node for each suite: what one sets is not there for the next."""

    def __init__(self, fixpoint, folder):
        self.fixpoint = fixpoint
        self.folder = folder

    def start(self):
        log = self.folder / "node.log"
        if self.fixpoint:
            return Devnet(self.fixpoint, log=log)
        port = free_port()
        anvil = ROOT / "node_modules" / ".bin" / "anvil"
        return Node((anvil, "--port", port, "--hardfork", "osaka"), port, log)

    def facts(self, node):
        """What the suites are told in their environment."""
        if not self.fixpoint:
            return {"ON_ANVIL": "1"}
        return {"MODEL": json.dumps(deploy_model(self.fixpoint, node, self.folder))}


def play(suite, nodes):
    """Runs a suite; returns how many checks it had."""
    if suite in ("viem", "ethers"):
        return sum(play_file(file, nodes) for file in javascript.test_files(suite))
    tests = {"cast": cast.test_cast, "forge": forge.test_forge}
    with nodes.start() as node:
        if suite == "hardhat":
            return javascript.test_hardhat(node, nodes.facts(node))
        return tests[suite](node)


def play_file(file, nodes):
    with nodes.start() as node:
        return javascript.test_file(file, node, nodes.facts(node))


def test_clients():
    arguments = parse_arguments()
    step(f"The usual clients on {'anvil' if arguments.anvil else 'devnets'}")
    javascript.install()
    foundry.build()
    with tempfile.TemporaryDirectory(prefix="fixpoint-clients-") as folder:
        nodes = Nodes(arguments.fixpoint, pathlib.Path(folder))
        for suite in arguments.suite or SUITES:
            started = time.monotonic()
            try:
                checks = play(suite, nodes)
            except subprocess.TimeoutExpired as late:
                raise Failed(f"{suite}: {late}") from late
            print(f"  {suite:8}{checks:4} checks passed in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main(test_clients)
