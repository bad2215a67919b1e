//! What contracts say with `console.log`: calls of an address without code, whose data are the values.
//!
//! Such a call does nothing on any chain; a development node is where somebody reads along. Nothing is
//! printed here.

use std::{collections::BTreeMap, fmt::Write as _, sync::LazyLock};

use alloy_dyn_abi::{DynSolType, DynSolValue};
use alloy_primitives::{Address, Selector, address, keccak256};
use revm::{
    Inspector,
    context_interface::ContextTr,
    interpreter::{CallInputs, CallOutcome},
};

/// Where contracts call: the last bytes read `console.log` in ASCII.
const CONSOLE: Address = address!("0x000000000000000000636F6e736F6c652e6c6f67");
/// Most values that one function of the library takes.
const MAX_VALUES: usize = 4;
/// Lines beyond these of one transaction are left out.
const MAX_LINES: usize = 1_000;
/// Longer data are not decoded.
const MAX_DATA_BYTES: usize = 64 << 10;

/// Collects the lines that a transaction says, those of calls that were reverted too.
#[derive(Debug, Default)]
pub(crate) struct ConsoleInspector {
    lines: Vec<String>,
    left_out: usize,
}

impl ConsoleInspector {
    /// What was said, in order.
    pub(crate) fn into_lines(self) -> Vec<String> {
        let mut lines = self.lines;
        if self.left_out > 0 {
            lines.push(format!("({} more lines)", self.left_out));
        }
        lines
    }
}

impl<CTX: ContextTr> Inspector<CTX> for ConsoleInspector {
    fn call(&mut self, context: &mut CTX, inputs: &mut CallInputs) -> Option<CallOutcome> {
        if inputs.bytecode_address == CONSOLE && inputs.input.len() <= MAX_DATA_BYTES {
            let line = line(&inputs.input.bytes(context));
            match line {
                Some(line) if self.lines.len() < MAX_LINES => self.lines.push(line),
                Some(_) => self.left_out += 1,
                None => {}
            }
        }
        None
    }
}

/// Every function of the library by its selector.
static FUNCTIONS: LazyLock<BTreeMap<Selector, DynSolType>> = LazyLock::new(functions);

fn functions() -> BTreeMap<Selector, DynSolType> {
    use DynSolType::{Address, Bool, Bytes, FixedBytes, Int, String, Uint};
    let mixed = [Uint(256), String, Bool, Address];
    let mut lists: Vec<Vec<DynSolType>> = vec![Vec::new()];
    let mut longest = 0;
    for _ in 0..MAX_VALUES {
        let next: Vec<_> = lists[longest..]
            .iter()
            .flat_map(|list| {
                let one_more =
                    |last: &DynSolType| [list.as_slice(), std::slice::from_ref(last)].concat();
                mixed.iter().map(one_more)
            })
            .collect();
        longest = lists.len();
        lists.extend(next);
    }
    lists.extend([vec![Int(256)], vec![Bytes], vec![String, Int(256)]]);
    let of_lists = lists.into_iter().map(|list| ("log".to_owned(), list));
    let named = [
        ("logInt", Int(256)),
        ("logUint", Uint(256)),
        ("logString", String),
        ("logBool", Bool),
        ("logAddress", Address),
        ("logBytes", Bytes),
    ]
    .map(|(name, of)| (name.to_owned(), vec![of]));
    let words = (1..=32).map(|bytes| (format!("logBytes{bytes}"), vec![FixedBytes(bytes)]));
    of_lists
        .chain(named)
        .chain(words)
        .map(|(name, values)| (selector(&name, &values), DynSolType::Tuple(values)))
        .collect()
}

fn selector(name: &str, values: &[DynSolType]) -> Selector {
    let types: Vec<_> = values.iter().map(DynSolType::sol_type_name).collect();
    let hash = keccak256(format!("{name}({})", types.join(",")));
    Selector::from_slice(&hash[..4])
}

/// The text of a call's data. `None` if they are not the library's.
fn line(data: &[u8]) -> Option<String> {
    let (selector, encoded) = data.split_first_chunk::<4>()?;
    let values = FUNCTIONS.get(&Selector::from(*selector))?;
    let values = values.abi_decode_params(encoded).ok()?;
    Some(match values.as_tuple()? {
        [DynSolValue::String(format), values @ ..] if !values.is_empty() => fill(format, values),
        values => values.iter().map(shown).collect::<Vec<_>>().join(" "),
    })
}

/// `%s`, `%d`, `%i`, `%x`, `%o` stand for the values in order; what they leave over follows.
fn fill(format: &str, values: &[DynSolValue]) -> String {
    let mut values = values.iter();
    let mut text = String::with_capacity(format.len());
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        let mut following = after.chars();
        let directive = following.next();
        let value = match directive {
            Some('%') => Some("%".to_owned()),
            Some('s' | 'o') => values.next().map(shown),
            Some('d' | 'i') => values.next().map(number),
            Some('x') => values.next().map(hex),
            _ => None,
        };
        rest = if let Some(value) = value {
            text.push_str(&value);
            following.as_str()
        } else {
            text.push('%');
            after
        };
    }
    text.push_str(rest);
    for value in values {
        // Writing to a string cannot fail.
        let _ = write!(text, " {}", shown(value));
    }
    text
}

fn shown(value: &DynSolValue) -> String {
    match value {
        DynSolValue::String(text) => text.clone(),
        DynSolValue::Uint(number, _) => number.to_string(),
        DynSolValue::Int(number, _) => number.to_string(),
        DynSolValue::Bool(is_true) => is_true.to_string(),
        DynSolValue::Address(address) => address.to_checksum(None),
        DynSolValue::Bytes(bytes) => alloy_primitives::hex::encode_prefixed(bytes),
        DynSolValue::FixedBytes(word, bytes) => {
            alloy_primitives::hex::encode_prefixed(&word[..*bytes])
        }
        other => format!("{other:?}"),
    }
}

fn number(value: &DynSolValue) -> String {
    match value {
        DynSolValue::Bool(is_true) => u8::from(*is_true).to_string(),
        DynSolValue::String(_) => "NaN".to_owned(),
        DynSolValue::Address(address) => {
            alloy_primitives::U256::from_be_slice(address.as_slice()).to_string()
        }
        other => shown(other),
    }
}

fn hex(value: &DynSolValue) -> String {
    match value {
        DynSolValue::Uint(number, _) => format!("{number:#x}"),
        DynSolValue::Int(number, _) => format!("{number:#x}"),
        other => shown(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{I256, U256};
    use alloy_sol_types::{SolCall, sol};

    sol! {
        interface Console {
            function log() external view;
            function log(string memory text) external view;
            function log(uint256 number) external view;
            function log(int256 number) external view;
            function log(string memory text, uint256 number) external view;
            function log(string memory text, address who, bool yes, uint256 number) external view;
            function logBytes4(bytes4 word) external view;
            function logBytes(bytes memory data) external view;
        }
    }

    #[test]
    fn values_follow_each_other() {
        let who = address!("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
        let said = |call: Vec<u8>| line(&call).unwrap();
        assert_eq!(said(Console::log_0Call {}.abi_encode()), "");
        let text = "a model".to_owned();
        assert_eq!(said(Console::log_1Call { text }.abi_encode()), "a model");
        let number = U256::from(7);
        assert_eq!(said(Console::log_2Call { number }.abi_encode()), "7");
        let number = I256::MINUS_ONE;
        assert_eq!(said(Console::log_3Call { number }.abi_encode()), "-1");
        let call = Console::log_5Call {
            text: "who".to_owned(),
            who,
            yes: true,
            number: U256::MAX,
        };
        let want = format!("who {who} true {}", U256::MAX);
        assert_eq!(said(call.abi_encode()), want);
        let word = [1, 2, 3, 4].into();
        let call = Console::logBytes4Call { word };
        assert_eq!(said(call.abi_encode()), "0x01020304");
        let data = [0xff].into();
        let call = Console::logBytesCall { data };
        assert_eq!(said(call.abi_encode()), "0xff");
    }

    #[test]
    fn directives_take_values_in_order() {
        let number = DynSolValue::Uint(U256::from(255), 256);
        let word = DynSolValue::String("x".to_owned());
        for (format, want) in [
            ("%d", "255 x"),
            ("%x and %s", "0xff and x"),
            ("100% of %i%%", "100% of 255% x"),
            ("%s%s%s", "255x%s"),
            ("%q", "%q 255 x"),
            ("%", "% 255 x"),
            ("ä%sö", "ä255ö x"),
        ] {
            let values = [number.clone(), word.clone()];
            assert_eq!(fill(format, &values), want, "{format}");
        }
    }

    #[test]
    fn data_of_another_kind_say_nothing() {
        let call = Console::log_1Call {
            text: "text".to_owned(),
        }
        .abi_encode();
        // What pads the text may be missing.
        for length in 0..call.len() - 28 {
            assert!(line(&call[..length]).is_none(), "{length}");
        }
        assert!(line(&[0xff; 100]).is_none());
    }

    #[test]
    fn selectors_are_those_of_the_library() {
        // forge-std's console.sol: log(uint256), log(string,string), log(address,bool,uint256,string).
        for (signature, want) in [
            ("log(uint256)", [0xf8, 0x2c, 0x50, 0xf1]),
            ("log(string,string)", [0x4b, 0x5c, 0x42, 0x77]),
        ] {
            let hash = keccak256(signature);
            assert_eq!(hash[..4], want, "{signature}");
            assert!(FUNCTIONS.contains_key(&Selector::from(want)), "{signature}");
        }
        // 1 + 4 + 16 + 64 + 256 lists, three with other types, six by name, one for each length of a word.
        assert_eq!(FUNCTIONS.len(), 341 + 3 + 6 + 32);
    }
}
