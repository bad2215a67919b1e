"""What the checks of the contracts share: where the tools from PyPI are, and forge output of their own."""

import virtual_environment
from devkit import ROOT, environment

PACKAGES = ("halmos==0.3.3", "cvc5==1.4.2")


def tools():
    """The folder of the programs; it is made if need be."""
    return virtual_environment.ensure(".venv-contracts", PACKAGES) / "bin"


def forge_environment(name, **settings):
    """Forge's environment with output and cache of its own, so that nobody else's is replaced."""
    folder = ROOT / "cache" / name
    return environment() | {
        "FOUNDRY_OUT": str(folder / "out"),
        "FOUNDRY_CACHE_PATH": str(folder / "cache"),
        **{f"FOUNDRY_{key.upper()}": value for key, value in settings.items()},
    }
