"""A compiled model."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _native
from ._arrays import Inputs, pack_inputs, unpack
from ._report import Report

if TYPE_CHECKING:
    from ._chain import Bill, Deployed, Key
    from ._progress import Progress


@dataclass(frozen=True)
class Port:
    """An input or an output."""

    #: Its name in the source model.
    name: str
    #: ``bool``, ``i8``, ``i16``, ``i32`` or ``i48``: the tensor's own integers.
    dtype: str
    #: Dimensions, outermost first, the model's batch included.
    shape: tuple[int, ...]
    #: Whether callers pass real numbers. If not, they pass the tensor's own integers.
    quantised: bool
    #: Real numbers that one step of an integer stands for: one, or one per index of ``axis``.
    scale: float | NDArray[np.float64] | None
    #: The integer that stands for 0, likewise.
    zero_point: int | NDArray[np.int64] | None
    #: The axis along which scales differ.
    axis: int | None
    #: The smallest value that an input accepts or an output can be, likewise.
    min: float | NDArray[np.float64]
    #: The largest.
    max: float | NDArray[np.float64]
    #: Whether values out of that range become the nearest one in it, instead of failing the call.
    saturates: bool
    #: For an input of a classical model (trees, linear models): with so many decimals each feature is
    #: exact.
    decimals: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Gas:
    """What a model costs on a chain, in gas."""

    #: A call, the first of this model in a transaction.
    first_call: int
    #: The part of it that loads the model; later calls in the transaction do not pay it.
    load: int
    #: Activating it, once.
    activate: int
    #: Writing its bytes, without calldata and transactions.
    store: int
    #: Bringing it on chain, at most: transactions, calldata, code, activation, registration.
    deploy_at_most: int


class Calibration:
    """Ranges and choices of a compilation: with them and the ONNX file, anyone builds the same bytes.

    Give it to :func:`fixpoint.compile` as ``calibration``, or publish it for :func:`fixpoint.verify`.
    """

    def __init__(self, record: str | Mapping[str, Any]) -> None:
        self._json = record if isinstance(record, str) else json.dumps(record)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Calibration:
        """Reads a ``.calib.json`` file."""
        return cls(pathlib.Path(path).read_text(encoding="utf-8"))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a ``.calib.json`` file."""
        pathlib.Path(path).write_text(self._json, encoding="utf-8")

    def to_json(self) -> str:
        """The file's text."""
        return self._json

    def to_dict(self) -> dict[str, Any]:
        """What is in it."""
        record: dict[str, Any] = json.loads(self._json)
        return record

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Calibration):
            return NotImplemented
        return self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash(json.dumps(self.to_dict(), sort_keys=True))

    def __repr__(self) -> str:
        record = self.to_dict()
        ranges = record.get("ranges") or record.get("magnitudes") or {}
        return f"<Calibration of {record.get('source_sha256', '?')[:12]}, {len(ranges)} ranges>"


class Model:
    """A model in integers, which runs here bit for bit as on a chain.

    :func:`fixpoint.compile` makes it; :meth:`load` reads a ``.fxp`` file. It never changes, and many
    threads may run it at a time.
    """

    def __init__(self, native: _native.Model, name: str = "model") -> None:
        self._native = native
        self._name = name
        ports = json.loads(native.ports())
        decimals = ports["exact_decimals"]
        self._inputs = tuple(_port(port, decimals.get(port["name"])) for port in ports["inputs"])
        self._outputs = tuple(_port(port, None) for port in ports["outputs"])

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Reads a ``.fxp`` file, and the ``.calib.json`` beside it if there is one."""
        path = pathlib.Path(path)
        record = _record_path(path)
        text = record.read_text(encoding="utf-8") if record.is_file() else None
        native = _native.Model.parse(path.read_bytes(), str(path), text)
        return cls(native, path.stem)

    @classmethod
    def from_bytes(cls, payload: bytes, *, name: str = "model") -> Model:
        """A model of these bytes, as :attr:`payload` gives them."""
        return cls(_native.Model.parse(bytes(payload), name, None), name)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a ``.fxp`` file, and what was chosen beside it, as ``.calib.json``."""
        path = pathlib.Path(path)
        if self.calibration is not None:
            self.calibration.save(_record_path(path))
        # The model comes last, and whole: where it is, the rest is.
        partial = path.with_name(path.name + ".partial")
        partial.write_bytes(self.payload)
        partial.replace(path)

    @property
    def name(self) -> str:
        """What reports call it: its file's name."""
        return self._name

    @property
    def payload(self) -> bytes:
        """Its canonical bytes: a ``.fxp`` file, and what goes on chain."""
        return self._native.payload

    @property
    def content_hash(self) -> str:
        """keccak256 of the bytes; a chain measures it when the model is activated."""
        return self._native.content_hash

    @property
    def inputs(self) -> tuple[Port, ...]:
        """What it takes, in the order of a contract's words."""
        return self._inputs

    @property
    def outputs(self) -> tuple[Port, ...]:
        """What it gives."""
        return self._outputs

    @property
    def calibration(self) -> Calibration | None:
        """Ranges and choices, for whoever wants the same bytes again; ``None`` without any."""
        record = self._native.record
        return None if record is None else Calibration(record)

    @property
    def gas(self) -> Gas:
        """What it costs on a chain, asked of the precompile itself."""
        gas = json.loads(self._native.gas())
        return Gas(**{name: gas[name] for name in Gas.__dataclass_fields__})

    def run(self, inputs: Inputs, *, raw: bool = False) -> NDArray[Any] | dict[str, NDArray[Any]]:
        """Runs it on this machine.

        ``inputs`` is an array, or a dict of arrays by input name. An array of an input's shape, or of
        that without the model's batch of 1, is one sample; otherwise axis 0 counts samples, and so
        does that of the answer.

        Real numbers go in and come out, rounded as a chain rounds them. With ``raw``, the tensors' own
        integers do. The answer is an array, or a dict of arrays if the model has several outputs.

        :raises RunError: an input does not fit or is out of its range, or an operator failed.
        """
        return unpack(self._native.run(pack_inputs(inputs), raw))

    __call__ = run

    def report(self, *, gas_price_gwei: float = 1.0) -> Report:
        """What there is to say of it; costs are at a gas price.

        A model that was not compiled in this process was not measured either: its report has its
        layers and costs, but no accuracy.
        """
        return Report(*self._native.report(self._name, _wei(gas_price_gwei)))

    def deploy(
        self,
        rpc: str,
        key: Key,
        *,
        name: str | None = None,
        price_wei: int | None = None,
        gate: str | None = None,
        progress: Progress = None,
    ) -> Deployed:
        """Brings it on chain: chunks, root, activation, and registration if it gets a name.

        ``key`` is the private key of the account that pays and that will own the model. With
        ``price_wei``, an inference costs that much and the gateway is the model's gate; ``gate`` is
        another account that alone may call it. The gate is part of a model's identity.

        Ctrl-C stops it before its next transaction. Called again, it goes on where it stopped and pays
        for nothing twice.

        :returns: the model's address, with more about it.
        :raises DeployError: a transaction failed, or the account has too little; nothing else is sent.
        :raises RpcError: the node does not answer.
        """
        from ._chain import deploy

        return deploy(self._native, rpc, key, name, price_wei, gate, progress)

    def estimate(
        self,
        rpc: str,
        key: Key,
        *,
        name: str | None = None,
        price_wei: int | None = None,
        gate: str | None = None,
    ) -> Bill:
        """What :meth:`deploy` would cost at most; nothing is paid."""
        from ._chain import estimate

        return estimate(self._native, rpc, key, name, price_wei, gate)

    def __repr__(self) -> str:
        sides = (", ".join(map(_shown, ports)) for ports in (self._inputs, self._outputs))
        return f"<Model {self._name}: {' -> '.join(sides)}, {len(self.payload)} bytes>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Model):
            return NotImplemented
        return self.payload == other.payload

    def __hash__(self) -> int:
        return hash(self.content_hash)

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickle, (self.payload, self._name, self._native.record)


def _unpickle(payload: bytes, name: str, record: str | None) -> Model:
    return Model(_native.Model.parse(payload, name, record), name)


def _record_path(path: pathlib.Path) -> pathlib.Path:
    return path.with_suffix(".calib.json")


def _wei(gwei: float) -> int:
    if not 0 <= gwei < 1e18:
        raise ValueError("a gas price is a number of gwei, not negative")
    return round(gwei * 10**9)


def _port(port: dict[str, Any], decimals: list[int] | None) -> Port:
    ranges = port["ranges"]

    def of(key: str) -> Any:
        values = [entry[key] for entry in ranges]
        return values[0] if port["axis"] is None else np.array(values)

    is_quantised = port["quantised"]
    return Port(
        name=port["name"],
        dtype=port["dtype"],
        shape=tuple(port["shape"]),
        quantised=is_quantised,
        scale=of("scale") if is_quantised else None,
        zero_point=of("zero_point") if is_quantised else None,
        axis=port["axis"],
        min=of("min") if is_quantised else int(ranges[0]["min_word"]),
        max=of("max") if is_quantised else int(ranges[0]["max_word"]),
        saturates=port["saturates"],
        decimals=None if decimals is None else tuple(decimals),
    )


def _shown(port: Port) -> str:
    return f"{port.name} {port.dtype}[{', '.join(map(str, port.shape))}]"


__all__ = ["Calibration", "Gas", "Model", "Port"]
