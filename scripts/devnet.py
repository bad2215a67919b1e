#!/usr/bin/env python3
"""A devnet with the digits model deployed, registered and priced; runs until Ctrl-C."""

import argparse
import contextlib
import pathlib
import shutil
import tempfile

from devkit import GATEWAY, PRICE_WEI, REGISTRY, Devnet, compile_digits, deploy_digits, main


@contextlib.contextmanager
def running_devnet(fixpoint, port, data_dir, log=None):
    """A devnet with the digits model on it."""
    with tempfile.TemporaryDirectory() as folder:
        with Devnet(fixpoint, data_dir, port=port, log=log) as devnet:
            model = pathlib.Path(folder) / "digits.fxp"
            compile_digits(fixpoint, model)
            yield devnet, deploy_digits(fixpoint, devnet, model)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fixpoint", required=True, type=pathlib.Path, help="the fixpoint binary")
    parser.add_argument("--port", type=int, default=8545)
    parser.add_argument(
        "--data-dir", type=pathlib.Path, help="keep the chain here (default: a temporary folder)"
    )
    return parser.parse_args()


def serve():
    arguments = parse_arguments()
    data_dir = arguments.data_dir or pathlib.Path(tempfile.mkdtemp(prefix="fixpoint-devnet-"))
    try:
        with running_devnet(arguments.fixpoint, arguments.port, data_dir) as (devnet, digits):
            print(
                f"""
The digits model is deployed:
  root contract  {digits['model']}
  token          {digits['model_id']} of the registry {REGISTRY}
  price          {PRICE_WEI} wei a call, through the gateway {GATEWAY}

The chain in a browser: {devnet.url}

What to type next, in a second terminal:
  export PATH="$PWD/target/release:$PWD/node_modules/.bin:$PATH"
  fixpoint call {digits['model']} --input test-vectors/models/digits/test.npz --rpc {devnet.url}
  cast block latest --rpc-url {devnet.url}
or the walk in README.md. Ctrl-C ends the devnet.""",
                flush=True,
            )
            devnet.process.wait()
    finally:
        if arguments.data_dir is None:
            shutil.rmtree(data_dir, ignore_errors=True)


if __name__ == "__main__":
    main(serve)
