//! DEPTHWISE_CONV2D of i8 with one weight per channel, by `vpdpbusd`: four taps of a channel at a time.
//!
//! The bytes of four taps are woven together, so that each lane has those of one channel. Inputs are the
//! unsigned side, moved up by 128; what that adds is the same everywhere, as taps in the padding read the
//! zero point: `sum (x - xz) w = sum (x + 128) w  -  (128 + xz) sum w`.

mod keep;
mod register;
mod windows;

use self::{
    keep::Sums,
    windows::{Call, Corner},
};
use super::narrow::Scale;
use crate::kernels::{
    KernelError, KernelResult,
    portable::{gemm::bias_of, rescale::Narrowing, window::Window2d},
    weights::Results,
};
use alloc::{vec, vec::Vec};

/// Taps that are multiplied together.
const GROUP: usize = 4;
/// Registers of sums for the channels of a block: one for each fourth of a 128-bit lane.
const QUARTERS: usize = 4;
/// The most taps of a kernel.
const MAX_TAPS: usize = 64;
/// Channels of the widest block.
const MAX_CHANNELS: usize = 64;

/// Weights, block by block: for each group of taps, its bytes woven as the inputs' are.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    blocks: Vec<Block>,
    /// Sum of each channel's weights.
    sums: Vec<i32>,
    /// What is made of the sums, if it is not they that are wanted.
    scale: Option<Scale>,
}

/// Channels that are summed together.
#[derive(Clone, Debug)]
struct Block {
    first: usize,
    channels: usize,
    width: Width,
    /// `[groups][QUARTERS]` registers.
    woven: Vec<i8>,
}

/// Bytes of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Xmm = 16,
    Ymm = 32,
    Zmm = 64,
}

impl Weights {
    /// Of `[taps, channels]`, without a zero point; `None` if there are too many taps or one is no i8.
    pub(crate) fn new(weights: &[i16], channels: usize) -> Option<Self> {
        let taps = weights.len() / channels;
        let fits = |&weight: &i16| i8::try_from(weight).is_ok();
        if taps > MAX_TAPS || !weights.iter().all(fits) {
            return None;
        }
        let mut blocks = Vec::new();
        let mut first = 0;
        while first < channels {
            let block = Block::new(weights, channels, first);
            first += block.channels;
            blocks.push(block);
        }
        let mut sums = vec![0; channels];
        for tap in weights.chunks_exact(channels) {
            for (sum, &weight) in sums.iter_mut().zip(tap) {
                *sum += i32::from(weight);
            }
        }
        Some(Self {
            blocks,
            sums,
            scale: None,
        })
    }

    /// The same, for results of i8; `None` if not all sums can be narrowed in registers.
    pub(crate) fn narrowed(self, narrowing: &Narrowing) -> Option<Self> {
        let scale = Scale::new(narrowing, self.sums.len())?;
        Some(Self {
            scale: Some(scale),
            ..self
        })
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        let blocks = self.blocks.iter();
        let woven = blocks.map(|block| size_of::<Block>() + block.woven.len());
        let scale = self.scale.as_ref().map_or(0, Scale::bytes);
        woven.sum::<usize>() + size_of_val(&self.sums[..]) + scale
    }

    /// Windows `first_position ..`; every size has been checked. Sums are not what [`Self::narrowed`]
    /// weights give, nor i8 the others.
    pub(crate) fn run(
        &self,
        window: &Window2d,
        (x, zero_point): (&[i8], i8),
        bias: &[i32],
        first_position: usize,
        mut out: Results<'_>,
    ) -> KernelResult {
        let corner = Corner::all(window);
        for block in &self.blocks {
            let call = Call {
                window,
                taps: &corner,
                x,
                padding: zero_point.cast_unsigned() ^ 0x80,
                first_position,
                block,
                offsets: self.offsets(block, zero_point, bias),
            };
            // SAFETY: the set that packs these exists only where its features were detected.
            unsafe {
                match (&mut out, &self.scale) {
                    (Results::Sums(out), None) => call.run(Sums, out),
                    (Results::Narrow(out), Some(scale)) => call.run(scale, out),
                    _ => return Err(KernelError::Shape),
                }
            }
        }
        Ok(())
    }

    /// What is added to the sums of each channel of a block.
    fn offsets(&self, block: &Block, zero_point: i8, bias: &[i32]) -> [i32; MAX_CHANNELS] {
        let mut offsets = bias_of::<MAX_CHANNELS, _>(bias, block.first);
        let sums = &self.sums[block.first..block.first + block.channels];
        for (offset, sum) in offsets.iter_mut().zip(sums) {
            *offset = offset.wrapping_sub((128 + i32::from(zero_point)).wrapping_mul(*sum));
        }
        offsets
    }
}

impl Block {
    fn new(weights: &[i16], channels: usize, first: usize) -> Self {
        let left = channels - first;
        let width = match left {
            0..=16 => Width::Xmm,
            17..=32 => Width::Ymm,
            _ => Width::Zmm,
        };
        let bytes = width as usize;
        let own = left.min(bytes);
        let groups = (weights.len() / channels).div_ceil(GROUP);
        let mut woven = vec![0; groups * QUARTERS * bytes];
        for (tap, row) in weights.chunks_exact(channels).enumerate() {
            for (channel, &weight) in row[first..first + own].iter().enumerate() {
                // Sixteen channels are a lane of each of the four registers, four of them in each.
                let (lane, quarter, of) = (channel / 16, channel / 4 % 4, channel % 4);
                let register = tap / GROUP * QUARTERS + quarter;
                let byte = lane * 16 + of * GROUP + tap % GROUP;
                woven[register * bytes + byte] = weight as i8;
            }
        }
        Self {
            first,
            channels: own,
            width,
            woven,
        }
    }
}
