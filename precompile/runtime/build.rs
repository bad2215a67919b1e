//! Gives the sources `cfg(tiles)`: products in register tiles, on the machines that have registers for them.

use std::env;

#[allow(
    clippy::disallowed_methods,
    reason = "what Cargo says of the machine that is built for, not a validator's environment"
)]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(tiles)");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|own| own == value);
    let has_registers = is("CARGO_CFG_TARGET_ARCH", "x86_64")
        || is("CARGO_CFG_TARGET_ARCH", "aarch64") && is("CARGO_CFG_TARGET_ENDIAN", "little");
    // What else a CPU has is detected, which needs `std`.
    if has_registers && env::var_os("CARGO_FEATURE_STD").is_some() {
        println!("cargo::rustc-cfg=tiles");
    }
}
