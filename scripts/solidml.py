#!/usr/bin/env python3
"""Contracts written for OpenGradient's SolidML, unchanged, on a devnet: a priced model runs on a price feed, at
intervals, for whoever wants the reward, and a sponsor pays for its calls."""

import argparse
import pathlib
import re
import tempfile

from chain import NATIVE, PRECOMPILE, Chain, numbers_in
from devkit import GATEWAY, OWNER, ROOT, USER, Devnet, Failed, main, run, step

RECORDER = "0x0000000000000000000000000000000000000F24"
SCHEDULER = "0x0000000000000000000000000000000000000F25"
HISTORY = "0x00000000000000000000000000000000000000F5"
# Nobody's key: where the reward goes.
KEEPER = "0x00000000000000000000000000000000004EE9E5"

VOLATILITY = ROOT / "test-vectors" / "models" / "volatility"
PRICE_WEI = 1_000
BUDGET_WEI = 30_000
WINDOW = 16
RUNS = 2
# Shorter than a candle: due again by the next one, whenever in it a block is.
FREQUENCY_SECONDS = 30

QUERY = "(string,string,uint32,uint32,uint8,uint8[])"
MODEL_OUTPUT = "((string,(int128,int128)[],uint32[])[],(string,string[])[],(string,string)[],bool)"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    return parser.parse_args()


def deploy_model(chain, folder):
    step("1. A priced model, registered as `volatility`")
    model = folder / "volatility.fxp"
    run(
        chain.fixpoint, "compile", VOLATILITY / "volatility.onnx", "--precision", "int16",
        "--calibration", VOLATILITY / "calibration.npz", "-o", model,
    )  # fmt: skip
    return chain.deploy_model(model, "--name", "volatility", "--price", PRICE_WEI)


def create_workflow(chain, model_id):
    step("2. A workflow as OpenGradient's SDK deploys it; its feeder and its sponsor")
    # Ascending closes (type 3) of 1-minute candles.
    query = f"(ETH,USD,{WINDOW},1,0,[3])"
    # With which the workflow's creator proves that it is one.
    nonce = int(chain.rpc("eth_getTransactionCount", USER, "latest"), 16)
    workflow = chain.create(
        "PriceHistoryInference", f"constructor(string,string,{QUERY})", "volatility", "returns", query,
        sender=USER,
    )  # fmt: skip
    chain.send(
        USER, HISTORY, "followFor(address,uint64,string,string,address)",
        workflow, nonce, "ETH", "USD", OWNER,
    )  # fmt: skip
    chain.send(USER, GATEWAY, "deposit(address)", USER, value=RUNS * PRICE_WEI)
    chain.send(
        USER, GATEWAY, "setBudget(address,uint256,address,(uint128,uint128))",
        workflow, model_id, NATIVE, f"({RUNS * PRICE_WEI},{PRICE_WEI})",
    )  # fmt: skip
    # So that nobody who takes the sponsor's place without paying can hold it up.
    chain.send(
        USER, GATEWAY, "nameSponsor(address,uint64,uint256,address)", workflow, nonce, model_id, USER
    )
    print(f"   workflow {workflow}, paid for by {USER}")
    return workflow


def close_of(minute):
    """A made-up price in hundredths."""
    return 30 + 7 * minute + 11 * (minute % 3)


def open_feed(chain):
    chain.send(
        OWNER, RECORDER, "openFeed(string,string,uint32,uint8,uint8)", "ETH", "USD", 1, 2, 0
    )
    text = chain.call(
        RECORDER, "feedIdOf(address,string,string,uint32)(bytes32)", OWNER, "ETH", "USD", 1
    )
    return text.strip()


def record(chain, feed, start, minute):
    chain.next_block_at(start + 60 * minute)
    chain.send(OWNER, RECORDER, "record(bytes32,uint80,uint96)", feed, close_of(minute), 1)


def values_in(text):
    """The values of all `(value, 18)` in what cast prints."""
    return [int(value) for value in re.findall(r"\((-?\d+)(?: \[[^\]]*\])?, 18\)", text)]


def expected(chain, root, first):
    """The precompile's own answer to the closes from a minute on."""
    closes = ",".join(str(close_of(first + i) * 10**16) for i in range(WINDOW))
    text = chain.call(
        PRECOMPILE, "inference(address,int256[])(int256[])", root, f"[{closes}]", sender=GATEWAY
    )
    return numbers_in(text)[0]


def run_workflow(chain, workflow, root):
    step("3. Candles are recorded, and whoever likes runs the workflow when it is due")
    feed = open_feed(chain)
    start = (chain.now() // 60 + 2) * 60
    for minute in range(WINDOW):
        record(chain, feed, start, minute)
    end = start + 60 * (WINDOW + 10)
    chain.send(
        USER, SCHEDULER, "registerTask(address,uint256,uint256)", workflow, end, FREQUENCY_SECONDS,
        value=BUDGET_WEI,
    )  # fmt: skip
    task = chain.call(SCHEDULER, "taskIdOf(address,address)(bytes32)", USER, workflow).strip()
    wanted = []
    for minute in range(WINDOW, WINDOW + RUNS):
        # Its block is in this minute, so that all candles before are complete.
        record(chain, feed, start, minute)
        receipt = chain.send(
            OWNER, SCHEDULER, "execute(bytes32,address,uint256)", task, KEEPER, 1,
        )  # fmt: skip
        wanted.insert(0, expected(chain, root, minute - WINDOW))
        print(f"   run at minute {minute}: {wanted[0] / 10**18:.4f} %, {int(receipt['gasUsed'], 16):,} gas")
    return task, wanted


def check_results(chain, workflow, task, wanted):
    step("4. The results, in the workflow and in the scheduler, against the precompile's")
    calls = [
        (workflow, f"getLastInferenceResults(uint256)({MODEL_OUTPUT}[])", [9]),
        (SCHEDULER, f"getLastInferenceResults(bytes32,uint256)({MODEL_OUTPUT}[])", [task, 9]),
    ]
    for to, signature, arguments in calls:
        got = values_in(chain.call(to, signature, *arguments))
        if got != wanted:
            raise Failed(f"{to} says {got}, the precompile {wanted}")
    print(f"   {len(wanted)} results, equal to the last digit")


def check_money(chain, workflow):
    step("5. Who paid, who earned")
    earned = chain.number(GATEWAY, "earnings(address)(uint256)", OWNER)
    left = chain.number(GATEWAY, "prepaidOf(address,address)(uint256)", USER, NATIVE)
    if (earned, left) != (RUNS * PRICE_WEI, 0):
        raise Failed(f"the model's owner earned {earned}, the sponsor has {left} left")
    reward = chain.balance(KEEPER)
    if reward == 0 or chain.balance(SCHEDULER) != BUDGET_WEI - reward:
        raise Failed(f"paid {reward} of {BUDGET_WEI}, {chain.balance(SCHEDULER)} left")
    chain.send(USER, SCHEDULER, "stopTask(address)", workflow)
    if chain.balance(SCHEDULER) != 0:
        raise Failed("the scheduler keeps what it owes")
    print(f"   {earned:,} wei to the model's owner, {reward:,} to whoever ran it, the rest returned")


def solidml():
    arguments = parse_arguments()
    run("forge", "build")
    with tempfile.TemporaryDirectory(prefix="fixpoint-solidml-") as name:
        folder = pathlib.Path(name)
        with Devnet(arguments.fixpoint, folder / "chain", log=folder / "devnet.log") as devnet:
            chain = Chain(arguments.fixpoint.resolve(), devnet)
            deployed = deploy_model(chain, folder)
            workflow = create_workflow(chain, deployed["model_id"])
            task, wanted = run_workflow(chain, workflow, deployed["model"])
            check_results(chain, workflow, task, wanted)
            check_money(chain, workflow)


if __name__ == "__main__":
    main(solidml)
