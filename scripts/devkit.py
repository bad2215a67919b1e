"""What the demo, the devnet set-up and the README's test share: processes, JSON-RPC, arrays.

Standard library only. Everything talks to loopback.
"""

import ast
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DIGITS = ROOT / "test-vectors" / "models" / "digits"

REGISTRY = "0x0000000000000000000000000000000000000F20"
GATEWAY = "0x0000000000000000000000000000000000000F21"

# What the digits model costs its callers.
PRICE_WEI = 10**12

# The development accounts of `fixpoint devnet`, the same as anvil's.
OWNER_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
USER_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
USER = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


class Failed(Exception):
    """A step that did not do what it must."""


def environment():
    """The environment in which forge and cast of this checkout run."""
    env = dict(os.environ)
    env["PATH"] = f"{ROOT / 'node_modules' / '.bin'}{os.pathsep}{env['PATH']}"
    env.setdefault("FOUNDRY_DISABLE_NIGHTLY_WARNING", "1")
    return env


def run(*command, cwd=ROOT, quiet=True):
    """Runs a command to its end and returns its standard output; says all it said if it fails."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment(),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if quiet else None,
    )
    if done.returncode != 0:
        shown = " ".join(str(part) for part in command)
        raise Failed(f"`{shown[:300]}` failed:\n{done.stdout[-2000:]}{(done.stderr or '')[-4000:]}")
    return done.stdout


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Rpc:
    """JSON-RPC over HTTP."""

    def __init__(self, url):
        self.url = url

    def __call__(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        request = urllib.request.Request(
            self.url, body.encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            answer = json.load(response)
        if "error" in answer:
            raise Failed(f"{method}: {answer['error']}")
        return answer["result"]


class Node:
    """A running Ethereum node, ended on leaving the block."""

    def __init__(self, command, port, log=None):
        self.name = pathlib.Path(command[0]).name
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.rpc = Rpc(self.url)
        self.log = open(log, "w") if log else None
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )

    def __enter__(self):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            answers = self.answers()
            # After asking: what answered may be another program that has the port.
            if self.process.poll() is not None:
                raise Failed(
                    f"{self.name} ended at once; is port {self.port} taken? Another one: --port, or"
                    " `make devnet PORT=9545`"
                )
            if answers and self.listens():
                return self
            time.sleep(0.05)
        self.stop()
        raise Failed(f"{self.name} did not answer within 30 seconds")

    def answers(self):
        """Whether anything speaks JSON-RPC on the port."""
        try:
            return bool(self.rpc("eth_chainId"))
        except (OSError, Failed, ValueError):
            return False

    def listens(self):
        """Whether it is still our process a moment later: one that finds its port taken ends."""
        time.sleep(0.1)
        return self.process.poll() is None

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.log:
            self.log.close()


class Devnet(Node):
    """A running `fixpoint devnet`; without a folder it keeps its chain in memory."""

    def __init__(self, fixpoint, data_dir=None, port=None, log=None):
        port = port or free_port()
        kept = ("--data-dir", data_dir) if data_dir else ()
        super().__init__((fixpoint, "devnet", "--port", port, *kept), port, log)


def read_npy(data):
    """Shape and flat values of a `.npy` file's bytes (C order, plain numbers)."""
    if data[:6] != b"\x93NUMPY":
        raise Failed("not a .npy file")
    major = data[6]
    size_format, start = ("<H", 10) if major == 1 else ("<I", 12)
    (header_length,) = struct.unpack(size_format, data[8:start])
    header = ast.literal_eval(data[start : start + header_length].decode("latin1"))
    if header["fortran_order"]:
        raise Failed("Fortran order is not supported")
    kinds = {"f4": "f", "f8": "d", "i1": "b", "u1": "B", "i2": "h", "i4": "i", "i8": "q"}
    kind = kinds[header["descr"].lstrip("<>|=")]
    body = data[start + header_length :]
    count = len(body) // struct.calcsize(kind)
    return header["shape"], struct.unpack(f"<{count}{kind}", body)


def read_npz(path):
    """Name to (shape, values)."""
    with zipfile.ZipFile(path) as archive:
        return {
            name.removesuffix(".npy"): read_npy(archive.read(name)) for name in archive.namelist()
        }


def compile_digits(fixpoint, model):
    """Compiles the digits classifier to `model`; returns the report of `fixpoint compile --json`."""
    text = run(
        fixpoint, "compile", DIGITS / "digits.onnx",
        "--calibration", DIGITS / "calibration.npz",
        "--test", DIGITS / "test.npz", "--labels", DIGITS / "test_labels.npy",
        "-o", model, "--json",
    )  # fmt: skip
    return json.loads(text)


def deploy_digits(fixpoint, devnet, model):
    """Deploys and registers it at `PRICE_WEI`; returns what `fixpoint deploy --json` says."""
    text = run(
        fixpoint, "deploy", model, "--rpc", devnet.url, "--private-key", OWNER_KEY,
        "--name", "digits", "--price", PRICE_WEI, "--json",
    )  # fmt: skip
    return json.loads(text)


def step(text):
    """Announces a step."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def main(function):
    """Runs a script's main function; failures are one message, Ctrl-C is quiet."""
    # As an exception, so that what was started is ended and what was written is removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(function())
    except Failed as failure:
        print(f"failed: {failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
