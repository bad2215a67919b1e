"""viem, ethers and Hardhat 3, out of packages/clients."""

import os
import pathlib
import re
import shutil
import subprocess

from devkit import ROOT, Failed, environment, run

CLIENTS = ROOT / "packages" / "clients"
HARDHAT = CLIENTS / "hardhat"
# What Hardhat 3 asks for.
HARDHAT_NODE = (22, 13)


def install():
    """Installs both packages at their exact versions."""
    install_into(CLIENTS, environment())


def install_into(package, variables):
    """`npm ci`, unless it has been done for this lock file."""
    lock, done = package / "package-lock.json", package / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime > lock.stat().st_mtime:
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    finished = subprocess.run(command, cwd=package, env=variables, text=True, capture_output=True)
    if finished.returncode != 0:
        raise Failed(f"npm ci failed in {package.name}:\n{finished.stderr[-3000:]}")


def test_files(suite):
    """The files of viem's or ethers' suite."""
    return sorted((CLIENTS / suite).glob("*.test.mjs"))


def test_file(file, node, facts):
    """Runs a file's tests on a node; returns how many there are."""
    done = subprocess.run(
        # A test that fails may leave a socket open, which would keep the process.
        ["node", "--test", "--test-force-exit", "--test-reporter=spec", file],
        cwd=CLIENTS,
        env=os.environ | {"RPC_URL": node.url, "NO_COLOR": "1"} | facts,
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        timeout=120,
    )
    return count_passed(done, file.name, may_skip="ON_ANVIL" in facts)


def count_passed(done, name, may_skip=False):
    """How many tests passed; all must have, and none be skipped."""
    output = done.stdout + done.stderr
    counts = dict(re.findall(r"^ℹ (pass|fail|skipped) (\d+)$", output, re.M))
    if done.returncode != 0 or (counts.get("skipped") != "0" and not may_skip):
        raise Failed(f"{name} failed, or not all of it ran:\n{output[-8000:]}")
    return int(counts["pass"])


def hardhat_environment(url):
    """With a Node.js that Hardhat takes first on PATH."""
    variables = environment() | {"RPC_URL": url, "NO_COLOR": "1", "HARDHAT_DISABLE_TELEMETRY": "1"}
    own = CLIENTS / "node_modules" / ".bin"
    if node_version(shutil.which("node")) >= HARDHAT_NODE:
        return variables
    if not (own / "node").exists():
        raise Failed(
            "Hardhat 3 needs Node.js 22.13 or newer, and npm has no build of it for this platform;"
            " install one from nodejs.org"
        )
    return variables | {"PATH": f"{own}{os.pathsep}{variables['PATH']}"}


def node_version(program):
    """Major and minor version."""
    version = run(program, "--version")
    return tuple(int(part) for part in version.strip().lstrip("v").split(".")[:2])


def test_hardhat(node, facts):
    """The Hardhat project's tests and a deployment by Ignition; how many passed."""
    variables = hardhat_environment(node.url) | facts
    install_into(HARDHAT, variables)
    hardhat = HARDHAT / "node_modules" / ".bin" / "hardhat"
    # What an earlier run deployed is on no chain any more.
    shutil.rmtree(HARDHAT / "ignition" / "deployments", ignore_errors=True)

    def command(*arguments):
        return subprocess.run(
            [hardhat, *arguments, "--network", "devnet"],
            cwd=HARDHAT,
            env=variables | {"HARDHAT_IGNITION_CONFIRM_DEPLOYMENT": "true"},
            stdin=subprocess.DEVNULL,
            text=True,
            capture_output=True,
            timeout=300,
        )

    tested = command("test")
    passing = re.search(r"^(\d+) passing", tested.stdout, re.M)
    if tested.returncode != 0 or not passing:
        raise Failed(f"hardhat test failed:\n{tested.stdout[-6000:]}{tested.stderr[-2000:]}")
    deployed = command("ignition", "deploy", pathlib.Path("ignition", "modules", "Lockbox.ts"))
    if deployed.returncode != 0 or "LockboxModule#Lockbox - 0x" not in deployed.stdout:
        raise Failed(f"hardhat ignition deploy failed:\n{deployed.stdout[-3000:]}{deployed.stderr[-2000:]}")
    return int(passing[1]) + 1
