"""What the training scripts here share: one-threaded JAX, Adam, and writing ONNX and NumPy files that are the same in every run.

Import this before `jax`: it sets the environment that JAX reads when it is first imported.
Data sets, architectures and losses belong in each model's own `train.py`.
"""

import os
from pathlib import Path

# More than one thread may change the order of float additions, and with it the trained weights.
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
os.environ["NPROC"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

# Old enough for every importer, new enough for every operator used here.
ONNX_OPSET = 17
ONNX_IR_VERSION = 8


def he_normal(key, shape):
    """Initial weights of a layer followed by Relu; `shape` is (outputs, inputs, kernel...)."""
    fan_in = np.prod(shape[1:])
    return jax.random.normal(key, shape) * jnp.sqrt(2.0 / fan_in)


def train(parameters, loss, batches, *, learning_rate, steps, weight_decay=0.0, average_decay=0.0):
    """Minimises `loss(parameters, *batch)` by AdamW with a cosine schedule; returns the running average of the parameters.

    `batches` yields at least `steps` tuples of arrays. `average_decay` is the share of the old average kept at each step (0: the last parameters).
    """

    @jax.jit
    def update(parameters, average, first, second, step, batch):
        gradients = jax.grad(loss)(parameters, *batch)
        rate = learning_rate * 0.5 * (1.0 + jnp.cos(jnp.pi * step / steps))
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)

        def move(parameter, m, v):
            m_hat = m / (1.0 - 0.9 ** (step + 1.0))
            v_hat = v / (1.0 - 0.999 ** (step + 1.0))
            return parameter - rate * (m_hat / (jnp.sqrt(v_hat) + 1e-8) + weight_decay * parameter)

        parameters = jax.tree.map(move, parameters, first, second)
        # Early on the plain average weighs the random start too much, so the decay grows with the steps.
        keep = jnp.minimum(average_decay, (1.0 + step) / (10.0 + step))
        average = jax.tree.map(lambda old, new: keep * old + (1.0 - keep) * new, average, parameters)
        return parameters, average, first, second

    average = parameters
    first = jax.tree.map(jnp.zeros_like, parameters)
    second = jax.tree.map(jnp.zeros_like, parameters)
    for step, batch in zip(range(steps), batches):
        parameters, average, first, second = update(parameters, average, first, second, float(step), batch)
        if step % 500 == 0:
            print(f"step {step:5} of {steps}  loss {float(loss(parameters, *batch)):.4f}", flush=True)
    return jax.tree.map(np.asarray, average)


def write_onnx(path, name, nodes, initializers, model_input, model_output):
    """Checks and writes a graph with one input and one output.

    `initializers` maps names to float32 arrays; `model_input` and `model_output` are (name, shape), with "N" for the batch.
    """
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info(model_input[0], TensorProto.FLOAT, model_input[1])],
        [helper.make_tensor_value_info(model_output[0], TensorProto.FLOAT, model_output[1])],
        [numpy_helper.from_array(np.asarray(array, np.float32, order="C"), key) for key, array in initializers.items()],
    )
    model = helper.make_model(graph, producer_name="fixpoint test models", opset_imports=[helper.make_opsetid("", ONNX_OPSET)])
    model.ir_version = ONNX_IR_VERSION
    onnx.checker.check_model(model, full_check=True)
    Path(path).write_bytes(model.SerializeToString(deterministic=True))


def run_onnx(path, inputs):
    """The model's output for a whole batch, as onnxruntime computes it in float32."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: inputs})[0]


def parameter_count(parameters):
    """Number of trained scalars."""
    return sum(int(np.size(leaf)) for leaf in jax.tree.leaves(parameters))
