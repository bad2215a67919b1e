"""Forge and cast in the Foundry project of packages/clients, with a node's address in their environment."""

import json
import subprocess
import time

from devkit import OWNER_KEY, ROOT, Failed, environment

PROJECT = ROOT / "packages" / "clients" / "foundry"


class Foundry:
    """Runs forge and cast as a developer would: RPC_URL and ETH_RPC_URL name the node."""

    def __init__(self, url):
        self.url = url
        self.environment = environment() | {
            "ETH_RPC_URL": url,
            "RPC_URL": url,
            "NO_COLOR": "1",
            "FOUNDRY_DISABLE_NIGHTLY_WARNING": "1",
        }

    def started(self, *command):
        """A process that has begun; whoever starts it ends it."""
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=PROJECT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, *command, **variables):
        """The finished process."""
        return subprocess.run(
            [str(part) for part in command],
            cwd=PROJECT,
            env=self.environment | variables,
            text=True,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=120,
        )

    def __call__(self, *command, **variables):
        """What a command that must succeed prints."""
        done = self.run(*command, **variables)
        if done.returncode != 0:
            shown = " ".join(str(part) for part in command)
            raise Failed(f"`{shown}` failed:\n{done.stdout[-2000:]}{done.stderr[-3000:]}")
        return done.stdout.strip()

    def json(self, *command, **variables):
        """The JSON that a subcommand prints with --json."""
        program, subcommand, *arguments = command
        return json.loads(self(program, subcommand, "--json", *arguments, **variables))

    def refused(self, *command, **variables):
        """What a command that must fail says."""
        done = self.run(*command, **variables)
        if done.returncode == 0:
            raise Failed(f"`{' '.join(str(part) for part in command)}` succeeded:\n{done.stdout}")
        return done.stdout + done.stderr


def build():
    """Compiles the project; the JavaScript suites read what comes of it."""
    done = subprocess.run(
        ["forge", "build"], cwd=PROJECT, env=environment(), text=True, capture_output=True
    )
    if done.returncode != 0:
        raise Failed(f"forge build failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def create_purse(foundry, name="cast"):
    """Deploys a Purse by `forge create`; returns its address and transaction."""
    made = foundry.json(
        "forge", "create", "src/Purse.sol:Purse", "--broadcast", "--private-key", OWNER_KEY,
        "--constructor-args", name,
    )  # fmt: skip
    return made["deployedTo"], made["transactionHash"]


def expect(holds, what):
    """Fails with `what` unless `holds`."""
    if not holds:
        raise Failed(str(what))


def eventually(condition, seconds=30):
    """Waits until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        expect(time.monotonic() < deadline, f"nothing came of it within {seconds} seconds")
        time.sleep(0.1)
