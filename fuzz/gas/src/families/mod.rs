//! Families of models, one for each operator and a few for what none shows alone: every list of bytes
//! is a member, near lists are near members.

mod calls;
mod elementwise;
mod lookup;
mod movement;
mod products;
mod sizes;
mod stages;
mod windows;

use crate::{class::Class, draw::Draw, subject::Subject};

/// Models that decisions choose from.
#[derive(Clone, Copy)]
pub(crate) struct Family {
    /// Operator, with what sets its members apart if there are several families of it.
    pub(crate) name: &'static str,
    /// What its members may mostly pay for, beside operators.
    pub(crate) classes: &'static [Class],
    /// A member; `None` if the decisions make no sense together.
    pub(crate) member: fn(&mut Draw<'_>) -> Option<Subject>,
}

/// All of them.
pub(crate) fn all() -> Vec<Family> {
    [
        calls::FAMILIES,
        elementwise::FAMILIES,
        lookup::FAMILIES,
        movement::FAMILIES,
        products::FAMILIES,
        stages::FAMILIES,
        windows::FAMILIES,
    ]
    .concat()
}
