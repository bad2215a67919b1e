#!/usr/bin/env python3
"""Proofs of inferences: `fixpoint receipt` makes them, `ReceiptVerifier` on a devnet takes them, and
refuses them when a byte is changed."""

import argparse
import json
import pathlib
import subprocess
import tempfile

from devkit import (
    GATEWAY,
    PRICE_WEI,
    ROOT,
    USER,
    USER_KEY,
    Devnet,
    Failed,
    compile_digits,
    deploy_digits,
    environment,
    main,
    run,
    step,
)

VERIFY = "verifyInBlock(bytes32,bytes,(uint256,uint256,bytes[]))"
RECEIPT = "(uint256,address,address,uint32,bytes32,bytes32,bool,address,uint256)"
ORDERS = "inferenceMany((uint256,uint32,address,uint256,bool)[],int256[][])"
# Enough transactions in the block that the way to a receipt has several nodes.
NEIGHBOURS = 20


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    return parser.parse_args()


def infer_among_others(devnet, model_id):
    """A transaction with two inferences in a block of many transactions; returns its hash."""
    devnet.rpc("evm_setAutomine", False)
    for _ in range(NEIGHBOURS):
        transaction = {"from": USER, "to": USER, "value": "0x1", "gas": "0x5208"}
        devnet.rpc("eth_sendTransaction", transaction)
    # cast would take the nonce of the newest block, which the first neighbour has.
    nonce = int(devnet.rpc("eth_getTransactionCount", USER, "pending"), 16)
    order = f"({model_id},0,0x{'00' * 20},{PRICE_WEI},false)"
    inputs = [str([shade * 10**18] * 64).replace(" ", "") for shade in (3, 9)]
    sent = run(
        "cast", "send", GATEWAY, ORDERS, f"[{order},{order}]", f"[{','.join(inputs)}]",
        "--value", 2 * PRICE_WEI, "--nonce", nonce, "--gas-limit", 16_000_000, "--async",
        "--rpc-url", devnet.url, "--private-key", USER_KEY,
    ).strip()  # fmt: skip
    devnet.rpc("evm_mine")
    devnet.rpc("evm_setAutomine", True)
    receipt = devnet.rpc("eth_getTransactionReceipt", sent)
    if int(receipt["status"], 16) != 1 or int(receipt["transactionIndex"], 16) == 0:
        raise Failed(f"the inference is not where it should be: {receipt}")
    return sent


def create_verifier(devnet):
    text = run(
        "forge", "create", "contracts/src/ReceiptVerifier.sol:ReceiptVerifier",
        "--rpc-url", devnet.url, "--private-key", USER_KEY, "--broadcast", "--json",
    )  # fmt: skip
    return json.loads(text[text.index("{") :])["deployedTo"]


def accepted(devnet, verifier, proofs):
    """The verifier's answer must be what the command line says of each receipt."""
    for receipt in proofs["receipts"]:
        output = run(
            "cast", "call", verifier, "--data", receipt["verify_in_block"], "--rpc-url", devnet.url
        ).strip()
        words = run("cast", "decode-abi", f"verify()({RECEIPT},uint256,uint256)", output, "--json")
        said, number, timestamp = json.loads(words)
        fields = ("model_id", "payer", "caller", "version", "input_hash", "output_hash")
        want = [str(receipt[field]).lower() for field in fields]
        if [str(part).lower() for part in said[:6]] != want:
            raise Failed(f"the verifier read {said}, the proof says {want}")
        if int(number) != proofs["block_number"] or int(timestamp) != proofs["timestamp"]:
            raise Failed(f"the verifier saw block {number} of time {timestamp}")
        if int(said[8]) != PRICE_WEI:
            raise Failed(f"the verifier read the price {said[8]}")


def refused(devnet, verifier, proofs, what, header, nodes, log_index):
    """The same proof with a change must revert."""
    index = proofs["receipts"][0]["proof"]["transactionIndex"]
    command = [
        "cast", "call", verifier, VERIFY, proofs["block_hash"], header,
        f"({index},{log_index},[{','.join(nodes)}])", "--rpc-url", devnet.url,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode == 0:
        raise Failed(f"the verifier took a proof with {what} changed")
    if "revert" not in done.stderr:
        raise Failed(f"{what} changed: not a revert but {done.stderr}")


def flipped(hex_bytes, position):
    data = bytearray.fromhex(hex_bytes[2:])
    data[position] ^= 1
    return "0x" + data.hex()


def refuse_changes(devnet, verifier, proofs):
    header, proof = proofs["header"], proofs["receipts"][0]["proof"]
    nodes, log_index = proof["nodes"], proof["logIndex"]
    count = 0
    for position in (0, 100, -1):
        refused(devnet, verifier, proofs, "the header", flipped(header, position), nodes, log_index)
        count += 1
        for place, node in enumerate(nodes):
            changed = [*nodes[:place], flipped(node, position % (len(node) // 2 - 1)), *nodes[place + 1 :]]
            refused(devnet, verifier, proofs, f"node {place}", header, changed, log_index)
            count += 1
    refused(devnet, verifier, proofs, "the list of nodes", header, nodes[:-1], log_index)
    # The log before is a credit, no receipt.
    refused(devnet, verifier, proofs, "the log's place", header, nodes, log_index - 1)
    return count + 2


def test_receipts():
    fixpoint = parse_arguments().fixpoint
    step("Proofs of inferences")
    with tempfile.TemporaryDirectory(prefix="fixpoint-receipts-") as name:
        folder = pathlib.Path(name)
        run("forge", "build")
        with Devnet(fixpoint, folder / "chain", log=folder / "devnet.log") as devnet:
            compile_digits(fixpoint, folder / "digits.fxp")
            deployed = deploy_digits(fixpoint, devnet, folder / "digits.fxp")
            transaction = infer_among_others(devnet, deployed["model_id"])
            file = folder / "proof.json"
            said = run(fixpoint, "receipt", transaction, "--rpc", devnet.url, "-o", file)
            proofs = json.loads(file.read_text())
            text = run(fixpoint, "receipt", transaction, "--rpc", devnet.url, "--json")
            if json.loads(text) != proofs or said.count("output hash") != 2:
                raise Failed("the file, the JSON and the text say different things")
            if len(proofs["receipts"]) != 2 or len(proofs["receipts"][0]["proof"]["nodes"]) < 2:
                raise Failed(f"not two receipts deep in a trie: {proofs}")
            verifier = create_verifier(devnet)
            accepted(devnet, verifier, proofs)
            count = refuse_changes(devnet, verifier, proofs)
    print(f"2 receipts proved, {count} changed proofs refused")


if __name__ == "__main__":
    main(test_receipts)
