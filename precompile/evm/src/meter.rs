//! The gas of one call: what is left, what is spent, and reads at their EIP-2929 price.
//!
//! Every read here is paid before it happens; a cold read that cannot be paid touches nothing.

use crate::{
    error::Failure,
    state::{AccountCode, Load, State},
};
use alloy_primitives::{Address, U256};

/// EIP-2929: an account or slot that this transaction has accessed before.
pub const WARM_READ: u64 = 100;
/// EIP-2929: first access of an account.
pub const COLD_ACCOUNT: u64 = 2_600;
/// EIP-2929: first access of a storage slot.
pub const COLD_SLOT: u64 = 2_100;

/// Gas of one call.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    limit: u64,
    used: u64,
}

impl Meter {
    /// A meter with `limit` gas left.
    #[must_use]
    pub const fn new(limit: u64) -> Self {
        Self { limit, used: 0 }
    }

    /// Gas spent so far; never more than the limit.
    #[must_use]
    pub const fn used(&self) -> u64 {
        self.used
    }

    /// Gas left.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.limit - self.used
    }

    /// Spends `gas`.
    ///
    /// # Errors
    /// [`Failure::OutOfGas`] if that is more than is left; then nothing is spent.
    pub const fn charge(&mut self, gas: u64) -> Result<(), Failure> {
        if !self.can_pay(gas) {
            return Err(Failure::OutOfGas);
        }
        self.used += gas;
        Ok(())
    }

    const fn can_pay(&self, gas: u64) -> bool {
        self.left() >= gas
    }

    /// Reads another account's code.
    ///
    /// # Errors
    /// [`Failure::OutOfGas`], [`Failure::Database`].
    pub fn read_code(
        &mut self,
        state: &mut dyn State,
        address: Address,
    ) -> Result<AccountCode, Failure> {
        self.read(COLD_ACCOUNT, |skip_cold| {
            state.code(address, skip_cold).map_err(Failure::from)
        })
    }

    /// Reads a slot of the precompile's storage.
    ///
    /// # Errors
    /// [`Failure::OutOfGas`], [`Failure::Database`].
    pub fn read_slot(&mut self, state: &mut dyn State, slot: U256) -> Result<U256, Failure> {
        self.read(COLD_SLOT, |skip_cold| {
            state.load_slot(slot, skip_cold).map_err(Failure::from)
        })
    }

    fn read<T>(
        &mut self,
        cold: u64,
        read: impl FnOnce(bool) -> Result<Load<T>, Failure>,
    ) -> Result<T, Failure> {
        self.charge(WARM_READ)?;
        let load = read(!self.can_pay(cold - WARM_READ))?;
        if load.is_cold {
            self.charge(cold - WARM_READ)?;
        }
        Ok(load.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charges_to_the_last_unit_and_not_beyond() {
        let mut meter = Meter::new(10);
        meter.charge(4).unwrap();
        assert_eq!(meter.charge(7), Err(Failure::OutOfGas));
        assert_eq!(meter.charge(u64::MAX), Err(Failure::OutOfGas));
        assert_eq!(meter.used(), 4);
        meter.charge(6).unwrap();
        assert_eq!(meter.used(), 10);
    }
}
