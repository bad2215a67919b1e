"""Ctrl-C ends what takes long, soon."""

import signal
import subprocess
import sys
import textwrap
import time

import pytest
from conftest import DIGITS

# A shell's background jobs, and what they start, ignore the signal.
HEARS_CTRL_C = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
WAITS = {
    "compile": """
        samples = np.tile(np.load(r"{digits}/calibration.npz")["image"], (200, 1, 1, 1))
        say = lambda stage, done, total: print("go", flush=True)
        fixpoint.compile(r"{digits}/digits.onnx", samples, progress=say)
    """,
    "run": """
        images = np.load(r"{digits}/calibration.npz")["image"][:10]
        model = fixpoint.compile(r"{digits}/digits.onnx", images, measure_layers=False)
        many = np.broadcast_to(images[0], (200_000, 1, 8, 8)).astype(np.float32)
        print("go", flush=True)
        model.run(many)
    """,
    "call": """
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        print("go", flush=True)
        fixpoint.call(f"http://127.0.0.1:{{listener.getsockname()[1]}}", "0x" + "00" * 20, np.zeros(3))
    """,
}


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("what", WAITS)
def test_ctrl_c_ends_it(what, tmp_path):
    script = tmp_path / "wait.py"
    body = textwrap.dedent(WAITS[what]).format(digits=DIGITS)
    script.write_text(f"{HEARS_CTRL_C}import socket\nimport numpy as np\nimport fixpoint\n{body}")
    child = subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    )
    try:
        assert child.stdout.readline() == "go\n"
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        begun = time.monotonic()
        _, told = child.communicate(timeout=60)
        took = time.monotonic() - begun
    finally:
        child.kill()
    assert told.rstrip().splitlines()[-1].startswith("KeyboardInterrupt"), told
    assert child.returncode != 0
    assert took < 10
