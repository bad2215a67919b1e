"""Times a network in another runtime, on one thread or a few. Run in the environment that has them:
`python -m benchmark.peers write DIR`, and `python -m benchmark.peers RUNTIME DIR --seconds S`.
"""

import argparse
import json
import pathlib
import statistics
import time

import numpy

# How far answers may be apart. LiteRT and onnxruntime round products in floats, TOSA in integers, and a
# difference in one layer is carried on.
ROUNDING = 8
# Where onnxruntime computes all but products in floats, and others what is between them in integers. Answers
# of two encoders with other weights are some 200 apart.
FLOATS = 64


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("write", "onnxruntime", "litert"))
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--net", type=int, help="its number")
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def write(folder):
    """Writes every network, an input for it, and a list of them."""
    from . import encoder_onnx, encoder_tflite, onnx, tflite
    from .encoder import Encoder
    from .nets import all_nets

    files = [(net, tflite, onnx, ROUNDING) for net in all_nets()]
    files.append((Encoder(), encoder_tflite, encoder_onnx, FLOATS))
    listed = []
    for at, (net, for_tflite, for_onnx, apart) in enumerate(files):
        (folder / f"{at}.tflite").write_bytes(for_tflite.Writer(net).write())
        (folder / f"{at}.onnx").write_bytes(for_onnx.Writer(net).write())
        numpy.save(folder / f"{at}.npy", net.input())
        listed.append({"name": net.name, "macs": net.macs(), "apart": apart})
    print(json.dumps(listed))


def onnxruntime_call(path, x, threads):
    """A function that runs the network once, and one that gives its answer as i8."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(
        str(path.with_suffix(".onnx")), options, providers=["CPUExecutionProvider"]
    )
    x = (x.astype(numpy.int16) + 128).astype(numpy.uint8)
    if x.ndim == 4:
        x = numpy.ascontiguousarray(x.transpose(0, 3, 1, 2))
    binding = session.io_binding()
    binding.bind_cpu_input(session.get_inputs()[0].name, x)
    binding.bind_output(session.get_outputs()[0].name)

    def answer():
        (output,) = binding.copy_outputs_to_cpu()
        return (output.astype(numpy.int16) - 128).astype(numpy.int8)

    return lambda: session.run_with_iobinding(binding), answer


def litert_call(path, x, threads):
    """As [onnxruntime_call]."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(str(path.with_suffix(".tflite")), num_threads=threads)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    output = interpreter.get_output_details()[0]["index"]
    return interpreter.invoke, lambda: interpreter.get_tensor(output)


def measure(run, seconds):
    """The median time of a run: of batches that take long enough for the clock."""
    run()
    start = time.perf_counter()
    run()
    once = max(time.perf_counter() - start, 1e-7)
    batch = max(int(0.002 / once), 1)
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or not times:
        start = time.perf_counter()
        for _ in range(batch):
            run()
        times.append((time.perf_counter() - start) / batch)
    return statistics.median(times)


def main():
    given = arguments()
    if given.action == "write":
        return write(given.folder)
    call = onnxruntime_call if given.action == "onnxruntime" else litert_call
    path = given.folder / f"{given.net}.npy"
    run, answer = call(path, numpy.load(path), given.threads)
    seconds = measure(run, given.seconds)
    print(json.dumps({"seconds": seconds, "answer": answer().ravel().tolist()}))


if __name__ == "__main__":
    main()
