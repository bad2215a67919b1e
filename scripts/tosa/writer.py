#!/usr/bin/env python3
"""Writes the official TOSA tests of one operator after the other, as conformance.py asks for them.

Runs in the environment that has tosa-tools 2026.8.0 and uses the code behind its command
`tosa_verif_build_tests`, for what the command itself doesn't do:

- It checks desc.json's schema against the schema of schemas three times for each test, which is 95 %
  of its time. Here it is checked once; every desc.json still is, and the files are the same bytes.
- It lists its "special" tests (full range, extreme values) and then drops them, unless it is told to
  select a few tests of each kind. Here they belong to the tests.
- It can't select a number of tests spread over everything that an operator's tests are about.

A request is a line of JSON on standard input, its answer a line on standard output:

    {"operator": "add", "directory": "tests/add", "at_least": 20}
    {"positive": ["add/add_22_i32", ...], "negative": 15, "available": 19, "unbuilt": {}}

`unbuilt` has the tests that the generator lists and then can't build, with why: it is not free of
errors, and another seed meets others. `at_least` null writes all tests, `directory` null none: only
counts. {"operator": null} answers with the names of all operators that the generator knows.
"""

import argparse
import hashlib
import json
import pathlib
import shutil
import sys
import traceback

import jsonschema.validators
from generator import tosa_verif_build_tests as official
from generator.tosa_test_gen import TosaTestGen
from generator.tosa_test_select import TosaTestSelect, TosaTestSelectList

# Lists no float types, whose tests the profile would drop: a tenth of the time, the same tests.
TYPES = ("bool", "int8", "int16", "int32", "int48", "shape")


def check_schemas_once():
    """Makes jsonschema remember which schemas it has found to be valid."""
    validator = jsonschema.validators.Draft202012Validator
    check = validator.check_schema
    checked = {}

    def check_once(schema, *arguments, **options):
        # Holds the schema, so that no other one gets its id.
        if checked.get(id(schema)) is not schema:
            check(schema, *arguments, **options)
            checked[id(schema)] = schema

    validator.check_schema = check_once


class Writer:
    """The generator, set to one seed and profile."""

    def __init__(self, options):
        self.options = official.parseArgs([*options, "--target-dtype", *TYPES])
        version = official._get_tosa_version(self.options.tosa_version_str)
        self.generator = TosaTestGen(self.options, version)
        # An entry is an operator, or an operator with one kernel size: conv2d_3x3.
        self.entries = {}
        for entry in self.generator.TOSA_OP_LIST:
            name = self.generator.getOperatorNameStr(entry)
            self.entries.setdefault(name, []).append(entry)

    def list_tests(self, operator, kind):
        """All tests of an operator that are in the profile, `kind` "positive" or "negative"."""
        by_name = TosaTestSelectList(self.generator.TOSA_OP_LIST)
        for entry in self.entries[operator]:
            for arguments in self.generator.genOpTestList(
                entry,
                shapeFilter=self.options.target_shapes,
                rankFilter=self.options.target_ranks,
                dtypeFilter=self.options.target_dtypes,
                testType=kind,
            ):
                by_name.add(TosaTestSelect(arguments))
        return [
            test
            for entry in by_name.opLists.values()
            for test in entry.tests + entry.special_tests
            if test.isSupported(self.options.profile, self.options.extension)
        ]

    def write(self, operator, directory, at_least):
        """Writes an operator's tests, or `at_least` of them and one of each stratum."""
        positive = self.list_tests(operator, "positive")
        negative = self.list_tests(operator, "negative")
        available = len(positive) + len(negative)
        if at_least is not None:
            picked = pick(positive + negative, at_least, self.options.random_seed)
            positive = [test for test in positive if str(test) in picked]
            negative = [test for test in negative if str(test) in picked]
        unbuilt = self.serialize(positive + negative, directory) if directory else {}
        return {
            "positive": [path(test) for test in positive if path(test) not in unbuilt],
            "negative": sum(path(test) not in unbuilt for test in negative),
            "available": available,
            "unbuilt": unbuilt,
        }

    def serialize(self, tests, directory):
        """Writes tests; returns the paths of those that could not be built, with why."""
        self.generator.basePath = directory
        unbuilt = {}
        for test in tests:
            try:
                built = self.generator.serializeTest(test)
                why = None if built else "the error that it is about does not come about"
            except (OSError, MemoryError):
                raise
            except Exception as error:
                traceback.print_exc()
                why = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            if why:
                unbuilt[path(test)] = why
                shutil.rmtree(pathlib.Path(directory) / path(test), ignore_errors=True)
        if tests and len(unbuilt) == len(tests):
            raise RuntimeError(f"no test could be built, for example {list(unbuilt.items())[0]}")
        return unbuilt


def path(test):
    """Where the generator writes a test."""
    return f"{test.opName}/{test}"


def stratum(test):
    """What a test is about: its error, or its kernel size, types and extreme values."""
    if test.error:
        return (1, test.error)
    return (0, test.opName, str(test.dtype), test.isSpecialTest())


def pick(tests, at_least, seed):
    """Names of one test of each stratum, then of a second one of each, until there are enough.

    Hashes order them, so a greater number picks the same tests and some more.
    """
    strata = {}
    for test in tests:
        strata.setdefault(stratum(test), []).append(test)
    rounds = []
    for key in sorted(strata):
        strata[key].sort(key=lambda test: hashlib.sha256(f"{seed} {test}".encode()).digest())
        rounds += [(turn, key, test) for turn, test in enumerate(strata[key])]
    rounds.sort(key=lambda entry: entry[:2])
    return {str(test) for _, _, test in rounds[: max(at_least, len(strata))]}


def answer(writer, request):
    """Serves one request; an error is an answer too, so that the next one is served."""
    try:
        if request["operator"] is None:
            return {"operators": sorted(writer.entries)}
        return writer.write(request["operator"], request["directory"], request["at_least"])
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


def serve():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("options", nargs="*", help="options of tosa_verif_build_tests, after --")
    # What the generator prints is not an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    check_schemas_once()
    writer = Writer(parser.parse_args().options)
    for line in sys.stdin:
        print(json.dumps(answer(writer, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    serve()
