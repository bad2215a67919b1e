//! Bytes in memory: aligned buffers, typed views of them, and their little-endian form.
//!
//! Elements in memory have the machine's own byte order; everything outside (model bytes, raw inputs
//! and outputs) is little-endian. This is the only place that converts. What elements mean is no
//! matter here.

use crate::tensor::{DType, TensorType};
use alloc::{vec, vec::Vec};

/// Alignment of buffers and of regions in the arena: a cache line, and the widest vector register.
pub(crate) const ALIGNMENT: usize = 64;

/// Zeroed bytes that start at a multiple of [`ALIGNMENT`].
#[derive(Debug)]
pub(crate) struct AlignedBytes {
    words: Vec<u64>,
    start: usize,
    len: usize,
}

impl AlignedBytes {
    /// `len` zero bytes. The caller has checked `len` against a limit.
    pub(crate) fn zeroed(len: usize) -> Self {
        let words = vec![0_u64; (len + ALIGNMENT).div_ceil(size_of::<u64>())];
        let misalignment = words.as_ptr() as usize % ALIGNMENT;
        Self {
            start: (ALIGNMENT - misalignment) % ALIGNMENT,
            words,
            len,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[self.start..self.start + self.len]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[self.start..self.start + self.len]
    }
}

/// A constant tensor in memory.
#[derive(Debug)]
pub(crate) struct Buffer {
    dtype: DType,
    bytes: AlignedBytes,
}

impl Buffer {
    /// Zeros of a type whose size has been checked.
    pub(crate) fn zeroed(tensor: &TensorType) -> Self {
        Self {
            dtype: tensor.dtype,
            bytes: AlignedBytes::zeroed(tensor.elements() as usize * tensor.dtype.size_bytes()),
        }
    }

    pub(crate) const fn dtype(&self) -> DType {
        self.dtype
    }

    pub(crate) fn view(&self) -> View<'_> {
        View::new(self.dtype, self.bytes.bytes())
    }

    pub(crate) fn view_mut(&mut self) -> ViewMut<'_> {
        ViewMut::new(self.dtype, self.bytes.bytes_mut())
    }
}

/// Elements of a tensor, to read.
#[derive(Clone, Copy, Debug)]
pub(crate) enum View<'a> {
    /// One byte each, 0 or 1.
    Bool(&'a [u8]),
    /// 8 bits.
    I8(&'a [i8]),
    /// 16 bits.
    I16(&'a [i16]),
    /// 32 bits.
    I32(&'a [i32]),
    /// 48 bits, sign-extended.
    I48(&'a [i64]),
}

/// Elements of a tensor, to write.
#[derive(Debug)]
pub(crate) enum ViewMut<'a> {
    /// One byte each, 0 or 1.
    Bool(&'a mut [u8]),
    /// 8 bits.
    I8(&'a mut [i8]),
    /// 16 bits.
    I16(&'a mut [i16]),
    /// 32 bits.
    I32(&'a mut [i32]),
    /// 48 bits, sign-extended.
    I48(&'a mut [i64]),
}

impl<'a> View<'a> {
    /// The elements in `bytes`, which are aligned and a whole number of elements.
    pub(crate) fn new(dtype: DType, bytes: &'a [u8]) -> Self {
        match dtype {
            DType::Bool => Self::Bool(bytes),
            DType::I8 => Self::I8(bytemuck::cast_slice(bytes)),
            DType::I16 => Self::I16(bytemuck::cast_slice(bytes)),
            DType::I32 => Self::I32(bytemuck::cast_slice(bytes)),
            DType::I48 => Self::I48(bytemuck::cast_slice(bytes)),
        }
    }

    /// The elements' bytes, in the machine's order.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bool(elements) => elements,
            Self::I8(elements) => bytemuck::cast_slice(elements),
            Self::I16(elements) => bytemuck::cast_slice(elements),
            Self::I32(elements) => bytemuck::cast_slice(elements),
            Self::I48(elements) => bytemuck::cast_slice(elements),
        }
    }

    /// Smallest and largest element; `None` without elements.
    pub(crate) fn range(self) -> Option<(i64, i64)> {
        fn of<T: Copy + Ord + Into<i64>>(elements: &[T]) -> Option<(i64, i64)> {
            let min = *elements.iter().min()?;
            let max = *elements.iter().max()?;
            Some((min.into(), max.into()))
        }
        match self {
            Self::Bool(elements) => of(elements),
            Self::I8(elements) => of(elements),
            Self::I16(elements) => of(elements),
            Self::I32(elements) => of(elements),
            Self::I48(elements) => of(elements),
        }
    }

    /// Writes the elements, little-endian, to as many bytes.
    pub(crate) fn to_little_endian(self, bytes: &mut [u8]) {
        fn write<T: Copy, const N: usize>(
            elements: &[T],
            bytes: &mut [u8],
            to_bytes: fn(T) -> [u8; N],
        ) {
            for (chunk, element) in bytes.chunks_exact_mut(N).zip(elements) {
                chunk.copy_from_slice(&to_bytes(*element));
            }
        }
        match self {
            Self::Bool(elements) => bytes.copy_from_slice(elements),
            Self::I8(elements) => bytes.copy_from_slice(bytemuck::cast_slice(elements)),
            Self::I16(elements) => write(elements, bytes, i16::to_le_bytes),
            Self::I32(elements) => write(elements, bytes, i32::to_le_bytes),
            Self::I48(elements) => write(elements, bytes, i64::to_le_bytes),
        }
    }
}

impl<'a> ViewMut<'a> {
    /// Number of elements.
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Bool(elements) => elements.len(),
            Self::I8(elements) => elements.len(),
            Self::I16(elements) => elements.len(),
            Self::I32(elements) => elements.len(),
            Self::I48(elements) => elements.len(),
        }
    }

    /// The elements in `bytes`, which are aligned and a whole number of elements.
    pub(crate) fn new(dtype: DType, bytes: &'a mut [u8]) -> Self {
        match dtype {
            DType::Bool => Self::Bool(bytes),
            DType::I8 => Self::I8(bytemuck::cast_slice_mut(bytes)),
            DType::I16 => Self::I16(bytemuck::cast_slice_mut(bytes)),
            DType::I32 => Self::I32(bytemuck::cast_slice_mut(bytes)),
            DType::I48 => Self::I48(bytemuck::cast_slice_mut(bytes)),
        }
    }

    /// The elements' bytes, in the machine's order.
    pub(crate) fn into_bytes(self) -> &'a mut [u8] {
        match self {
            Self::Bool(elements) => elements,
            Self::I8(elements) => bytemuck::cast_slice_mut(elements),
            Self::I16(elements) => bytemuck::cast_slice_mut(elements),
            Self::I32(elements) => bytemuck::cast_slice_mut(elements),
            Self::I48(elements) => bytemuck::cast_slice_mut(elements),
        }
    }

    /// Reads little-endian elements from as many bytes.
    ///
    /// # Errors
    /// Index of the first element that is not a value of its type: a bool that is neither 0 nor 1,
    /// an i48 outside its 48 bits.
    pub(crate) fn read_little_endian(self, bytes: &[u8]) -> Result<(), usize> {
        fn read<T, const N: usize>(elements: &mut [T], bytes: &[u8], from_bytes: fn([u8; N]) -> T) {
            for (element, chunk) in elements.iter_mut().zip(bytes.as_chunks::<N>().0) {
                *element = from_bytes(*chunk);
            }
        }
        match self {
            Self::Bool(elements) => {
                elements.copy_from_slice(bytes);
                bytes.iter().position(|byte| *byte > 1).map_or(Ok(()), Err)
            }
            Self::I8(elements) => {
                elements.copy_from_slice(bytemuck::cast_slice(bytes));
                Ok(())
            }
            Self::I16(elements) => {
                read(elements, bytes, i16::from_le_bytes);
                Ok(())
            }
            Self::I32(elements) => {
                read(elements, bytes, i32::from_le_bytes);
                Ok(())
            }
            Self::I48(elements) => {
                read(elements, bytes, i64::from_le_bytes);
                let (min, max) = DType::I48.range();
                let outside = |element: &i64| !(min..=max).contains(element);
                elements.iter().position(outside).map_or(Ok(()), Err)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(dtype: DType, elements: u32) -> TensorType {
        TensorType::new(dtype, &[elements]).expect("rank 1")
    }

    #[test]
    fn buffers_are_aligned_and_exactly_as_long_as_asked() {
        for len in [0, 1, 63, 64, 65, 1000] {
            let mut buffer = AlignedBytes::zeroed(len);
            assert_eq!(buffer.bytes().as_ptr() as usize % ALIGNMENT, 0);
            assert_eq!(buffer.bytes_mut().len(), len);
        }
    }

    #[test]
    fn little_endian_bytes_come_back_as_they_went() {
        let sizes = [
            (DType::Bool, vec![0, 1, 1]),
            (DType::I8, vec![0x80, 0x7F, 0xFF]),
            (DType::I16, vec![0x34, 0x12, 0xFF, 0xFF]),
            (DType::I32, vec![0x78, 0x56, 0x34, 0x92]),
            (DType::I48, vec![0, 0, 0, 0, 0, 0x80, 0xFF, 0xFF]),
        ];
        for (dtype, bytes) in sizes {
            let elements = bytes.len() / dtype.size_bytes();
            let mut buffer = Buffer::zeroed(&tensor(dtype, elements as u32));
            assert_eq!(buffer.view_mut().read_little_endian(&bytes), Ok(()));
            let mut back = vec![0; bytes.len()];
            buffer.view().to_little_endian(&mut back);
            assert_eq!(back, bytes, "{dtype:?}");
        }
    }

    #[test]
    fn values_outside_their_type_are_found() {
        let mut flags = Buffer::zeroed(&tensor(DType::Bool, 3));
        assert_eq!(flags.view_mut().read_little_endian(&[1, 0, 2]), Err(2));
        let mut wide = Buffer::zeroed(&tensor(DType::I48, 2));
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&(1_i64 << 47).to_le_bytes());
        assert_eq!(wide.view_mut().read_little_endian(&bytes), Err(1));
    }

    #[test]
    fn ranges_are_those_of_the_elements() {
        assert_eq!(View::I8(&[3, -7, 5]).range(), Some((-7, 5)));
        assert_eq!(View::I32(&[]).range(), None);
    }
}
