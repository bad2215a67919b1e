//! Kernels for x86-64 beyond its baseline.
//!
//! Never `vpmaddubsw`: it saturates.

#![allow(unsafe_code)]

pub(crate) mod avx2;
