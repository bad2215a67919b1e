#!/usr/bin/env python3
"""A model with two parents on a devnet: what a call pays reaches everybody whose work is in it.

Alice and Bob own a model each. Carol registers a third as made from both, and shares with Dave; Alice
has promised Dave a part of what hers earns. A user pays for calls; at the end all is paid out, and the
gateway has not a wei.
"""

import argparse
import json
import pathlib
import tempfile

from devkit import DIGITS, GATEWAY, REGISTRY, ROOT, Devnet, Failed, main, run, step

VOLATILITY = ROOT / "test-vectors" / "models" / "volatility"

# Development accounts of `fixpoint devnet`: address and key.
ALICE = ("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
BOB = ("0x70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d")
CAROL = ("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a")
USER = ("0x90F79bf6EB2c4f870365E785982E1f101E93b906", "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6")
# Dave needs no key: anybody may send him what is his.
DAVE = "0x00000000000000000000000000000000000DA7E5"

# Not a round number: shares leave a rest, which is the owner's.
PRICE_WEI = 1_000_003
BATCH = 7
ALICE_SHARE_BPS, BOB_SHARE_BPS = 3000, 1500
DAVE_SHARE_BPS, DAVE_SHARE_OF_ALICES_BPS = 1000, 2500
VALIDATOR_BPS = 500
WHOLE_BPS = 10_000
# Named, not estimated: cast estimates in the pending block, whose maker the node leaves open, and a
# first call writes that maker's credit too.
CALL_GAS = 2_000_000

LISTING = "(string,string[],address,uint256,uint8,uint16,uint16,(address,uint16,uint64)[],(uint256,uint16)[])"


class Chain:
    """Transactions and calls on the devnet."""

    def __init__(self, fixpoint, devnet):
        self.fixpoint = fixpoint
        self.devnet = devnet

    def deploy(self, model, account, *options):
        """Puts a model on chain; returns its root and, if it was registered, its id."""
        text = run(
            self.fixpoint, "deploy", model, "--rpc", self.devnet.url, "--private-key", account[1],
            "--json", *options,
        )  # fmt: skip
        deployed = json.loads(text)
        return deployed["model"], deployed.get("model_id")

    def send(self, account, to, signature, *arguments, value=0):
        """A transaction that must succeed; returns its receipt."""
        text = run(
            "cast", "send", to, signature, *arguments, "--value", value, "--gas-limit", CALL_GAS,
            "--rpc-url", self.devnet.url, "--private-key", account[1], "--json",
        )  # fmt: skip
        receipt = json.loads(text)
        if int(receipt["status"], 16) != 1:
            raise Failed(f"{signature} reverted: {receipt}")
        return receipt

    def number(self, to, signature, *arguments):
        """What a view returns first, as a number."""
        text = run("cast", "call", to, signature, *arguments, "--rpc-url", self.devnet.url)
        return int(text.split()[0], 0)

    def earned(self, account):
        return self.number(GATEWAY, "earnings(address)(uint256)", account)

    def pot(self, model_id):
        return self.number(GATEWAY, "potOf(uint256,address)(uint256)", model_id, "0x" + "0" * 40)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    return parser.parse_args()


def compile_models(fixpoint, folder):
    """Two models, and a third that stands for what somebody made of both."""
    wanted = {
        "alices": (VOLATILITY / "volatility.onnx", "int16", VOLATILITY / "calibration.npz"),
        "bobs": (DIGITS / "digits.onnx", "int8", DIGITS / "calibration.npz"),
        "carols": (VOLATILITY / "volatility.onnx", "int8", VOLATILITY / "calibration.npz"),
    }
    for name, (model, precision, calibration) in wanted.items():
        run(
            fixpoint, "compile", model, "--precision", precision, "--calibration", calibration,
            "-o", folder / f"{name}.fxp",
        )  # fmt: skip


def register(chain, folder):
    """Registers all three; returns their ids."""
    step("1. Alice and Bob register a model each; Carol registers one made from both")
    _, alices = chain.deploy(folder / "alices.fxp", ALICE, "--name", "alices", "--price", PRICE_WEI)
    _, bobs = chain.deploy(folder / "bobs.fxp", BOB, "--name", "bobs", "--price", PRICE_WEI)
    root, _ = chain.deploy(folder / "carols.fxp", CAROL, "--gate", GATEWAY)
    listing = (
        f'("carols",[],0x{"0" * 40},{PRICE_WEI},0,{VALIDATOR_BPS},0,[({DAVE},{DAVE_SHARE_BPS},0)],'
        f"[({alices},{ALICE_SHARE_BPS}),({bobs},{BOB_SHARE_BPS})])"
    )
    chain.send(CAROL, REGISTRY, f"registerListing(address,{LISTING})", root, listing)
    carols = chain.number(REGISTRY, "publishedAs(address)(uint256)", root)
    chain.send(
        ALICE, REGISTRY, "setContributors(uint256,(address,uint16,uint64)[])",
        alices, f"[({DAVE},{DAVE_SHARE_OF_ALICES_BPS},0)]",
    )  # fmt: skip
    print(f"   {carols:#x} pays {ALICE_SHARE_BPS / 100:g} % to Alice's model, {BOB_SHARE_BPS / 100:g} % to Bob's")
    return int(alices, 0), int(bobs, 0), carols


def call(chain, carols):
    """Pays for one inference and for a batch; returns what each cost, and who made the blocks."""
    step(f"2. A user pays for one inference and for a batch of {BATCH}")
    sample = [10**17 if hour % 2 else -(10**17) for hour in range(16)]
    first = chain.send(
        USER, GATEWAY, "inference(uint256,int256[])", carols, json.dumps(sample), value=PRICE_WEI
    )
    second = chain.send(
        USER, GATEWAY, "inferenceBatch(uint256,uint256,int256[])",
        carols, BATCH, json.dumps(sample * BATCH), value=BATCH * PRICE_WEI,
    )  # fmt: skip
    miners = {
        chain.devnet.rpc("eth_getBlockByNumber", receipt["blockNumber"], False)["miner"]
        for receipt in (first, second)
    }
    if len(miners) != 1:
        raise Failed(f"one devnet, {len(miners)} block makers")
    return [PRICE_WEI, BATCH * PRICE_WEI], miners.pop()


def expect(what, got, want):
    print(f"   {what:<42} {got:>12,} wei")
    if got != want:
        raise Failed(f"{what}: {got} wei, not {want}")


def check_split(chain, ids, prices, miner):
    """Who has what after the calls, to the wei."""
    step("3. What each of them has, to the wei")
    alices, bobs, _ = ids
    part = lambda bps: sum(price * bps // WHOLE_BPS for price in prices)
    # Nobody to pay: the share stays with the owner.
    validator = part(VALIDATOR_BPS) if int(miner, 16) else 0
    expect("in the pot of Alice's model", chain.pot(alices), part(ALICE_SHARE_BPS))
    expect("in the pot of Bob's model", chain.pot(bobs), part(BOB_SHARE_BPS))
    expect("Dave, as Carol's contributor", chain.earned(DAVE), part(DAVE_SHARE_BPS))
    if validator and miner.lower() not in {account[0].lower() for account in (ALICE, BOB, CAROL)}:
        expect("the validator", chain.earned(miner), validator)
        rest = sum(prices) - validator - part(ALICE_SHARE_BPS) - part(BOB_SHARE_BPS) - part(DAVE_SHARE_BPS)
        expect("Carol, with all that rounding leaves", chain.earned(CAROL[0]), rest)
    held = int(chain.devnet.rpc("eth_getBalance", GATEWAY, "latest"), 16)
    expect("in the gateway, all that was paid", held, sum(prices))


def pay_out(chain, ids, prices, miner):
    """Pots to their models' payees, and everything out."""
    step("4. Pots are released, by whoever likes; everybody is paid")
    native = "0x" + "0" * 40
    before = chain.earned(DAVE)
    pots = [chain.pot(model_id) for model_id in ids[:2]]
    for model_id in ids[:2]:
        chain.send(USER, GATEWAY, "releasePot(uint256,address)", model_id, native)
    daves = pots[0] * DAVE_SHARE_OF_ALICES_BPS // WHOLE_BPS
    expect("Dave, from Alice's pot", chain.earned(DAVE) - before, daves)
    paid = {}
    for name, account in [("Alice", ALICE[0]), ("Bob", BOB[0]), ("Carol", CAROL[0]), ("Dave", DAVE), ("the validator", miner)]:
        amount = chain.earned(account)
        if amount == 0:
            continue
        chain.send(USER, GATEWAY, "withdrawFor(address,address)", account, native)
        expect(f"paid out to {name}", amount, amount - chain.earned(account))
        paid[account] = amount
    expect("paid out in all", sum(paid.values()), sum(prices))
    expect("left in the gateway", int(chain.devnet.rpc("eth_getBalance", GATEWAY, "latest"), 16), 0)


def play():
    fixpoint = parse_arguments().fixpoint.resolve()
    with tempfile.TemporaryDirectory(prefix="fixpoint-parents-") as name:
        folder = pathlib.Path(name)
        compile_models(fixpoint, folder)
        with Devnet(fixpoint, folder / "chain", log=folder / "devnet.log") as devnet:
            chain = Chain(fixpoint, devnet)
            ids = register(chain, folder)
            prices, miner = call(chain, ids[2])
            check_split(chain, ids, prices, miner)
            pay_out(chain, ids, prices, miner)
    print("\nTwo parents, one price, not a wei lost.")


if __name__ == "__main__":
    main(play)
