"""Contracts on a devnet, used as a person would: what the scripts that play examples share.

Transactions go through the node's development accounts, calldata through `cast`.
"""

import json
import re

from devkit import OWNER_KEY, ROOT, Failed, run

PRECOMPILE = "0x0000000000000000000000000000000000000F1E"
NATIVE = "0x" + "0" * 40

# Development accounts of `fixpoint devnet`.
ALICE = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
BOB = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
CAROL = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
DORA = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"

# Named, not estimated: an estimate is made in the pending block, whose maker and time may be others. Enough
# for all that fits a transaction (EIP-7825).
SEND_GAS = 16_000_000


class Chain:
    """A devnet, its transactions and its clock."""

    def __init__(self, fixpoint, devnet):
        self.fixpoint = fixpoint
        self.rpc = devnet.rpc
        self.url = devnet.url

    def deploy_model(self, file, *options, key=OWNER_KEY):
        """Puts a compiled model on chain; returns what `fixpoint deploy --json` says."""
        text = run(
            self.fixpoint, "deploy", file, "--rpc", self.url, "--private-key", key, "--json", *options
        )
        return json.loads(text)

    def create(self, name, signature=None, *arguments, sender=ALICE):
        """Deploys a contract that `forge build` has built; returns its address."""
        receipt = self.transact(sender, None, creation_code(name, signature, *arguments), 0)
        return receipt["contractAddress"]

    def send(self, sender, to, signature, *arguments, value=0):
        """A transaction that must succeed; returns its receipt."""
        return self.transact(sender, to, calldata(signature, *arguments), value)

    def transact(self, sender, to, data, value):
        transaction = {"from": sender, "data": data, "value": hex(value), "gas": hex(SEND_GAS)}
        if to:
            transaction["to"] = to
        receipt = self.rpc(
            "eth_getTransactionReceipt", self.rpc("eth_sendTransaction", transaction)
        )
        if receipt is None or int(receipt["status"], 16) != 1:
            raise Failed(f"a transaction to {to} reverted: {data[:10]}, {receipt}")
        return receipt

    def refused(self, sender, to, error, signature, *arguments, value=0):
        """The same must revert, with this error."""
        call = {"from": sender, "to": to, "data": calldata(signature, *arguments), "value": hex(value)}
        try:
            self.rpc("eth_call", call, "latest")
        except Failed as failure:
            if run("cast", "sig", error).strip()[2:] not in str(failure):
                raise Failed(f"{signature}: not {error} but {failure}") from failure
            return
        raise Failed(f"{signature} went through, without {error}")

    def call(self, to, signature, *arguments, sender=DORA):
        """What a view returns, as cast prints it, a line for each value."""
        return run(
            "cast", "call", to, signature, *arguments, "--from", sender, "--rpc-url", self.url
        )

    def numbers(self, to, signature, *arguments):
        """The numbers that a view returns."""
        return [int(line.split()[0], 0) for line in self.call(to, signature, *arguments).splitlines()]

    def number(self, to, signature, *arguments):
        """The first of them."""
        return self.numbers(to, signature, *arguments)[0]

    def infer(self, model, words):
        """The precompile's own answer, of a model without a gate."""
        text = self.call(
            PRECOMPILE, "inference(address,int256[])(int256[])", model, json.dumps(words)
        )
        return numbers_in(text)

    def balance(self, account):
        return int(self.rpc("eth_getBalance", account, "latest"), 16)

    def now(self):
        return int(self.rpc("eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def next_block_at(self, timestamp):
        """The next block, which the next transaction makes, has this time."""
        self.rpc("evm_setNextBlockTimestamp", timestamp)

    def pass_time(self, seconds):
        self.next_block_at(self.now() + seconds)
        self.rpc("evm_mine")


def numbers_in(text):
    """Those of a list, without cast's short forms behind them."""
    return [int(word) for word in re.findall(r"-?\d+", re.sub(r"\s\[[^\]]*\]", "", text))]


def calldata(signature, *arguments):
    return run("cast", "calldata", "--", signature, *arguments).strip()


def creation_code(name, signature=None, *arguments):
    """A built contract's code with its constructor's arguments; `FILE/NAME` if the file has another name."""
    source, _, name = name.rpartition("/")
    artifact = json.loads((ROOT / "out" / f"{source or name}.sol" / f"{name}.json").read_text())
    code = artifact["bytecode"]["object"]
    if signature is None:
        return code
    return code + run("cast", "abi-encode", "--", signature, *arguments).strip()[2:]
