//! Reads flatbuffers by field slot, every access bounds-checked.
//!
//! Knows the flatbuffer encoding and nothing of what a file is about. A read outside the buffer is
//! an error, never a panic. Callers walk a fixed number of levels, so no file makes a reader loop;
//! as parts of a file may be referred to many times, lists that stand in other lists have a limit
//! of their own.

use thiserror::Error;

/// Entries of a list of tables, such as a graph's operators.
const MAX_TABLES: usize = 1 << 16;
/// Entries of a list of strings or integers, such as an operator's inputs or a tensor's shape.
const MAX_ENTRIES: usize = 256;

/// Why a read failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum FlatbufferError {
    /// An offset or a length leads out of the file.
    #[error("an offset leads out of the file")]
    OutOfBounds,
    /// More entries than any graph needs.
    #[error("a list of {len} entries is too long")]
    TooLong {
        /// Entries of the list.
        len: usize,
    },
    /// A string that is no UTF-8.
    #[error("a name is not UTF-8")]
    NotUtf8,
}

use FlatbufferError::OutOfBounds;

type Read<T> = Result<T, FlatbufferError>;

/// A table: the position from which its vtable and fields are found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table<'a> {
    bytes: &'a [u8],
    position: usize,
}

/// A vector: the position of its first element in the file, and how many there are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vector<'a> {
    bytes: &'a [u8],
    pub(crate) start: usize,
    pub(crate) len: usize,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Read<[u8; N]> {
    let rest = bytes.get(at..).ok_or(OutOfBounds)?;
    rest.first_chunk().copied().ok_or(OutOfBounds)
}

fn u32_at(bytes: &[u8], at: usize) -> Read<u32> {
    array(bytes, at).map(u32::from_le_bytes)
}

/// Follows the unsigned forward offset that stands at `at`.
fn follow(bytes: &[u8], at: usize) -> Read<usize> {
    let target = at
        .checked_add(u32_at(bytes, at)? as usize)
        .ok_or(OutOfBounds)?;
    if target < bytes.len() {
        Ok(target)
    } else {
        Err(OutOfBounds)
    }
}

impl<'a> Vector<'a> {
    /// Elements of `N` bytes.
    fn elements<const N: usize>(self) -> impl Iterator<Item = Read<[u8; N]>> + use<'a, N> {
        (0..self.len).map(move |index| array(self.bytes, self.start + N * index))
    }

    fn limited(self, limit: usize) -> Read<Self> {
        if self.len > limit {
            return Err(FlatbufferError::TooLong { len: self.len });
        }
        Ok(self)
    }
}

impl<'a> Table<'a> {
    /// The root table of a file, and its four-byte identifier.
    pub(crate) fn root(bytes: &'a [u8]) -> Read<(Self, [u8; 4])> {
        let identifier = array(bytes, 4)?;
        let position = follow(bytes, 0)?;
        Ok((Self { bytes, position }, identifier))
    }

    /// Position of a field's data, or nothing if the table leaves the field at its default.
    fn field(&self, slot: usize) -> Read<Option<usize>> {
        let back = i32::from_le_bytes(array(self.bytes, self.position)?);
        let vtable = i64::try_from(self.position).map_err(|_| OutOfBounds)? - i64::from(back);
        let vtable = usize::try_from(vtable).map_err(|_| OutOfBounds)?;
        let vtable_bytes = usize::from(u16::from_le_bytes(array(self.bytes, vtable)?));
        let entry = 4 + 2 * slot;
        if entry + 2 > vtable_bytes {
            return Ok(None);
        }
        let offset = usize::from(u16::from_le_bytes(array(self.bytes, vtable + entry)?));
        Ok((offset != 0).then_some(self.position + offset))
    }

    /// A `bool` or `ubyte` field; 0 by default.
    pub(crate) fn u8(&self, slot: usize) -> Read<u8> {
        match self.field(slot)? {
            Some(at) => array::<1>(self.bytes, at).map(|[byte]| byte),
            None => Ok(0),
        }
    }

    /// An `int32` field.
    pub(crate) fn i32(&self, slot: usize, default: i32) -> Read<i32> {
        match self.field(slot)? {
            Some(at) => array(self.bytes, at).map(i32::from_le_bytes),
            None => Ok(default),
        }
    }

    /// A `uint32` field or an enum of that width; 0 by default.
    pub(crate) fn u32(&self, slot: usize) -> Read<u32> {
        self.i32(slot, 0).map(i32::cast_unsigned)
    }

    /// A table field (also the value of a union).
    pub(crate) fn table(&self, slot: usize) -> Read<Option<Self>> {
        let Some(at) = self.field(slot)? else {
            return Ok(None);
        };
        let position = follow(self.bytes, at)?;
        Ok(Some(Self {
            bytes: self.bytes,
            position,
        }))
    }

    /// A vector field of elements of `element_bytes`; empty, and nowhere in the file, by default.
    pub(crate) fn vector(&self, slot: usize, element_bytes: usize) -> Read<Vector<'a>> {
        let Some(at) = self.field(slot)? else {
            return Ok(Vector {
                bytes: self.bytes,
                start: 0,
                len: 0,
            });
        };
        let at = follow(self.bytes, at)?;
        let len = u32_at(self.bytes, at)? as usize;
        let start = at + 4;
        let end = len
            .checked_mul(element_bytes)
            .and_then(|bytes| bytes.checked_add(start));
        match end {
            Some(end) if end <= self.bytes.len() => Ok(Vector {
                bytes: self.bytes,
                start,
                len,
            }),
            _ => Err(OutOfBounds),
        }
    }

    /// A `[ubyte]` field.
    pub(crate) fn bytes(&self, slot: usize) -> Read<&'a [u8]> {
        let vector = self.vector(slot, 1)?;
        Ok(&vector.bytes[vector.start..vector.start + vector.len])
    }

    /// An `[int32]` field.
    pub(crate) fn i32s(&self, slot: usize) -> Read<Vec<i32>> {
        let vector = self.vector(slot, 4)?.limited(MAX_ENTRIES)?;
        vector
            .elements()
            .map(|word| word.map(i32::from_le_bytes))
            .collect()
    }

    /// A `[float]` field, which may be as long as a tensor has channels.
    pub(crate) fn f32s(&self, slot: usize) -> Read<Vec<f32>> {
        let vector = self.vector(slot, 4)?.limited(MAX_TABLES)?;
        vector
            .elements()
            .map(|word| word.map(f32::from_le_bytes))
            .collect()
    }

    /// A `[long]` field, which may be as long as a tensor has channels.
    pub(crate) fn i64s(&self, slot: usize) -> Read<Vec<i64>> {
        let vector = self.vector(slot, 8)?.limited(MAX_TABLES)?;
        vector
            .elements()
            .map(|word| word.map(i64::from_le_bytes))
            .collect()
    }

    /// A `string` field.
    pub(crate) fn string(&self, slot: usize) -> Read<&'a str> {
        str::from_utf8(self.bytes(slot)?).map_err(|_| FlatbufferError::NotUtf8)
    }

    /// A `[string]` field.
    pub(crate) fn strings(&self, slot: usize) -> Read<Vec<&'a str>> {
        let vector = self.vector(slot, 4)?.limited(MAX_ENTRIES)?;
        (0..vector.len)
            .map(|index| {
                let at = follow(vector.bytes, vector.start + 4 * index)?;
                let len = u32_at(vector.bytes, at)? as usize;
                let end = (at + 4).checked_add(len).ok_or(OutOfBounds)?;
                let text = vector.bytes.get(at + 4..end).ok_or(OutOfBounds)?;
                str::from_utf8(text).map_err(|_| FlatbufferError::NotUtf8)
            })
            .collect()
    }

    /// A vector-of-tables field.
    pub(crate) fn tables(&self, slot: usize) -> Read<Vec<Self>> {
        let vector = self.vector(slot, 4)?.limited(MAX_TABLES)?;
        (0..vector.len)
            .map(|index| {
                let position = follow(vector.bytes, vector.start + 4 * index)?;
                Ok(Self {
                    bytes: vector.bytes,
                    position,
                })
            })
            .collect()
    }
}
