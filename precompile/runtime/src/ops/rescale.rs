//! [RESCALE](https://www.mlplatform.org/tosa/tosa_spec.html#_rescale)

use crate::model::format::ValueId;
use crate::model::{format::Signed32, limits::MAX_CHANNELS};
use alloc::vec::Vec;
use libssz_types::SszList;
use crate::tensor::DType;
use libssz_derive::{SszDecode, SszEncode};

/// Attributes of RESCALE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Rescale {
    /// `input`.
    pub input: ValueId,
    /// Element type of the output.
    pub to: DType,
    /// Zero point of the input.
    pub input_zero_point: Signed32,
    /// Zero point of the output.
    pub output_zero_point: Signed32,
    /// One multiplier, or one per channel (last axis); not negative.
    pub multipliers: SszList<Signed32, MAX_CHANNELS>,
    /// Right shifts, 2 to 62, as many as multipliers.
    pub shifts_bits: SszList<u8, MAX_CHANNELS>,
    /// Whether multipliers are 32 bit (else 16 bit, for i48).
    pub scale32: bool,
    /// DOUBLE_ROUND instead of SINGLE_ROUND.
    pub double_round: bool,
    /// One multiplier per channel of the last axis.
    pub per_channel: bool,
    /// The input bits are unsigned.
    pub input_unsigned: bool,
    /// The output bits are unsigned.
    pub output_unsigned: bool,
}
