//! Every limit on a model, with its reason. A model over a limit is rejected at activation.
//!
//! A limit is consensus: a change is a new constant and a new record version.

/// Highest rank of a tensor: TOSA level 8K, `MAX_RANK`.
pub const MAX_RANK: usize = 6;
/// Bytes of a model's payload: what the chunks of one root can carry (471 chunks of 24,555 bytes).
pub const MAX_PAYLOAD_BYTES: usize = 471 * 24_555;
/// Inputs, and outputs, of a model.
pub const MAX_PORTS: usize = 32;
/// Bytes of an input's or output's name.
pub const MAX_NAME_BYTES: usize = 64;
/// Constants of a model.
pub const MAX_CONSTANTS: usize = 16_384;
/// Operators of a model.
pub const MAX_OPERATORS: usize = 16_384;
/// Tensors that one operator reads (CONCAT is the only one without a fixed number).
pub const MAX_OPERANDS: usize = 64;
/// Channels of a per-channel RESCALE, and elements of a per-element quantisation.
pub const MAX_CHANNELS: usize = 65_536;
/// Elements of one tensor.
pub const MAX_TENSOR_ELEMENTS: u64 = 1 << 26;
/// Bytes of the arena: all intermediate tensors and scratch of one inference.
pub const MAX_ARENA_BYTES: u64 = 64 << 20;
/// Kernel size times dilation, and padding, along one axis: TOSA level 8K, `MAX_KERNEL`.
pub const MAX_KERNEL: u32 = 8192;
/// Stride along one axis: TOSA level 8K, `MAX_STRIDE`.
pub const MAX_STRIDE: u32 = 8192;
/// Numerator of a scale of RESIZE: TOSA keeps the sums of i8 within i32 by it.
pub const MAX_RESIZE_NUMERATOR: u32 = 1 << 11;
/// RESIZE shrinks to more than one part in this many: TOSA.
pub const MAX_RESIZE_SHRINK: u32 = 16;
/// Height and width of what RESIZE reads and writes: TOSA, which asks for less than 16,384.
pub const MAX_RESIZE_SIZE: u32 = 16_383;

// Value numbers, and indices of constants and operators, are u16.
const _: () = assert!(MAX_PORTS + MAX_CONSTANTS + MAX_OPERATORS <= 1 << 16);

/// Steps of validation that any model may take. A step is a constant's element that an operator reads
/// (proofs look at it, plans pack it), a part of the proof of a sum, of a scale, or a unit of work or an output byte of an operator on
/// constants alone.
pub const VALIDATION_STEPS_BASE: u64 = 1 << 20;
/// Steps that a sum takes that is proved to fit, beside the weights that are added, and a scale of a
/// RESCALE.
pub const VALIDATION_STEPS_PER_CHECK: u64 = 4;
/// Further steps per byte of payload: activation is priced by the byte.
pub const VALIDATION_STEPS_PER_BYTE: u64 = 8;
