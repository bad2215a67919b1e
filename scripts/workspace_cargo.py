#!/usr/bin/env python3
"""Cargo for maturin, in debug builds: instead of the extension module alone, builds what `cargo test` builds.

Alone, it would give the dependencies other features than the workspace's tests have, and compile all of
them a second time. Maturin finds the module among the artifacts of either. Only its name counts here, as
`CARGO`; see python_package.py."""

import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What maturin tells PyO3's build script, which would be compiled again for it. The module is for any
# interpreter from 3.10 on.
FOREIGN = (
    "PYO3_BUILD_EXTENSION_MODULE", "PYO3_CONFIG_FILE", "PYO3_ENVIRONMENT_SIGNATURE", "PYO3_PYTHON",
    "PYTHON_SYS_EXECUTABLE",
)  # fmt: skip


def cargo():
    arguments = sys.argv[1:]
    os.environ["CARGO"] = command = os.environ.pop("FIXPOINT_CARGO", "cargo")
    if arguments[:1] == ["rustc"]:
        for name in FOREIGN:
            os.environ.pop(name, None)
        arguments = ["test", "--locked", "--workspace", "--no-run", "--test", "package"]
        arguments += ["--message-format", "json-render-diagnostics"]
        os.chdir(ROOT)
    os.execvp(command, [command, *arguments])


if __name__ == "__main__":
    cargo()
