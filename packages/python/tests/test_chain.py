"""Models on a devnet: deployed, asked, verified; and how nodes fail."""

import os
import pickle
import signal
import socket
import sys

import numpy as np
import onnx
import pytest
from conftest import DIGITS, KEY

import fixpoint

ONNX = DIGITS / "digits.onnx"
# An account of no development mnemonic: it has nothing.
POOR_KEY = "0x" + "00" * 31 + "01"
NOBODY = "0x00000000000000000000000000000000000000dd"


@pytest.fixture(scope="module")
def address(model, rpc):
    return model.deploy(rpc, KEY)


def test_a_deployed_model_answers_as_it_does_here(model, rpc, address, images, cli, tmp_path):
    assert isinstance(address, str) and address.startswith("0x") and len(address) == 42
    assert (address.gate, address.chunks, address.name) == ("0x" + "0" * 40, 1, None)
    assert address.inference_gas == model.gas.first_call
    want = model.run(images[:4])
    assert np.array_equal(fixpoint.call(rpc, address, images[:4]), want)
    assert np.array_equal(fixpoint.call(rpc, address, {"image": images[0]}), want[0])
    whole = np.round(images[:4])
    assert np.array_equal(fixpoint.call(rpc, address, whole, raw=True), model.run(whole, raw=True))
    np.save(tmp_path / "x.npy", images[:4])
    cli("call", address, "--input", tmp_path / "x.npy", "--rpc", rpc, "--output", tmp_path / "y.npy")
    assert np.load(tmp_path / "y.npy").tobytes() == want.tobytes()


def test_a_deployment_is_paid_once(model, rpc, address):
    bill = model.estimate(rpc, KEY)
    assert (bill.chunks, bill.chunks_missing) == (1, 0)
    again = model.deploy(rpc, bytes.fromhex(KEY[2:]))
    assert again == address and again.gas_used == 0 < address.gas_used
    copied = pickle.loads(pickle.dumps(again))
    assert copied == again and copied.model_hash == again.model_hash


def test_a_model_is_registered_at_a_price(model, rpc, images):
    steps = []
    deployed = model.deploy(rpc, KEY, name="digits-py", price_wei=10**12, progress=lambda *step: steps.append(step))
    assert deployed.gate.lower() == "0x0000000000000000000000000000000000000f21"
    assert (deployed.name, deployed.price_wei, deployed.changes) == ("digits-py", 10**12, ("registered",))
    done = [stage for stage, done, total in steps if done == total]
    assert done == ["chunks", "root", "activation", "registration"]
    # A read-only call may name the gate as its sender.
    assert np.array_equal(fixpoint.call(rpc, deployed, images[0]), model.run(images[0]))
    with pytest.raises(fixpoint.RpcError) as caught:
        fixpoint.call(rpc, deployed, images[0], sender=NOBODY)
    assert caught.value.revert and caught.value.sample == 0
    cheaper = model.deploy(rpc, KEY, name="digits-py", price_wei=10**9)
    assert cheaper.changes == ("repriced",)


def test_a_published_model_is_verified(model, rpc, address, calibration, tmp_path):
    assert fixpoint.verify(rpc, address, ONNX, model.calibration)
    path = tmp_path / "digits.calib.json"
    model.calibration.save(path)
    found = fixpoint.verify(rpc, address, ONNX.read_bytes(), path)
    assert found and found.content_hash == model.content_hash and found.rebuilt_bytes == len(model.payload)
    other = fixpoint.compile(ONNX, calibration * 1.5)
    found = fixpoint.verify(rpc, address, ONNX, other.calibration)
    assert not found and found.rebuilt_hash == other.content_hash
    with pytest.raises(fixpoint.CompileError) as caught:
        fixpoint.verify(rpc, address, DIGITS.parent / "volatility" / "volatility.onnx", model.calibration)
    assert caught.value.kind == "Record"


def test_errors_of_calls_are_told_apart(rpc, address, images):
    with pytest.raises(fixpoint.RunError) as caught:
        fixpoint.call(rpc, address, images[:2] + 1000)
    assert (caught.value.kind, caught.value.sample, caught.value.index) == ("InputRange", 0, 0)
    with pytest.raises(fixpoint.RpcError) as caught:
        fixpoint.call(rpc, NOBODY, images[0])
    assert caught.value.kind == "NoModel" and caught.value.revert == "NotAModel"
    with pytest.raises(fixpoint.AddressError, match="model id"):
        fixpoint.call(rpc, "7" * 77, images[0])
    with pytest.raises(ValueError):
        fixpoint.call(rpc, "nonsense", images[0])
    with pytest.raises(fixpoint.RunError):
        fixpoint.call(rpc, address, np.zeros((2, 3)))


def test_errors_of_nodes_and_accounts_are_told_apart(model, rpc, images):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{probe.getsockname()[1]}"
    for ask in (lambda: fixpoint.call(nowhere, NOBODY, images[0]), lambda: model.deploy(nowhere, KEY)):
        with pytest.raises(fixpoint.RpcError) as caught:
            ask()
        assert (caught.value.kind, caught.value.url) == ("NoNode", nowhere)
    with pytest.raises(fixpoint.RpcError) as caught:
        model.deploy("nonsense", KEY)
    assert caught.value.kind == "Url"
    with pytest.raises(fixpoint.DeployError) as caught:
        model.deploy(rpc, POOR_KEY)
    assert (caught.value.kind, caught.value.balance_wei) == ("NotFunded", "0")
    assert int(caught.value.needed_wei) > 0
    secret = "0x" + "ab" * 31 + "xy"
    with pytest.raises(fixpoint.RpcError) as caught:
        model.deploy(rpc, secret)
    assert caught.value.kind == "PrivateKey" and "abab" not in str(caught.value)
    with pytest.raises(ValueError, match="name="):
        model.deploy(rpc, KEY, price_wei=1)
    with pytest.raises(fixpoint.DeployError) as caught:
        model.deploy(rpc, KEY, name="x" * 100)
    assert (caught.value.step, caught.value.revert) == ("registration", "NameLength")


def dense():
    """A layer of 1 MiB of weights: some forty chunks."""
    rng = np.random.default_rng(1)
    weights = rng.standard_normal((256, 4096)).astype(np.float32)
    tensor = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "dense",
        [tensor("x", onnx.TensorProto.FLOAT, [1, 256])],
        [tensor("y", onnx.TensorProto.FLOAT, [1, 4096])],
        [onnx.numpy_helper.from_array(weights, "w")],
    )
    opset = [onnx.helper.make_opsetid("", 17)]
    proto = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    return fixpoint.compile(proto, rng.standard_normal((5, 256)).astype(np.float32), measure_layers=False)


def test_an_interrupted_deployment_goes_on_where_it_stopped(rpc):
    # A shell's background jobs ignore the signal.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    model = dense()
    before = model.estimate(rpc, KEY)
    assert before.chunks == before.chunks_missing > 20

    def interrupt(stage, done, total):
        if done >= 3:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt) as caught:
        model.deploy(rpc, KEY, progress=interrupt)
    missing = model.estimate(rpc, KEY).chunks_missing
    assert 0 < missing < before.chunks
    if sys.version_info >= (3, 11):
        (note,) = caught.value.__notes__
        assert f"{before.chunks - missing} of {before.chunks} chunks are on chain" in note
    deployed = model.deploy(rpc, KEY)
    assert deployed.chunks == before.chunks
    x = np.ones(256)
    assert np.array_equal(fixpoint.call(rpc, deployed, x, raw=True), model.run(x, raw=True))
