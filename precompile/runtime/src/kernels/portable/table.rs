//! TABLE: a lookup on i8, an interpolated lookup on i16.

use crate::kernels::{Isa, KernelResult, require, require_shape};
#[cfg(all(feature = "std", target_arch = "x86_64"))]
use crate::kernels::{dispatch::Set, x86_64::table as wide};

/// `out = table[x + 128]`, of 256 entries.
#[inline(always)]
pub fn table_i8(isa: Isa, table: &[i8], x: &[i8], out: &mut [i8]) -> KernelResult {
    let Ok(table) = <&[i8; 256]>::try_from(table) else {
        return require_shape(false);
    };
    require_shape(x.len() == out.len())?;
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if isa.0 == Set::Avx512Vnni && wide::has_bytes() {
        wide::table_i8(table, x, out);
        return Ok(());
    }
    let _ = isa;
    for (o, &x) in out.iter_mut().zip(x) {
        // Adding 128 flips the top bit.
        *o = table[usize::from(x.cast_unsigned() ^ 0x80)];
    }
    Ok(())
}

/// Interpolation between 513 entries: with `i = (x >> 7) + 256`,
/// `out = (table[i] << 7) + (table[i + 1] - table[i]) * (x & 127)`. Requires that the difference of
/// the two entries fits i16, which `always_holds` says of the whole table.
#[inline(always)]
pub fn table_i16(
    isa: Isa,
    table: &[i16],
    always_holds: bool,
    x: &[i16],
    out: &mut [i32],
) -> KernelResult {
    let Ok(table) = <&[i16; 513]>::try_from(table) else {
        return require_shape(false);
    };
    require_shape(x.len() == out.len())?;
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if isa.0 == Set::Avx512Vnni {
        return require(wide::table_i16(table, always_holds, x, out));
    }
    let _ = (isa, always_holds);
    let mut holds = true;
    for (o, &x) in out.iter_mut().zip(x) {
        // Adding 256 to the upper nine bits flips the topmost: always 0..=511.
        let index = usize::from((x.cast_unsigned() ^ 0x8000) >> 7);
        let base = i32::from(table[index]);
        let slope = i32::from(table[index + 1]) - base;
        holds &= slope == i32::from(slope as i16);
        *o = (base << 7) + slope * i32::from(x & 127);
    }
    require(holds)
}

/// Whether [`table_i16`] cannot fail with this table, whatever the input.
pub fn table_i16_always_holds(table: &[i16]) -> bool {
    table.windows(2).all(|pair| {
        let slope = i32::from(pair[1]) - i32::from(pair[0]);
        slope == i32::from(slope as i16)
    })
}
