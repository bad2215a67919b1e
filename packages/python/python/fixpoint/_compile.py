"""From a source model to a compiled one."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol, Union

from numpy.typing import ArrayLike

from . import _native
from ._arrays import Samples, pack, pack_samples
from ._model import Calibration, Model
from ._progress import Progress, callback


class ModelProto(Protocol):
    """What ``onnx.ModelProto`` has of it."""

    def SerializeToString(self) -> bytes: ...  # noqa: N802


#: A path, the bytes of a file, or an ``onnx.ModelProto``.
Source = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, ModelProto]
#: ``"KEY=VALUE,..."``, or a dict of the same: ``input``, ``mean``, ``std``, ``scale``, ``layout``,
#: ``channels``.
Preprocess = Union[str, Mapping[str, Any]]

_INTEGERS = "it has its integers and scales already"
# Which arguments say nothing about which formats, and why.
_FOREIGN = {
    "calibration": ({"tflite", "tosa"}, _INTEGERS),
    "precision": ({"tflite", "tosa"}, _INTEGERS),
    "max_error": ({"tflite", "tosa"}, _INTEGERS),
    "preprocess": ({"tflite", "tosa"}, _INTEGERS),
    "measure_layers": ({"tflite", "tosa"}, _INTEGERS),
    "outputs": ({"tflite", "tosa"}, "it returns its own outputs"),
    "shapes": ({"tosa"}, "its shapes are fixed"),
    "io": ({"onnx", "tflite"}, "it has names of its own"),
    "tosa_tools": ({"onnx", "tosa"}, "nothing is converted to TOSA first"),
}
# A calibration has these choices in it.
_RECORDED = ("precision", "shapes", "outputs", "saturate", "preprocess", "max_error")


def compile(  # noqa: A001 - the name that the command line has
    model: Source,
    calibration: Samples | Calibration | None = None,
    *,
    precision: Literal["int8", "int16", "int32"] | None = None,
    max_error: float | None = None,
    test: Samples | None = None,
    labels: ArrayLike | None = None,
    shapes: Mapping[str, Sequence[int]] | None = None,
    outputs: Iterable[str] | None = None,
    saturate: Iterable[str] | None = None,
    preprocess: Preprocess | Mapping[str, Preprocess] | Iterable[str] | None = None,
    measure_layers: bool | None = None,
    io: Mapping[str, Any] | None = None,
    tosa_tools: str | os.PathLike[str] | None = None,
    name: str | None = None,
    progress: Progress = None,
) -> Model:
    """Compiles an ONNX, TFLite or TOSA model to integers, and measures what that costs in accuracy.

    :param model: a path, the bytes of a file, or an ``onnx.ModelProto``.
    :param calibration: ONNX: samples to take ranges from. An array (axis 0 is samples) or a dict of
        arrays by input name; samples one after another; a path to ``.npy`` or ``.npz``. Or the
        :class:`Calibration` of an earlier compilation (or the path of its ``.calib.json``), which gives
        the same bytes again.
    :param precision: width of weights and activations, ``"int8"`` if not given.
    :param max_error: start from int8 and raise the layers that lose most to int16, until 99 % of the
        errors are below so many standard deviations of the float model's answers.
    :param test: samples to measure accuracy on; else a fifth of the calibration samples is held back.
    :param labels: what is right for each test sample: integers are classes, else numbers of the first
        output.
    :param shapes: shapes of inputs by name, batch included, where the file leaves them open.
    :param outputs: tensors to return instead of the model's own outputs.
    :param saturate: inputs whose out-of-range values become the nearest in range instead of failing.
    :param preprocess: what the model does with an input first, so that callers give raw pixels:
        ``"input=u8,scale=1,channels=bgr,mean=103.9:116.8:123.7"`` or
        ``{"input": "u8", "mean": (0.485, 0.456, 0.406)}``; for one of several inputs,
        ``{"image": {...}}``.
    :param measure_layers: measure the error that each layer adds; if not said, where it takes a second
        or so.
    :param io: a bare ``.tosa`` file: names and scales of its inputs and outputs.
    :param tosa_tools: TFLite: folder of the converter and ``tosa-opt``.
    :param name: what reports call the model; the file's name if not given.
    :param progress: ``True`` shows bars, or a function of (stage, done, total).

    :raises CompileError: ``kind`` says why.
    """
    source, file_name = _read(model)
    fmt = _format(source)
    if isinstance(calibration, (str, os.PathLike)) and str(calibration).endswith(".json"):
        calibration = Calibration.load(calibration)
    given = {
        "calibration": calibration,
        "precision": precision,
        "max_error": max_error,
        "shapes": shapes,
        "outputs": outputs,
        "saturate": saturate,
        "preprocess": preprocess,
        "measure_layers": measure_layers,
        "io": io,
        "tosa_tools": tosa_tools,
    }
    record = calibration.to_json() if isinstance(calibration, Calibration) else None
    _check(fmt, given, is_recorded=record is not None)
    if labels is not None and test is None:
        raise ValueError("labels= are of the samples in test=: give both")
    options = {
        "format": fmt,
        "precision": precision,
        "shapes": [(input, list(map(int, shape))) for input, shape in (shapes or {}).items()],
        "outputs": _names("outputs", outputs),
        "saturate": _names("saturate", saturate),
        "preprocess": _specifications(preprocess),
        "calibration": [] if record is not None else pack_samples(calibration),  # type: ignore[arg-type]
        "record": record,
        "test": pack_samples(test),
        "labels": None if labels is None else pack("labels", labels),
        "max_error": None if max_error is None else float(max_error),
        "measure_layers": measure_layers,
        "io": None if io is None else json.dumps(io),
        "tosa_tools": tosa_tools,
    }
    native = _native.compile(source, options, callback(progress))
    return Model(native, name or file_name)


def _read(model: Source) -> tuple[bytes, str]:
    """A source's bytes, and the name of its file."""
    if isinstance(model, (str, os.PathLike)):
        path = pathlib.Path(model)
        return path.read_bytes(), path.stem
    if isinstance(model, (bytes, bytearray, memoryview)):
        return bytes(model), "model"
    if hasattr(model, "SerializeToString"):
        graph = getattr(model, "graph", None)
        return model.SerializeToString(), getattr(graph, "name", "") or "model"
    raise TypeError(f"a model is a path, bytes or an onnx.ModelProto, not {type(model).__name__}")


def _format(source: bytes) -> str:
    """Flatbuffers have an identifier; what has none is ONNX, or refused as that."""
    return {b"TFL3": "tflite", b"TOSA": "tosa"}.get(source[4:8], "onnx")


def _check(fmt: str, given: Mapping[str, Any], *, is_recorded: bool) -> None:
    """No argument is ignored: one that says nothing about this model is refused."""
    for argument, (formats, why) in _FOREIGN.items():
        if given[argument] is not None and fmt in formats:
            raise ValueError(f"{argument}= does not go with a .{fmt} file: {why}")
    for argument in _RECORDED:
        if is_recorded and given[argument] is not None:
            raise ValueError(f"{argument}= does not go with a Calibration, which has that choice in it")


def _names(argument: str, names: Iterable[str] | None) -> list[str]:
    if isinstance(names, str):
        raise TypeError(f"{argument}= is a list of names: [{names!r}]")
    return list(names or ())


def _specifications(preprocess: Any) -> list[str]:
    if preprocess is None:
        return []
    if isinstance(preprocess, str):
        return [preprocess]
    if not isinstance(preprocess, Mapping):
        return list(preprocess)
    if all(isinstance(value, Mapping) or "=" in str(value) for value in preprocess.values()):
        return [f"{input}:{_specification(spec)}" for input, spec in preprocess.items()]
    return [_specification(preprocess)]


def _specification(spec: Preprocess) -> str:
    if isinstance(spec, str):
        return spec
    return ",".join(f"{key}={_value(value)}" for key, value in spec.items())


def _value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return ":".join(repr(float(part)) for part in value)
    return repr(float(value))
