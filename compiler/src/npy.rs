//! NumPy arrays: `.npy` files and `.npz` archives, C order, little-endian.
//!
//! Only files and their element types live here; what an array means (samples, labels, one input)
//! is up to the caller.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read as _, Write as _},
    path::Path,
};
use thiserror::Error;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Longest array that is read, in bytes: far above any model's test set, below what a machine has.
const MAX_ARRAY_BYTES: u64 = 4 << 30;
/// NumPy aligns the data that follows the header to this many bytes.
const HEADER_ALIGNMENT_BYTES: usize = 64;

/// Why a file is not an array this module reads.
#[derive(Debug, Error)]
pub enum NpyError {
    /// The file could not be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// An `.npz` file is not a zip archive that can be read.
    #[error("not an .npz archive: {0}")]
    Archive(#[from] zip::result::ZipError),
    /// No `.npy` magic, or a header that is not NumPy's.
    #[error("not an .npy file: {reason}")]
    Header {
        /// What is wrong.
        reason: &'static str,
    },
    /// An element type other than those of [`Data`].
    #[error("element type {descr} is not supported: save as float32, float64 or an integer type")]
    ElementType {
        /// NumPy's type string.
        descr: String,
    },
    /// Column-major data.
    #[error("the array is in Fortran order: save numpy.ascontiguousarray(x)")]
    FortranOrder,
    /// The data is shorter or longer than the shape says.
    #[error("the shape needs {want} bytes, the file has {got}")]
    Length {
        /// Bytes the shape asks for.
        want: u64,
        /// Bytes in the file.
        got: u64,
    },
}

/// The elements of an array, row-major.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// `bool`, one byte each.
    Bool(Vec<bool>),
    /// `uint8`.
    U8(Vec<u8>),
    /// `int8`.
    I8(Vec<i8>),
    /// `int16`.
    I16(Vec<i16>),
    /// `int32`.
    I32(Vec<i32>),
    /// `int64`.
    I64(Vec<i64>),
    /// `float32`.
    F32(Vec<f32>),
    /// `float64`.
    F64(Vec<f64>),
}

/// An array: shape, outermost dimension first, and elements.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Dimensions; empty for a scalar.
    pub shape: Vec<usize>,
    /// As many elements as the shape says.
    pub data: Data,
}

impl Array {
    /// Reads an `.npy` file.
    ///
    /// # Errors
    /// [`NpyError`], one variant per cause.
    pub fn read(path: &Path) -> Result<Self, NpyError> {
        Self::from_bytes(&std::fs::read(path)?)
    }

    /// Writes an `.npy` file.
    ///
    /// # Errors
    /// [`NpyError::Io`].
    pub fn write(&self, path: &Path) -> Result<(), NpyError> {
        Ok(std::fs::write(path, self.to_bytes())?)
    }

    /// Reads the bytes of an `.npy` file.
    ///
    /// # Errors
    /// [`NpyError`], one variant per cause.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, NpyError> {
        let bad = |reason| NpyError::Header { reason };
        if bytes.get(..6) != Some(MAGIC) {
            return Err(bad("the magic is missing"));
        }
        let (header_start, header_bytes) = match (bytes.get(6), bytes.get(8..12)) {
            (Some(1), Some(length)) => {
                (10, usize::from(u16::from_le_bytes([length[0], length[1]])))
            }
            (Some(2 | 3), Some(length)) => {
                let length = [length[0], length[1], length[2], length[3]];
                (12, u32::from_le_bytes(length) as usize)
            }
            _ => return Err(bad("unknown version")),
        };
        let header = bytes
            .get(header_start..header_start + header_bytes)
            .and_then(|header| std::str::from_utf8(header).ok())
            .ok_or_else(|| bad("the header is cut off"))?;
        let descr = quoted(field(header, "descr").ok_or_else(|| bad("no 'descr'"))?)
            .ok_or_else(|| bad("'descr' is not a plain type"))?;
        let order = field(header, "fortran_order").ok_or_else(|| bad("no 'fortran_order'"))?;
        let shape = field(header, "shape")
            .and_then(dimensions)
            .ok_or_else(|| bad("no valid 'shape'"))?;
        if order.starts_with("True") && shape.len() > 1 {
            return Err(NpyError::FortranOrder);
        }
        Self::from_elements(descr, shape, &bytes[header_start + header_bytes..])
    }

    /// An array of elements as NumPy has them in memory: its type string, its shape, and its bytes in
    /// C order.
    ///
    /// # Errors
    /// [`NpyError::ElementType`], [`NpyError::Length`].
    pub fn from_elements(descr: &str, shape: Vec<usize>, bytes: &[u8]) -> Result<Self, NpyError> {
        let data = decode(descr, &shape, bytes)?;
        Ok(Self { shape, data })
    }

    /// The bytes of an `.npy` file (format 1.0).
    pub fn to_bytes(&self) -> Vec<u8> {
        let shape = match self.shape.as_slice() {
            [single] => format!("({single},)"),
            many => {
                let parts: Vec<String> = many.iter().map(ToString::to_string).collect();
                format!("({})", parts.join(", "))
            }
        };
        let descr = self.data.descr();
        let mut header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
        while (10 + header.len() + 1) % HEADER_ALIGNMENT_BYTES != 0 {
            header.push(' ');
        }
        header.push('\n');
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend(
            u16::try_from(header.len())
                .unwrap_or(u16::MAX)
                .to_le_bytes(),
        );
        bytes.extend(header.as_bytes());
        self.data.append_le_bytes(&mut bytes);
        bytes
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements as real numbers; exact for all types but `int64` beyond 2^53.
    pub fn to_f64(&self) -> Vec<f64> {
        match &self.data {
            Data::Bool(v) => v.iter().map(|&x| f64::from(u8::from(x))).collect(),
            Data::U8(v) => v.iter().copied().map(f64::from).collect(),
            Data::I8(v) => v.iter().copied().map(f64::from).collect(),
            Data::I16(v) => v.iter().copied().map(f64::from).collect(),
            Data::I32(v) => v.iter().copied().map(f64::from).collect(),
            Data::I64(v) => v.iter().map(|&x| x as f64).collect(),
            Data::F32(v) => v.iter().copied().map(f64::from).collect(),
            Data::F64(v) => v.clone(),
        }
    }

    /// The elements as integers, or nothing for a floating-point array.
    pub fn to_i64(&self) -> Option<Vec<i64>> {
        Some(match &self.data {
            Data::Bool(v) => v.iter().copied().map(i64::from).collect(),
            Data::U8(v) => v.iter().copied().map(i64::from).collect(),
            Data::I8(v) => v.iter().copied().map(i64::from).collect(),
            Data::I16(v) => v.iter().copied().map(i64::from).collect(),
            Data::I32(v) => v.iter().copied().map(i64::from).collect(),
            Data::I64(v) => v.clone(),
            Data::F32(_) | Data::F64(_) => return None,
        })
    }
}

impl Data {
    /// NumPy's type string.
    pub const fn descr(&self) -> &'static str {
        match self {
            Self::Bool(_) => "|b1",
            Self::U8(_) => "|u1",
            Self::I8(_) => "|i1",
            Self::I16(_) => "<i2",
            Self::I32(_) => "<i4",
            Self::I64(_) => "<i8",
            Self::F32(_) => "<f4",
            Self::F64(_) => "<f8",
        }
    }

    /// The elements' bytes, as NumPy has them in memory.
    pub fn to_le_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.append_le_bytes(&mut bytes);
        bytes
    }

    fn append_le_bytes(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Bool(v) => bytes.extend(v.iter().map(|&x| u8::from(x))),
            Self::U8(v) => bytes.extend(v),
            Self::I8(v) => bytes.extend(v.iter().map(|x| x.cast_unsigned())),
            Self::I16(v) => bytes.extend(v.iter().flat_map(|x| x.to_le_bytes())),
            Self::I32(v) => bytes.extend(v.iter().flat_map(|x| x.to_le_bytes())),
            Self::I64(v) => bytes.extend(v.iter().flat_map(|x| x.to_le_bytes())),
            Self::F32(v) => bytes.extend(v.iter().flat_map(|x| x.to_le_bytes())),
            Self::F64(v) => bytes.extend(v.iter().flat_map(|x| x.to_le_bytes())),
        }
    }
}

/// Reads an `.npz` archive: array names to arrays.
///
/// # Errors
/// [`NpyError`], one variant per cause.
pub fn read_npz(path: &Path) -> Result<BTreeMap<String, Array>, NpyError> {
    npz_from_bytes(std::fs::read(path)?)
}

/// Reads the bytes of an `.npz` archive.
///
/// # Errors
/// [`NpyError`], one variant per cause.
pub fn npz_from_bytes(bytes: Vec<u8>) -> Result<BTreeMap<String, Array>, NpyError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes))?;
    let mut arrays = BTreeMap::new();
    for index in 0..archive.len() {
        let file = archive.by_index(index)?;
        let Some(name) = file.name()?.strip_suffix(".npy").map(str::to_owned) else {
            continue;
        };
        let mut bytes = Vec::new();
        file.take(MAX_ARRAY_BYTES).read_to_end(&mut bytes)?;
        arrays.insert(name, Array::from_bytes(&bytes)?);
    }
    Ok(arrays)
}

/// The bytes of an `.npz` archive, deflated.
///
/// # Errors
/// [`NpyError::Archive`].
pub fn npz_to_bytes(arrays: &BTreeMap<String, Array>) -> Result<Vec<u8>, NpyError> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated);
    for (name, array) in arrays {
        archive.start_file(format!("{name}.npy"), options)?;
        archive.write_all(&array.to_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

/// The text after `'key':` in a header.
fn field<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let start = header.find(&format!("'{key}'"))? + key.len() + 2;
    Some(header[start..].trim_start().strip_prefix(':')?.trim_start())
}

/// The text between the quotes that `text` starts with.
fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.split('\'').next()
}

/// A Python tuple of integers.
fn dimensions(text: &str) -> Option<Vec<usize>> {
    text.strip_prefix('(')?
        .split(')')
        .next()?
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok())
        .collect()
}

fn decode(descr: &str, shape: &[usize], bytes: &[u8]) -> Result<Data, NpyError> {
    let size = match descr.get(1..) {
        Some("b1" | "u1" | "i1") => 1,
        Some("i2") => 2,
        Some("i4" | "f4") => 4,
        Some("i8" | "f8") => 8,
        _ => 0,
    };
    if size == 0 || (descr.starts_with('>') && size > 1) {
        return Err(NpyError::ElementType {
            descr: descr.to_owned(),
        });
    }
    let want = shape
        .iter()
        .try_fold(size, |product: u64, &dim| product.checked_mul(dim as u64))
        .unwrap_or(u64::MAX);
    let got = bytes.len() as u64;
    if want != got {
        return Err(NpyError::Length { want, got });
    }
    Ok(match descr.get(1..) {
        Some("b1") => Data::Bool(bytes.iter().map(|&x| x != 0).collect()),
        Some("u1") => Data::U8(bytes.to_vec()),
        Some("i1") => Data::I8(bytes.iter().map(|x| x.cast_signed()).collect()),
        Some("i2") => Data::I16(words(bytes, i16::from_le_bytes)),
        Some("i4") => Data::I32(words(bytes, i32::from_le_bytes)),
        Some("i8") => Data::I64(words(bytes, i64::from_le_bytes)),
        Some("f4") => Data::F32(words(bytes, f32::from_le_bytes)),
        _ => Data::F64(words(bytes, f64::from_le_bytes)),
    })
}

fn words<const N: usize, T>(bytes: &[u8], decode: impl Fn([u8; N]) -> T) -> Vec<T> {
    bytes
        .as_chunks::<N>()
        .0
        .iter()
        .map(|word| decode(*word))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> BTreeMap<String, Array> {
        let array = |shape: &[usize], data| Array {
            shape: shape.to_vec(),
            data,
        };
        BTreeMap::from([
            ("a".into(), array(&[2, 2], Data::I8(vec![-128, -1, 0, 127]))),
            (
                "b".into(),
                array(&[3], Data::F32(vec![1.5, -0.0, f32::MAX])),
            ),
            ("c".into(), array(&[], Data::I64(vec![i64::MIN]))),
            ("d".into(), array(&[1, 2], Data::Bool(vec![true, false]))),
            ("e".into(), array(&[0], Data::F64(vec![]))),
            ("f".into(), array(&[2], Data::I16(vec![-2, 300]))),
            ("g".into(), array(&[1], Data::I32(vec![1 << 30]))),
            ("h".into(), array(&[1], Data::U8(vec![255]))),
        ])
    }

    #[test]
    fn archives_round_trip() {
        let arrays = samples();
        let bytes = npz_to_bytes(&arrays).expect("writes");
        assert_eq!(npz_from_bytes(bytes).expect("reads"), arrays);
    }

    #[test]
    fn data_starts_on_an_aligned_offset() {
        for array in samples().values() {
            let bytes = array.to_bytes();
            let header_bytes = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
            assert_eq!(header_bytes % HEADER_ALIGNMENT_BYTES, 0);
        }
    }

    #[test]
    fn every_cut_is_refused() {
        let bytes = samples()["f"].to_bytes();
        for end in 0..bytes.len() {
            assert!(Array::from_bytes(&bytes[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn fortran_order_and_foreign_types_are_refused_by_name() {
        let with = |from: &str, to: &str| {
            let bytes = Array {
                shape: vec![2, 2],
                data: Data::I16(vec![1, 2, 3, 4]),
            }
            .to_bytes();
            let text: Vec<u8> = bytes.clone();
            let at = text
                .windows(from.len())
                .position(|window| window == from.as_bytes())
                .expect("present");
            let mut bytes = bytes;
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
            Array::from_bytes(&bytes)
        };
        assert!(matches!(
            with("False", "True "),
            Err(NpyError::FortranOrder)
        ));
        assert!(matches!(
            with("<i2", ">i2"),
            Err(NpyError::ElementType { .. })
        ));
        assert!(matches!(
            with("<i2", "<c2"),
            Err(NpyError::ElementType { .. })
        ));
        assert!(matches!(
            with("(2, 2)", "(2, 9)"),
            Err(NpyError::Length { want: 36, got: 8 })
        ));
    }
}
