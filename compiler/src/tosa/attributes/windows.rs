//! Convolutions, pools, MATMUL.

use super::{Read, Reader, signed, unsigned};
use crate::tosa::{
    error::{Attribute, NodeError},
    schema::dtype_name,
};
use fixpoint_runtime::{
    ops::{
        Operator,
        avg_pool2d::AvgPool2d,
        conv2d::Conv2d,
        conv3d::Conv3d,
        depthwise_conv2d::DepthwiseConv2d,
        geometry::{Pad2d, Pad3d, Size2d, Size3d},
        matmul::MatMul,
        max_pool2d::MaxPool2d,
        transpose_conv2d::{OutPad2d, TransposeConv2d},
    },
    tensor::DType,
};

/// Slots of `acc_type` in the attribute tables.
const CONV_ACCUMULATOR: usize = 4;
const TRANSPOSE_CONV_ACCUMULATOR: usize = 3;
const POOL_ACCUMULATOR: usize = 3;

pub(super) fn operator(read: &Reader<'_, '_>, name: &str) -> Read<Option<Operator>> {
    check_accumulator(read, name)?;
    Ok(Some(match name {
        "AVG_POOL2D" => Operator::AvgPool2d(AvgPool2d {
            input: read.value(0)?,
            kernel: read.size(Attribute::Kernel, 0)?,
            stride: read.size(Attribute::Stride, 1)?,
            pad: read.pad(2)?,
            input_zero_point: read.zero_point(1, read.dtype(0)?)?,
            output_zero_point: read.zero_point(2, read.output_dtype()?)?,
        }),
        "MAX_POOL2D" => Operator::MaxPool2d(MaxPool2d {
            input: read.value(0)?,
            kernel: read.size(Attribute::Kernel, 0)?,
            stride: read.size(Attribute::Stride, 1)?,
            pad: read.pad(2)?,
        }),
        "CONV2D" => Operator::Conv2d(Conv2d {
            input: read.value(0)?,
            weight: read.value(1)?,
            bias: read.value(2)?,
            pad: read.pad(0)?,
            stride: read.size(Attribute::Stride, 1)?,
            dilation: read.size(Attribute::Dilation, 2)?,
            input_zero_point: read.zero_point(3, read.dtype(0)?)?,
            weight_zero_point: read.zero_point(4, read.dtype(1)?)?,
        }),
        "DEPTHWISE_CONV2D" => Operator::DepthwiseConv2d(DepthwiseConv2d {
            input: read.value(0)?,
            weight: read.value(1)?,
            bias: read.value(2)?,
            pad: read.pad(0)?,
            stride: read.size(Attribute::Stride, 1)?,
            dilation: read.size(Attribute::Dilation, 2)?,
            input_zero_point: read.zero_point(3, read.dtype(0)?)?,
            weight_zero_point: read.zero_point(4, read.dtype(1)?)?,
        }),
        "CONV3D" => Operator::Conv3d(Conv3d {
            input: read.value(0)?,
            weight: read.value(1)?,
            bias: read.value(2)?,
            pad: read.pad3d(0)?,
            stride: read.size3d(Attribute::Stride, 1)?,
            dilation: read.size3d(Attribute::Dilation, 2)?,
            input_zero_point: read.zero_point(3, read.dtype(0)?)?,
            weight_zero_point: read.zero_point(4, read.dtype(1)?)?,
        }),
        "TRANSPOSE_CONV2D" => Operator::TransposeConv2d(TransposeConv2d {
            input: read.value(0)?,
            weight: read.value(1)?,
            bias: read.value(2)?,
            out_pad: read.out_pad(0)?,
            stride: read.size(Attribute::Stride, 1)?,
            input_zero_point: read.zero_point(3, read.dtype(0)?)?,
            weight_zero_point: read.zero_point(4, read.dtype(1)?)?,
        }),
        "MATMUL" => Operator::MatMul(MatMul {
            a: read.value(0)?,
            b: read.value(1)?,
            a_zero_point: read.zero_point(2, read.dtype(0)?)?,
            b_zero_point: read.zero_point(3, read.dtype(1)?)?,
        }),
        _ => return Ok(None),
    }))
}

/// The runtime has no place for an accumulator's type: it follows from the input.
fn check_accumulator(read: &Reader<'_, '_>, name: &str) -> Read<()> {
    match name {
        "AVG_POOL2D" => read.check_accumulator(POOL_ACCUMULATOR, |_| DType::I32),
        "CONV2D" | "CONV3D" | "DEPTHWISE_CONV2D" => {
            read.check_accumulator(CONV_ACCUMULATOR, of_convolution)
        }
        "TRANSPOSE_CONV2D" => read.check_accumulator(TRANSPOSE_CONV_ACCUMULATOR, of_convolution),
        _ => Ok(()),
    }
}

/// Accumulator type of a convolution with this input.
const fn of_convolution(input: DType) -> DType {
    match input {
        DType::I16 => DType::I48,
        _ => DType::I32,
    }
}

impl Reader<'_, '_> {
    /// Refuses an accumulator type other than that of the input's type.
    fn check_accumulator(&self, slot: usize, of: impl Fn(DType) -> DType) -> Read<()> {
        let declared = self.attributes()?.u32(slot)?;
        let want = of(self.dtype(0)?);
        if declared == u32::from(want as u8) {
            return Ok(());
        }
        let (declared, _) = dtype_name(declared);
        Err(NodeError::AccumulatorType { declared, want }.into())
    }

    fn unsigned_entries<const N: usize>(
        &self,
        attribute: Attribute,
        slot: usize,
    ) -> Read<[u32; N]> {
        let mut entries = [0; N];
        for (entry, value) in entries.iter_mut().zip(self.entries::<N>(attribute, slot)?) {
            *entry = unsigned(attribute, value.into())?;
        }
        Ok(entries)
    }

    fn size(&self, attribute: Attribute, slot: usize) -> Read<Size2d> {
        let [y, x] = self.unsigned_entries(attribute, slot)?;
        Ok(Size2d { y, x })
    }

    fn size3d(&self, attribute: Attribute, slot: usize) -> Read<Size3d> {
        let [z, y, x] = self.unsigned_entries(attribute, slot)?;
        Ok(Size3d { z, y, x })
    }

    fn pad(&self, slot: usize) -> Read<Pad2d> {
        let [top, bottom, left, right] = self.unsigned_entries(Attribute::Pad, slot)?;
        Ok(Pad2d {
            top,
            bottom,
            left,
            right,
        })
    }

    fn pad3d(&self, slot: usize) -> Read<Pad3d> {
        let [front, back, top, bottom, left, right] =
            self.unsigned_entries(Attribute::Pad, slot)?;
        Ok(Pad3d {
            front,
            back,
            top,
            bottom,
            left,
            right,
        })
    }

    fn out_pad(&self, slot: usize) -> Read<OutPad2d> {
        let entry = |value: i32| signed(Attribute::OutPad, value.into());
        let [top, bottom, left, right] = self.entries(Attribute::OutPad, slot)?;
        Ok(OutPad2d {
            top: entry(top)?,
            bottom: entry(bottom)?,
            left: entry(left)?,
            right: entry(right)?,
        })
    }
}
