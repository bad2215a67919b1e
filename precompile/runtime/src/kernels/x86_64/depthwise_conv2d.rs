//! DEPTHWISE_CONV2D of i8 with one weight per channel, by `vpdpbusd`: four taps of a channel at a time.
//!
//! The bytes of four taps are woven together, so that each lane has those of one channel. Inputs are the
//! unsigned side, moved up by 128; what that adds is the same everywhere, as taps in the padding read the
//! zero point: `sum (x - xz) w = sum (x + 128) w  -  (128 + xz) sum w`.

use crate::kernels::portable::{gemm::bias_of, window::Window2d};
use alloc::{vec, vec::Vec};
use core::arch::x86_64::*;

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
        Some(Self { blocks, sums })
    }

    /// Bytes on the heap.
    pub(crate) fn bytes(&self) -> usize {
        let blocks = self.blocks.iter();
        let woven = blocks.map(|block| size_of::<Block>() + block.woven.len());
        woven.sum::<usize>() + size_of_val(&self.sums[..])
    }

    /// Windows `first_position ..`; every size has been checked.
    pub(crate) fn run(
        &self,
        window: &Window2d,
        (x, zero_point): (&[i8], i8),
        bias: &[i32],
        first_position: usize,
        out: &mut [i32],
    ) {
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
            unsafe { call.run(out) }
        }
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

/// Where the taps of a window read, in elements from the first one's.
struct Corner {
    offsets: [usize; MAX_TAPS],
    taps: usize,
}

impl Corner {
    fn all(window: &Window2d) -> Self {
        let mut offsets = [0; MAX_TAPS];
        let [dilation_y, dilation_x] = window.dilation;
        for (tap, offset) in offsets.iter_mut().enumerate().take(window.taps()) {
            let (y, x) = (tap / window.kernel[1], tap % window.kernel[1]);
            let pixel = y * dilation_y * window.input[1] + x * dilation_x;
            *offset = pixel * window.channels;
        }
        Self {
            offsets,
            taps: window.taps(),
        }
    }
}

/// Windows of a block of channels.
struct Call<'a> {
    window: &'a Window2d,
    taps: &'a Corner,
    x: &'a [i8],
    padding: u8,
    first_position: usize,
    block: &'a Block,
    offsets: [i32; MAX_CHANNELS],
}

impl Call<'_> {
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")]
    fn run(&self, out: &mut [i32]) {
        // SAFETY: this function's own features.
        unsafe {
            match (self.block.width, self.taps.taps.div_ceil(GROUP)) {
                (Width::Xmm, 3) => self.windows::<__m128i, 3>(out),
                (Width::Xmm, _) => self.windows::<__m128i, 0>(out),
                (Width::Ymm, 3) => self.windows::<__m256i, 3>(out),
                (Width::Ymm, _) => self.windows::<__m256i, 0>(out),
                (Width::Zmm, 3) => self.windows::<__m512i, 3>(out),
                (Width::Zmm, _) => self.windows::<__m512i, 0>(out),
            }
        }
    }

    /// All windows; `GROUPS` is how many groups of taps there are, or 0.
    ///
    /// # Safety
    /// Needs the CPU features of `R`, which is as wide as the block.
    #[inline(always)]
    unsafe fn windows<R: Register, const GROUPS: usize>(&self, out: &mut [i32]) {
        let window = self.window;
        let [height, width] = window.input;
        let channels = window.channels;
        let mut row = self.first_position / window.output[1];
        let mut column = self.first_position % window.output[1];
        let mut rest = out;
        while !rest.is_empty() {
            let (image, y) = (row / window.output[0], row % window.output[0]);
            let first = image * height * width;
            let top = (y * window.stride[0]).wrapping_sub(window.pad_before[0]);
            let bottom = top.wrapping_add((window.kernel[0] - 1) * window.dilation[0]);
            let is_inside = top < height && bottom < height;
            let columns = (window.output[1] - column).min(rest.len() / channels);
            let (line, others) = rest.split_at_mut(columns * channels);
            for (at, out) in (column..).zip(line.chunks_exact_mut(channels)) {
                let left = (at * window.stride[1]).wrapping_sub(window.pad_before[1]);
                let right = left.wrapping_add((window.kernel[1] - 1) * window.dilation[1]);
                let out = &mut out[self.block.first..][..self.block.channels];
                // SAFETY: the caller's; there are as many offsets as the widest block has channels; all
                // taps between the corners read the image.
                unsafe {
                    let sums = if is_inside && left < width && right < width {
                        let corner = (first + top * width + left) * channels;
                        self.sums::<R, _, GROUPS>(&Inside {
                            corner: corner + self.block.first,
                            offsets: &self.taps.offsets,
                        })
                    } else {
                        self.sums::<R, _, GROUPS>(&Border {
                            window,
                            channel: self.block.first,
                            first,
                            top,
                            left,
                        })
                    };
                    self.keep(R::in_order(sums), out);
                }
            }
            rest = others;
            (column, row) = (0, row + 1);
        }
    }

    /// The sums of one window, quarter by quarter.
    ///
    /// # Safety
    /// As [`Self::windows`].
    #[inline(always)]
    unsafe fn sums<R: Register, T: Taps, const GROUPS: usize>(&self, taps: &T) -> [R; QUARTERS] {
        let bytes = self.block.width as usize;
        let groups = if GROUPS > 0 {
            GROUPS
        } else {
            self.taps.taps.div_ceil(GROUP)
        };
        // SAFETY: the caller's; the weights have as many registers as there are groups and quarters.
        unsafe {
            let mut sums = [R::splat(0); QUARTERS];
            for group in 0..groups {
                let first = group * GROUP;
                let woven = R::weave([
                    self.tap(taps, first),
                    self.tap(taps, first + 1),
                    self.tap(taps, first + 2),
                    self.tap(taps, first + 3),
                ]);
                let weights = self.block.woven[group * QUARTERS * bytes..].as_ptr();
                for quarter in 0..QUARTERS {
                    let weights = R::load_all(weights.add(quarter * bytes));
                    sums[quarter] = sums[quarter].dot(woven[quarter], weights);
                }
            }
            sums
        }
    }

    /// What a tap reads, moved up by 128. Past the last tap weights are 0.
    ///
    /// # Safety
    /// As [`Self::windows`].
    #[inline(always)]
    unsafe fn tap<R: Register, T: Taps>(&self, taps: &T, tap: usize) -> R {
        // SAFETY: the caller's; a tap reads a pixel of the image, which has the block's channels.
        unsafe {
            if tap < self.taps.taps
                && let Some(from) = taps.from(tap)
            {
                let x = self.x.as_ptr().add(from);
                R::load(x, self.block.channels).xor(R::splat(0x80))
            } else {
                R::splat(self.padding)
            }
        }
    }

    /// Adds the offsets and writes as many sums as the block has channels.
    ///
    /// # Safety
    /// As [`Self::windows`].
    #[inline(always)]
    unsafe fn keep<R: Register>(&self, sums: [R; QUARTERS], out: &mut [i32]) {
        let lanes = self.block.width as usize / QUARTERS;
        for (at, sums) in sums.into_iter().enumerate() {
            let first = at * lanes;
            let Some(out) = out.get_mut(first..).filter(|out| !out.is_empty()) else {
                break;
            };
            // SAFETY: the caller's; as many lanes are written as there are places.
            unsafe {
                let offsets = R::load_all(self.offsets[first..].as_ptr().cast());
                sums.add(offsets)
                    .store(out.as_mut_ptr(), out.len().min(lanes));
            }
        }
    }
}

/// Where the taps of a window read.
trait Taps {
    /// The first element of a tap; `None` in the padding.
    fn from(&self, tap: usize) -> Option<usize>;
}

/// All inside the input.
struct Inside<'a> {
    corner: usize,
    offsets: &'a [usize; MAX_TAPS],
}

impl Taps for Inside<'_> {
    #[inline(always)]
    fn from(&self, tap: usize) -> Option<usize> {
        Some(self.corner + self.offsets[tap])
    }
}

/// Some of them in the padding.
struct Border<'a> {
    window: &'a Window2d,
    channel: usize,
    /// The first pixel of the image.
    first: usize,
    /// Where the first tap reads; wraps where that is before the image.
    top: usize,
    left: usize,
}

impl Taps for Border<'_> {
    #[inline(always)]
    fn from(&self, tap: usize) -> Option<usize> {
        let [height, width] = self.window.input;
        let (tap_y, tap_x) = (tap / self.window.kernel[1], tap % self.window.kernel[1]);
        let y = self.top.wrapping_add(tap_y * self.window.dilation[0]);
        let x = self.left.wrapping_add(tap_x * self.window.dilation[1]);
        (y < height && x < width)
            .then(|| (self.first + y * width + x) * self.window.channels + self.channel)
    }
}

/// A register of bytes or sums.
///
/// # Safety
/// Every function needs AVX-512 F, BW, VL, DQ and VNNI.
trait Register: Copy {
    /// The same byte everywhere.
    unsafe fn splat(byte: u8) -> Self;
    /// Reads the first `count` bytes.
    unsafe fn load(from: *const i8, count: usize) -> Self;
    /// Reads a whole register.
    unsafe fn load_all(from: *const i8) -> Self;
    /// Bitwise.
    unsafe fn xor(self, other: Self) -> Self;
    /// Adds 32-bit lanes.
    unsafe fn add(self, other: Self) -> Self;
    /// Adds to each lane four products of unsigned and signed bytes.
    unsafe fn dot(self, unsigned: Self, signed: Self) -> Self;
    /// Weaves the bytes of four taps: each 128-bit lane's channels, four in each result.
    unsafe fn weave(taps: [Self; 4]) -> [Self; QUARTERS];
    /// The sums of woven channels, as the channels stand.
    unsafe fn in_order(quarters: [Self; QUARTERS]) -> [Self; QUARTERS];
    /// Writes the first `count` sums.
    unsafe fn store(self, to: *mut i32, count: usize);
}

macro_rules! register {
    (
        $register:ty, $mask:ty, $lanes_mask:ty, $splat:ident, $load:ident, $load_all:ident, $xor:ident,
        $add:ident, $dot:ident, [$low8:ident, $high8:ident, $low16:ident, $high16:ident], $store:ident,
        $in_order:expr
    ) => {
        impl Register for $register {
            #[inline(always)]
            unsafe fn splat(byte: u8) -> Self {
                // SAFETY: the caller's.
                unsafe { $splat(byte.cast_signed()) }
            }

            #[inline(always)]
            unsafe fn load(from: *const i8, count: usize) -> Self {
                let mask = <$mask>::MAX >> (size_of::<Self>() - count);
                // SAFETY: the caller's.
                unsafe { $load(mask, from) }
            }

            #[inline(always)]
            unsafe fn load_all(from: *const i8) -> Self {
                // SAFETY: the caller's; the instruction takes any address.
                unsafe { $load_all(from.cast()) }
            }

            #[inline(always)]
            unsafe fn xor(self, other: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $xor(self, other) }
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $add(self, other) }
            }

            #[inline(always)]
            unsafe fn dot(self, unsigned: Self, signed: Self) -> Self {
                // SAFETY: the caller's.
                unsafe { $dot(self, unsigned, signed) }
            }

            #[inline(always)]
            unsafe fn weave([a, b, c, d]: [Self; 4]) -> [Self; QUARTERS] {
                // SAFETY: the caller's.
                unsafe {
                    let (low, next_low) = ($low8(a, b), $low8(c, d));
                    let (high, next_high) = ($high8(a, b), $high8(c, d));
                    [
                        $low16(low, next_low),
                        $high16(low, next_low),
                        $low16(high, next_high),
                        $high16(high, next_high),
                    ]
                }
            }

            #[inline(always)]
            unsafe fn in_order(quarters: [Self; QUARTERS]) -> [Self; QUARTERS] {
                // SAFETY: the caller's.
                unsafe { $in_order(quarters) }
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut i32, count: usize) {
                let lanes = size_of::<Self>() / size_of::<i32>();
                let mask = ((1_u32 << lanes) - 1) >> (lanes - count);
                // SAFETY: the caller's.
                unsafe { $store(to, mask as $lanes_mask, self) }
            }
        }
    };
}

register!(
    __m128i,
    u16,
    u8,
    _mm_set1_epi8,
    _mm_maskz_loadu_epi8,
    _mm_loadu_si128,
    _mm_xor_si128,
    _mm_add_epi32,
    _mm_dpbusd_epi32,
    [
        _mm_unpacklo_epi8,
        _mm_unpackhi_epi8,
        _mm_unpacklo_epi16,
        _mm_unpackhi_epi16
    ],
    _mm_mask_storeu_epi32,
    in_order_128
);
register!(
    __m256i,
    u32,
    u8,
    _mm256_set1_epi8,
    _mm256_maskz_loadu_epi8,
    _mm256_loadu_si256,
    _mm256_xor_si256,
    _mm256_add_epi32,
    _mm256_dpbusd_epi32,
    [
        _mm256_unpacklo_epi8,
        _mm256_unpackhi_epi8,
        _mm256_unpacklo_epi16,
        _mm256_unpackhi_epi16
    ],
    _mm256_mask_storeu_epi32,
    in_order_256
);
register!(
    __m512i,
    u64,
    u16,
    _mm512_set1_epi8,
    _mm512_maskz_loadu_epi8,
    _mm512_loadu_si512,
    _mm512_xor_si512,
    _mm512_add_epi32,
    _mm512_dpbusd_epi32,
    [
        _mm512_unpacklo_epi8,
        _mm512_unpackhi_epi8,
        _mm512_unpacklo_epi16,
        _mm512_unpackhi_epi16
    ],
    _mm512_mask_storeu_epi32,
    in_order_512
);

/// [`Register::in_order`]: one lane's channels are in order.
///
/// # Safety
/// None is needed.
#[inline(always)]
const unsafe fn in_order_128(quarters: [__m128i; QUARTERS]) -> [__m128i; QUARTERS] {
    quarters
}

/// [`Register::in_order`].
///
/// # Safety
/// Needs AVX2.
#[inline(always)]
unsafe fn in_order_256([a, b, c, d]: [__m256i; QUARTERS]) -> [__m256i; QUARTERS] {
    // SAFETY: the caller's.
    unsafe {
        [
            _mm256_permute2x128_si256::<0x20>(a, b),
            _mm256_permute2x128_si256::<0x20>(c, d),
            _mm256_permute2x128_si256::<0x31>(a, b),
            _mm256_permute2x128_si256::<0x31>(c, d),
        ]
    }
}

/// [`Register::in_order`].
///
/// # Safety
/// Needs AVX-512 F.
#[inline(always)]
unsafe fn in_order_512([a, b, c, d]: [__m512i; QUARTERS]) -> [__m512i; QUARTERS] {
    // SAFETY: the caller's.
    unsafe {
        let low = _mm512_shuffle_i32x4::<0x44>(a, b);
        let next_low = _mm512_shuffle_i32x4::<0x44>(c, d);
        let high = _mm512_shuffle_i32x4::<0xee>(a, b);
        let next_high = _mm512_shuffle_i32x4::<0xee>(c, d);
        [
            _mm512_shuffle_i32x4::<0x88>(low, next_low),
            _mm512_shuffle_i32x4::<0xdd>(low, next_low),
            _mm512_shuffle_i32x4::<0x88>(high, next_high),
            _mm512_shuffle_i32x4::<0xdd>(high, next_high),
        ]
    }
}
