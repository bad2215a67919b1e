"""The README's examples, in order, as one session."""

import contextlib
import io
import pathlib
import re
import shutil

from conftest import DIGITS

README = pathlib.Path(__file__).resolve().parents[1] / "README.md"
RPC_IN_README = "http://127.0.0.1:8545"


def test_the_readmes_examples_run(rpc, tmp_path, monkeypatch):
    for name in ("digits.onnx", "calibration.npz", "test.npz", "test_labels.npy"):
        shutil.copy(DIGITS / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    text = README.read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    assert len(blocks) == 4 and RPC_IN_README in text
    session, said = {}, io.StringIO()
    with contextlib.redirect_stdout(said):
        for block in blocks:
            exec(compile(block.replace(RPC_IN_README, rpc), str(README), "exec"), session)  # noqa: S102
    said = said.getvalue()
    for part in (r"\(360, 10\)", r"^int8$", "^InputRange 0 image 0$", "^NoModel NotAModel$", r"wei at most$"):
        assert re.search(part, said, re.M), (part, said)
