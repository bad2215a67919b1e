#!/usr/bin/env python3
"""Times a devnet on disk as its chain grows: starts, and blocks of one transfer, for docs/performance.md."""

import argparse
import json
import pathlib
import statistics
import tempfile
import time
import urllib.request

from devkit import ROOT, Devnet, Failed, main, step

# In each half of the blocks: empty ones, and ones with a transfer to a new account.
BLOCKS = 5_000
CONTRACTS = 10_000
SLOTS = 5
TRANSFERS = 1_000
BATCH = 100
SAMPLES = 100


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--fixpoint", type=pathlib.Path, default=ROOT / "target" / "release" / "fixpoint"
    )
    return parser.parse_args()


def send(node, calls):
    """One batch of calls, each a method and its parameters."""
    body = json.dumps([
        {"jsonrpc": "2.0", "id": 1, "method": method, "params": params} for method, params in calls
    ])
    request = urllib.request.Request(
        node.url, body.encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=300) as response:
        for answer in json.load(response):
            if "error" in answer:
                raise Failed(f"{answer['error']}")


def send_all(node, calls):
    for start in range(0, len(calls), BATCH):
        send(node, calls[start : start + BATCH])


def transfers(node, count, first):
    """Transfers to accounts that nobody else has, from the node's own in turn."""
    accounts = node.rpc("eth_accounts")
    return [
        ("eth_sendTransaction", [{
            "from": accounts[index % len(accounts)],
            "to": f"0x{0xABC << 80 | first + index:040x}",
            "value": "0x1",
            "gas": "0x5208",
        }])
        for index in range(count)
    ]  # fmt: skip


def contracts():
    """Calls that set contracts of 232 bytes, no two alike, with some slots each."""
    for index in range(CONTRACTS):
        address = f"0x{0xDEF << 80 | index:040x}"
        yield "anvil_setCode", [address, f"0x{index:064x}{'00' * 200}"]
        for slot in range(SLOTS):
            yield "anvil_setStorageAt", [address, f"0x{slot:064x}", f"0x{index + slot + 1:064x}"]


def block_ms(node):
    """Median time of a transfer with its block, in milliseconds."""
    times = []
    for call in transfers(node, SAMPLES, 0):
        started = time.monotonic()
        send(node, [call])
        times.append(time.monotonic() - started)
    return statistics.median(times) * 1e3


def started(fixpoint, folder, what):
    """A devnet on `folder` that has been timed."""
    began = time.monotonic()
    node = Devnet(fixpoint, data_dir=folder, log=folder / "log").__enter__()
    # Less what the harness waits to be sure that the port is this node's.
    seconds = time.monotonic() - began - 0.1
    megabytes = (folder / "chain.redb").stat().st_size / 1e6
    print(f"  {what:24} start {seconds:6.2f} s   file {megabytes:6.1f} MB   block {block_ms(node):6.2f} ms", flush=True)
    return node


def measure():
    arguments = parse_arguments()
    step("How a chain on disk behaves as it grows")
    with tempfile.TemporaryDirectory(prefix="fixpoint-growth-") as folder:
        folder = pathlib.Path(folder)
        node = started(arguments.fixpoint, folder, "new")
        node.rpc("anvil_mine", hex(BLOCKS))
        send_all(node, transfers(node, BLOCKS, 1_000))
        node.stop()
        node = started(arguments.fixpoint, folder, f"{2 * BLOCKS:,} blocks")
        send_all(node, list(contracts()))
        node.rpc("evm_mine")
        node.stop()
        node = started(arguments.fixpoint, folder, f"and {CONTRACTS:,} contracts")
        node.rpc("evm_setAutomine", False)
        send_all(node, transfers(node, TRANSFERS, 100_000))
        began = time.monotonic()
        node.rpc("evm_mine")
        seconds = time.monotonic() - began
        count = int(node.rpc("eth_getBlockTransactionCountByNumber", "latest"), 16)
        print(f"  a block of {count:,} transfers: {seconds * 1e3:.0f} ms")
        node.stop()


if __name__ == "__main__":
    main(measure)
