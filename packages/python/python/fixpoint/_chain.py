"""Models on chain."""

from __future__ import annotations

import json
import os
import pathlib
from dataclasses import dataclass
from typing import Any, Protocol, Union

from numpy.typing import NDArray

from . import _native
from ._arrays import Inputs, pack_inputs, unpack
from ._compile import Source, _read
from ._model import Calibration
from ._progress import Progress, callback


class Account(Protocol):
    """What ``eth_account``'s accounts have of it."""

    @property
    def key(self) -> bytes: ...


#: A private key: hexadecimal digits, 32 bytes, or an account that has one.
Key = Union[str, bytes, Account]


class Deployed(str):
    """A model's address, with more about the deployment."""

    #: Hash of the root contract's code.
    model_hash: str
    #: Number of the model's token.
    model_id: int
    #: Who may call it; the zero address for anyone.
    gate: str
    #: Chunk contracts that hold it.
    chunks: int
    #: Gas that this deployment used; 0 if all was there already.
    gas_used: int
    #: Gas of a call, the first in a transaction.
    inference_gas: int
    #: Its name in the registry, if it was registered.
    name: str | None
    #: Price of an inference in wei, likewise.
    price_wei: int | None
    #: Owner of the token, likewise.
    owner: str | None
    #: What changed in the registry: ``registered``, ``renamed``, ``repriced``.
    changes: tuple[str, ...]

    def __new__(cls, told: dict[str, Any]) -> Deployed:
        deployed = super().__new__(cls, told["model"])
        deployed.model_hash = told["model_hash"]
        deployed.model_id = int(told["model_id"])
        deployed.gate = told["gate"]
        deployed.chunks = told["chunks"]
        deployed.gas_used = told["gas_used"]
        deployed.inference_gas = told["inference_gas"]
        deployed.name = told["name"]
        price = told["price_wei"]
        deployed.price_wei = None if price is None else int(price)
        deployed.owner = told["owner"]
        deployed.changes = tuple(told["changes"])
        return deployed

    def __getnewargs__(self) -> tuple[dict[str, Any]]:  # type: ignore[override]
        return ({**self.__dict__, "model": str(self)},)


@dataclass(frozen=True)
class Bill:
    """What a deployment will cost at most."""

    #: The account that pays.
    account: str
    #: What it has.
    balance_wei: int
    #: Chunks of the model.
    chunks: int
    #: Those that are not on chain.
    chunks_missing: int
    #: Gas, at most.
    gas_at_most: int
    #: That at the current gas price.
    wei_at_most: int


@dataclass(frozen=True)
class Verification:
    """Whether a model on chain is the one that a file and its calibration make; true if it is."""

    #: Hash of the model's bytes, as the chain measured it.
    content_hash: str
    #: Hash of the bytes that were built.
    rebuilt_hash: str
    #: How many bytes those are.
    rebuilt_bytes: int

    def __bool__(self) -> bool:
        return self.content_hash == self.rebuilt_hash


def call(
    rpc: str,
    address: str,
    inputs: Inputs,
    *,
    raw: bool = False,
    sender: str | None = None,
) -> NDArray[Any] | dict[str, NDArray[Any]]:
    """Asks a model on chain, without a transaction; takes and gives what :meth:`Model.run` does.

    :param rpc: JSON-RPC endpoint of a node.
    :param address: the model's root contract, as :meth:`Model.deploy` returns it.
    :param sender: sender of the call; the model's gate if not given, since a gate binds contracts on
        chain and not read-only calls.

    :raises RunError: an input does not fit or is out of its range.
    :raises RpcError: the node does not answer, or the call reverted (``revert`` says with what).
    """
    return unpack(_native.call(rpc, str(address), pack_inputs(inputs), raw, sender))


def verify(
    rpc: str,
    address: str,
    onnx: Source,
    calibration: Calibration | str | os.PathLike[str],
) -> Verification:
    """Builds a published model again and compares it with the one on chain.

    :param onnx: the file that its author published.
    :param calibration: the ranges and choices published with it, or the path of their file.

    :raises CompileError: the calibration is not this file's, or it does not compile.
    """
    if not isinstance(calibration, Calibration):
        calibration = Calibration(pathlib.Path(calibration).read_text(encoding="utf-8"))
    source, _ = _read(onnx)
    return Verification(*_native.verify(rpc, str(address), source, calibration.to_json()))


def deploy(
    model: _native.Model,
    rpc: str,
    key: Key,
    name: str | None,
    price_wei: int | None,
    gate: str | None,
    progress: Progress,
) -> Deployed:
    order = _order(rpc, key, name, price_wei, gate)
    return Deployed(json.loads(_native.deploy(model, order, callback(progress))))


def estimate(
    model: _native.Model,
    rpc: str,
    key: Key,
    name: str | None,
    price_wei: int | None,
    gate: str | None,
) -> Bill:
    told = json.loads(_native.estimate(model, _order(rpc, key, name, price_wei, gate)))
    return Bill(
        account=told["account"],
        balance_wei=int(told["balance_wei"]),
        chunks=told["chunks"],
        chunks_missing=told["chunks_missing"],
        gas_at_most=told["gas_at_most"],
        wei_at_most=int(told["wei_at_most"]),
    )


def _order(rpc: str, key: Key, name: str | None, price_wei: int | None, gate: str | None) -> dict[str, Any]:
    if price_wei is not None:
        if name is None:
            raise ValueError("price_wei= needs name=: the registry has the price")
        if gate is not None:
            raise ValueError("price_wei= does not go with gate=: a priced model's gate is the gateway")
        if price_wei < 0:
            raise ValueError("a price is not negative")
    return {
        "rpc": rpc,
        "key": _key(key),
        "name": name,
        "price": None if price_wei is None else str(int(price_wei)),
        "gate": gate,
    }


def _key(key: Key) -> str:
    key = getattr(key, "key", key)
    if isinstance(key, (bytes, bytearray)):
        return "0x" + bytes(key).hex()
    if isinstance(key, str):
        return key
    raise TypeError("a private key is hexadecimal digits, 32 bytes, or an account that has one")
