"""forge: scripts that broadcast and resume, single contracts, and tests on a fork of the node."""

import json
import pathlib
import shutil

from client_tests.foundry import PROJECT, Foundry, create_purse, eventually, expect
from devkit import OWNER, OWNER_KEY, USER

SCRIPT = "script/Deploy.s.sol"
BROADCAST = (
    "forge", "script", SCRIPT, "--rpc-url", "local", "--broadcast", "--private-key", OWNER_KEY,
)  # fmt: skip
# What the script sends: three contracts, a deposit, a lock.
SENT = 5


def deploy_by_script(foundry):
    """`forge script --broadcast`; returns the transactions that it noted down."""
    shutil.rmtree(PROJECT / "broadcast", ignore_errors=True)
    said = foundry(*BROADCAST)
    expect("ONCHAIN EXECUTION COMPLETE & SUCCESSFUL" in said, said)
    return noted()


def noted():
    """What forge wrote down about the last broadcast."""
    path = PROJECT / "broadcast" / "Deploy.s.sol" / "31337" / "run-latest.json"
    notes = json.loads(path.read_text())
    expect(len(notes["receipts"]) == SENT, f"{len(notes['receipts'])} receipts")
    expect(all(receipt["status"] == "0x1" for receipt in notes["receipts"]), notes["receipts"])
    return notes["transactions"]


def check_deployed(foundry, transactions):
    purse, salted, batch = (transactions[at]["contractAddress"] for at in range(3))
    expect(foundry("cast", "call", purse, "name()(string)") == '"scripted"', "not the purse")
    expect(foundry("cast", "call", purse, "total()(uint256)").startswith("3"), "not 3 ether")
    expect(foundry("cast", "call", salted, "name()(string)") == '"salted"', "not the salted one")
    expect(transactions[1]["transactionType"] == "CREATE2", transactions[1])
    expect(foundry("cast", "code", batch) != "0x", "no batch")
    return purse


def check_resume(foundry, before):
    """A broadcast that ends before its transactions are mined goes on where it was."""
    foundry("cast", "rpc", "evm_revert", before)
    foundry("cast", "rpc", "evm_setAutomine", "false")
    with foundry.started(*BROADCAST) as process:
        waiting = {"pending": hex(SENT), "queued": "0x0"}
        eventually(lambda: json.loads(foundry("cast", "tx-pool", "status")) == waiting)
        process.terminate()
    foundry("cast", "rpc", "evm_setAutomine", "true")
    foundry("cast", "rpc", "evm_mine")
    foundry(*BROADCAST, "--resume")
    return noted()


def check_create(foundry):
    """`forge create` without --verify, with a key and with the node's own account."""
    purse, _ = create_purse(foundry, "created")
    expect(foundry("cast", "call", purse, "name()(string)") == '"created"', "not created")
    made = foundry.json(
        "forge", "create", "src/Purse.sol:Purse", "--broadcast", "--unlocked", "--from", USER,
        "--value", "7", "--constructor-args", "by the node",
    )  # fmt: skip
    expect(made["deployer"] == USER, made)
    expect(foundry("cast", "balance", made["deployedTo"]) == "7", "not paid")
    # Without --broadcast nothing is sent.
    before = foundry("cast", "nonce", OWNER)
    foundry(
        "forge", "create", "src/Purse.sol:Purse", "--private-key", OWNER_KEY, "--constructor-args", "x"
    )
    expect(foundry("cast", "nonce", OWNER) == before, "a dry run sent something")


def check_tests(foundry, purse):
    """`forge test`: on a fork that the tests choose, and on one that the command line names."""
    results = foundry.json("forge", "test", PURSE=purse)
    by_suite = {
        name.split(":")[1]: {test: result["status"] for test, result in suite["test_results"].items()}
        for name, suite in results.items()
    }
    statuses = [status for suite in by_suite.values() for status in suite.values()]
    expect(set(statuses) == {"Success"}, by_suite)
    expect(len(by_suite["ForkTest"]) == 5, by_suite)
    said = foundry(
        "forge", "test", "--fork-url", foundry.url, "--match-contract", "PurseTest", PURSE=purse
    )
    expect("3 passed; 0 failed" in said, said)
    return len(statuses) + 3


def check_console(foundry, log):
    """What contracts say by `console.log` stands in the node's output, and why they failed."""
    chatter = foundry.json(
        "forge", "create", "src/Chatter.sol:Chatter", "--broadcast", "--private-key", OWNER_KEY
    )["deployedTo"]
    foundry("cast", "send", chatter, "keep(uint256)", "7", "--private-key", OWNER_KEY)
    foundry(
        "cast", "send", chatter, "refuse()", "--private-key", OWNER_KEY, "--gas-limit", "100000"
    )
    foundry("cast", "call", chatter, "look()")

    # In the transaction and in the call.
    eventually(lambda: log.read_text().count("has 7") >= 2)
    said = log.read_text()
    for line in ("to keep 7", "about to refuse 7", "enough said"):
        expect(line in said, said)


def test_forge(node):
    """Every check; returns how many there are."""
    foundry = Foundry(node.url)
    before = json.loads(foundry("cast", "rpc", "evm_snapshot"))
    purse = check_deployed(foundry, deploy_by_script(foundry))
    tests = check_tests(foundry, purse)
    check_create(foundry)
    check_console(foundry, pathlib.Path(node.log.name))
    check_deployed(foundry, check_resume(foundry, before))
    return tests + 5
