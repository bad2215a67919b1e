//! Decisions, and what they are for.

use crate::class::Class;
use fixpoint_fuzz_bodies::choices::Choices;
use std::ops::{Deref, DerefMut};

/// What is measured of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Runs and calls.
    Run,
    /// Loads.
    Load,
}

/// Decisions of a member of a family, for a class.
pub(crate) struct Draw<'a> {
    pub(crate) purpose: Purpose,
    /// Operators are to take longer for being run than for what they work on.
    pub(crate) is_small: bool,
    choices: Choices<'a>,
}

impl<'a> Draw<'a> {
    pub(crate) const fn new(class: Class, decisions: &'a [u8]) -> Self {
        let purpose = match class.is_load() {
            true => Purpose::Load,
            false => Purpose::Run,
        };
        Self {
            purpose,
            is_small: class.is_operators(),
            choices: Choices::new(decisions),
        }
    }
}

impl<'a> Deref for Draw<'a> {
    type Target = Choices<'a>;

    fn deref(&self) -> &Self::Target {
        &self.choices
    }
}

impl DerefMut for Draw<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.choices
    }
}
