"""Machine-learning models in integers, which an EVM chain runs bit for bit.

>>> import fixpoint
>>> model = fixpoint.compile("digits.onnx", calibration=images)
>>> model.run(images[0])
>>> address = model.deploy("http://127.0.0.1:8545", key)
>>> fixpoint.call("http://127.0.0.1:8545", address, images[0])
"""

from importlib.metadata import version as _version

from ._chain import Bill, Deployed, Verification, call, verify
from ._compile import compile
from ._errors import (
    AddressError,
    CompileError,
    DeployError,
    FixpointError,
    InternalError,
    ModelError,
    RpcError,
    RunError,
)
from ._model import Calibration, Gas, Model, Port
from ._report import Report

__version__ = _version("fixpoint")

# What users see is the package, not its files.
for _public in (
    AddressError, Bill, Calibration, CompileError, Deployed, DeployError, FixpointError, Gas, InternalError, Model,
    ModelError, Port, Report, RpcError, RunError, Verification, call, compile, verify,
):  # fmt: skip
    _public.__module__ = __name__
del _public

__all__ = [
    "AddressError",
    "Bill",
    "Calibration",
    "CompileError",
    "DeployError",
    "Deployed",
    "FixpointError",
    "Gas",
    "InternalError",
    "Model",
    "ModelError",
    "Port",
    "Report",
    "RpcError",
    "RunError",
    "Verification",
    "call",
    "compile",
    "verify",
]
