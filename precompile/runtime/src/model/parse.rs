//! Bytes to [`Model`] and back: exactly one encoding per model.

use super::{
    format::{FORMAT_VERSION, Model},
    limits::MAX_PAYLOAD_BYTES,
};
use crate::error::ParseError;
use alloc::vec::Vec;
use libssz::{SszDecode as _, SszEncode as _};

/// Decodes a model and refuses any bytes that [`encode`] would not have written.
///
/// # Errors
/// [`ParseError`], one variant per cause.
pub fn parse(payload: &[u8]) -> Result<Model, ParseError> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(ParseError::TooLong {
            bytes: payload.len(),
            limit: MAX_PAYLOAD_BYTES,
        });
    }
    let version = payload
        .first_chunk::<2>()
        .map(|bytes| u16::from_le_bytes(*bytes));
    match version {
        Some(FORMAT_VERSION) => {}
        Some(version) => return Err(ParseError::Version { version }),
        None => return Err(ParseError::NotAModel),
    }
    let model = Model::from_ssz_bytes(payload).map_err(|_| ParseError::NotAModel)?;
    if encode(&model) != payload {
        return Err(ParseError::NotCanonical);
    }
    Ok(model)
}

/// Encodes a model.
pub fn encode(model: &Model) -> Vec<u8> {
    model.to_ssz()
}
