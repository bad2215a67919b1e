//! The rules that a header keeps against its parent, before anything is executed.
//!
//! One error per rule. What only execution can tell (roots, bloom, gas used) is compared in
//! [`crate::execute`].

use alloy_consensus::Header;

use crate::spec::ChainSpec;

/// A header broke a rule. Each variant is one rule, with what was found and what was wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {}

/// Checks every rule of `header` against `parent`.
///
/// `now_s` is the caller's clock in seconds since 1970.
pub fn check(
    spec: &ChainSpec,
    parent: &Header,
    header: &Header,
    now_s: u64,
) -> Result<(), HeaderError> {
    let _ = (spec, parent, header, now_s);
    todo!()
}
