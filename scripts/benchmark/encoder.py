"""A transformer encoder with random int8 weights, in the shape of MiniLM: 6 layers, 384 wide, 12 heads,
1536 wide between, 128 tokens, layer norms after the sums. Its input are the embeddings of the tokens.

Weights have a scale for each output. What is between operators has one scale, chosen so that 127 is some
four standard deviations: layer norms keep the standard deviation at 1.
"""

import dataclasses

import numpy

NAME = "MiniLM-shape encoder, 128 tokens"
LAYERS, TOKENS, WIDTH, HEADS, BETWEEN = 6, 128, 384, 12, 1536
HEAD_WIDTH = WIDTH // HEADS
EPSILON = 1e-5


@dataclasses.dataclass(frozen=True)
class Scale:
    """How real numbers are quantised: `scale * (i8 - zero_point)`."""

    scale: float
    zero_point: int = 0


# What comes out of a layer norm or of a product, with a standard deviation of 1.
UNIT = Scale(4 / 127)
# Of the sum of two of those.
SUM = Scale(5.6 / 127)
SCORES = Scale(5 / 127)
SHARES = Scale(1 / 256, -128)
# Averages of 128 values that layers make more and more alike.
CONTEXT = Scale(2.5 / 127)
# GELU is above -0.17.
GELU = Scale(4.2 / 255, -117)


@dataclasses.dataclass
class Dense:
    """`x @ weights.T + bias`."""

    input: Scale
    output: Scale
    weights: numpy.ndarray  # [outputs, inputs]
    scales: numpy.ndarray
    bias: numpy.ndarray  # in units of the input's scale times the weights'


@dataclasses.dataclass
class Layer:
    query: Dense
    key: Dense
    value: Dense
    attended: Dense
    first_norm: tuple  # gamma, beta
    wide: Dense
    narrow: Dense
    second_norm: tuple


class Encoder:
    """The weights."""

    def __init__(self, seed=1):
        self.random = numpy.random.default_rng(seed)
        self.name = NAME
        self.input_shape = (1, TOKENS, WIDTH)
        self.layers = [self.layer() for _ in range(LAYERS)]

    def dense(self, outputs, source, source_deviation, output_deviation=1.0):
        """A layer from a source of that standard deviation to an output of another."""
        scale, inputs = source
        weights = self.random.integers(-127, 128, (outputs, inputs), dtype=numpy.int8)
        deviation = source_deviation * weights.std() * inputs**0.5
        scales = self.random.uniform(0.8, 1.2, outputs) * (output_deviation / deviation)
        bias = self.random.normal(0, 0.1 * output_deviation, outputs) / (scale.scale * scales)
        return Dense(scale, UNIT, weights, scales.astype(numpy.float32), bias.astype(numpy.int32))

    def norm(self):
        gamma = self.random.uniform(0.8, 1.2, WIDTH)
        return gamma.astype(numpy.float32), self.random.normal(0, 0.1, WIDTH).astype(numpy.float32)

    def layer(self):
        # Queries are divided by the root of the heads' width once and for all: by their weights.
        query = self.dense(WIDTH, (UNIT, WIDTH), 1, HEAD_WIDTH**-0.5)
        query.output = Scale(UNIT.scale * HEAD_WIDTH**-0.5)
        return Layer(
            query,
            self.dense(WIDTH, (UNIT, WIDTH), 1),
            self.dense(WIDTH, (UNIT, WIDTH), 1),
            self.dense(WIDTH, (CONTEXT, WIDTH), 0.5),
            self.norm(),
            self.dense(BETWEEN, (UNIT, WIDTH), 1),
            self.dense(WIDTH, (GELU, BETWEEN), 0.65),
            self.norm(),
        )

    def input(self):
        """Random embeddings with a standard deviation of 1."""
        reals = numpy.random.default_rng(7).normal(0, 1, self.input_shape)
        return numpy.clip(numpy.round(reals / UNIT.scale), -128, 127).astype(numpy.int8)

    def macs(self):
        """Multiply-accumulates of one inference."""
        attention = 2 * HEADS * TOKENS * TOKENS * HEAD_WIDTH
        weights = 4 * WIDTH * WIDTH + 2 * WIDTH * BETWEEN
        return LAYERS * (TOKENS * weights + attention)
