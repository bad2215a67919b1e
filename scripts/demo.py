#!/usr/bin/env python3
"""The whole path once: an ONNX classifier of handwritten digits, compiled, deployed, registered
with a price, and called by a contract that pays for each answer.

Everything runs on loopback in a temporary folder and is removed at the end.
"""

import argparse
import json
import pathlib
import shutil
import tempfile
import time

from devkit import (
    DIGITS,
    GATEWAY,
    OWNER,
    OWNER_KEY,
    PRICE_WEI,
    USER_KEY,
    Devnet,
    Failed,
    compile_digits,
    deploy_digits,
    main,
    read_npy,
    read_npz,
    run,
    step,
)

SCANS = 5
SHADES = " .:-=+*#%@"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    parser.add_argument(
        "--verify-with",
        type=pathlib.Path,
        metavar="FIXPOINT_IMPORT",
        help="also let this second binary import the blocks and compare the header hashes",
    )
    return parser.parse_args()


def picture(pixels):
    """An 8x8 scan as text, two characters a pixel."""
    rows = [pixels[row * 8 : row * 8 + 8] for row in range(8)]
    shade = lambda value: SHADES[min(int(value * len(SHADES) / 17), len(SHADES) - 1)] * 2
    return ["".join(shade(value) for value in row) for row in rows]


def compile_model(fixpoint, model):
    step("1. Compile the ONNX classifier to integers")
    report = compile_digits(fixpoint, model)
    print(
        f"   {report['parameters']:,} parameters, {report['payload_bytes']:,} bytes in "
        f"{report['chunks']} chunk(s), {report['macs']:,} multiply-accumulates, "
        f"{report['gas']['first_call']:,} gas for a first call"
    )
    return report


def deploy(fixpoint, devnet, model):
    step("2. Put the model on chain, activate it, register it with a price")
    deployed = deploy_digits(fixpoint, devnet, model)
    print(f"   model {deployed['model']}, {deployed['gas_used']:,} gas in all, paid once")
    print(f"   token {deployed['model_id']} of the registry belongs to {OWNER}")
    return deployed


def create_reader(devnet, deployed):
    step("3. Deploy DigitReader, a contract that pays for and calls the model")
    text = run(
        "forge", "create", "contracts/examples/DigitReader.sol:DigitReader",
        "--rpc-url", devnet.url, "--private-key", USER_KEY, "--broadcast", "--json",
        "--constructor-args", deployed["model_id"],
    )  # fmt: skip
    reader = json.loads(text[text.index("{") :])["deployedTo"]
    print(f"   DigitReader {reader}")
    return reader


def read_scans(devnet, reader, scans, labels):
    step("4. Transactions: the contract pays, infers and decides, on scans it has never seen")
    chosen = [labels.index(digit) for digit in (7, 2, 0, 9, 4)][:SCANS]
    for index in chosen:
        pixels = scans[index * 64 : index * 64 + 64]
        scan = "0x" + bytes(int(value) for value in pixels).hex()
        text = run(
            "cast", "send", reader, "read(bytes)", scan, "--value", PRICE_WEI,
            "--rpc-url", devnet.url, "--private-key", USER_KEY, "--json",
        )  # fmt: skip
        receipt = json.loads(text)
        if int(receipt["status"], 16) != 1:
            raise Failed(f"the transaction reverted: {receipt}")
        # DigitRead(id, digit, reader) is the transaction's last event; all three are indexed.
        digit = int(receipt["logs"][-1]["topics"][2], 16)
        lines = picture(pixels)
        notes = [
            "",
            f"the contract decided: {digit}",
            f"written on the scan:  {labels[index]}",
            f"gas used: {int(receipt['gasUsed'], 16):,}",
            f"paid: {PRICE_WEI:,} wei",
        ]
        print()
        for row, line in enumerate(lines):
            print(f"   |{line}|   {notes[row] if row < len(notes) else ''}".rstrip())


def show_earnings(devnet):
    step("5. What the model's owner earned")
    credit = int(
        run("cast", "call", GATEWAY, "earnings(address)(uint256)", OWNER, "--rpc-url", devnet.url)
        .split()[0]
    )
    print(f"   {credit:,} wei credited for {SCANS} inferences at {PRICE_WEI:,} wei")
    if credit != SCANS * PRICE_WEI:
        raise Failed(f"the owner's credit is {credit}, not {SCANS * PRICE_WEI}")
    text = run(
        "cast", "send", GATEWAY, "withdraw()", "--rpc-url", devnet.url,
        "--private-key", OWNER_KEY, "--json",
    )  # fmt: skip
    if int(json.loads(text)["status"], 16) != 1:
        raise Failed("the withdrawal reverted")
    print("   withdrawn by its owner; the gateway holds nothing back")
    if int(devnet.rpc("eth_getBalance", GATEWAY, "latest"), 16) != 0:
        raise Failed("the gateway still holds a balance")


def compare_with_local_run(fixpoint, devnet, deployed, model, labels, report):
    step("6. The chain's answers over the whole test set against `fixpoint run`, bit for bit")
    test = DIGITS / "test.npz"
    on_chain = json.loads(
        run(fixpoint, "call", deployed["model"], "--input", test, "--rpc", devnet.url, "--json")
    )
    local = json.loads(run(fixpoint, "run", model, "--input", test, "--json"))
    chain_rows, local_rows = on_chain["outputs"]["logits"], local["outputs"]["logits"]
    if len(chain_rows) != len(labels) or chain_rows != local_rows:
        raise Failed("the chain and the command line disagree")
    top = [max(range(10), key=lambda digit: int(row[digit])) for row in chain_rows]
    right = sum(digit == label for digit, label in zip(top, labels))
    accuracy = 100 * right / len(labels)
    float_accuracy = 100 * report["accuracy"]["top1"]["float_accuracy"]
    print(f"   {len(labels)} scans, {10 * len(labels):,} numbers: all equal")
    print(f"   accuracy on chain {accuracy:.2f} %, of the float model {float_accuracy:.2f} %")
    if accuracy < float_accuracy - 1:
        raise Failed("the integer model lost more than one point of accuracy")


def import_elsewhere(binary, devnet, folder):
    step("7. A second process without tract-linalg or SIMD imports the blocks")
    height = int(devnet.rpc("eth_blockNumber"), 16)
    blocks = folder / "blocks.rlp"
    with open(blocks, "wb") as out:
        for number in range(1, height + 1):
            out.write(bytes.fromhex(devnet.rpc("debug_getRawBlock", hex(number))[2:]))
    genesis = folder / "genesis.json"
    genesis.write_text(json.dumps(devnet.rpc("fixpoint_genesis")))
    head = devnet.rpc("eth_getBlockByNumber", hex(height), False)["hash"]
    text = run(binary, "--genesis", genesis, "--blocks", blocks, "--expect-head", head)
    print("   " + text.strip().replace("\n", "\n   "))


def demo():
    arguments = parse_arguments()
    started = time.monotonic()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fixpoint-demo-"))
    model = folder / "digits.fxp"
    scans = read_npz(DIGITS / "test.npz")["image"][1]
    labels = [int(label) for label in read_npy((DIGITS / "test_labels.npy").read_bytes())[1]]
    try:
        run("forge", "build")
        with Devnet(arguments.fixpoint, folder / "chain", log=folder / "devnet.log") as devnet:
            print(f"A devnet is running at {devnet.url} with its data in {folder}")
            report = compile_model(arguments.fixpoint, model)
            deployed = deploy(arguments.fixpoint, devnet, model)
            reader = create_reader(devnet, deployed)
            read_scans(devnet, reader, scans, labels)
            show_earnings(devnet)
            compare_with_local_run(arguments.fixpoint, devnet, deployed, model, labels, report)
            if arguments.verify_with:
                import_elsewhere(arguments.verify_with, devnet, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\nDone in {time.monotonic() - started:.1f} s; nothing is left behind.")


if __name__ == "__main__":
    main(demo)
