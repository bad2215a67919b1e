"""Compiling: the command line's bytes and report, whatever the samples come as."""

import gc
import json
import os

import numpy as np
import onnx
import pytest
from conftest import DIGITS, MODELS

import fixpoint

ONNX = DIGITS / "digits.onnx"


def test_the_command_line_compiles_the_same_bytes_and_report(model, compiled):
    path, report = compiled
    assert model.payload == path.read_bytes()
    told = model.report().to_dict()
    assert {key: report[key] for key in told} == told
    assert told["accuracy"]["top1"]["compiled_accuracy"] > 0.9
    record = json.loads(path.with_suffix(".calib.json").read_text())
    assert model.calibration.to_dict() == record


@pytest.mark.parametrize("source", [str(ONNX), ONNX, ONNX.read_bytes(), onnx.load(ONNX)])
def test_a_source_is_a_path_bytes_or_a_proto(source, few):
    again = fixpoint.compile(source, few.calibration, measure_layers=False)
    assert again == few.model
    assert again.payload == few.model.payload


def test_samples_come_as_arrays_dicts_iterables_and_paths(few, tmp_path):
    calibration = few.calibration
    np.save(tmp_path / "x.npy", calibration)
    np.savez(tmp_path / "x.npz", image=calibration)
    forms = [
        {"image": calibration},
        list(calibration),
        (sample for sample in calibration),
        ({"image": sample} for sample in calibration),
        calibration.tolist(),
        calibration.astype(np.float64),
        np.asfortranarray(calibration),
        calibration.astype(">f4"),
        tmp_path / "x.npy",
        str(tmp_path / "x.npz"),
    ]
    for form in forms:
        assert fixpoint.compile(ONNX, form, measure_layers=False).payload == few.model.payload


def test_precisions_and_options(few):
    calibration = few.calibration
    int8 = fixpoint.compile(ONNX, calibration, saturate=["image"])
    int16 = fixpoint.compile(ONNX, calibration, precision="int16", name="wide")
    assert int8.inputs[0].saturates and not int16.inputs[0].saturates
    assert (int8.inputs[0].dtype, int16.inputs[0].dtype) == ("i8", "i16")
    assert len(int16.payload) > len(int8.payload)
    assert "wide" in int16.report().html
    int8.run(calibration[0] + 1000)
    mixed = fixpoint.compile(ONNX, calibration, max_error=0.05)
    assert mixed.report().to_dict()["mixed"]["reached"] < 0.05


def test_preprocessing_as_a_dict_is_that_of_the_text(few):
    calibration = few.calibration
    pixels = np.clip(calibration, 0, 255).astype(np.uint8)
    spec = {"input": "u8", "scale": 1, "mean": [0.5], "std": 2}
    forms = [spec, {"image": spec}, "input=u8,scale=1,mean=0.5,std=2", ["image:input=u8,scale=1,mean=0.5,std=2"]]
    payloads = {fixpoint.compile(ONNX, pixels, preprocess=form).payload for form in forms}
    assert len(payloads) == 1


def test_a_calibration_builds_the_same_bytes_again(model, tmp_path):
    assert fixpoint.compile(ONNX, model.calibration).payload == model.payload
    path = tmp_path / "digits.calib.json"
    model.calibration.save(path)
    assert fixpoint.compile(ONNX, path).payload == model.payload
    assert fixpoint.Calibration.load(path) == model.calibration
    with pytest.raises(ValueError, match="precision= does not go with a Calibration"):
        fixpoint.compile(ONNX, model.calibration, precision="int16")


def test_classical_models_have_decimals():
    model = fixpoint.compile(MODELS / "breast-cancer" / "xgboost.onnx", outputs=["label", "margin"])
    (port,) = model.inputs
    assert len(port.decimals) == port.shape[-1]
    assert [port.name for port in model.outputs] == ["label", "margin"]
    assert set(model.run(np.zeros(port.shape))) == {"label", "margin"}


def test_progress_is_told_by_stage(few):
    calibration = few.calibration
    seen = []
    fixpoint.compile(ONNX, calibration, progress=lambda *event: seen.append(event))
    stages = [stage for stage, done, total in seen if done == total]
    assert stages[0] == "calibrating" and "comparing" in stages
    assert all(0 < done <= total for _, done, total in seen)


def test_what_progress_raises_ends_the_compilation(few):
    calibration = few.calibration
    class Enough(Exception):
        pass

    def progress(stage, done, total):
        raise Enough(stage)

    with pytest.raises(Enough, match="calibrating"):
        fixpoint.compile(ONNX, calibration, progress=progress)


def raised(error, *arguments, **options):
    with pytest.raises(error) as caught:
        fixpoint.compile(*arguments, **options)
    # Options have the names that they have here.
    assert "--" not in str(caught.value)
    return caught.value


def determinant():
    """A graph with an operator that has no lowering."""
    helper, float32 = onnx.helper, onnx.TensorProto.FLOAT
    node = helper.make_node("Det", ["matrix"], ["determinant"], name="volume")
    matrix = helper.make_tensor_value_info("matrix", float32, [1, 3, 3])
    result = helper.make_tensor_value_info("determinant", float32, [1])
    graph = helper.make_graph([node], "determinant", [matrix], [result])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])


def test_errors_are_told_apart(few, tmp_path):
    calibration = few.calibration
    assert raised(fixpoint.CompileError, ONNX).kind == "NoCalibration"
    error = raised(fixpoint.CompileError, ONNX, calibration[:, :, :7])
    assert (error.kind, error.input) == ("Samples", "image")
    error = raised(fixpoint.CompileError, ONNX, calibration, saturate=["picture"])
    assert (error.kind, error.name) == ("NoSuchInput", "picture")
    error = raised(fixpoint.CompileError, ONNX, calibration, max_error=1e-9)
    assert error.kind == "MaxError" and error.wanted == 1e-9 < error.reached
    error = raised(fixpoint.CompileError, determinant(), np.ones((4, 3, 3), np.float32))
    assert (error.node, error.operator) == ("volume", "Det")
    assert raised(fixpoint.CompileError, b"\xff" * 64, calibration).kind in ("OnnxFile", "Onnx")
    error = raised(fixpoint.CompileError, ONNX, np.full_like(calibration, np.nan))
    assert (error.kind, error.input) == ("Samples", "image") and "NaN" in str(error)
    endless = np.full_like(calibration, np.inf)
    assert raised(fixpoint.CompileError, ONNX, endless).kind == "NotFinite"
    assert isinstance(raised(fixpoint.CompileError, ONNX), fixpoint.FixpointError)
    raised(FileNotFoundError, tmp_path / "none.onnx", calibration)
    raised(TypeError, 7, calibration)
    raised(TypeError, ONNX, np.array(["a"]))
    raised(TypeError, ONNX, calibration, saturate="image")
    raised(TypeError, ONNX, calibration, progress=3)
    raised(ValueError, ONNX, [])
    raised(ValueError, ONNX, calibration, labels=[1])
    raised(ValueError, ONNX, calibration, io={})
    raised(fixpoint.CompileError, ONNX, calibration, precision="int7")
    raised(fixpoint.CompileError, ONNX, calibration, preprocess="nonsense")


def test_open_shapes_are_named(few):
    calibration = few.calibration
    graph = onnx.load(ONNX)
    dims = graph.graph.input[0].type.tensor_type.shape.dim
    dims[2].dim_param = "height"
    error = raised(fixpoint.CompileError, graph, calibration)
    assert error.kind == "DynamicShape" and "shapes={'image'" in str(error)
    fixpoint.compile(graph, calibration, shapes={"image": (1, 1, 8, 8)})


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="reads /proc")
def test_compiling_again_and_again_keeps_no_memory(few):
    calibration = few.calibration
    def resident():
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    for _ in range(3):
        fixpoint.compile(ONNX, calibration, measure_layers=False)
    gc.collect()
    before = resident()
    for _ in range(5):
        fixpoint.compile(ONNX, calibration, measure_layers=False)
    gc.collect()
    assert resident() - before < 20e6
