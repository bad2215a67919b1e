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

/// The bias of outputs `first ..`, of which there may be fewer than `N`. `bias` has 0, 1 or one
/// element per output.
#[inline(always)]
pub(crate) fn bias_of<const N: usize, T: Copy + Default>(bias: &[T], first: usize) -> [T; N] {
    match bias {
        [] => [T::default(); N],
        [one] => [*one; N],
        many => {
            let mut own = [T::default(); N];
            for (own, bias) in own.iter_mut().zip(many.iter().skip(first)) {
                *own = *bias;
            }
            own
        }
    }
}

impl Rows<'_> {
    /// i32 results of `x` `[m, depth]` into `out` `[m, outputs]`; sums wrap.
    #[inline(always)]
    pub(crate) fn product_i32(&self, x: &[i16], bias: &[i32], out: &mut [i32]) {
        let outputs = self.weights.len() / self.depth;
        for (at, block) in self.weights.chunks(GROUP * self.depth).enumerate() {
            let (w, width) = group(block, self.depth);
            let first = at * GROUP;
            let bias = bias_of::<GROUP, _>(bias, first);
            for (x, out) in x
                .chunks_exact(self.depth)
                .zip(out.chunks_exact_mut(outputs))
            {
                let sums = dot(x, w);
                for ((out, sum), bias) in out[first..first + width].iter_mut().zip(sums).zip(bias) {
                    *out = sum.wrapping_add(bias);
                }
            }
        }
    }

    /// i64 results, exact while weights are below 2^8 in magnitude: they are added to `out` times
    /// `2^scale_bits`.
    #[inline(always)]
    pub(crate) fn add_product_i64(&self, x: &[i16], scale_bits: u32, out: &mut [i64]) {
        let outputs = self.weights.len() / self.depth;
        for (at, block) in self.weights.chunks(GROUP * self.depth).enumerate() {
            let (w, width) = group(block, self.depth);
            let first = at * GROUP;
            for (x, out) in x
                .chunks_exact(self.depth)
                .zip(out.chunks_exact_mut(outputs))
            {
                for (run, x) in x.chunks(RUN_ELEMENTS).enumerate() {
                    let from = run * RUN_ELEMENTS;
                    let [a, b, c, d] = w;
                    let to = from + x.len();
                    let sums = dot(x, [&a[from..to], &b[from..to], &c[from..to], &d[from..to]]);
                    for (out, sum) in out[first..first + width].iter_mut().zip(sums) {
                        *out = out.wrapping_add(i64::from(sum) << scale_bits);
                    }
                }
            }
        }
    }
}

/// The rows of a block of weights, and how many there are. A block that is not full repeats its first.
#[inline(always)]
fn group(block: &[i16], depth: usize) -> ([&[i16]; GROUP], usize) {
    let mut rows = [&block[..depth]; GROUP];
    for (row, weights) in rows.iter_mut().zip(block.chunks_exact(depth)) {
        *row = weights;
    }
    (rows, block.len() / depth)
}

/// Dot products of one row with four.
#[inline(always)]
fn dot(x: &[i16], w: [&[i16]; GROUP]) -> [i32; GROUP] {
    let [a, b, c, d] = w;
    let (a, b, c, d) = (&a[..x.len()], &b[..x.len()], &c[..x.len()], &d[..x.len()]);
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
