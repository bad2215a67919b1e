//! Conversion of words equals its definition in unbounded integers.

use crate::choices::Choices;
use alloy_primitives::{I256, U256};
use fixpoint_precompile::wad::{Element, element_of_word, word_of_element};
use fixpoint_runtime::{
    model::format::{Affine, Ratio, Signed32},
    tensor::DType,
};
use fixpoint_test_vectors::words;
use num_bigint::BigInt;

const DTYPES: [DType; 5] = [DType::Bool, DType::I8, DType::I16, DType::I32, DType::I48];

/// # Panics
/// If something is wrong.
pub fn check(bytes: &[u8]) {
    let mut choices = Choices::new(bytes);
    let dtype = choices.pick(&DTYPES);
    let scale = choices.flag().then(|| affine(&mut choices));
    let (lowest, highest) = dtype.range();
    let word = match choices.below(4) {
        0 => I256::from_raw(U256::from_be_bytes(choices.bytes::<32>())),
        1 => I256::from_raw(U256::from_be_bytes(choices.bytes::<32>())).asr(choices.byte().into()),
        // Around the word of an element, where halves and range ends are.
        at => {
            let near = if at == 2 { lowest } else { highest };
            let offset = I256::try_from(choices.i32()).unwrap_or_default();
            word_of_element(near, scale).wrapping_add(offset)
        }
    };
    check_word(word, scale, dtype);
    let element = lowest + (choices.u64() % (highest - lowest + 1) as u64) as i64;
    let got = word_of_element(element, scale);
    assert_eq!(
        got,
        words::word_of_element(element.into(), scale),
        "{element} at {scale:?}"
    );
}

fn affine(choices: &mut Choices<'_>) -> Affine {
    let mut part = || {
        let wide = choices.u64();
        (wide >> choices.below(64)).max(1)
    };
    let scale = Ratio {
        numerator: part(),
        denominator: part(),
    };
    Affine {
        scale,
        zero_point: Signed32(choices.i32()),
    }
}

fn check_word(word: I256, scale: Option<Affine>, dtype: DType) {
    let (lowest, highest) = dtype.range();
    let want = words::element_of_word(word, scale);
    let want = match i64::try_from(&want) {
        Ok(element) if (lowest..=highest).contains(&element) => Element::Exact(element),
        _ if want < BigInt::from(lowest) => Element::Below,
        _ => Element::Above,
    };
    assert_eq!(
        element_of_word(word, scale, dtype),
        want,
        "{word} at {scale:?} to {dtype:?}"
    );
}
