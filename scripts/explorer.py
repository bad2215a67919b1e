#!/usr/bin/env python3
"""The explorer in a real browser: every view of it on a devnet with models, a stranger's names among them.

`explorer_page.mjs` opens the pages and says what must be on them; screenshots go to target/explorer/.
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from chain import ALICE, BOB, CAROL, PRECOMPILE, SEND_GAS, Chain, calldata
from devkit import (
    DIGITS,
    GATEWAY,
    PRICE_WEI,
    REGISTRY,
    ROOT,
    Devnet,
    Failed,
    compile_digits,
    environment,
    free_port,
    main,
    read_npy,
    read_npz,
    run,
    step,
)

SCREENSHOTS = ROOT / "target" / "explorer"
VOLATILITY = ROOT / "test-vectors" / "models" / "volatility"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DIGIT_OF_SCANS = (7, 2, 0, 9, 4)
# What a stranger calls a model and its input: they run if anything on the page takes them for markup.
HOSTILE_NAME = "<img src=x onerror=\"document.title='taken'\">"
HOSTILE_TAG = "<svg onload=alert(1)>"
INPUT, HOSTILE_INPUT = b"returns", b"<s>r</s"
ROUGH_RETURNS = 10**18


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    return parser.parse_args()


def browser():
    """A Chromium; installed by apt-get if there is none and this is root."""
    for name in BROWSERS:
        if shutil.which(name):
            return shutil.which(name)
    if shutil.which("apt-get") and os.geteuid() == 0:
        step("Installing chromium")
        run("apt-get", "update")
        run("apt-get", "install", "--yes", "--no-install-recommends", "chromium")
        if shutil.which("chromium"):
            return shutil.which("chromium")
    raise Failed("there is no Chromium: install the package `chromium` of your system")


def deploy_digits(chain, folder):
    """The classifier of scans, priced, and the contract that reads with it; returns both."""
    file = folder / "digits.fxp"
    compile_digits(chain.fixpoint, file)
    digits = chain.deploy_model(file, "--name", "digits", "--price", PRICE_WEI)
    reader = chain.create("DigitReader", "constructor(uint256)", digits["model_id"])
    return digits, reader


def read_scans(chain, reader):
    """One transaction for each of some digits; returns their hashes."""
    (_, scans) = read_npz(DIGITS / "test.npz")["image"]
    labels = list(read_npy((DIGITS / "test_labels.npy").read_bytes())[1])
    hashes = []
    for digit in DIGIT_OF_SCANS:
        start = 64 * labels.index(digit)
        scan = "0x" + bytes(int(ink) for ink in scans[start : start + 64]).hex()
        receipt = chain.send(BOB, reader, "read(bytes)", scan, value=PRICE_WEI)
        hashes.append(receipt["transactionHash"])
    return hashes


def read_raw(chain, digits):
    """A scan as the model's own integers: 16 of ink are 255 steps above -128; returns the transaction's hash."""
    (_, scans) = read_npz(DIGITS / "test.npz")["image"]
    elements = bytes((round(ink * 255 / 16) - 128) % 256 for ink in scans[:64])
    receipt = chain.send(
        BOB, GATEWAY, "inferenceRaw(uint256,bytes)", digits["model_id"], "0x" + elements.hex(),
        value=PRICE_WEI,
    )  # fmt: skip
    return receipt["transactionHash"], [int(ink) for ink in scans[:64]]


def deploy_hostile(chain, folder):
    """A forecaster of volatility whose name, tag and input are markup; called in words and in a batch."""
    honest, file = folder / "volatility.fxp", folder / "hostile.fxp"
    run(
        chain.fixpoint, "compile", VOLATILITY / "volatility.onnx", "--precision", "int16",
        "--calibration", VOLATILITY / "calibration.npz", "-o", honest,
    )  # fmt: skip
    file.write_bytes(honest.read_bytes().replace(INPUT, HOSTILE_INPUT))
    model = chain.deploy_model(file, "--name", HOSTILE_NAME)
    chain.send(
        ALICE, REGISTRY, "setTags(uint256,string[])", model["model_id"], json.dumps([HOSTILE_TAG])
    )
    returns = [round(ROUGH_RETURNS * (step % 5 - 2.2) / 3) for step in range(16)]
    words = f"[{','.join(map(str, returns))}]"
    once = chain.send(CAROL, PRECOMPILE, "inference(address,int256[])", model["model"], words)
    batch = f"[{','.join(map(str, returns + [each // 2 for each in returns]))}]"
    twice = chain.send(
        CAROL, PRECOMPILE, "inferenceBatch(address,uint256,int256[])", model["model"], 2, batch
    )
    return model, once["transactionHash"], twice["transactionHash"]


def send_failing(chain, to, data):
    """A transaction that reverts; returns its hash."""
    transaction = {"from": CAROL, "to": to, "data": data, "gas": hex(SEND_GAS)}
    return chain.rpc("eth_sendTransaction", transaction)


def call_gated(chain, digits):
    """Only the gateway may call a priced model."""
    zeros = f"[{','.join(['0'] * 64)}]"
    data = calldata("inference(address,int256[])", digits["model"], zeros)
    return send_failing(chain, PRECOMPILE, data)


def call_malformed(chain):
    """A call of the registry whose arguments are no encoding of any."""
    selector = calldata("setName(uint256,string)", 0, "")[:10]
    return send_failing(chain, REGISTRY, selector + "ff" * 96)


def populate(chain, folder):
    """Models, and transactions that call them; returns what the pages must say of them."""
    digits, reader = deploy_digits(chain, folder)
    reads = read_scans(chain, reader)
    raw, raw_ink = read_raw(chain, digits)
    hostile, once, twice = deploy_hostile(chain, folder)
    gated, malformed = call_gated(chain, digits), call_malformed(chain)
    return {
        "digits": digits,
        "reader": reader.lower(),
        "reads": reads,
        "readDigits": DIGIT_OF_SCANS,
        "hostile": hostile,
        "hostileName": HOSTILE_NAME,
        "hostileTag": HOSTILE_TAG,
        "hostileInput": HOSTILE_INPUT.decode(),
        "once": once,
        "twice": twice,
        "raw": raw,
        "rawInk": raw_ink,
        "gated": gated,
        "malformed": malformed,
        "owner": ALICE.lower(),
        "gateway": GATEWAY.lower(),
    }


class Browser:
    """The script that looks at the pages: it asks for what the browser cannot do."""

    def __init__(self, chromium, url):
        facts = {"chromium": chromium, "url": url, "screenshots": str(SCREENSHOTS)}
        self.process = subprocess.Popen(
            ["node", str(ROOT / "scripts" / "explorer_page.mjs"), json.dumps(facts)],
            env=environment(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def serve(self, answers):
        """Does what the script asks for, until it ends; what else it says is printed."""
        for line in self.process.stdout:
            asked = line.strip().removeprefix("ask ")
            if line.startswith("ask "):
                self.process.stdin.write(json.dumps(answers[asked]()) + "\n")
                self.process.stdin.flush()
            else:
                print("   " + line.rstrip(), flush=True)
        if self.process.wait() != 0:
            raise Failed(f"the page is not as it should be; screenshots are in {SCREENSHOTS}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def look():
    arguments = parse_arguments()
    chromium = browser()
    run("forge", "build")
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    SCREENSHOTS.mkdir(parents=True)
    step("The explorer in a browser")
    with tempfile.TemporaryDirectory(prefix="fixpoint-explorer-") as name:
        folder = pathlib.Path(name)
        port = free_port()
        start = lambda: Devnet(arguments.fixpoint, folder / "chain", port, folder / "devnet.log")
        devnet = start().__enter__()

        def restart():
            nonlocal devnet
            devnet = start().__enter__()

        answers = {
            "populate": lambda: populate(Chain(arguments.fixpoint, devnet), folder),
            "stop": lambda: devnet.stop(),
            "start": restart,
        }
        try:
            with Browser(chromium, devnet.url) as page:
                page.serve(answers)
        finally:
            devnet.stop()
    print(f"   screenshots are in {SCREENSHOTS}")


if __name__ == "__main__":
    main(look)
