"""Quantises two networks with onnxruntime's own quantiser, in the forms that it offers, and writes what
onnxruntime answers: the digits classifier, and a small untrained network of many operators.

Every file has its answers in `answers.npz`, under the file's name, for the first rows of
`../digits/test.npz`, as onnxruntime's integer kernels compute them.
"""

import pathlib
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quant_pre_process, quantize_static

HERE = pathlib.Path(__file__).resolve().parent
DIGITS = HERE.parent / "digits"
ROWS = 64

FORMS = {
    "branches-qdq": {
        "quant_format": QuantFormat.QDQ, "per_channel": True,
        "activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8,
    },
    "branches-qoperator": {
        "quant_format": QuantFormat.QOperator, "per_channel": False,
        "activation_type": QuantType.QUInt8, "weight_type": QuantType.QUInt8,
    },
    "qdq-per-channel": {
        "quant_format": QuantFormat.QDQ, "per_channel": True,
        "activation_type": QuantType.QUInt8, "weight_type": QuantType.QInt8,
    },
    "qdq-signed": {
        "quant_format": QuantFormat.QDQ, "per_channel": False,
        "activation_type": QuantType.QInt8, "weight_type": QuantType.QInt8,
    },
    "qoperator": {
        "quant_format": QuantFormat.QOperator, "per_channel": False,
        "activation_type": QuantType.QUInt8, "weight_type": QuantType.QUInt8,
    },
    "qdq-16": {
        "quant_format": QuantFormat.QDQ, "per_channel": False,
        "activation_type": QuantType.QInt16, "weight_type": QuantType.QInt8,
        "extra_options": {"ActivationSymmetric": True},
    },
}  # fmt: skip


def branches():
    """Two branches of convolutions that are added, joined, gated and averaged; weights at random."""
    random = np.random.default_rng(7)
    shapes = {
        "w1": (8, 1, 3, 3), "b1": (8,), "w2": (8, 8, 3, 3), "b2": (8,), "w3": (8, 1, 3, 3), "b3": (8,),
        "w4": (12, 16, 1, 1), "b4": (12,), "w5": (12, 12), "w6": (12, 10), "b6": (10,),
    }  # fmt: skip
    weights = []
    for name, shape in shapes.items():
        spread = 1 / np.sqrt(max(1, np.prod(shape[1:])))
        weights.append(numpy_helper.from_array((random.normal(size=shape) * spread).astype(np.float32), name))
    node = helper.make_node
    nodes = [
        node("Conv", ["image", "w1", "b1"], ["c1"], pads=[1, 1, 1, 1]),
        node("LeakyRelu", ["c1"], ["r1"], alpha=0.1),
        node("Conv", ["r1", "w2", "b2"], ["c2"], pads=[1, 1, 1, 1]),
        node("Conv", ["r1", "w3", "b3"], ["c3"], pads=[1, 1, 1, 1], group=8),
        node("Sigmoid", ["c3"], ["s3"]),
        node("Mul", ["c2", "s3"], ["gated"]),
        node("Add", ["gated", "r1"], ["sum"]),
        node("Concat", ["sum", "r1"], ["joined"], axis=1),
        # Means of nine have no ties, which onnxruntime rounds to even and TOSA up.
        node("AveragePool", ["joined"], ["pooled"], kernel_shape=[3, 3], strides=[2, 2]),
        node("Conv", ["pooled", "w4", "b4"], ["c4"]),
        node("Relu", ["c4"], ["r4"]),
        node("GlobalAveragePool", ["r4"], ["mean"]),
        node("Flatten", ["mean"], ["flat"]),
        node("MatMul", ["flat", "w5"], ["m5"]),
        node("Gemm", ["m5", "w6", "b6"], ["g6"]),
        node("Softmax", ["g6"], ["probabilities"], axis=1),
    ]
    ports = [("image", ["N", 1, 8, 8]), ("probabilities", ["N", 10])]
    image, probabilities = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in ports)
    graph = helper.make_graph(nodes, "branches", [image], [probabilities], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


class Rows(CalibrationDataReader):
    """The calibration rows of the digits, one by one."""

    def __init__(self):
        images = np.load(DIGITS / "calibration.npz")["image"]
        self.rows = iter([{"image": image[None]} for image in images])

    def get_next(self):
        return next(self.rows, None)


def answers(path, images):
    """onnxruntime's outputs, without the rewriting that would change its integers."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"image": image[None]})[0] for image in images])


def main():
    images = np.load(DIGITS / "test.npz")["image"][:ROWS]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        onnx.save(branches(), folder / "branches.onnx")
        sources = {"branches": folder / "branches.onnx", "digits": DIGITS / "digits.onnx"}
        for name, options in FORMS.items():
            source = "branches" if name.startswith("branches") else "digits"
            prepared = folder / "prepared.onnx"
            quant_pre_process(sources[source], prepared, skip_symbolic_shape=True)
            path = HERE / f"{name}.onnx"
            quantize_static(prepared, path, Rows(), **options)
            model = onnx.load(path)
            print(name, path.stat().st_size, sorted({node.op_type for node in model.graph.node}))
            found[name] = answers(path, images)
    np.savez_compressed(HERE / "answers.npz", **found)


if __name__ == "__main__":
    main()
