//! DEPTHWISE_CONV2D of i8 with one weight per channel, by `vpdpbusd`: four taps of a channel at a time, those
//! of a column where kernels are three columns wide, so that neighbouring windows share them.
//!
//! The bytes of four taps are woven together, so that each lane has those of one channel. Inputs are the
//! unsigned side, moved up by 128; what that adds is the same everywhere, as taps in the padding read the
//! zero point: `sum (x - xz) w = sum (x + 128) w  -  (128 + xz) sum w`.

mod columns;
mod keep;
mod register;
mod windows;

use self::{
    keep::Sums,
    windows::{Call, Corner},
};
use super::narrow::{Narrow, Scale};
use crate::kernels::{
    KernelError, KernelResult,
    portable::{gemm::bias_of, narrowing::Narrowing, window::Window2d},
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

/// Which tap stands in each place of the groups.
struct Slots([Option<usize>; MAX_TAPS]);

impl Slots {
    /// Taps as they stand, or, for [`columns`], column by column, one in each group.
    fn of([height, width]: [usize; 2]) -> Self {
        let mut slots = [None; MAX_TAPS];
        if columns::suit([height, width]) {
            for tap in 0..height * width {
                slots[tap % width * GROUP + tap / width] = Some(tap);
            }
        } else {
            for (tap, slot) in slots.iter_mut().enumerate().take(height * width) {
                *slot = Some(tap);
            }
        }
        Self(slots)
    }

    /// The places that hold a tap, with it.
    fn taps(&self) -> impl Iterator<Item = (usize, usize)> {
        let slots = self.0.iter().enumerate();
        slots.filter_map(|(slot, tap)| Some((slot, (*tap)?)))
    }

    /// Groups that hold one.
    fn groups(&self) -> usize {
        self.taps().last().map_or(0, |(slot, _)| slot / GROUP + 1)
    }
}

/// Bytes of a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    Xmm = 16,
    Ymm = 32,
    Zmm = 64,
}

impl Weights {
    /// Of `[KH, KW, channels]`, without a zero point; `None` if there are too many taps or one is no i8.
    pub(crate) fn new(weights: &[i16], kernel: [usize; 2], channels: usize) -> Option<Self> {
        let fits = |&weight: &i16| i8::try_from(weight).is_ok();
        if kernel[0] * kernel[1] > MAX_TAPS || !weights.iter().all(fits) {
            return None;
        }
        let slots = Slots::of(kernel);
        let mut blocks = Vec::new();
        let mut first = 0;
        while first < channels {
            let block = Block::new(weights, &slots, channels, first);
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
        let mut scale = Scale::new(narrowing, self.sums.len())?;
        let widest = self.blocks.iter().filter(|block| block.width == Width::Zmm);
        widest.for_each(|block| scale.weave(block.first));
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
                    (Results::Narrow(out), Some(scale)) if scale.is_double_round() => {
                        call.run(Narrow::<true>(scale), out);
                    }
                    (Results::Narrow(out), Some(scale)) => call.run(Narrow::<false>(scale), out),
                    _ => return Err(KernelError::Shape),
                }
            }
        }
        Ok(())
    }

    /// What the sums of each channel of a block begin with, woven.
    fn offsets(&self, block: &Block, zero_point: i8, bias: &[i32]) -> [i32; MAX_CHANNELS] {
        let bias = bias_of::<MAX_CHANNELS, _>(bias, block.first);
        let sums = &self.sums[block.first..block.first + block.channels];
        let lanes = block.width as usize / QUARTERS;
        let mut offsets = [0; MAX_CHANNELS];
        for (channel, (bias, sum)) in bias.iter().zip(sums).enumerate() {
            let moved = (128 + i32::from(zero_point)).wrapping_mul(*sum);
            let (sixteen, quarter, of) = (channel / 16, channel / 4 % 4, channel % 4);
            offsets[quarter * lanes + sixteen * 4 + of] = bias.wrapping_sub(moved);
        }
        offsets
    }
}

impl Block {
    fn new(weights: &[i16], slots: &Slots, channels: usize, first: usize) -> Self {
        let left = channels - first;
        let width = match left {
            0..=16 => Width::Xmm,
            17..=32 => Width::Ymm,
            _ => Width::Zmm,
        };
        let bytes = width as usize;
        let own = left.min(bytes);
        let mut woven = vec![0; slots.groups() * QUARTERS * bytes];
        for (slot, tap) in slots.taps() {
            let row = &weights[tap * channels..][..channels];
            for (channel, &weight) in row[first..first + own].iter().enumerate() {
                // Sixteen channels are a lane of each of the four registers, four of them in each.
                let (lane, quarter, of) = (channel / 16, channel / 4 % 4, channel % 4);
                let register = slot / GROUP * QUARTERS + quarter;
                let byte = lane * 16 + of * GROUP + slot % GROUP;
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
