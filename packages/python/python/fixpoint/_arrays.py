"""Arrays to and from the native half."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any, Union

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: One array for a model with a single input, or arrays by input name.
Inputs = Union[ArrayLike, Mapping[str, ArrayLike]]
#: Inputs of many samples: arrays whose axis 0 counts samples, samples one after another, or the path of
#: an ``.npy`` or ``.npz`` file.
Samples = Union[Inputs, Iterable[Inputs], "str | os.PathLike[str]"]
#: Name, NumPy's type string, shape, bytes in C order.
Packed = tuple[str, str, tuple[int, ...], bytes]
#: Likewise, from the native half.
Returned = tuple[str, str, list[int], bytearray]

_TYPES = {"|b1", "|u1", "|i1", "<i2", "<i4", "<i8", "<f4", "<f8"}
# Types that one of those holds without loss.
_WIDER = {"<f2": "<f4", "<u2": "<i4", "<u4": "<i8"}


def pack(name: str, value: ArrayLike) -> Packed:
    """One array as the native half takes it."""
    array = np.asarray(value)
    if array.dtype.kind in "biuf":
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    descr = array.dtype.str
    if descr == "<u8":
        if array.size and array.max() > np.iinfo(np.int64).max:
            raise OverflowError(f"{_called(name)}: an integer is above 2**63 - 1")
        array = array.astype("<i8")
    elif descr in _WIDER:
        array = array.astype(_WIDER[descr])
    elif descr not in _TYPES:
        raise TypeError(f"{_called(name)}: elements of type {array.dtype} are not numbers that a model takes")
    return name, array.dtype.str, array.shape, array.tobytes()


def pack_inputs(inputs: Inputs) -> list[Packed]:
    """Arrays by name; the empty name is that of the only input."""
    if isinstance(inputs, Mapping):
        return [pack(str(name), value) for name, value in inputs.items()]
    return [pack("", inputs)]


def pack_samples(samples: Samples | None) -> list[Packed]:
    """Samples, however they come; none are no arrays."""
    if samples is None:
        return []
    if isinstance(samples, (str, os.PathLike)):
        return pack_inputs(_load(samples))
    if isinstance(samples, Mapping) or _is_array(samples):
        return pack_inputs(samples)  # type: ignore[arg-type]
    if not isinstance(samples, Iterable):
        raise TypeError(f"samples are arrays or an iterable of samples, not {type(samples).__name__}")
    return pack_inputs(_stack(list(samples)))


def unpack(returned: list[Returned]) -> NDArray[Any] | dict[str, NDArray[Any]]:
    """The array of a single output, or arrays by output name."""
    arrays = {
        # Over the bytearray's own memory: nothing is copied, and the array can be written to.
        name: np.frombuffer(data, dtype=descr).reshape(shape) if data else np.empty(shape, descr)
        for name, descr, shape, data in returned
    }
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    return arrays


def _load(path: str | os.PathLike[str]) -> Inputs:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return loaded
    with loaded:
        return {name: loaded[name] for name in loaded.files}


def _is_array(value: object) -> bool:
    """NumPy, and whatever turns itself into it: tensors, data frames."""
    return hasattr(value, "__array__") or hasattr(value, "__array_interface__")


def _stack(samples: list[Any]) -> Inputs:
    if not samples:
        raise ValueError("there are no samples")
    if isinstance(samples[0], Mapping):
        names = list(samples[0])
        for index, sample in enumerate(samples):
            if not isinstance(sample, Mapping) or set(sample) != set(names):
                raise ValueError(f"sample {index} does not have the inputs of sample 0: {names}")
        return {name: np.stack([np.asarray(sample[name]) for sample in samples]) for name in names}
    return np.stack([np.asarray(sample) for sample in samples])


def _called(name: str) -> str:
    return f"'{name}'" if name else "the array"
