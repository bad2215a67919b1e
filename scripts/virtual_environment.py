"""Virtual environments of this checkout with packages of PyPI, made once."""

import pathlib
import shutil
import subprocess
import sys

from devkit import ROOT, Failed


def ensure(name, packages):
    """The folder of an environment that has exactly these packages; it is made if need be."""
    folder = ROOT / name
    stamp = folder / "-".join(packages).replace("==", "-")
    if not stamp.exists():
        make(folder, packages)
        stamp.touch()
    return folder


def make(folder, packages):
    """Makes the environment from nothing: a half-made or older one is of no use."""
    if sys.version_info < (3, 10):
        raise Failed(f"{packages[0]} needs Python 3.10 or newer; this is {sys.version.split()[0]}")
    print(f"installing {' and '.join(packages)} into {folder}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    install(
        "Python's venv or pip is missing (on Debian and Ubuntu: apt install python3-venv)",
        sys.executable, "-m", "venv", folder,
    )  # fmt: skip
    # Never from source: that takes a tool chain, and up to an hour.
    install(
        f"pip could not install {' and '.join(packages)} from PyPI",
        folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--only-binary", ":all:", *packages,
    )  # fmt: skip


def install(otherwise, *command):
    """Runs a step of the installation; fails with one clear line and what the step said."""
    done = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise Failed(f"{otherwise}\n{done.stdout[-1500:].rstrip()}")


def python_of(folder):
    """Its interpreter."""
    return pathlib.Path(folder) / "bin" / "python"
