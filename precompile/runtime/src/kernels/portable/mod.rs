//! Plain Rust kernels, one operator per file: the reference for every other set.
//!
//! Loops here are written so that a compiler vectorises them; nothing here depends on that.

pub mod add;
pub mod argmax;
pub mod arithmetic_right_shift;
pub mod avg_pool2d;
pub mod broadcast;
pub mod cast;
pub mod clamp;
pub mod clz;
pub mod concat;
pub mod conv2d;
pub mod depthwise_conv2d;
pub mod gather;
pub(crate) mod gemm;
pub mod logical_left_shift;
pub mod matmul;
pub mod max_pool2d;
pub mod mul;
pub mod pad;
pub mod reduce_max;
pub mod reduce_sum;
pub mod rescale;
pub mod slice;
pub mod strides;
pub mod sub;
pub mod table;
pub mod transpose;
pub mod window;
