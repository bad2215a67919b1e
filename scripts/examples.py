#!/usr/bin/env python3
"""The examples on a devnet, each in one real use: a game is played and won, a market lends and liquidates, a
pool's fee follows its prices; and a token's card is read by parsers that are not forge's."""

import argparse
import base64
import json
import pathlib
import re
import tempfile
import xml.etree.ElementTree

from chain import ALICE, BOB, CAROL, Chain, creation_code, numbers_in
from devkit import DIGITS, REGISTRY, ROOT, Devnet, Failed, main, read_npy, read_npz, run, step

MODELS = ROOT / "test-vectors" / "models"
RECORDER = "0x0000000000000000000000000000000000000F24"
WAD = 10**18
HOUR = 3600

# The game.
STAKE_WEI, PERIOD = 10**15, 60
SALT = "0x" + "5a" * 32
PRIZE = "0x00000000000000000000000000000000000F41E5"
RUBBED_PIXELS = 12

# The market.
PRICE = 2000 * 10**8
SUPPLY, COLLATERAL, LOAN, MIN_DEBT = 100_000 * WAD, 100 * WAD, 60_000 * WAD, 10 * WAD
CRASHED = PRICE * 7 // 10
CANDLES = 26
FEATURES = ["meanUtilisation", "meanConcentration", "volatility", "drawdown"]

# The pool.
ONE = 1 << 96
WINDOW = 16
FEE_PER_PERCENT, MIN_FEE, MAX_FEE = 2000, 500, 10_000
KEY = "(address,address,uint24,int24,address)"
DYNAMIC_FEE = 0x800000
# Arachnid's proxy: calldata is a salt and the code to create.
PROXY = "0x4e59b44847b379578588920cA78FbF26c0B4956C"
PROXY_CODE = (
    "0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe03601600081602082378035828234"
    "f58015156039578182fd5b8082525050506014600cf3"
)
# afterInitialize and beforeSwap, the only ones of the address's low 14 bits.
HOOK_SUFFIX = "1080"

CARD_NAME = '<b onload="x">\\"&amp;\',"name":"y"'


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    return parser.parse_args()


def deploy(chain, folder, name, precision, *options):
    """Compiles a trained model as its library expects it, and puts it on chain."""
    file = folder / f"{name}.fxp"
    run(
        chain.fixpoint, "compile", MODELS / name / f"{name}.onnx", "--precision", precision,
        "--calibration", MODELS / name / "calibration.npz", "-o", file,
    )  # fmt: skip
    return chain.deploy_model(file, *options)


def play_game(chain, model):
    step("1. Least ink: Alice writes the digit, Bob rubs out what the network does not need")
    game = chain.create(
        "DigitGame", "constructor(address,uint256,uint256)", model, STAKE_WEI, PERIOD
    )
    number, written = readable_round(chain, game)
    rubbed = rub_out(chain, game, number, written)
    for player, scan in ((ALICE, written), (BOB, rubbed)):
        commitment = chain.call(
            game, "commitmentOf(uint256,address,bytes,bytes32)(bytes32)", number, player, as_hex(scan), SALT
        ).strip()
        chain.send(player, game, "commit(uint256,bytes32)", number, commitment, value=STAKE_WEI)
    chain.pass_time(PERIOD)
    blank = as_hex([0] * len(written))
    chain.refused(
        BOB, game, "WrongCommitment(bytes32,bytes32)", "reveal(uint256,bytes,bytes32)", number, blank, SALT
    )
    for player, scan in ((ALICE, written), (BOB, rubbed)):
        chain.send(player, game, "reveal(uint256,bytes,bytes32)", number, as_hex(scan), SALT)
    chain.pass_time(PERIOD)
    chain.refused(ALICE, game, "NothingToPay(uint256,address)", "claim(uint256,address)", number, ALICE)
    chain.send(BOB, game, "claim(uint256,address)", number, PRIZE)
    if (chain.balance(PRIZE), chain.balance(game)) != (2 * STAKE_WEI, 0):
        raise Failed(f"the prize is {chain.balance(PRIZE)} wei, {chain.balance(game)} are left")
    print(f"   a {number % 10} with {sum(written)} of ink lost to one with {sum(rubbed)}, for {2 * STAKE_WEI:,} wei")


def as_hex(scan):
    return "0x" + bytes(scan).hex()


def readable_round(chain, game):
    """The first open round on whose paper the first handwritten digit is clear, and that scan."""
    _, labels = read_npy((DIGITS / "test_labels.npy").read_bytes())
    ((_, images),) = read_npz(DIGITS / "test.npz").values()
    for _ in range(10):
        number = chain.number(game, "currentRound()(uint256)")
        holes = chain.number(game, "holesOf(uint256)(uint64)", number)
        place = 64 * list(labels).index(number % 10)
        image = [int(ink) for ink in images[place : place + 64]]
        scan = [0 if holes >> i & 1 else ink for i, ink in enumerate(image)]
        if is_clear(chain, game, number, scan):
            return number, scan
        chain.pass_time(PERIOD)
    raise Failed("no paper to write on in ten rounds")


def is_clear(chain, game, number, scan):
    digit, margin = chain.numbers(game, "read(bytes)(uint8,int256)", as_hex(scan))
    return digit == number % 10 and margin >= WAD


def rub_out(chain, game, number, written):
    """Without some of the pixels that it can be read without."""
    scan = list(written)
    for i in [i for i, ink in enumerate(written) if ink][:RUBBED_PIXELS]:
        tried = [0 if j == i else ink for j, ink in enumerate(scan)]
        if is_clear(chain, game, number, tried):
            scan = tried
    if sum(scan) >= sum(written):
        raise Failed("nothing could be rubbed out")
    return scan


class Market:
    """A lending market and its feed."""

    def __init__(self, chain, model):
        self.chain, self.model = chain, model
        chain.send(ALICE, RECORDER, "openFeed(string,string,uint32,uint8,uint8)", "ETH", "USD", 60, 8, 0)
        self.feed = chain.call(
            RECORDER, "feedIdOf(address,string,string,uint32)(bytes32)", ALICE, "ETH", "USD", 60
        ).strip()
        for _ in range(CANDLES):
            self.pass_hour(PRICE)
        self.debt, self.collateral = chain.create("Tokens/GoodToken"), chain.create("Tokens/GoodToken")
        self.address = chain.create(
            "RiskLendingMarket", "constructor(address,address,uint256,address,bytes32)",
            self.debt, self.collateral, MIN_DEBT, model, self.feed,
        )  # fmt: skip

    def pass_hour(self, price):
        """A price in the first second of the next hour."""
        self.chain.next_block_at((self.chain.now() // HOUR + 1) * HOUR)
        self.chain.send(ALICE, RECORDER, "record(bytes32,uint80,uint96)", self.feed, price, 0)

    def give(self, account, token, amount):
        self.chain.send(account, token, "mint(address,uint256)", account, amount)
        self.chain.send(account, token, "approve(address,uint256)", self.address, amount)

    def act(self, account, signature, *arguments):
        self.chain.send(account, self.address, signature, *arguments)

    def view(self, signature, *arguments):
        return self.chain.numbers(self.address, signature, *arguments)


def lend(chain, model):
    step("2. A lending market: a loan against what the risk model says, a crash, a liquidation")
    market = Market(chain, model)
    for account, token, amount in (
        (ALICE, market.debt, SUPPLY), (BOB, market.collateral, COLLATERAL), (CAROL, market.debt, LOAN),
    ):  # fmt: skip
        market.give(account, token, amount)
    market.act(ALICE, "supply(uint256)", SUPPLY)
    market.act(BOB, "addCollateral(uint256)", COLLATERAL)
    # The model is asked an hour after the market was made.
    for _ in range(2):
        market.pass_hour(PRICE)
    borrow(market)
    for price in (CRASHED, CRASHED):
        market.pass_hour(price)
    market.act(CAROL, "updateFactor()")
    liquidate(market)


def borrow(market):
    """Bob borrows within the limit that the model's answer sets, which is compared with the precompile's."""
    market.chain.refused(
        BOB, market.address, "AboveLimit(uint256,uint256)", "borrow(uint256,address)", SUPPLY, BOB
    )
    market.act(BOB, "borrow(uint256,address)", LOAN, BOB)
    # Nobody had borrowed, and the price had stood still: all four features were zero.
    (haircut,) = market.chain.infer(market.model, [0] * len(FEATURES))
    (want,) = market.view("targetFor(int256)(uint256)", haircut)
    (target,) = market.view("target()(uint256)")
    if target != want:
        raise Failed(f"the market's target is {target}, the model's answer means {want}")
    print(f"   the model expects a loss of {haircut / WAD:.2f} %: the factor may rise to {target / WAD:.1%}")


def liquidate(market):
    """Carol pays part of Bob's debt for collateral worth 5 % more; then the loan is sound again."""
    (debt,) = market.view("debtOf(address)(uint256)", BOB)
    _, limit = market.view("limitsOf(address)(uint256,uint256)", BOB)
    if debt <= limit:
        raise Failed(f"a debt of {debt} is within {limit} after the crash")
    market.act(CAROL, "liquidate(address,uint256,uint256)", BOB, LOAN, 1)
    (left,) = market.view("debtOf(address)(uint256)", BOB)
    seized = market.chain.number(market.collateral, "balanceOf(address)(uint256)", CAROL)
    paid = LOAN - market.chain.number(market.debt, "balanceOf(address)(uint256)", CAROL)
    worth = seized * CRASHED // 10**8
    # To a part in a million: interest of a second, and rounding.
    if paid == 0 or abs(worth * 100 - paid * 105) > paid // 10_000:
        raise Failed(f"{paid} was paid for collateral worth {worth}")
    market.chain.refused(
        CAROL, market.address, "Healthy(uint256,uint256)", "liquidate(address,uint256,uint256)", BOB, LOAN, 0
    )
    print(f"   {paid / WAD:,.0f} of {debt / WAD:,.0f} repaid for {seized / WAD:.2f} of collateral; {left / WAD:,.0f} owed")


def trade(chain, model):
    step("3. A pool's hook: fees of a calm and of a nervous market")
    manager = chain.create("HookBench/PoolManagerStub")
    hook = create_hook(chain, manager, model)
    calm = fee_after(chain, manager, hook, model, 1, 1000)
    nervous = fee_after(chain, manager, hook, model, 2, 50)
    if not MIN_FEE <= calm < nervous <= MAX_FEE:
        raise Failed(f"fees of {calm} and {nervous} millionths")
    print(f"   {calm / 10_000:.4f} % and {nervous / 10_000:.4f} %, as the forecasts say")


def create_hook(chain, manager, model):
    """At an address that says what it does, as a manager of Uniswap v4 wants it."""
    code = creation_code("VolatilityHook", "constructor(address,address)", manager, model)
    found = run(
        "cast", "create2", "--ends-with", HOOK_SUFFIX, "--deployer", PROXY, "--jobs", 1,
        "--init-code-hash", run("cast", "keccak", code).strip(),
    )  # fmt: skip
    address = re.search(r"^Address: (0x[0-9a-fA-F]{40})$", found, re.M).group(1)
    salt = re.search(r"^Salt: (0x[0-9a-f]{64})\b", found, re.M).group(1)
    chain.rpc("anvil_setCode", PROXY, PROXY_CODE)
    chain.transact(ALICE, PROXY, salt + code[2:], 0)
    if chain.rpc("eth_getCode", address, "latest") == "0x":
        raise Failed(f"no hook at {address}")
    return address


def fee_after(chain, manager, hook, model, tick_spacing, part):
    """The fee after 16 hours in which the root of the price goes up and down by `1 / part`."""
    key = f"(0x{1:040x},0x{2:040x},{DYNAMIC_FEE},{tick_spacing},{hook})"
    chain.send(ALICE, manager, f"initialize({KEY},uint160)", key, ONE)
    for hour in range(WINDOW):
        price = ONE + ONE // part if hour % 2 == 0 else ONE
        chain.send(ALICE, manager, f"setPrice({KEY},uint160)", key, price)
        chain.next_block_at((chain.now() // HOUR + 1) * HOUR)
        chain.send(BOB, manager, f"swap({KEY})", key)
    pool = chain.call(hook, f"idOf({KEY})(bytes32)", key).strip()
    fee = chain.numbers(hook, "memoryOf(bytes32)(uint32,uint160,uint24,uint8)", pool)[2]
    returns = numbers_in(chain.call(hook, "returnsOf(bytes32)(int256[])", pool))
    (percent,) = chain.infer(model, returns)
    want = min(max(percent * FEE_PER_PERCENT // WAD, MIN_FEE), MAX_FEE)
    if fee != want:
        raise Failed(f"a fee of {fee}, and the model's forecast means {want}")
    return fee


def read_card(chain, model_id):
    step("4. A token's card whose name is full of markup, through Python's JSON and XML")
    uri = json.loads(chain.call(REGISTRY, "tokenURI(uint256)(string)", model_id))
    card = json.loads(payload(uri, "data:application/json;base64,"))
    picture = xml.etree.ElementTree.fromstring(payload(card["image"], "data:image/svg+xml;base64,"))
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    tags = {element.tag.rpartition("}")[2] for element in picture.iter()}
    if card["name"] != CARD_NAME or texts[0] != CARD_NAME or tags != {"svg", "rect", "text"}:
        raise Failed(f"the card says {card['name']!r}, the picture {texts} in {tags}")
    print(f"   {card['name']}")


def payload(uri, head):
    if not uri.startswith(head):
        raise Failed(f"not {head}: {uri[:80]}")
    return base64.b64decode(uri.removeprefix(head), validate=True).decode("ascii")


def play():
    fixpoint = parse_arguments().fixpoint.resolve()
    run("forge", "build")
    with tempfile.TemporaryDirectory(prefix="fixpoint-examples-") as name:
        folder = pathlib.Path(name)
        with Devnet(fixpoint, folder / "chain", log=folder / "devnet.log") as devnet:
            chain = Chain(fixpoint, devnet)
            play_game(chain, deploy(chain, folder, "digits", "int8")["model"])
            lend(chain, deploy(chain, folder, "risk", "int16")["model"])
            volatility = deploy(chain, folder, "volatility", "int16", "--name", CARD_NAME)
            trade(chain, volatility["model"])
            read_card(chain, volatility["model_id"])
    print("\nA game won, a loan liquidated, two pools with their fees.")


if __name__ == "__main__":
    main(play)
