//! RESIZE on i8 and i16.

use crate::kernels::{KernelResult, require_shape};

/// How one axis is resized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResizeScale {
    /// Numerator of the scale: steps between two elements of the input.
    pub numerator: i64,
    /// Denominator: steps between two elements of the output.
    pub denominator: i64,
    /// Where the first element of the output lies, in steps.
    pub offset: i64,
}

/// Sizes of one RESIZE; pairs are height, width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResizeShape {
    /// Images in the batch.
    pub batch: usize,
    /// Channels.
    pub channels: usize,
    /// Size of the input.
    pub input: [usize; 2],
    /// Size of the output.
    pub output: [usize; 2],
    /// Scales.
    pub scales: [ResizeScale; 2],
}

/// Where an element of the output lies along one axis: between two elements of the input, this many
/// steps after the first.
#[derive(Clone, Copy)]
struct Between {
    first: usize,
    second: usize,
    rest: i64,
}

impl ResizeShape {
    /// Outside the input its outermost element stands.
    #[inline(always)]
    fn between(&self, axis: usize, output: usize) -> Between {
        let scale = &self.scales[axis];
        let place = output as i64 * scale.denominator + scale.offset;
        let element = place.div_euclid(scale.numerator);
        let last = self.input[axis] as i64 - 1;
        Between {
            first: element.clamp(0, last) as usize,
            second: (element + 1).clamp(0, last) as usize,
            rest: place.rem_euclid(scale.numerator),
        }
    }

    fn require_sizes(&self, x: usize, out: usize) -> KernelResult {
        let elements = |[height, width]: [usize; 2]| self.batch * height * width * self.channels;
        let sizes = [self.input, self.output];
        require_shape(sizes.iter().flatten().all(|&size| size > 0) && self.channels > 0)?;
        require_shape(self.scales.iter().all(|scale| scale.numerator > 0))?;
        require_shape(x == elements(self.input) && out == elements(self.output))
    }

    /// Calls `visit` with every pixel of `out` in order, its image's pixels, and where it lies along
    /// height and width.
    #[inline(always)]
    fn each_pixel<T, O>(
        &self,
        x: &[T],
        out: &mut [O],
        mut visit: impl FnMut(&mut [O], &[T], Between, Between),
    ) {
        let [height, width] = self.output;
        let image = self.input[0] * self.input[1] * self.channels;
        let images = x.chunks_exact(image);
        let out_images = out.chunks_exact_mut(height * width * self.channels);
        for (image, out) in images.zip(out_images) {
            for (y, line) in out.chunks_exact_mut(width * self.channels).enumerate() {
                let rows = self.between(0, y);
                for (x, pixel) in line.chunks_exact_mut(self.channels).enumerate() {
                    visit(pixel, image, rows, self.between(1, x));
                }
            }
        }
    }

    /// The channels of a pixel.
    #[inline(always)]
    fn pixel<'a, T>(&self, image: &'a [T], y: usize, x: usize) -> &'a [T] {
        let from = (y * self.input[1] + x) * self.channels;
        &image[from..from + self.channels]
    }
}

/// The nearest pixel; half way it is the later one.
#[inline(always)]
pub fn resize_nearest<T: Copy>(shape: &ResizeShape, x: &[T], out: &mut [T]) -> KernelResult {
    shape.require_sizes(x.len(), out.len())?;
    shape.each_pixel(x, out, |pixel, image, y, x| {
        let nearest = |axis: usize, at: Between| {
            if 2 * at.rest >= shape.scales[axis].numerator {
                at.second
            } else {
                at.first
            }
        };
        pixel.copy_from_slice(shape.pixel(image, nearest(0, y), nearest(1, x)));
    });
    Ok(())
}

/// An element type of the bilinear mode, with the type of its results.
pub trait ResizeElement: Copy {
    /// i32 for i8, i48 for i16.
    type Output;
    /// The element times a weight, added up; nothing can overflow within TOSA's limits.
    fn blend(corners: [Self; 4], weights: [i64; 4]) -> Self::Output;
}

impl ResizeElement for i8 {
    type Output = i32;

    #[inline(always)]
    fn blend(corners: [Self; 4], weights: [i64; 4]) -> i32 {
        let products = corners.into_iter().zip(weights);
        products.fold(0_i32, |sum, (corner, weight)| {
            sum.wrapping_add(i32::from(corner).wrapping_mul(weight as i32))
        })
    }
}

impl ResizeElement for i16 {
    type Output = i64;

    #[inline(always)]
    fn blend(corners: [Self; 4], weights: [i64; 4]) -> i64 {
        let products = corners.into_iter().zip(weights);
        products.fold(0, |sum: i64, (corner, weight)| {
            sum.wrapping_add(i64::from(corner).wrapping_mul(weight))
        })
    }
}

/// The four pixels around, each times its weight; the weights of one result add up to the product of
/// the two numerators.
#[inline(always)]
pub fn resize_bilinear<T: ResizeElement>(
    shape: &ResizeShape,
    x: &[T],
    out: &mut [T::Output],
) -> KernelResult {
    shape.require_sizes(x.len(), out.len())?;
    let [unit_y, unit_x] = shape.scales.map(|scale| scale.numerator);
    shape.each_pixel(x, out, |pixel, image, y, x| {
        let weights = [
            (unit_y - y.rest) * (unit_x - x.rest),
            (unit_y - y.rest) * x.rest,
            y.rest * (unit_x - x.rest),
            y.rest * x.rest,
        ];
        let upper = shape.pixel(image, y.first, x.first).iter();
        let upper = upper.zip(shape.pixel(image, y.first, x.second));
        let lower = shape.pixel(image, y.second, x.first).iter();
        let lower = lower.zip(shape.pixel(image, y.second, x.second));
        for ((o, (&a, &b)), (&c, &d)) in pixel.iter_mut().zip(upper).zip(lower) {
            *o = T::blend([a, b, c, d], weights);
        }
    });
    Ok(())
}
