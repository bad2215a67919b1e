"""Random graphs of many operators as tests, beside the official ones of single operators.

The project's own generator writes them; the reference model says what they answer.
"""

import concurrent.futures
import shutil

from devkit import Failed

from .tests import Written, complete

NAME = "random_graphs"
SECONDS = 3600


def write_graphs(run, program, count):
    """Writes `count` graphs of the run's seed with `program` and lets the reference model answer.

    One that it refuses stays, without an answer, and so fails: Fixpoint answers all of them.
    """
    folder = run.directory / "tests" / NAME
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    first_seed = 1 + run.seed * 1_000_000
    code, _, errors = run.children.run(
        [program, "--directory", folder, "--graphs", str(count), "--seed", str(first_seed)], SECONDS
    )
    if code != 0:
        raise Failed(f"{program} ended with exit code {code}:\n{errors[-1500:]}")
    tests = sorted(folder.iterdir())
    with concurrent.futures.ThreadPoolExecutor(run.jobs) as threads:
        refusals = [why for why in threads.map(lambda test: complete(run, test), tests) if why]
    for why in refusals[:5]:
        print(f"a random graph is refused by the reference model: {why}", flush=True)
    print(f"written random graphs: {len(tests)}", flush=True)
    return Written(
        positive=len(tests), negative=0, available=len(tests), unbuilt={}, refused={}, at_least=None
    )
