//! Contracts written by hand: a list of steps, each of which logs what came of it.

use alloy_primitives::{Address, Bytes, U256};

/// `CALL`
pub(crate) const CALL: u8 = 0xf1;
/// `CALLCODE`
pub(crate) const CALLCODE: u8 = 0xf2;
/// `DELEGATECALL`
pub(crate) const DELEGATECALL: u8 = 0xf4;
/// `STATICCALL`
pub(crate) const STATICCALL: u8 = 0xfa;

/// A contract in the making.
#[derive(Clone, Default)]
pub(crate) struct Contract(Vec<u8>);

/// Where calldata of a step is put in memory.
const ARGUMENTS: u64 = 0x200;

impl Contract {
    /// Calls `to` and logs: success (word), gas (word), return data.
    pub(crate) fn call(self, operation: u8, to: Address, data: &[u8]) -> Self {
        self.call_with(operation, to, data, 0, None)
    }

    /// [`Self::call`] with a value (where the operation has one) and a gas limit.
    pub(crate) fn call_with(
        mut self,
        operation: u8,
        to: Address,
        data: &[u8],
        value: u64,
        gas: Option<u64>,
    ) -> Self {
        self.store(data);
        self.op(0x5a); // GAS
        self.call_operation(operation, to, data.len() as u64, value, gas);
        // Stack: gas before, success.
        self.op(0x5a).op(0x91).op(0x90); // GAS SWAP2 SWAP1: gas after, gas before, success
        self.push(0).op(0x52); // MSTORE success
        self.op(0x03).push(0x20).op(0x52); // SUB, MSTORE gas
        self.log_with_return_data();
        self
    }

    /// Logs size and gas of EXTCODESIZE.
    pub(crate) fn code_size(mut self, of: Address) -> Self {
        self.op(0x5a).push_bytes(of.as_slice()).op(0x3b); // GAS, EXTCODESIZE
        self.op(0x5a).op(0x91).op(0x90);
        self.push(0).op(0x52);
        self.op(0x03).push(0x20).op(0x52);
        self.push(0x40).push(0).op(0xa0);
        self
    }

    /// Creates a contract from init code with CREATE2 and salt 0.
    pub(crate) fn create2(mut self, init_code: &[u8]) -> Self {
        self.store(init_code);
        self.push(0)
            .push(init_code.len() as u64)
            .push(ARGUMENTS)
            .push(0)
            .op(0xf5)
            .op(0x50);
        self
    }

    /// Returns the return data of the last call.
    pub(crate) fn return_last(mut self) -> Bytes {
        self.op(0x3d).push(0).push(0).op(0x3e);
        self.op(0x3d).push(0).op(0xf3);
        self.0.into()
    }

    /// Reverts everything so far.
    pub(crate) fn revert(mut self) -> Bytes {
        self.push(0).push(0).op(0xfd);
        self.0.into()
    }

    /// Stops.
    pub(crate) fn stop(mut self) -> Bytes {
        self.op(0x00);
        self.0.into()
    }

    /// Calls `to` and logs nothing.
    pub(crate) fn forward(mut self, operation: u8, to: Address, data: &[u8]) -> Self {
        self.store(data);
        self.call_operation(operation, to, data.len() as u64, 0, None);
        self.op(0x50); // POP
        self
    }

    fn call_operation(
        &mut self,
        operation: u8,
        to: Address,
        data_bytes: u64,
        value: u64,
        gas: Option<u64>,
    ) {
        self.push(0).push(0).push(data_bytes).push(ARGUMENTS);
        if operation == CALL || operation == CALLCODE {
            self.push(value);
        }
        self.push_bytes(to.as_slice());
        match gas {
            Some(gas) => self.push(gas),
            None => self.op(0x5a),
        };
        self.op(operation);
    }

    fn log_with_return_data(&mut self) {
        self.op(0x3d).push(0).push(0x40).op(0x3e); // RETURNDATACOPY(0x40, 0, size)
        self.push(0x40).op(0x3d).op(0x01).push(0).op(0xa0); // LOG0(0, 0x40 + size)
    }

    fn store(&mut self, data: &[u8]) {
        for (index, word) in data.chunks(32).enumerate() {
            let mut padded = [0; 32];
            padded[..word.len()].copy_from_slice(word);
            self.push_bytes(&padded)
                .push(ARGUMENTS + 32 * index as u64)
                .op(0x52);
        }
    }

    fn push(&mut self, value: u64) -> &mut Self {
        self.push_bytes(&value.to_be_bytes())
    }

    fn push_bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.push(0x5f + u8::try_from(bytes.len()).unwrap());
        self.0.extend_from_slice(bytes);
        self
    }

    fn op(&mut self, operation: u8) -> &mut Self {
        self.0.push(operation);
        self
    }
}

/// What a step logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Whether the call succeeded.
    pub(crate) is_success: bool,
    /// Gas between the step's two GAS operations.
    pub(crate) gas: u64,
    /// Return or revert data.
    pub(crate) output: Bytes,
}

impl Step {
    /// Reads a log.
    pub(crate) fn from_log(data: &[u8]) -> Self {
        Self {
            is_success: !U256::from_be_slice(&data[..32]).is_zero(),
            gas: U256::from_be_slice(&data[32..64]).to(),
            output: Bytes::copy_from_slice(&data[64..]),
        }
    }
}

/// Init code that deploys `code`.
pub(crate) fn init_code(code: &[u8]) -> Vec<u8> {
    let length = u16::try_from(code.len()).unwrap().to_be_bytes();
    let copy = [
        0x61, length[0], length[1], 0x80, 0x60, 0x0a, 0x5f, 0x39, 0x5f, 0xf3,
    ];
    [copy.as_slice(), code].concat()
}
