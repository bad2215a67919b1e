//! The inference precompile: the EVM around the tensor runtime.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod abi;
pub mod address;
pub mod state;
