//! Which hardfork a network's blocks have, by their time.

use alloy_genesis::Genesis;
use alloy_hardforks::{EthereumHardfork, ForkCondition};
use alloy_primitives::U256;

use crate::spec::{HARDFORK_KEY, SpecError};

/// The hardforks after Paris that this node has rules for, in order.
const AFTER_PARIS: [EthereumHardfork; 4] = [
    EthereumHardfork::Shanghai,
    EthereumHardfork::Cancun,
    EthereumHardfork::Prague,
    EthereumHardfork::Osaka,
];

/// Timestamp in seconds of the first block that may have each of [`AFTER_PARIS`]; `None` is never. None
/// comes before an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForkTimes([Option<u64>; AFTER_PARIS.len()]);

impl ForkTimes {
    /// What a genesis says: one hardfork for all blocks if it names one, or else geth's own times, or
    /// else Osaka.
    pub(crate) fn of(genesis: &Genesis) -> Result<Self, SpecError> {
        let config = &genesis.config;
        if let Some(name) = config.extra_fields.get_deserialized::<String>(HARDFORK_KEY) {
            let last = named(name?)?;
            return Ok(Self(AFTER_PARIS.map(|fork| (fork <= last).then_some(0))));
        }
        let times = [
            config.shanghai_time,
            config.cancun_time,
            config.prague_time,
            config.osaka_time,
        ];
        if times == [None; AFTER_PARIS.len()] {
            return Ok(Self([Some(0); AFTER_PARIS.len()]));
        }
        for (forks, pair) in AFTER_PARIS.windows(2).zip(times.windows(2)) {
            let (&[earlier, later], &[before, after]) = (forks, pair) else {
                continue;
            };
            if after.is_some_and(|after| before.is_none_or(|before| before > after)) {
                return Err(SpecError::ForkOrder { earlier, later });
            }
        }
        Ok(Self(times))
    }

    /// The hardfork of a block with this timestamp.
    pub(crate) fn at(&self, timestamp_s: u64) -> EthereumHardfork {
        let by_age = AFTER_PARIS.into_iter().zip(self.0).rev();
        by_age
            .filter(|(_, time)| time.is_some_and(|time| time <= timestamp_s))
            .map(|(fork, _)| fork)
            .next()
            .unwrap_or(EthereumHardfork::Paris)
    }

    /// When a hardfork of any age becomes active.
    pub(crate) fn condition(&self, fork: EthereumHardfork) -> ForkCondition {
        use EthereumHardfork as F;
        match fork {
            F::Dao => ForkCondition::Never,
            F::Paris => ForkCondition::TTD {
                activation_block_number: 0,
                fork_block: Some(0),
                total_difficulty: U256::ZERO,
            },
            earlier if earlier < F::Paris => ForkCondition::Block(0),
            later => AFTER_PARIS
                .into_iter()
                .zip(self.0)
                .find(|(fork, _)| *fork == later)
                .and_then(|(_, time)| time)
                .map_or(ForkCondition::Never, ForkCondition::Timestamp),
        }
    }
}

fn named(name: String) -> Result<EthereumHardfork, SpecError> {
    [EthereumHardfork::Paris]
        .into_iter()
        .chain(AFTER_PARIS)
        .find(|fork| fork.name().eq_ignore_ascii_case(&name))
        .ok_or(SpecError::Hardfork(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use EthereumHardfork as F;

    fn times(
        shanghai: u64,
        cancun: Option<u64>,
        osaka: Option<u64>,
    ) -> Result<ForkTimes, SpecError> {
        let mut genesis = Genesis::default();
        genesis.config.shanghai_time = Some(shanghai);
        genesis.config.cancun_time = cancun;
        genesis.config.osaka_time = osaka;
        ForkTimes::of(&genesis)
    }

    #[test]
    fn a_block_has_the_newest_fork_of_its_time() {
        let times = times(5, Some(9), None).unwrap();
        for (time, want) in [
            (0, F::Paris),
            (4, F::Paris),
            (5, F::Shanghai),
            (8, F::Shanghai),
            (9, F::Cancun),
            (u64::MAX, F::Cancun),
        ] {
            assert_eq!(times.at(time), want, "{time}");
        }
        assert_eq!(times.condition(F::Cancun), ForkCondition::Timestamp(9));
        assert_eq!(times.condition(F::Prague), ForkCondition::Never);
        assert_eq!(times.condition(F::Amsterdam), ForkCondition::Never);
    }

    #[test]
    fn a_genesis_that_says_nothing_is_of_osaka() {
        let times = ForkTimes::of(&Genesis::default()).unwrap();
        assert_eq!(times.at(0), F::Osaka);
    }

    #[test]
    fn two_forks_at_once_are_the_later_one() {
        assert_eq!(times(7, Some(7), None).unwrap().at(7), F::Cancun);
    }

    #[test]
    fn a_fork_before_an_earlier_one_is_refused() {
        let refused = times(5, Some(4), None).unwrap_err();
        assert!(
            matches!(
                refused,
                SpecError::ForkOrder {
                    earlier: F::Shanghai,
                    later: F::Cancun
                }
            ),
            "{refused}"
        );
        assert!(matches!(
            times(0, Some(0), Some(0)),
            Err(SpecError::ForkOrder {
                earlier: F::Prague,
                ..
            })
        ));
    }
}
