//! Random search with hill climbing: for each class, the member of any family that takes longest for
//! what it pays.

use crate::{
    class::Class,
    clock::thread_ns,
    draw::Draw,
    families::Family,
    subject::{Measured, Subject},
};
use fixpoint_fuzz_bodies::choices::noise;
use std::collections::BTreeMap;

/// Decisions of one member.
const DECISIONS: usize = 64;
/// Of each family, members that are kept to climb from.
const KEPT: usize = 6;
/// Of these, members that are measured again, with care, when the time is over.
const CONFIRMED: usize = 3;
/// Chances in 256 to look at a new member instead of climbing.
const FRESH: u8 = 90;
/// Chances in 256 to climb in the worst family instead of any.
const WORST: u8 = 90;

/// A member with what it took.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) family: &'static str,
    pub(crate) decisions: Vec<u8>,
    pub(crate) measured: Measured,
}

/// The member that decisions stand for, of a class of this purpose.
pub(crate) fn member(family: &Family, class: Class, decisions: &[u8]) -> Option<Subject> {
    (family.member)(&mut Draw::new(class, decisions))
}

/// What was found, over all classes: what one class's search measures may be of another.
#[derive(Default)]
pub(crate) struct Pool {
    kept: BTreeMap<(Class, &'static str), Vec<Found>>,
    /// How many members were measured.
    pub(crate) measured: u64,
}

impl Pool {
    fn insert(&mut self, found: Found) {
        let key = (found.measured.class, found.family);
        let kept = self.kept.entry(key).or_default();
        let is_known = |other: &Found| other.measured.what == found.measured.what;
        if kept.iter().any(is_known) {
            return;
        }
        let rate = found.measured.mgas_per_second();
        let at = kept.partition_point(|other| other.measured.mgas_per_second() <= rate);
        kept.insert(at, found);
        kept.truncate(KEPT);
    }

    /// The slowest of each family, as searched.
    fn of(&self, class: Class) -> impl Iterator<Item = &Vec<Found>> {
        let kept = self.kept.iter().filter(move |((of, _), _)| *of == class);
        kept.map(|(_, found)| found)
    }

    /// The slowest of a class, as searched.
    pub(crate) fn worst(&self, class: Class) -> Option<&Found> {
        let firsts = self.of(class).filter_map(|kept| kept.first());
        firsts.min_by(|a, b| by_rate(a, b))
    }
}

fn by_rate(a: &Found, b: &Found) -> std::cmp::Ordering {
    let [a, b] = [a, b].map(|found| found.measured.mgas_per_second());
    a.total_cmp(&b)
}

/// Random numbers: the same from the same seed.
pub(crate) struct Random {
    seed: u64,
    bytes: Vec<u8>,
}

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self {
            seed,
            bytes: Vec::new(),
        }
    }

    fn byte(&mut self) -> u8 {
        if self.bytes.is_empty() {
            self.seed = self.seed.wrapping_add(0x5851_f42d_4c95_7f2d);
            self.bytes = noise(self.seed, 4096);
        }
        self.bytes.pop().unwrap_or_default()
    }

    fn below(&mut self, limit: usize) -> usize {
        let wide = usize::from(self.byte()) << 8 | usize::from(self.byte());
        wide % limit.max(1)
    }

    fn decisions(&mut self) -> Vec<u8> {
        (0..DECISIONS).map(|_| self.byte()).collect()
    }

    /// A near member: one to three of the decisions that mattered are others.
    fn mutate(&mut self, decisions: &[u8], used: usize) -> Vec<u8> {
        let mut decisions = decisions.to_vec();
        for _ in 0..=self.below(3) {
            let at = self.below(used.min(decisions.len()));
            decisions[at] = match self.below(4) {
                0 => decisions[at].wrapping_add(1),
                1 => decisions[at].wrapping_sub(1),
                _ => self.byte(),
            };
        }
        decisions
    }
}

/// Members that were slow once: class, decisions, family.
const KNOWN: &str = include_str!("../known.txt");

/// The known members of a class: family and decisions.
fn known(class: Class) -> impl Iterator<Item = (&'static str, Vec<u8>)> {
    let lines = KNOWN.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(move |line| {
        let mut words = line.splitn(3, ' ');
        let is_of_class = words.next()? == class.name();
        let decisions = hex::decode(words.next()?).ok()?;
        is_of_class.then_some((words.next()?, decisions))
    })
}

/// Searches one class for so many seconds of this thread. `measure` gives what a member takes, quickly or, if asked to, with
/// care. Returns the slowest of each family by careful measurement, the slowest of all first.
pub(crate) fn search(
    class: Class,
    families: &[Family],
    seconds: f64,
    (pool, random): (&mut Pool, &mut Random),
    mut measure: impl FnMut(&Subject, bool) -> Option<Measured>,
) -> Vec<Found> {
    let is_any = class.is_operators() || class.is_load();
    let fits = |family: &&Family| is_any || family.classes.contains(&class);
    let families: Vec<_> = families.iter().filter(fits).collect();
    let end = thread_ns() + seconds * 1e9;
    let mut known = known(class);
    loop {
        let (family, decisions) = match known.next() {
            Some((name, decisions)) => {
                let Some(family) = families.iter().find(|family| family.name == name) else {
                    continue;
                };
                (*family, decisions)
            }
            None if families.is_empty() || thread_ns() >= end => break,
            None => next(class, &families, pool, random),
        };
        let Some(subject) = member(family, class, &decisions) else {
            continue;
        };
        if let Some(measured) = measure(&subject, false) {
            pool.measured += 1;
            // The same decisions are another member for operators than for the rest.
            if measured.class.is_operators() != class.is_operators() {
                continue;
            }
            pool.insert(Found {
                family: family.name,
                decisions,
                measured,
            });
        }
    }
    let again = pool.of(class).filter_map(|kept| {
        let careful = kept.iter().filter_map(|found| {
            let family = families.iter().find(|family| family.name == found.family)?;
            let measured = measure(&member(family, class, &found.decisions)?, true)?;
            Some(Found {
                measured,
                ..found.clone()
            })
        });
        careful.take(CONFIRMED).min_by(by_rate)
    });
    let mut again: Vec<_> = again.collect();
    again.sort_by(by_rate);
    again
}

/// Where to look next: mostly in the worst family and near what is slowest.
fn next<'a>(
    class: Class,
    families: &[&'a Family],
    pool: &Pool,
    random: &mut Random,
) -> (&'a Family, Vec<u8>) {
    let worst = pool.worst(class).map(|found| found.family);
    let worst = families.iter().find(|family| Some(family.name) == worst);
    let family = match worst {
        Some(family) if random.byte() < WORST => family,
        _ => families[random.below(families.len())],
    };
    let decisions = match pool.kept.get(&(class, family.name)) {
        Some(kept) if random.byte() >= FRESH => {
            let from = &kept[random.below(kept.len())].decisions;
            let used = used(family, class, from);
            random.mutate(from, used)
        }
        _ => random.decisions(),
    };
    (family, decisions)
}

/// How many of the decisions a member depends on.
fn used(family: &Family, class: Class, decisions: &[u8]) -> usize {
    let mut draw = Draw::new(class, decisions);
    let _ = (family.member)(&mut draw);
    (decisions.len() - draw.rest().len()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::families;
    use fixpoint_runtime::model::validate;

    #[test]
    fn known_members_are_valid() {
        let families = families::all();
        let mut count = 0;
        for class in Class::all() {
            for (name, decisions) in known(class) {
                let family = families.iter().find(|family| family.name == name);
                let subject = family.and_then(|family| member(family, class, &decisions));
                let valid = subject.map(|subject| validate(subject.model));
                assert!(matches!(valid, Some(Ok(_))), "{name} {decisions:?}");
                count += 1;
            }
        }
        let lines = KNOWN.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(count, lines.count());
    }
}
