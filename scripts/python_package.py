#!/usr/bin/env python3
"""Builds the Python package's wheel into target/wheels; with --test, installs it into a fresh environment
and tests it there, against the command line and on a devnet."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import virtual_environment
from devkit import ROOT, Devnet, Failed, main, step

PACKAGE = ROOT / "packages" / "python"
MATURIN = "maturin==1.16.0"
# What the tests need besides the wheel and NumPy, which the wheel brings.
TEST_PACKAGES = ("pytest==9.2.0", "onnx==1.23.2")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", type=pathlib.Path, help="the fixpoint binary, for --test")
    parser.add_argument("--test", action="store_true", help="test the wheel")
    parser.add_argument("--debug", action="store_true", help="of the build that `cargo test` makes, not optimised")
    parser.add_argument("--pytest", nargs=argparse.REMAINDER, default=[], help="arguments for pytest")
    return parser.parse_args()


def build(debug):
    """Builds the wheel; returns its path."""
    builder = virtual_environment.ensure("target/python-build", (MATURIN,))
    wheels = ROOT / "target" / "wheels"
    env = dict(os.environ)
    command = [builder / "bin" / "maturin", "build", "--locked", "--out"]
    if debug:
        wheels = wheels / "debug"
        env["CARGO"] = str(ROOT / "scripts" / "workspace_cargo.py")
        # Only ever for this machine; repairing takes a while on a large module.
        command += [wheels, "--auditwheel", "skip", "--compression-method", "stored"]
    else:
        command += [wheels, "--release", "--strip"]
    shutil.rmtree(wheels, ignore_errors=True)
    command = [str(part) for part in command]
    if subprocess.run(command, cwd=PACKAGE, env=env, stdin=subprocess.DEVNULL).returncode != 0:
        raise Failed("maturin could not build the wheel")
    (wheel,) = wheels.glob("fixpoint-*.whl")
    return wheel


def install(wheel):
    """Installs it into a fresh environment; returns its interpreter."""
    folder = ROOT / "target" / "python-test"
    virtual_environment.make(folder, (str(wheel), *TEST_PACKAGES))
    return virtual_environment.python_of(folder)


def run_tests(python, fixpoint, arguments):
    with tempfile.TemporaryDirectory(prefix="fixpoint-python-") as name:
        folder = pathlib.Path(name)
        with Devnet(fixpoint, folder / "chain", log=folder / "devnet.log") as devnet:
            env = dict(os.environ, FIXPOINT_BINARY=str(fixpoint.resolve()), FIXPOINT_TEST_RPC=devnet.url)
            command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, PACKAGE / "tests"]
            command = [str(part) for part in command]
            # In a folder without the sources: what is imported is what the wheel installed.
            if subprocess.run(command, cwd=folder, env=env, stdin=subprocess.DEVNULL).returncode != 0:
                raise Failed("the Python package's tests failed")


def python_package():
    arguments = parse_arguments()
    step("The Python package: wheel" + (", tests" if arguments.test else ""))
    wheel = build(arguments.debug)
    if not arguments.test:
        print(wheel.relative_to(ROOT))
        return
    if arguments.fixpoint is None:
        sys.exit("--test needs --fixpoint")
    run_tests(install(wheel), arguments.fixpoint, arguments.pytest)


if __name__ == "__main__":
    main(python_package)
