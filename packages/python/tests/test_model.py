"""A model on this machine: runs as the command line's, reports, files, threads."""

import concurrent.futures
import copy
import pickle
import threading
import time

import numpy as np
import pytest
from conftest import MODELS, ROOT

import fixpoint


def vector(name):
    """A model of the shared vectors."""
    return fixpoint.Model.from_bytes(bytes.fromhex((ROOT / "test-vectors" / "payloads" / f"{name}.hex").read_text()))


def test_runs_equal_those_of_the_command_line_bit_for_bit(model, compiled, images, cli, tmp_path):
    path, _ = compiled
    np.save(tmp_path / "x.npy", images)
    for raw in ((), ("--raw",)):
        inputs = images if not raw else np.round(images).astype(np.int8)
        np.save(tmp_path / "x.npy", inputs)
        cli("run", path, "--input", tmp_path / "x.npy", "--output", tmp_path / "y.npy", *raw)
        want = np.load(tmp_path / "y.npy")
        got = model.run(inputs, raw=bool(raw))
        assert got.dtype == want.dtype
        assert got.shape == (len(images), 10)
        assert got.tobytes() == want.tobytes()


def test_most_digits_are_right(model, images, labels):
    assert (model(images).argmax(axis=1) == labels).mean() > 0.9


def test_answers_have_the_axes_of_their_questions(model, images):
    batch = model.run(images[:5])
    assert batch.shape == (5, 10)
    sample = images[0]
    assert sample.shape == (1, 8, 8)
    for question, shape in [
        (sample, (10,)),
        (sample[None], (1, 10)),
        (images[:5].reshape(5, 64), (5, 10)),
        (images[:5, None], (5, 1, 10)),
        (images[:0], (0, 10)),
    ]:
        answer = model.run(question)
        assert answer.shape == shape
        assert np.array_equal(answer.reshape(-1, 10)[:1], batch[:1] if len(question) else batch[:0])


def test_inputs_come_by_name_and_of_any_type(model, images):
    want = model.run(images)
    assert np.array_equal(model.run({"image": images}), want)
    assert np.array_equal(model.run(images.tolist()), want)
    whole = np.round(images)
    want = model.run(whole)
    for dtype in "f8 f2 u1 i1 u2 i2 u4 i4 u8 i8 >i4 >f8".split():
        assert np.array_equal(model.run(whole.astype(dtype)), want), dtype
    answer = model.run(images[0])
    answer += 1


def test_models_with_several_inputs_and_outputs():
    several = [vector(name) for name in ("sum", "classifier", "columns", "plain")]
    for model in several:
        question = {port.name: np.zeros(port.shape, np.int64) for port in model.inputs}
        answer = model.run(question)
        if len(model.outputs) > 1:
            assert list(answer) == [port.name for port in model.outputs]
    wide = [model for model in several if len(model.inputs) > 1]
    assert wide
    with pytest.raises(fixpoint.RunError, match="several inputs"):
        wide[0].run(np.zeros(1))
    missing = dict.fromkeys((port.name for port in wide[0].inputs[1:]), np.zeros(wide[0].inputs[1].shape))
    with pytest.raises(fixpoint.RunError) as caught:
        wide[0].run(missing)
    assert (caught.value.kind, caught.value.input) == ("NoArray", wide[0].inputs[0].name)


def test_ports_say_what_goes_in_and_out(model):
    (image,), (logits,) = model.inputs, model.outputs
    assert (image.name, image.dtype, image.shape) == ("image", "i8", (1, 1, 8, 8))
    assert image.quantised and image.decimals is None and image.axis is None
    assert image.min < 0.1 and image.max > 15.9
    assert (logits.name, logits.shape) == ("logits", (1, 10))
    (raw,) = {bool(model.run(np.zeros((1, 1, 8, 8)), raw=True).dtype == np.int8)}
    assert raw
    step = logits.scale
    answer, integers = model.run(np.zeros((1, 1, 8, 8))), model.run(np.full((1, 1, 8, 8), image.zero_point), raw=True)
    assert np.allclose(answer, (integers.astype(int) - logits.zero_point) * step)
    assert isinstance(vector("columns").inputs[0].scale, np.ndarray)
    assert vector("plain").inputs[0].scale is None


def test_values_out_of_range_are_named(model, images):
    wrong = images[:3].copy()
    wrong[2, 0, 1, 0] = 1000
    with pytest.raises(fixpoint.RunError) as caught:
        model.run(wrong)
    error = caught.value
    assert (error.kind, error.sample, error.input, error.element, error.index) == ("InputRange", 2, "image", 8, 8)
    assert "saturate=['image']" in str(error)
    wrong[2, 0, 1, 0] = np.nan
    with pytest.raises(fixpoint.RunError) as caught:
        model.run(wrong)
    assert (caught.value.kind, caught.value.sample, caught.value.element) == ("Value", 2, 8)
    with pytest.raises(fixpoint.RunError) as caught:
        model.run(images + 0.5, raw=True)
    assert caught.value.kind == "RawValue"
    for question, kind in [
        (np.zeros((3, 7)), "Shape"),
        (np.float64(1), "Shape"),
        ({"picture": images}, "NoSuchInput"),
        ({}, "NoArray"),
    ]:
        with pytest.raises(fixpoint.RunError) as caught:
            model.run(question)
        assert caught.value.kind == kind
    with pytest.raises(TypeError):
        model.run(np.array([None]))
    # It still runs.
    model.run(images)


def test_reports_are_text_data_and_a_page(model, compiled, tmp_path):
    report = model.report()
    assert str(report) == report.text and "gas of a call" in report.text
    assert "digits" in report.html and report.html.startswith("<!DOCTYPE html>")
    frame = report._repr_html_()
    assert frame.startswith("<iframe srcdoc=") and "<html" not in frame.replace("&lt;html", "")
    report.save(tmp_path / "report.html")
    assert (tmp_path / "report.html").read_text() == report.html
    costs = report.to_dict()["gas"]
    assert costs["first_call"] == model.gas.first_call > model.gas.load
    dearer = model.report(gas_price_gwei=2.5).to_dict()["gas"]
    assert dearer["gas_price_wei"] == "2500000000"
    with pytest.raises(ValueError):
        model.report(gas_price_gwei=-1)


def test_files_hold_everything(model, cli, images, tmp_path):
    path = tmp_path / "saved.fxp"
    model.save(path)
    assert path.read_bytes() == model.payload
    loaded = fixpoint.Model.load(path)
    assert loaded == model and hash(loaded) == hash(model)
    assert loaded.name == "saved"
    assert loaded.calibration == model.calibration
    assert loaded.content_hash == model.content_hash
    assert np.array_equal(loaded.run(images), model.run(images))
    assert loaded.report().to_dict()["accuracy"] is None
    assert model.content_hash in cli("inspect", path)
    (tmp_path / "bare.fxp").write_bytes(model.payload)
    assert fixpoint.Model.load(tmp_path / "bare.fxp").calibration is None
    (tmp_path / "broken.fxp").write_bytes(model.payload[:-1])
    with pytest.raises(fixpoint.ModelError, match="broken.fxp is"):
        fixpoint.Model.load(tmp_path / "broken.fxp")
    with pytest.raises(FileNotFoundError):
        fixpoint.Model.load(tmp_path / "none.fxp")


def test_models_are_pickled_and_copied(model, images):
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert other == model and other.calibration == model.calibration
        assert np.array_equal(other.run(images[:3]), model.run(images[:3]))


def test_threads_run_one_model_at_a_time_and_let_python_go_on(model, images):
    want = model.run(images)
    ticks, done = [], threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.001)

    ticking = threading.Thread(target=tick)
    ticking.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: model.run(images), range(16)))
    finally:
        done.set()
        ticking.join()
    assert all(np.array_equal(answer, want) for answer in answers)
    assert len(ticks) > 5


def test_the_shared_vectors_run_as_the_command_line_runs_them(cli, tmp_path):
    rng = np.random.default_rng(7)
    for name in ("pixel", "thirds", "finest", "saturating", "columns", "rows", "plain", "sum"):
        model = vector(name)
        model.save(tmp_path / f"{name}.fxp")
        question = {}
        for port in model.inputs:
            low, high = np.broadcast_arrays(np.maximum(port.min, -100), np.minimum(port.max, 100))
            values = rng.uniform(low.max(), high.min(), (4, *port.shape))
            question[port.name] = values if port.quantised else np.round(values) % 2
        np.savez(tmp_path / "x.npz", **question)
        cli("run", tmp_path / f"{name}.fxp", "--input", tmp_path / "x.npz", "--output", tmp_path / "y.npz")
        answer = model.run(question)
        with np.load(tmp_path / "y.npz") as want:
            for port in model.outputs:
                got = answer[port.name] if len(model.outputs) > 1 else answer
                assert got.tobytes() == want[port.name].tobytes(), name


def test_the_precision_of_another_model(cli):
    volatility = MODELS / "volatility"
    model = fixpoint.compile(volatility / "volatility.onnx", volatility / "calibration.npz", precision="int16")
    with np.load(volatility / "test.npz") as arrays:
        (name,) = arrays.files
        answer = model.run({name: arrays[name]})
    targets = np.load(volatility / "test_targets.npy").reshape(answer.shape)
    assert np.corrcoef(answer.ravel(), targets.ravel())[0, 1] > 0.5
