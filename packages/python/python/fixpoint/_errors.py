"""Exceptions, by cause."""

from __future__ import annotations


class FixpointError(Exception):
    """What went wrong.

    ``kind`` names the cause in one word, for programs: ``"NoCalibration"``, ``"InputRange"``,
    ``"NotFunded"``. Other attributes depend on it; one that does not apply is ``None``.
    """

    kind: str = ""


class CompileError(FixpointError):
    """There is no compiled model.

    ``node`` and ``operator`` name what is not supported, ``input`` the input whose samples or shape do
    not fit, ``tensor`` one that took no finite value; ``wanted`` and ``reached`` are the errors of a
    ``max_error`` that cannot be had. ``log`` has all that a converter printed.
    """

    node: str | None = None
    operator: str | None = None
    input: str | None = None
    name: str | None = None
    tensor: str | None = None
    value: float | None = None
    sample: int | None = None
    wanted: float | None = None
    reached: float | None = None
    tool: str | None = None
    log: str | None = None


class ModelError(FixpointError):
    """Bytes that are no model, or a model that no chain would activate."""


class RunError(FixpointError):
    """An input that does not fit, or a run that failed: on chain the call would revert.

    ``sample`` counts samples, ``element`` the elements of the ``input`` in it, ``index`` those of all
    inputs, as the chain's ``InputRange(index)`` does.
    """

    sample: int | None = None
    input: str | None = None
    element: int | None = None
    index: int | None = None


class RpcError(FixpointError):
    """A node that does not answer, refuses, or whose call reverted.

    ``url`` is the endpoint, ``revert`` the name of the contract's error (``"NotActivated"``), ``data``
    all of it in hexadecimal digits.
    """

    url: str | None = None
    revert: str | None = None
    data: str | None = None
    transaction: str | None = None
    address: str | None = None
    sample: int | None = None


class DeployError(RpcError):
    """A model that is not on chain, or not as asked for. Deploying again goes on from there.

    ``step`` is what failed: ``"chunks"``, ``"root"``, ``"activation"``, ``"registration"``,
    ``"renaming"``, ``"pricing"``. ``account``, ``balance_wei`` and ``needed_wei`` (decimal texts) are
    of an account that has too little, ``owner`` of a model that belongs to somebody else.
    """

    step: str | None = None
    account: str | None = None
    balance_wei: str | None = None
    needed_wei: str | None = None
    owner: str | None = None
    contract: str | None = None


class AddressError(FixpointError, ValueError):
    """A text that is not an address."""


class InternalError(FixpointError):
    """A defect of this package."""
