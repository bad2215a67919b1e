#!/usr/bin/env python3
"""Proves what `contracts/test/proofs` claims, for all arguments: symbolic execution by halmos, solved
by cvc5 with integers in place of bit vectors (with bit vectors, products of two unknowns time out)."""

import argparse
import shlex
import subprocess

import contract_tools
from devkit import ROOT, Failed, main

PROOFS = "contracts/test/proofs"
# The loops of the proofs are over fixed lists, the longest of three.
LOOP_BOUND = 4
TIMEOUT_SECONDS = 120


def run():
    argparse.ArgumentParser(description=__doc__).parse_args()
    tools = contract_tools.tools()
    solver = [tools / "python", ROOT / "scripts" / "cvc5_cli.py"]
    solver += ["--solve-bv-as-int=sum", "--produce-models"]
    # Only the proofs and what they use is compiled.
    env = contract_tools.forge_environment("halmos", src=PROOFS, test=PROOFS, script=PROOFS)
    command = [
        tools / "halmos", "--root", ROOT, "--forge-build-out", "cache/halmos/out",
        "--loop", LOOP_BOUND, "--solver-timeout-assertion", f"{TIMEOUT_SECONDS}s",
        "--solver-command", shlex.join(str(part) for part in solver),
    ]  # fmt: skip
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT, env=env, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    print(done.stdout, end="")
    if done.returncode != 0:
        raise Failed("halmos did not prove everything")
    proved = done.stdout.count("[PASS]")
    claimed = sum(path.read_text().count("function check_") for path in (ROOT / PROOFS).glob("*.sol"))
    # A bound that was reached, or a proof that halmos did not find, is no failure to halmos.
    if proved != claimed or "WARNING" in done.stdout:
        raise Failed(f"halmos proved {proved} of {claimed} claims, or warned")


if __name__ == "__main__":
    main(run)
