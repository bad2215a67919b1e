//! [RESIZE](https://www.mlplatform.org/tosa/tosa_spec.html#_resize)
//!
//! Nothing is left to check while running: within the limits on scales no result leaves i32 (i8 input)
//! or i48 (i16 input).

use super::{
    operation::{Inferred, Operand, Operation, Step},
    shape::{exactly, require_dtype, require_rank, with_shape},
};
use crate::{
    buffer::{View, ViewMut},
    error::OperatorError,
    kernels::{
        Isa, KernelError,
        portable::resize::{ResizeScale, ResizeShape, resize_bilinear, resize_nearest},
    },
    model::{
        format::{Signed32, ValueId},
        limits::{MAX_RESIZE_NUMERATOR, MAX_RESIZE_SHRINK, MAX_RESIZE_SIZE},
    },
    tensor::DType,
    work::{Work, panel_taps},
};
use alloc::{vec, vec::Vec};
use libssz::DecodeError;
use libssz_derive::{SszDecode, SszEncode};

/// How elements of the output come about. The number is TOSA's own code and stands in model bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ResizeMode {
    /// The nearest element of the input.
    Nearest = 1,
    /// The four around, weighted.
    Bilinear = 2,
}

impl libssz::SszEncode for ResizeMode {
    fn is_fixed_size() -> bool {
        true
    }
    fn fixed_size() -> usize {
        1
    }
    fn encoded_len(&self) -> usize {
        1
    }
    fn ssz_append(&self, buffer: &mut Vec<u8>) {
        buffer.push(*self as u8);
    }
}

impl libssz::SszDecode for ResizeMode {
    fn is_fixed_size() -> bool {
        true
    }
    fn fixed_size() -> usize {
        1
    }
    fn from_ssz_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        match u8::from_ssz_bytes(bytes)? {
            1 => Ok(Self::Nearest),
            2 => Ok(Self::Bilinear),
            other => Err(DecodeError::InvalidUnionSelector(other)),
        }
    }
}

/// How one axis is resized, in TOSA's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, SszEncode, SszDecode)]
pub struct ResizeAxis {
    /// Numerator of the scale.
    pub scale_n: u32,
    /// Denominator of the scale.
    pub scale_d: u32,
    /// Where the first element of the output lies, in parts of `scale_n`.
    pub offset: Signed32,
    /// How far the output goes on after the last element of the input, in parts of `scale_n`.
    pub border: Signed32,
}

/// Attributes of RESIZE.
#[derive(Clone, Debug, PartialEq, SszEncode, SszDecode)]
pub struct Resize {
    /// `input`, `[N, H, W, C]`, i8 or i16.
    pub input: ValueId,
    /// `mode`.
    pub mode: ResizeMode,
    /// Height.
    pub y: ResizeAxis,
    /// Width.
    pub x: ResizeAxis,
}

impl ResizeAxis {
    /// Elements of the output along axis `axis`, of which the input has `size`.
    fn fit(&self, axis: u8, size: u32) -> Result<u32, OperatorError> {
        let (numerator, denominator) = (self.scale_n, self.scale_d);
        let shrinks_too_far =
            u64::from(denominator) >= u64::from(MAX_RESIZE_SHRINK) * u64::from(numerator);
        if numerator > MAX_RESIZE_NUMERATOR || denominator == 0 || shrinks_too_far {
            return Err(OperatorError::ResizeScale {
                axis,
                numerator,
                denominator,
            });
        }
        let unit = i64::from(numerator);
        let reach = i64::from(MAX_RESIZE_SHRINK) * unit;
        let Signed32(offset) = self.offset;
        if !(-unit..reach).contains(&i64::from(offset)) {
            return Err(OperatorError::ResizeOffset { axis, offset });
        }
        let Signed32(border) = self.border;
        if !(-reach..unit).contains(&i64::from(border)) {
            return Err(OperatorError::ResizeBorder { axis, border });
        }
        require_size(axis, size.into())?;
        let travel = (i64::from(size) - 1) * unit - i64::from(offset) + i64::from(border);
        let travel = u64::try_from(travel).ok();
        let travel = travel.filter(|travel| travel.is_multiple_of(denominator.into()));
        let travel = travel.ok_or(OperatorError::ResizeFit { axis })?;
        let output = travel / u64::from(denominator) + 1;
        require_size(axis, output)?;
        Ok(output as u32)
    }

    const fn scale(&self) -> ResizeScale {
        ResizeScale {
            numerator: self.scale_n as i64,
            denominator: self.scale_d as i64,
            offset: self.offset.0 as i64,
        }
    }
}

fn require_size(axis: u8, size: u64) -> Result<(), OperatorError> {
    if size <= u64::from(MAX_RESIZE_SIZE) {
        return Ok(());
    }
    Err(OperatorError::ResizeSize {
        axis,
        size,
        limit: MAX_RESIZE_SIZE,
    })
}

impl Resize {
    fn shape(&self, input: &Operand<'_>) -> Result<ResizeShape, OperatorError> {
        let [batch, height, width, channels] = require_rank::<4>(0, input)?;
        let output = [self.y.fit(1, height)?, self.x.fit(2, width)?];
        Ok(ResizeShape {
            batch: batch as usize,
            channels: channels as usize,
            input: [height as usize, width as usize],
            output: output.map(|size| size as usize),
            scales: [self.y.scale(), self.x.scale()],
        })
    }
}

impl Operation for Resize {
    fn operands(&self) -> Vec<ValueId> {
        vec![self.input]
    }

    fn infer(&self, operands: &[Operand<'_>]) -> Result<Inferred, OperatorError> {
        let [input] = exactly(operands)?;
        require_dtype(0, input, &[DType::I8, DType::I16])?;
        let shape = self.shape(input)?;
        let to = match (self.mode, input.dtype()) {
            (ResizeMode::Nearest, dtype) => dtype,
            (ResizeMode::Bilinear, DType::I8) => DType::I32,
            (ResizeMode::Bilinear, _) => DType::I48,
        };
        let [batch, height, width, channels] = [
            shape.batch,
            shape.output[0],
            shape.output[1],
            shape.channels,
        ]
        .map(|size| size as u32);
        let output = with_shape(to, &[batch, height, width, channels])?;
        let taps = match self.mode {
            ResizeMode::Nearest => 1,
            // Four, and their products take twice as long as a sum.
            ResizeMode::Bilinear => 8,
        };
        let windows = output.elements() / u64::from(channels).max(1);
        let work = Work {
            pool_elements: panel_taps(windows, channels.into(), taps),
            ..Work::default()
        };
        Ok(Inferred::new(output, work))
    }

    fn prepare(&self, operands: &[Operand<'_>], isa: Isa) -> Result<Step, KernelError> {
        let [input] = exactly(operands).map_err(|_| KernelError::Shape)?;
        let shape = self.shape(input).map_err(|_| KernelError::Shape)?;
        Ok(Step::new(isa, 1, move |reads, out| match (reads, out) {
            ([View::I8(x)], ViewMut::I8(out)) => resize_nearest(&shape, x, out),
            ([View::I16(x)], ViewMut::I16(out)) => resize_nearest(&shape, x, out),
            ([View::I8(x)], ViewMut::I32(out)) => resize_bilinear(&shape, x, out),
            ([View::I16(x)], ViewMut::I48(out)) => resize_bilinear(&shape, x, out),
            _ => Err(KernelError::Shape),
        }))
    }
}
