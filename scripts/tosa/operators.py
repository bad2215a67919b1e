"""Which operators the official tests are about, and what the generator is told."""

TOSA_VERSION = "1.0.2"
PROFILE = "tosa-pro-int"
EXTENSIONS = ("tosa-ext-int16", "tosa-ext-doubleround")

# Of `tosa_verif_build_tests`; the seed and the path of its library are added.
GENERATOR_OPTIONS = (
    "--tosa-version", TOSA_VERSION, "--profile", PROFILE, "--extension", *EXTENSIONS,
    "--test-type", "both",
)  # fmt: skip

# The operators of TOSA 1.0, profile PRO-INT, as the generator spells them.
OPERATORS = tuple(
    """abs add argmax arithmetic_right_shift avg_pool2d bitwise_and bitwise_not bitwise_or
    bitwise_xor cast clamp clz concat const conv2d conv3d depthwise_conv2d equal gather
    greater greater_equal identity intdiv logical_and logical_left_shift logical_not logical_or
    logical_right_shift logical_xor matmul max_pool2d maximum minimum mul negate pad reduce_all
    reduce_any reduce_max reduce_min reduce_sum rescale reshape resize reverse scatter select slice
    sub table tile transpose transpose_conv2d""".split()
)

# Of TOSA 1.0 too, but its result is a shape, which is no tensor that a model could return. It is inside
# the tests of RESHAPE, SLICE, PAD and TILE; the official selection of tests has none of it alone.
SHAPES = ("const_shape",)

# Those of TOSA 1.1. The generator writes tests of some of them for 1.0.2 too.
NEWER = tuple(
    """add_shape assert_equal_shape avg_pool2d_adaptive cast_from_block_scaled cast_to_block_scaled
    concat_shape conv2d_block_scaled dim div_ceil_shape div_floor_shape exp2_shape log2_ceil_shape
    log2_floor_shape matmul_t matmul_t_block_scaled max_pool2d_adaptive max_shape min_shape mod_shape
    mul_shape reshape_block_scaled row_gather row_gather_block_scaled slice_shape sub_shape""".split()
)

# Those of TOSA 1.0 that need another profile or extension: floating point and control flow.
OUTSIDE = tuple(
    """ceil cond_if cos erf exp fft2d floor log pow reciprocal reduce_product rfft2d rsqrt sigmoid sin
    tanh while_loop""".split()
)

# Those that take longest, the longest first: they are begun first.
LONGEST = tuple(
    """conv3d conv2d depthwise_conv2d transpose_conv2d avg_pool2d max_pool2d pad rescale slice resize
    reshape tile transpose cast mul""".split()
)
