#!/usr/bin/env python3
"""Writes reference_model.txt: small models with inputs, and what the official TOSA reference model
answers. It encodes models by itself (docs/model-format.md), so it also checks the Rust encoder.

    python3 -m venv venv && venv/bin/pip install tosa-tools==2026.8.0
    venv/bin/tosa_verif_build_tests --tosa-version 1.0.2 --profile tosa-pro-int \
        --extension tosa-ext-int16 tosa-ext-doubleround --test-type positive \
        --generate-lib-path LIBTOSA_REFERENCE_GENERATE_LIB_SO -o tests
    venv/bin/python generate.py tests [--limit-bytes N] [--per-operator N] > reference_model.txt

A line is: name, model, input, and output or "fails", in hexadecimal, separated by spaces.
"""

import argparse
import json
import math
import pathlib
import subprocess
import sys

import numpy
import tosa_reference_model

TOOLS = pathlib.Path(tosa_reference_model.__file__).parent.parent / "bin"
DTYPES = {"BOOL": 1, "INT8": 3, "INT16": 4, "INT32": 5, "INT48": 6}
SIZES = {"BOOL": 1, "INT8": 1, "INT16": 2, "INT32": 4, "INT48": 8}


class Skip(Exception):
    """The test is outside what a model can say."""


# SSZ. A field is (is_fixed, bytes).
def unsigned(value, size):
    return True, int(value).to_bytes(size, "little")


def signed32(value):
    return True, int(value).to_bytes(4, "little", signed=True)


def flag(value):
    return unsigned(bool(value), 1)


def container(*fields):
    offset = sum(len(data) if fixed else 4 for fixed, data in fields)
    head, tail = b"", b""
    for fixed, data in fields:
        if fixed:
            head += data
        else:
            head += (offset + len(tail)).to_bytes(4, "little")
            tail += data
    return all(fixed for fixed, _ in fields), head + tail


def listing(items):
    items = list(items)
    if all(fixed for fixed, _ in items):
        return False, b"".join(data for _, data in items)
    return False, container(*items)[1]


def integers(values, size):
    return listing(unsigned(value, size) for value in values)


def tensor_type(dtype, shape):
    return container(unsigned(DTYPES[dtype], 1), integers(shape, 4))


NO_QUANTISATION = (False, b"\x00")


def raw(dtype, array):
    """Elements as they stand in models and raw inputs: little-endian, i48 in eight bytes."""
    types = {"BOOL": "u1", "INT8": "i1", "INT16": "<i2", "INT32": "<i4", "INT48": "<i8"}
    return numpy.asarray(array).astype(types[dtype]).tobytes()


class Graph:
    def __init__(self, tosa, flatc_dir):
        subprocess.run(
            [TOOLS / "flatc", "-t", "--strict-json", "--raw-binary", "-o", flatc_dir]
            + [TOOLS / "tosa.fbs", "--", tosa],
            check=True,
        )
        parsed = json.loads((pathlib.Path(flatc_dir) / (tosa.stem + ".json")).read_text())
        (region,) = parsed["regions"]
        (block,) = region["blocks"]
        self.operators = block["operators"]
        self.tensors = {tensor["name"]: tensor for tensor in block["tensors"]}
        self.shapes = {shape["name"]: shape for shape in block.get("shapes", [])}
        self.inputs = block["inputs"]
        self.outputs = block["outputs"]
        produced = {name for op in self.operators if op["op"] != "CONST" for name in op["outputs"]}
        self.known = {name for name in self.tensors if name not in produced}
        self.known -= set(self.inputs)

    def array(self, name):
        tensor = self.tensors[name]
        dtype, data = tensor["type"], bytes(tensor.get("data", []))
        if dtype == "INT48":
            count = math.prod(tensor.get("shape", []))
            data = b"".join(
                int.from_bytes(data[6 * at : 6 * at + 6], "little", signed=True).to_bytes(
                    8, "little", signed=True
                )
                for at in range(count)
            )
        elif dtype not in DTYPES:
            raise Skip(f"type {dtype}")
        types = {"BOOL": "u1", "INT8": "i1", "INT16": "<i2", "INT32": "<i4", "INT48": "<i8"}
        count = math.prod(tensor.get("shape", []))
        return numpy.frombuffer(data, types[dtype])[:count]

    def scalar(self, name, is_unsigned=False):
        if name not in self.known:
            raise Skip("attribute is not constant")
        value = int(self.array(name)[0])
        bits = 8 * SIZES[self.tensors[name]["type"]]
        return value % (1 << bits) if is_unsigned else value

    def shape_value(self, name):
        # An empty list is stored with padding: the rank says how many entries count.
        shape = self.shapes[name]
        data = bytes(shape.get("data", []))[: 8 * shape.get("rank", 0)]
        return [int.from_bytes(data[at : at + 8], "little", signed=True) for at in range(0, len(data), 8)]

    def encode(self):
        operators = [op for op in self.operators if op["op"] not in ("CONST", "CONST_SHAPE")]
        used, attributes = [], set()
        for op in operators:
            names = op["inputs"]
            keep = {"CONV2D": 3, "DEPTHWISE_CONV2D": 3, "MATMUL": 2, "AVG_POOL2D": 1, "MUL": 2}
            keep |= {"RESCALE": 1, "PAD": 1, "RESHAPE": 1, "SLICE": 1}
            op["values"] = names[: keep.get(op["op"], len(names))]
            used += [name for name in op["values"] if name in self.known]
        constants = list(dict.fromkeys(used))
        names = self.inputs + constants + [op["outputs"][0] for op in operators]
        self.number = {name: at for at, name in enumerate(names)}

        def port(name):
            return listing(unsigned(byte, 1) for byte in name.encode())

        def typed(name):
            tensor = self.tensors[name]
            if tensor["type"] not in DTYPES:
                raise Skip(f"type {tensor['type']}")
            return tensor_type(tensor["type"], tensor.get("shape", []))

        return container(
            unsigned(1, 2),
            listing(
                container(port(name), typed(name), NO_QUANTISATION, flag(False))
                for name in self.inputs
            ),
            listing(
                container(
                    typed(name), (False, raw(self.tensors[name]["type"], self.array(name)))
                )
                for name in constants
            ),
            listing((False, self.operator(op)) for op in operators),
            listing(
                container(port(name), unsigned(self.number[name], 2), NO_QUANTISATION)
                for name in self.outputs
            ),
        )[1]

    def operator(self, op):
        name, attribute, inputs = op["op"], op.get("attribute", {}), op["inputs"]
        code, encode = OPERATORS.get(name, (None, None))
        if encode is None:
            raise Skip(f"operator {name}")
        values = [unsigned(self.number[value], 2) for value in op["values"]]
        fields = encode(self, attribute, inputs, values, self.tensors[op["outputs"][0]])
        return bytes([code]) + container(*fields)[1]


def pair(values):
    return container(*(unsigned(value, 4) for value in values))


def clamp(g, a, i, v, o):
    dtype = {"INT8": 1, "INT16": 2}[g.tensors[i[0]]["type"]]
    low, high = (
        int.from_bytes(bytes(a[key][:dtype]), "little", signed=True) for key in ("min_val", "max_val")
    )
    return v + [signed32(low), signed32(high)]


def conv(g, a, i, v, o):
    zero_points = [signed32(g.scalar(name)) for name in i[3:5]]
    return v + [pair(a["pad"]), pair(a["stride"]), pair(a["dilation"])] + zero_points


def pool(g, a, i, v, o):
    return v + [pair(a["kernel"]), pair(a["stride"]), pair(a["pad"])]


def avg_pool(g, a, i, v, o):
    return pool(g, a, i, v, o) + [signed32(g.scalar(name)) for name in i[1:3]]


def pad(g, a, i, v, o):
    margins = g.shape_value(i[1])
    pairs = [pair(margins[at : at + 2]) for at in range(0, len(margins), 2)]
    return v + [listing(pairs), signed32(g.scalar(i[2]))]


def rescale(g, a, i, v, o):
    inside, outside = a.get("input_unsigned", False), a.get("output_unsigned", False)
    mode = a.get("rounding_mode", "SINGLE_ROUND")
    if mode not in ("SINGLE_ROUND", "DOUBLE_ROUND"):
        raise Skip(mode)
    return v + [
        unsigned(DTYPES[o["type"]], 1),
        signed32(g.scalar(i[3], inside)),
        signed32(g.scalar(i[4], outside)),
        listing(signed32(value) for value in g.array(i[1])),
        integers(g.array(i[2]), 1),
        flag(a.get("scale32", False)),
        flag(mode == "DOUBLE_ROUND"),
        flag(a.get("per_channel", False)),
        flag(inside),
        flag(outside),
    ]


def axis(g, a, i, v, o):
    return v + [unsigned(a.get("axis", 0), 1)]


OPERATORS = {
    "ARGMAX": (1, axis),
    "AVG_POOL2D": (2, avg_pool),
    "CONV2D": (3, conv),
    "DEPTHWISE_CONV2D": (5, conv),
    "MATMUL": (7, lambda g, a, i, v, o: v + [signed32(g.scalar(name)) for name in i[2:4]]),
    "MAX_POOL2D": (8, pool),
    "CLAMP": (11, clamp),
    "ADD": (15, lambda g, a, i, v, o: v),
    "ARITHMETIC_RIGHT_SHIFT": (16, lambda g, a, i, v, o: v + [flag(a.get("round", False))]),
    "LOGICAL_LEFT_SHIFT": (22, lambda g, a, i, v, o: v),
    "MUL": (28, lambda g, a, i, v, o: v + [unsigned(g.scalar(i[2]), 1)]),
    "SUB": (30, lambda g, a, i, v, o: v),
    "TABLE": (31, lambda g, a, i, v, o: v),
    "CLZ": (35, lambda g, a, i, v, o: v),
    "REDUCE_MAX": (51, axis),
    "REDUCE_SUM": (54, axis),
    "CONCAT": (55, lambda g, a, i, v, o: [listing(v), unsigned(a.get("axis", 0), 1)]),
    "PAD": (56, pad),
    "RESHAPE": (57, lambda g, a, i, v, o: v + [integers(g.shape_value(i[1]), 4)]),
    "SLICE": (59, lambda g, a, i, v, o: v + [integers(g.shape_value(name), 4) for name in i[1:3]]),
    "TRANSPOSE": (61, lambda g, a, i, v, o: v + [integers(a.get("perms", []), 1)]),
    "GATHER": (62, lambda g, a, i, v, o: v),
    "CAST": (65, lambda g, a, i, v, o: v + [unsigned(DTYPES[o["type"]], 1)]),
    "RESCALE": (66, rescale),
}


def vector(folder, scratch):
    """Model, input and output of one test folder, or Skip."""
    description = json.loads((folder / "desc.json").read_text())
    graph = Graph(folder / description["tosa_file"], scratch)
    model = graph.encode()
    files = dict(zip(description["ifm_name"], description["ifm_file"]))
    data = b"".join(
        raw(graph.tensors[name]["type"], numpy.load(folder / files[name])) for name in graph.inputs
    )
    run = subprocess.run(
        [TOOLS / "tosa_reference_model", "--test_desc", "desc.json"], cwd=folder, capture_output=True
    )
    if run.returncode:
        return model, data, None
    files = dict(zip(description["ofm_name"], description["ofm_file"]))
    output = b"".join(
        raw(graph.tensors[name]["type"], numpy.load(folder / files[name])) for name in graph.outputs
    )
    return model, data, output


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tests", type=pathlib.Path)
    parser.add_argument("--limit-bytes", type=int, default=2000)
    parser.add_argument("--per-operator", type=int, default=8)
    parser.add_argument("--scratch", default="/dev/shm")
    options = parser.parse_args()
    print("# name model input output; written by generate.py")
    groups = {}
    for description in sorted(options.tests.rglob("desc.json")):
        folder = description.parent
        name = json.loads(description.read_text())["test_details"]["operator"]
        # Types are at the end of a name: as many tests of each.
        kind = (name, folder.name.split("_p")[0].rsplit("_", 1)[-1])
        groups.setdefault(kind, []).append(folder)
    for kind, folders in sorted(groups.items()):
        folders.sort(key=lambda folder: sum(file.stat().st_size for file in folder.iterdir()))
        written = 0
        for folder in folders:
            if written == options.per_operator:
                break
            try:
                model, data, output = vector(folder, options.scratch)
            except Skip as reason:
                print(f"{folder.name}: {reason}", file=sys.stderr)
                continue
            size = len(model) + len(data) + len(output or b"")
            if size > options.limit_bytes:
                continue
            answer = "fails" if output is None else output.hex()
            print(folder.name, model.hex(), data.hex(), answer)
            written += 1


if __name__ == "__main__":
    main()
