#!/usr/bin/env python3
"""A model with two parents on a devnet: what a forecast costs reaches everybody whose work is in it.

Alice and Bob own a model each. `SharedForecast`, a contract without a key, writes and registers a third as made
from both, and sells its answers; Alice has promised Dave a part of what hers earns. Dora pays; at the end all
is paid out, and the gateway has not a wei.
"""

import argparse
import json
import pathlib
import tempfile

from chain import ALICE, BOB, DORA, NATIVE, PRECOMPILE, Chain
from devkit import DIGITS, GATEWAY, OWNER_KEY, REGISTRY, ROOT, USER_KEY, Devnet, Failed, main, run, step

VOLATILITY = ROOT / "test-vectors" / "models" / "volatility"

# They need no keys: anybody may send them what is theirs.
AUTHOR = "0x00000000000000000000000000000000000CA201"
DAVE = "0x00000000000000000000000000000000000DA7E5"

# Not a round number: shares leave a rest, which is the author's.
PRICE_WEI = 1_000_003
FORECASTS = 3
ALICE_SHARE_BPS, BOB_SHARE_BPS = 3000, 1500
DAVE_SHARE_OF_ALICES_BPS = 2500
VALIDATOR_BPS = 500
WHOLE_BPS = 10_000

SHARE = "(uint256,uint16)"
TERMS = f"constructor({SHARE},{SHARE},uint256,uint16,address)"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    return parser.parse_args()


def compile_models(fixpoint, folder):
    """Two models, and a third that stands for what somebody made of both."""
    wanted = {
        "alices": (VOLATILITY / "volatility.onnx", "int16", VOLATILITY / "calibration.npz"),
        "bobs": (DIGITS / "digits.onnx", "int8", DIGITS / "calibration.npz"),
        "shared": (VOLATILITY / "volatility.onnx", "int8", VOLATILITY / "calibration.npz"),
    }
    for name, (model, precision, calibration) in wanted.items():
        run(
            fixpoint, "compile", model, "--precision", precision, "--calibration", calibration,
            "-o", folder / f"{name}.fxp",
        )  # fmt: skip


def earned(chain, account):
    return chain.number(GATEWAY, "earnings(address)(uint256)", account)


def pot(chain, model_id):
    return chain.number(GATEWAY, "potOf(uint256,address)(uint256)", model_id, NATIVE)


def register(chain, folder):
    """Registers all three; returns the parents' ids and the contract that owns their child."""
    step("1. Alice and Bob register a model each; a contract registers one made from both")
    options = ("--price", PRICE_WEI, "--name")
    alices = chain.deploy_model(folder / "alices.fxp", *options, "alices", key=OWNER_KEY)["model_id"]
    bobs = chain.deploy_model(folder / "bobs.fxp", *options, "bobs", key=USER_KEY)["model_id"]
    chain.send(
        ALICE, REGISTRY, "setContributors(uint256,(address,uint16,uint64)[])",
        alices, f"[({DAVE},{DAVE_SHARE_OF_ALICES_BPS},0)]",
    )  # fmt: skip
    shop = chain.create(
        "SharedForecast", TERMS, f"({alices},{ALICE_SHARE_BPS})", f"({bobs},{BOB_SHARE_BPS})",
        PRICE_WEI, VALIDATOR_BPS, AUTHOR, sender=DORA,
    )  # fmt: skip
    chain.refused(DORA, shop, "WrongBytes(bytes32,bytes32)", "write(bytes)", "0x00")
    chain.send(DORA, shop, "write(bytes)", "0x" + (folder / "shared.fxp").read_bytes().hex())
    root = chain.call(shop, "root()(address)").strip()
    chain.send(DORA, PRECOMPILE, "activate(address)", root)
    chain.send(DORA, shop, "open()")
    shared = chain.number(shop, "modelId()(uint256)")
    owner = chain.call(REGISTRY, "ownerOf(uint256)(address)", shared).strip()
    if owner.lower() != shop.lower():
        raise Failed(f"{owner} owns the model, not the contract {shop}")
    print(f"   {shared:#x} pays {ALICE_SHARE_BPS / 100:g} % to Alice's model, {BOB_SHARE_BPS / 100:g} % to Bob's")
    return int(alices, 0), int(bobs, 0), shop


def buy(chain, shop):
    """Pays for forecasts; returns what each cost, and who made the blocks."""
    step(f"2. Dora buys {FORECASTS} forecasts")
    sample = json.dumps([10**17 if hour % 2 else -(10**17) for hour in range(16)])
    forecast = "forecast(int256[])"
    chain.refused(DORA, shop, "WrongPayment(uint256,uint256)", forecast, sample, value=PRICE_WEI - 1)
    receipts = [
        chain.send(DORA, shop, forecast, sample, value=PRICE_WEI) for _ in range(FORECASTS)
    ]
    # The last log is the contract's: percent, 18 decimals.
    percent = int(receipts[0]["logs"][-1]["data"], 16) / 10**18
    if not 0 < percent < 1:
        raise Failed(f"a forecast of {percent} % for a calm market")
    miners = {
        chain.rpc("eth_getBlockByNumber", receipt["blockNumber"], False)["miner"]
        for receipt in receipts
    }
    if len(miners) != 1:
        raise Failed(f"one devnet, {len(miners)} block makers")
    print(f"   {percent:.4f} % in the next hour, for {PRICE_WEI:,} wei")
    return [PRICE_WEI] * FORECASTS, miners.pop()


def expect(what, got, want):
    print(f"   {what:<42} {got:>12,} wei")
    if got != want:
        raise Failed(f"{what}: {got} wei, not {want}")


def check_split(chain, ids, prices, miner, shop):
    """Who has what after the calls, to the wei."""
    step("3. What each of them has, to the wei")
    alices, bobs = ids
    part = lambda bps: sum(price * bps // WHOLE_BPS for price in prices)
    # Nobody to pay: the share stays with the owner.
    validator = part(VALIDATOR_BPS) if int(miner, 16) else 0
    expect("in the pot of Alice's model", pot(chain, alices), part(ALICE_SHARE_BPS))
    expect("in the pot of Bob's model", pot(chain, bobs), part(BOB_SHARE_BPS))
    if validator:
        expect("the validator", earned(chain, miner), validator)
    rest = sum(prices) - validator - part(ALICE_SHARE_BPS) - part(BOB_SHARE_BPS)
    expect("the contract, with all that rounding leaves", earned(chain, shop), rest)
    expect("in the gateway, all that was paid", chain.balance(GATEWAY), sum(prices))
    return rest


def pay_out(chain, ids, prices, miner, shop, rest):
    """Pots to their models' payees, and everything out."""
    step("4. Anybody has it paid out")
    pots = [pot(chain, model_id) for model_id in ids]
    chain.send(DORA, shop, "payOut()")
    expect("paid out to the author", chain.balance(AUTHOR), rest)
    daves = pots[0] * DAVE_SHARE_OF_ALICES_BPS // WHOLE_BPS
    expect("Dave, from Alice's pot", earned(chain, DAVE), daves)
    paid = rest
    for name, account in [("Alice", ALICE), ("Bob", BOB), ("Dave", DAVE), ("the validator", miner)]:
        amount = earned(chain, account)
        if amount == 0:
            continue
        chain.send(DORA, GATEWAY, "withdrawFor(address,address)", account, NATIVE)
        expect(f"paid out to {name}", amount, amount - earned(chain, account))
        paid += amount
    expect("paid out in all", paid, sum(prices))
    expect("left in the gateway", chain.balance(GATEWAY), 0)


def play():
    fixpoint = parse_arguments().fixpoint.resolve()
    run("forge", "build")
    with tempfile.TemporaryDirectory(prefix="fixpoint-parents-") as name:
        folder = pathlib.Path(name)
        compile_models(fixpoint, folder)
        with Devnet(fixpoint, folder / "chain", log=folder / "devnet.log") as devnet:
            chain = Chain(fixpoint, devnet)
            *ids, shop = register(chain, folder)
            prices, miner = buy(chain, shop)
            rest = check_split(chain, ids, prices, miner, shop)
            pay_out(chain, ids, prices, miner, shop, rest)
    print("\nTwo parents, one price, not a wei lost.")


if __name__ == "__main__":
    main(play)
