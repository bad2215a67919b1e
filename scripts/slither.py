#!/usr/bin/env python3
"""Runs Slither over `contracts/src`. Each finding is fixed or answered in `contracts/slither.json`, by
detector and place; fails on one that is not, and on an answer to what is no longer found."""

import argparse
import json
import shutil
import subprocess

import contract_tools
import virtual_environment
from devkit import ROOT, Failed, main

PACKAGES = ("slither-analyzer==0.11.6", "crytic-compile==0.4.2")
SOURCES = "contracts/src"
ANSWERS = "contracts/slither.json"
# Slither says so when it found something.
FOUND_SOMETHING = 255


def run():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="print what is found, do not judge it")
    arguments = parser.parse_args()
    found = findings()
    if arguments.list:
        for key, description in sorted(found.items()):
            print(*key, "\n   ", description)
        return
    judge(found, answers())


def findings():
    """By detector and place, what Slither says about it."""
    tools = virtual_environment.ensure(".venv-slither", PACKAGES) / "bin"
    folder = ROOT / "cache" / "slither"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    env = contract_tools.forge_environment("slither", test=SOURCES, script=SOURCES)
    built = subprocess.run(
        ["forge", "build", "--build-info"], cwd=ROOT, env=env, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if built.returncode != 0:
        raise Failed(f"forge build failed:\n{built.stdout[-4000:]}")
    report = folder / "report.json"
    done = subprocess.run(
        [
            str(tools / "slither"), ".", "--ignore-compile", "--foundry-out-directory",
            env["FOUNDRY_OUT"], "--filter-paths", "node_modules", "--json", str(report),
        ],
        cwd=ROOT, env=env, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode not in (0, FOUND_SOMETHING) or not report.exists():
        raise Failed(f"slither failed:\n{done.stdout[-4000:]}")
    answer = json.loads(report.read_text())
    if not answer["success"]:
        raise Failed(f"slither failed: {answer['error']}")
    return {
        (each["check"], place(each["elements"][0])): each["description"].strip()
        for each in answer["results"].get("detectors", [])
    }


def place(element):
    """Contract and function, with their parameters' types; a variable behind its function."""
    fields = element.get("type_specific_fields", {})
    # A loop's condition and the like have no name of their own.
    name = fields.get("signature", element["name"] if element["type"] != "node" else "")
    parent = fields.get("parent")
    if parent is None or parent["type"] == "file":
        return name
    above = place(parent)
    return f"{above}.{name}" if name else above


def answers():
    """By detector and place, the reason."""
    answered = {}
    for group in json.loads((ROOT / ANSWERS).read_text()):
        for each in group["places"]:
            key = group["detector"], each
            if key in answered:
                raise Failed(f"{ANSWERS} answers {' '.join(key)} twice")
            answered[key] = group["reason"]
    return answered


def judge(found, answered):
    """Fails unless what is found is what is answered."""
    new = [f"not answered: {' '.join(key)}\n    {found[key]}" for key in sorted(found) if key not in answered]
    stale = [f"no longer found: {' '.join(key)}" for key in sorted(answered) if key not in found]
    if new or stale:
        raise Failed("\n".join([*new, *stale, f"fix these, or answer them in {ANSWERS}"]))
    print(f"slither: {len(found)} findings, each answered in {ANSWERS}")


if __name__ == "__main__":
    main(run)
