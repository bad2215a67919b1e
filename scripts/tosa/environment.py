"""The official TOSA tools: their environment, made once.

`tosa-tools` is a wheel of PyPI with the test generator, the reference model and `tosa-opt`;
`tosa-converter-for-tflite` is one with the converter. They live in a virtual environment of their own.
"""

import json
import pathlib
import subprocess

import virtual_environment
from devkit import Failed

PACKAGE_VERSION = "2026.8.0"
CONVERTER_VERSION = "2026.2.0"
# As `fixpoint compile` names them where they are missing.
PACKAGES = (
    f"tosa-tools=={PACKAGE_VERSION}", f"tosa-converter-for-tflite=={CONVERTER_VERSION}",
)  # fmt: skip

# Prints where the tools are and which versions they have.
LOCATE = """
import importlib.metadata as metadata, json
tools = metadata.distribution("tosa-tools")
print(json.dumps({
    "version": tools.version,
    "converter": metadata.version("tosa-converter-for-tflite"),
    "numpy": metadata.version("numpy"),
    "library": str(tools.locate_file("tosa_reference_model/libtosa_reference_generate_lib.so")),
    "reference_model": str(tools.locate_file("bin/tosa_reference_model")),
}))
"""


class Tools:
    """A ready environment."""

    def __init__(self, folder):
        self.programs = folder / "bin"
        self.python = self.programs / "python"
        try:
            text = subprocess.run(
                [self.python, "-c", LOCATE], capture_output=True, text=True, check=True
            ).stdout
        except (OSError, subprocess.CalledProcessError):
            raise Failed(
                f"{folder} is not a virtual environment with {' and '.join(PACKAGES)}"
            ) from None
        found = json.loads(text)
        self.version, self.numpy = found["version"], found["numpy"]
        self.library, self.reference_model = found["library"], found["reference_model"]
        has = (f"tosa-tools=={self.version}", f"tosa-converter-for-tflite=={found['converter']}")
        if has != PACKAGES:
            raise Failed(f"{folder} has {' and '.join(has)}, not {' and '.join(PACKAGES)}")
        for path in (self.library, self.reference_model):
            if not pathlib.Path(path).is_file():
                raise Failed(f"tosa-tools in {folder} is incomplete: there is no {path}")


def find_tools(given):
    """The tools in the environment `given`, or in one of this checkout, which is made if need be."""
    if given:
        return Tools(pathlib.Path(given).absolute())
    return Tools(virtual_environment.ensure(".venv-tosa", PACKAGES))
