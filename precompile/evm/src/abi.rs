//! The Solidity interface: function selectors, errors, structs, and how calldata becomes a [`Call`].
//!
//! `contracts/src/interfaces/IInference.sol` declares the same; a test compares the selectors.

#[allow(missing_docs)]
mod interface {
    alloy_sol_types::sol! {
        #[derive(Debug, PartialEq, Eq)]
        interface IInference {
            struct TensorInfo {
                string name;
                uint8 dtype;
                uint32[] shape;
                uint8 quantisation;
                uint8 axis;
                uint64[] scaleNumerator;
                uint64[] scaleDenominator;
                int32[] zeroPoint;
                bool saturates;
            }

            struct ModelInfo {
                bytes32 modelHash;
                bytes32 contentHash;
                address gate;
                uint16 recordVersion;
                uint64 inferenceGas;
                uint64 loadGas;
                uint32 payloadBytes;
                uint64 arenaBytes;
                uint64[] work;
                TensorInfo[] inputs;
                TensorInfo[] outputs;
            }

            error UnknownSelector(bytes4 selector);
            error MalformedCalldata();
            error NotAModel(address model);
            error MalformedRoot(address model);
            error NotActivated(address model);
            error NeedsReactivation(address model, uint16 recordVersion);
            error GateMismatch(address chunk);
            error ChunkMismatch(address chunk);
            error CreatedInThisTransaction(address account);
            error ContentHashMismatch(bytes32 got, bytes32 want);
            error ModelRejected(uint16 reason, uint16 operatorIndex);
            error TooExpensive(uint64 gas, uint64 limit);
            error Gated(address model, address gate);
            error InputLength(uint256 got, uint256 want);
            error InputRange(uint256 index);
            error ExecutionFailed(uint16 operatorIndex);
            error StaticCall();

            function inference(address model, int256[] calldata input) external view returns (int256[] memory output);
            function inferenceBatch(address model, uint256 n, int256[] calldata input) external view returns (int256[] memory output);
            function inferenceRaw(address model, bytes calldata input) external view returns (bytes memory output);
            function activate(address model) external returns (bytes32 modelHash, uint64 inferenceGas);
            function modelInfo(address model) external view returns (ModelInfo memory info);
        }
    }
}

pub use interface::IInference;

use crate::error::Failure;
use alloc::vec::Vec;
use alloy_primitives::{Address, FixedBytes, I256, U256};
use alloy_sol_types::SolCall as _;

const WORD_BYTES: usize = 32;
/// Where an ABI decoder stops to believe an offset or a length.
const MAX_LENGTH: U256 = U256::from_limbs([u64::MAX, 0, 0, 0]);

/// A decoded call. Arrays stay where they are, in calldata: decoding copies and allocates nothing,
/// so it takes the same time whatever the calldata says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    /// `inference(address,int256[])`
    Inference {
        /// Root contract.
        model: Address,
        /// One word per input element.
        words: Words<'a>,
    },
    /// `inferenceBatch(address,uint256,int256[])`
    InferenceBatch {
        /// Root contract.
        model: Address,
        /// Number of inferences.
        n: U256,
        /// One word per input element of each inference.
        words: Words<'a>,
    },
    /// `inferenceRaw(address,bytes)`
    InferenceRaw {
        /// Root contract.
        model: Address,
        /// Packed input tensors.
        input: &'a [u8],
    },
    /// `activate(address)`
    Activate {
        /// Root contract.
        model: Address,
    },
    /// `modelInfo(address)`
    ModelInfo {
        /// Root contract.
        model: Address,
    },
}

/// 32-byte words in calldata.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words<'a>(&'a [[u8; WORD_BYTES]]);

impl<'a> Words<'a> {
    /// Number of words.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words as signed integers.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = I256> + use<'a> {
        self.0
            .iter()
            .map(|word| I256::from_raw(U256::from_be_bytes(*word)))
    }
}

/// Decodes calldata as Solidity's own decoder does: bytes behind the last argument and any valid
/// offset are accepted, padding of `bytes` may be missing; an address above 160 bits, an offset or
/// a length that leaves the calldata is not.
///
/// # Errors
/// `UnknownSelector` (with zeros for missing bytes), `MalformedCalldata`.
pub fn decode(calldata: &[u8]) -> Result<Request<'_>, Failure> {
    let Some((selector, arguments)) = calldata.split_first_chunk::<4>() else {
        let mut selector = [0; 4];
        selector
            .iter_mut()
            .zip(calldata)
            .for_each(|(to, from)| *to = *from);
        return Err(unknown_selector(selector));
    };
    let arguments = Arguments(arguments);
    let request = match *selector {
        IInference::inferenceCall::SELECTOR => arguments.address(0).and_then(|model| {
            Some(Request::Inference {
                model,
                words: arguments.words(1)?,
            })
        }),
        IInference::inferenceBatchCall::SELECTOR => arguments.address(0).and_then(|model| {
            let (n, words) = (arguments.word(1)?, arguments.words(2)?);
            Some(Request::InferenceBatch { model, n, words })
        }),
        IInference::inferenceRawCall::SELECTOR => arguments.address(0).and_then(|model| {
            Some(Request::InferenceRaw {
                model,
                input: arguments.bytes(1)?,
            })
        }),
        IInference::activateCall::SELECTOR => arguments
            .address(0)
            .map(|model| Request::Activate { model }),
        IInference::modelInfoCall::SELECTOR => arguments
            .address(0)
            .map(|model| Request::ModelInfo { model }),
        other => return Err(unknown_selector(other)),
    };
    request.ok_or_else(|| IInference::MalformedCalldata {}.into())
}

fn unknown_selector(selector: [u8; 4]) -> Failure {
    IInference::UnknownSelector {
        selector: FixedBytes(selector),
    }
    .into()
}

/// The bytes behind the selector: head words, then what their offsets point at.
#[derive(Clone, Copy)]
struct Arguments<'a>(&'a [u8]);

impl<'a> Arguments<'a> {
    fn word(self, index: usize) -> Option<U256> {
        let word = self
            .0
            .get(index.checked_mul(WORD_BYTES)?..)?
            .first_chunk::<WORD_BYTES>()?;
        Some(U256::from_be_bytes(*word))
    }

    fn address(self, index: usize) -> Option<Address> {
        let word = self.word(index)?;
        (word >> 160 == U256::ZERO).then(|| Address::from_word(word.into()))
    }

    /// The length at the offset in head word `index`, and all bytes behind it.
    fn dynamic(self, index: usize) -> Option<(usize, &'a [u8])> {
        let offset = length(self.word(index)?)?;
        let (count, tail) = self.0.get(offset..)?.split_first_chunk::<WORD_BYTES>()?;
        Some((length(U256::from_be_bytes(*count))?, tail))
    }

    fn words(self, index: usize) -> Option<Words<'a>> {
        let (count, tail) = self.dynamic(index)?;
        let (words, _) = tail.as_chunks::<WORD_BYTES>();
        words.get(..count).map(Words)
    }

    fn bytes(self, index: usize) -> Option<&'a [u8]> {
        let (count, tail) = self.dynamic(index)?;
        tail.get(..count)
    }
}

fn length(word: U256) -> Option<usize> {
    if word > MAX_LENGTH {
        None
    } else {
        usize::try_from(word.to::<u64>()).ok()
    }
}

/// Return data of one dynamic array of words: offset, length, words.
#[must_use]
pub fn encode_words(words: &[I256]) -> Vec<u8> {
    let head = [U256::from(WORD_BYTES), U256::from(words.len())];
    let words = words.iter().map(|word| word.into_raw());
    head.into_iter()
        .chain(words)
        .flat_map(|word| word.to_be_bytes::<WORD_BYTES>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use alloy_sol_types::SolValue as _;
    use proptest::prelude::*;

    const MODEL: Address = Address::repeat_byte(0x11);

    fn named(error: impl Into<Failure>) -> Failure {
        error.into()
    }

    #[test]
    fn selectors_are_those_of_the_signatures() {
        for (signature, selector) in [
            (
                "inference(address,int256[])",
                IInference::inferenceCall::SELECTOR,
            ),
            (
                "inferenceBatch(address,uint256,int256[])",
                IInference::inferenceBatchCall::SELECTOR,
            ),
            (
                "inferenceRaw(address,bytes)",
                IInference::inferenceRawCall::SELECTOR,
            ),
            ("activate(address)", IInference::activateCall::SELECTOR),
            ("modelInfo(address)", IInference::modelInfoCall::SELECTOR),
        ] {
            assert_eq!(
                alloy_primitives::keccak256(signature)[..4],
                selector,
                "{signature}"
            );
        }
    }

    #[test]
    fn decodes_what_solidity_encodes() {
        let input = vec![I256::MINUS_ONE, I256::MAX];
        let calldata = IInference::inferenceCall {
            model: MODEL,
            input: input.clone(),
        }
        .abi_encode();
        let Ok(Request::Inference { model, words }) = decode(&calldata) else {
            panic!()
        };
        assert_eq!(
            (model, words.iter().collect::<Vec<_>>()),
            (MODEL, input.clone())
        );
        let n = U256::from(2);
        let calldata = IInference::inferenceBatchCall {
            model: MODEL,
            n,
            input,
        }
        .abi_encode();
        let Ok(Request::InferenceBatch { n: got, words, .. }) = decode(&calldata) else {
            panic!()
        };
        assert_eq!((got, words.len()), (n, 2));
        let raw = IInference::inferenceRawCall {
            model: MODEL,
            input: vec![1, 2, 3].into(),
        };
        let calldata = raw.abi_encode();
        let want = Ok(Request::InferenceRaw {
            model: MODEL,
            input: &[1, 2, 3],
        });
        assert_eq!(decode(&calldata), want);
        // Without the padding behind the bytes, as calldata slices come.
        assert_eq!(decode(&calldata[..calldata.len() - 29]), want);
        let activate = IInference::activateCall { model: MODEL }.abi_encode();
        assert_eq!(decode(&activate), Ok(Request::Activate { model: MODEL }));
        let trailing = [activate.as_slice(), &[7; 5]].concat();
        assert_eq!(decode(&trailing), Ok(Request::Activate { model: MODEL }));
    }

    #[test]
    fn names_an_unknown_selector() {
        let unknown = |bytes: [u8; 4]| {
            named(IInference::UnknownSelector {
                selector: bytes.into(),
            })
        };
        assert_eq!(decode(&[]), Err(unknown([0; 4])));
        assert_eq!(decode(&[1, 2]), Err(unknown([1, 2, 0, 0])));
        assert_eq!(decode(&[1, 2, 3, 4, 5]), Err(unknown([1, 2, 3, 4])));
    }

    #[test]
    fn refuses_what_leaves_the_calldata() {
        let malformed = Err(named(IInference::MalformedCalldata {}));
        let input = vec![I256::ONE; 2];
        let good = IInference::inferenceCall {
            model: MODEL,
            input,
        }
        .abi_encode();
        for length in 4..good.len() {
            assert_eq!(decode(&good[..length]), malformed, "{length} bytes");
        }
        // A dirty address, an offset and a length beyond the end and beyond 64 bits.
        for (byte, value) in [
            (4, 1),
            (4 + 63, 0xff),
            (4 + 32, 1),
            (4 + 95, 3),
            (4 + 64, 0xff),
        ] {
            let mut bad = good.clone();
            bad[byte] = value;
            assert_eq!(decode(&bad), malformed, "byte {byte} = {value}");
        }
    }

    #[test]
    fn encodes_words_as_solidity_does() {
        let words = vec![I256::MINUS_ONE, I256::ONE];
        assert_eq!(encode_words(&words), words.abi_encode());
        assert_eq!(encode_words(&[]), Vec::<I256>::new().abi_encode());
    }

    proptest! {
        #[test]
        fn no_calldata_panics(
            selector in prop::sample::select(vec![
                IInference::inferenceCall::SELECTOR,
                IInference::inferenceBatchCall::SELECTOR,
                IInference::inferenceRawCall::SELECTOR,
            ]),
            head in prop::collection::vec(prop_oneof![
                any::<[u8; 32]>().prop_map(U256::from_be_bytes),
                (0u64..200).prop_map(U256::from),
            ], 0..6),
            tail in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut calldata = selector.to_vec();
            head.iter().for_each(|word| calldata.extend(word.to_be_bytes::<32>()));
            calldata.extend(tail);
            // Whatever is accepted lies inside the calldata.
            match decode(&calldata) {
                Ok(Request::Inference { words, .. } | Request::InferenceBatch { words, .. }) => {
                    prop_assert!(words.len() * WORD_BYTES < calldata.len());
                }
                Ok(Request::InferenceRaw { input, .. }) => {
                    prop_assert!(input.len() < calldata.len());
                }
                _ => {}
            }
        }
    }
}
