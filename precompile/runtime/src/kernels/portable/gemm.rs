//! Products of widened rows: the inner loop of CONV2D and MATMUL.
//!
//! Rows and weights are i16 with their zero points already subtracted, so an 8-bit product is exact
//! in 17 bits and a loop of plain multiply-adds compiles to 16-bit dot-product instructions.

/// Outputs that are computed together.
const GROUP: usize = 4;

/// Longest run of 16 x 8 bit products whose sum surely fits i32: each is below 2^24.
pub(crate) const RUN_ELEMENTS: usize = 64;

/// Weights `[outputs, depth]`, one row per output.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) weights: &'a [i16],
    pub(crate) depth: usize,
}

/// `bias` has 0, 1 or one element per output.
#[inline(always)]
pub(crate) fn bias_at<T: Copy + Default>(bias: &[T], output: usize) -> T {
    match bias {
        [] => T::default(),
        [one] => *one,
        many => many.get(output).copied().unwrap_or_default(),
    }
}

impl Rows<'_> {
    /// i32 results of `x` `[m, depth]` into `out` `[m, outputs]`; sums wrap.
    #[inline(always)]
    pub(crate) fn product_i32(&self, x: &[i16], bias: &[i32], out: &mut [i32]) {
        self.product(x, out, |first, x, w, out| {
            for ((out, sum), output) in out.iter_mut().zip(dot(x, w)).zip(first..) {
                *out = sum.wrapping_add(bias_at(bias, output));
            }
        });
    }

    /// i64 results, exact while weights are below 2^8 in magnitude: they are added to `out` times
    /// `2^scale_bits`.
    #[inline(always)]
    pub(crate) fn add_product_i64(&self, x: &[i16], scale_bits: u32, out: &mut [i64]) {
        self.product(x, out, |_, x, w, out| {
            for (at, x) in x.chunks(RUN_ELEMENTS).enumerate() {
                let from = at * RUN_ELEMENTS;
                let sums = dot(x, w.map(|row| &row[from..from + x.len()]));
                for (out, sum) in out.iter_mut().zip(sums) {
                    *out = out.wrapping_add(i64::from(sum) << scale_bits);
                }
            }
        });
    }

    /// Calls `tile` with the first output, a row, a group of weights and the results they give, for
    /// every row and group. A group that is not full repeats its first row.
    #[inline(always)]
    fn product<T>(
        &self,
        x: &[i16],
        out: &mut [T],
        tile: impl Fn(usize, &[i16], [&[i16]; GROUP], &mut [T]),
    ) {
        let outputs = self.weights.len() / self.depth;
        for (at, block) in self.weights.chunks(GROUP * self.depth).enumerate() {
            let width = block.len() / self.depth;
            let first = at * GROUP;
            let w: [&[i16]; GROUP] = core::array::from_fn(|lane| {
                let from = if lane < width { lane * self.depth } else { 0 };
                &block[from..from + self.depth]
            });
            for (x, out) in x
                .chunks_exact(self.depth)
                .zip(out.chunks_exact_mut(outputs))
            {
                tile(first, x, w, &mut out[first..first + width]);
            }
        }
    }
}

/// Dot products of one row with four.
#[inline(always)]
fn dot(x: &[i16], w: [&[i16]; GROUP]) -> [i32; GROUP] {
    let [a, b, c, d] = w.map(|row| &row[..x.len()]);
    let mut sums = [0_i32; GROUP];
    for ((((&x, &a), &b), &c), &d) in x.iter().zip(a).zip(b).zip(c).zip(d) {
        let x = i32::from(x);
        sums[0] = sums[0].wrapping_add(x * i32::from(a));
        sums[1] = sums[1].wrapping_add(x * i32::from(b));
        sums[2] = sums[2].wrapping_add(x * i32::from(c));
        sums[3] = sums[3].wrapping_add(x * i32::from(d));
    }
    sums
}

/// Subtracts a zero point while widening: both are i8 (or the zero point is 0), so nothing is lost.
#[inline(always)]
pub(crate) fn widen(x: &[i8], zero_point: i16, out: &mut [i16]) {
    for (out, &x) in out.iter_mut().zip(x) {
        *out = i16::from(x).wrapping_sub(zero_point);
    }
}
