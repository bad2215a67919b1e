"""cast, one subcommand after another, with what each prints."""

import json
import re

from client_tests.foundry import Foundry, create_purse, expect
from devkit import OWNER, OWNER_KEY, USER, USER_KEY

STRANGER = "0x00000000000000000000000000000000DeaDBeef"
WORD = r"0x[0-9a-f]{64}"
DEPOSITED = "Deposited(address indexed,uint256,string)"


class Checks:
    """A Purse on a node, a deposit into it, and what each subcommand of cast says about them."""

    def __init__(self, url):
        self.foundry = Foundry(url)
        self.purse, self.creation = create_purse(self.foundry)
        self.deposit = self.foundry.json(
            "cast", "send", self.purse, "deposit(string)", "hello", "--value", 5,
            "--private-key", OWNER_KEY,
        )  # fmt: skip
        self.hash = self.deposit["transactionHash"]

    def cast(self, *arguments):
        return self.foundry("cast", *arguments)

    def matches(self, pattern, *arguments):
        """What cast prints, which must be all of the pattern."""
        said = self.cast(*arguments)
        found = re.fullmatch(pattern, said, re.S)
        expect(found, f"cast {' '.join(map(str, arguments))}: {said[:500]!r} is not {pattern!r}")
        return said

    # The chain.

    def chain_id(self):
        self.matches("31337", "chain-id")

    def client(self):
        self.matches(r"anvil.*/v\d+\.\d+\.\d+.*", "client")

    def block_number(self):
        self.matches(str(int(self.deposit["blockNumber"], 16)), "block-number")

    def block(self):
        block = json.loads(self.cast("block", "latest", "--full", "--json"))
        expect([tx["hash"] for tx in block["transactions"]] == [self.hash], block)
        expect(block["hash"] == self.deposit["blockHash"], block)
        self.matches(r"\d+", "block", "latest", "--field", "timestamp")
        expect("stateRoot" in self.cast("block", self.deposit["blockHash"]), "no state root")

    def age(self):
        self.matches(r".*UTC.*20\d\d.*|.*20\d\d.*UTC.*", "age")

    def base_fee(self):
        self.matches(r"[1-9]\d*", "base-fee")

    def gas_price(self):
        expect(int(self.cast("gas-price")) >= int(self.cast("base-fee", "pending")), "too low")

    def find_block(self):
        time = self.cast("block", "latest", "--field", "timestamp")
        self.matches(self.cast("block-number"), "find-block", time)

    def da_estimate(self):
        self.matches(r"Estimated data availability size for block \d+ with 1 transactions.*", "da-estimate", "latest")

    # Accounts.

    def balance(self):
        self.matches("10000" + "0" * 18, "balance", USER)
        self.matches(r"10000\.0+", "balance", "--ether", USER)
        self.matches("10000" + "0" * 18, "balance", OWNER, "--block", 0)
        expect(int(self.cast("balance", OWNER)) < 10**22, "nothing was paid for gas")

    def nonce(self):
        self.matches("2", "nonce", OWNER)
        self.matches("1", "nonce", self.purse)

    def code(self):
        self.matches("0x6080[0-9a-f]+", "code", self.purse)
        self.matches("0x", "code", STRANGER)

    def codesize(self):
        size = (len(self.cast("code", self.purse)) - 2) // 2
        self.matches(str(size), "codesize", self.purse)

    def codehash(self):
        self.matches(self.cast("keccak", self.cast("code", self.purse)), "codehash", self.purse)

    def storage(self):
        self.matches("0x" + f"{5:064x}", "storage", self.purse, 0)
        slot = self.cast("index", "address", OWNER, 1)
        self.matches("0x" + f"{5:064x}", "storage", self.purse, slot)

    def storage_root(self):
        proof = self.foundry.json("cast", "proof", self.purse, 0)
        self.matches(proof["storageHash"], "storage-root", self.purse)

    def proof(self):
        proof = self.foundry.json("cast", "proof", self.purse, 0)
        expect(proof["storageProof"][0]["value"] == "0x5", proof)
        root = self.cast("block", "latest", "--field", "stateRoot")
        expect(self.cast("keccak", proof["accountProof"][0]) == root, "not the block's root")

    def implementation(self):
        self.matches("0x" + "0" * 40, "implementation", self.purse)

    # Calls.

    def call(self):
        self.matches('"cast"', "call", self.purse, "name()(string)")
        self.matches(
            r"\(5, 0, true\)", "call", self.purse, "accountOf(address)((uint256,uint64,bool))", OWNER
        )
        self.matches("0", "call", self.purse, "total()(uint256)", "--block", 1)
        said = self.foundry.refused("cast", "call", self.purse, "fail(uint8)", 0)
        expect("execution reverted: as asked" in said, said)
        # Decoded by the error's declaration.
        withdraw = ("call", self.purse, "withdraw(address,uint256)", USER, 7, "--from", USER)
        said = self.foundry.refused("cast", *withdraw)
        data = re.search(r'data: "(0x[0-9a-f]+)"', said)
        expect(data, said)
        error = ("decode-error", data[1], "--sig", "InsufficientBalance(address,uint256,uint256)")
        self.matches(f"{USER}\\n0\\n7", *error)

    def call_with_overrides(self):
        override = f"{self.purse}:0:0x{42:064x}"
        self.matches("42", "call", self.purse, "total()(uint256)", "--override-state-diff", override)

    def call_trace(self):
        said = self.cast("call", "--trace", self.purse, "total()(uint256)")
        expect("Transaction successfully executed" in said, said)

    def estimate(self):
        gas = int(self.cast("estimate", self.purse, "deposit(string)", "x", "--value", 1, "--from", OWNER))
        expect(21_000 < gas < 100_000, gas)

    def access_list(self):
        said = self.cast("access-list", self.purse, "deposit(string)", "x")
        expect(self.purse.lower() in said.lower() and "0x" + "0" * 64 in said, said)

    # Transactions.

    def send(self):
        receipt = self.foundry.json("cast", "send", STRANGER, "--value", 3, "--private-key", USER_KEY)
        expect(receipt["status"] == "0x1" and receipt["type"] == "0x2", receipt)
        receipt = self.foundry.json(
            "cast", "send", STRANGER, "--value", 3, "--private-key", USER_KEY, "--legacy"
        )
        expect(receipt["type"] == "0x0", receipt)
        said = self.foundry.refused(
            "cast", "send", self.purse, "fail(uint8)", 0, "--private-key", USER_KEY
        )
        expect("as asked" in said, said)

    def send_unlocked(self):
        receipt = self.foundry.json(
            "cast", "send", STRANGER, "--value", 3, "--unlocked", "--from", USER
        )
        expect(receipt["from"] == USER.lower(), receipt)

    def send_with_mnemonic(self):
        phrase = "test test test test test test test test test test test junk"
        sender = ("--mnemonic", phrase, "--mnemonic-index", 2)
        receipt = self.foundry.json("cast", "send", STRANGER, "--value", 3, *sender)
        expect(receipt["from"] == "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc", receipt)

    def send_without_waiting(self):
        self.matches(
            WORD, "send", STRANGER, "--value", 3, "--private-key", USER_KEY, "--async"
        )

    def send_with_authorization(self):
        batch = self.foundry.json(
            "forge", "create", "src/Batch.sol:Batch", "--broadcast", "--private-key", OWNER_KEY
        )["deployedTo"]
        self.cast("send", USER, "--auth", batch, "--private-key", USER_KEY)
        self.matches("0xef0100" + batch[2:].lower(), "code", USER)

    def mktx_and_publish(self):
        raw = self.matches("0x02[0-9a-f]+", "mktx", STRANGER, "--value", 4, "--private-key", USER_KEY)
        receipt = json.loads(self.cast("publish", raw))
        expect(receipt["status"] == "0x1", receipt)
        expect(receipt["transactionHash"] == self.cast("keccak", raw), receipt)

    def tx(self):
        transaction = self.foundry.json("cast", "tx", self.hash)
        expect(transaction["value"] == "0x5" and transaction["chainId"] == "0x7a69", transaction)
        self.matches("1", "tx", self.hash, "nonce")
        self.matches("0x02[0-9a-f]+", "tx", self.hash, "--raw")

    def receipt(self):
        receipt = self.foundry.json("cast", "receipt", self.hash)
        expect(receipt | self.deposit == receipt, f"{receipt}\nis not {self.deposit}")
        self.matches(self.purse, "receipt", self.creation, "contractAddress")

    def logs(self):
        logs = self.foundry.json("cast", "logs", "--address", self.purse, DEPOSITED)
        expect([log["transactionHash"] for log in logs] == [self.hash], logs)
        none = self.foundry.json("cast", "logs", "--address", self.purse, DEPOSITED, USER)
        expect(none == [], none)

    def run(self):
        said = self.cast("run", self.hash)
        expect("Transaction successfully executed" in said, said)
        expect(str(int(self.deposit["gasUsed"], 16)) in said, said)

    def trace(self):
        frames = json.loads(self.cast("trace", self.hash))
        expect(frames[0]["action"]["value"] == "0x5", frames)

    # The node itself.

    def rpc(self):
        self.matches('"0x7a69"', "rpc", "eth_chainId")
        self.cast("rpc", "anvil_setBalance", STRANGER, "0x64")
        self.matches("100", "balance", STRANGER)
        expect("-32601" in self.foundry.refused("cast", "rpc", "no_suchMethod"), "no such code")

    def tx_pool(self):
        self.cast("rpc", "evm_setAutomine", "false")
        sent = self.cast("send", STRANGER, "--value", 3, "--private-key", USER_KEY, "--async")
        try:
            expect(json.loads(self.cast("tx-pool", "status"))["pending"] == "0x1", "not one")
            expect(sent in self.cast("tx-pool", "content"), "not in the pool")
            expect("3 wei" in self.cast("tx-pool", "inspect"), "not told")
            self.matches(r"\d+", "nonce", USER, "--block", "pending")
        finally:
            self.cast("rpc", "evm_setAutomine", "true")
            self.cast("rpc", "evm_mine")
        expect(self.foundry.json("cast", "receipt", sent)["status"] == "0x1", "not mined")


# In the order in which they are written: those that only read come first.
SUBCOMMANDS = tuple(
    name for name in vars(Checks) if not name.startswith("_") and name not in ("cast", "matches")
)


def test_cast(node):
    """Every check; returns how many there are."""
    checks = Checks(node.url)
    for name in SUBCOMMANDS:
        getattr(checks, name)()
    return len(SUBCOMMANDS)
