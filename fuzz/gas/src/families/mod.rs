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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{class::Bill, search::member};
    use fixpoint_fuzz_bodies::choices::noise;
    use fixpoint_precompile::measures;
    use fixpoint_runtime::model::validate;

    /// Decisions that may be tried to find a member.
    const TRIES: u64 = 3_000;

    #[test]
    fn every_family_has_members_that_pay_mostly_for_each_of_its_classes() {
        let mut missing = Vec::new();
        for family in all() {
            for &class in family.classes {
                let found = (0..TRIES).any(|seed| {
                    let subject = member(&family, class, &noise(seed, 64));
                    let valid = subject.and_then(|subject| validate(subject.model).ok());
                    let record = valid.as_ref().and_then(|valid| measures::record(valid, 0));
                    // What a call and a load pay is measured with them.
                    let is_work = class.is_work();
                    record
                        .is_some_and(|record| !is_work || Bill::work(&record).main_class() == class)
                });
                if !found {
                    missing.push((family.name, class.name()));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn decisions_stand_for_one_member() {
        for family in all() {
            let models = [0, 1].map(|_| {
                let decisions = (0..TRIES).map(|seed| noise(seed, 64));
                let mut members =
                    decisions.filter_map(|of| member(&family, family.classes[0], &of));
                members.next().map(|subject| (subject.model, subject.input))
            });
            assert!(models[0].is_some(), "{}", family.name);
            assert!(models[0] == models[1], "{}", family.name);
        }
    }
}
