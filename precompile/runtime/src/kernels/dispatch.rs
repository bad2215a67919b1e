//! Which kernels this machine runs: the only place that decides.
//!
//! A new set is a variant here, its arm in [`super::weights`], and its line in [`Isa::available`]:
//! that line alone puts it through the whole test suite.

#[cfg(tiles)]
use super::machine::{dot, pairs};

/// A set of kernels. All sets give the same bits; they differ in speed only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(pub(crate) Set);

/// The sets that exist, slowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// Plain Rust.
    Portable,
    /// Plain Rust, products by `pmaddwd` in 128 bits: every x86-64.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    Sse2,
    /// Plain Rust compiled for AVX2, products by `vpmaddwd` in 256 bits.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    Avx2,
    /// The same, with products of i8 by VNNI in 256 bits.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    AvxVnni,
    /// Plain Rust compiled for AVX-512, products of i8 by VNNI in 512 bits.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    Avx512Vnni,
    /// Plain Rust, products by `smlal`: every aarch64.
    #[cfg(all(tiles, target_arch = "aarch64"))]
    Neon,
    /// The same, with products of i8 by `sdot`.
    #[cfg(all(tiles, target_arch = "aarch64"))]
    NeonDot,
}

impl Isa {
    /// Plain Rust: complete, and the reference.
    pub const fn portable() -> Self {
        Self(Set::Portable)
    }

    /// The fastest set that this machine can run; [`Self::portable`] without the feature `std`.
    ///
    /// The environment variable [`Self::VARIABLE`] names another one. What names none that this machine
    /// can run gives [`Self::portable`]; programs say so with [`Self::check_variable`].
    pub fn detect() -> Self {
        #[cfg(feature = "std")]
        if let Some(name) = std::env::var_os(Self::VARIABLE) {
            let named = name.to_str().and_then(Self::named);
            return named.unwrap_or(Self::portable());
        }
        Self::available().last().unwrap_or(Self::portable())
    }

    /// The environment variable that [`Self::detect`] obeys.
    #[cfg(feature = "std")]
    pub const VARIABLE: &str = "FIXPOINT_ISA";

    /// Checks that [`Self::VARIABLE`], if there is one, names a set that this machine can run.
    ///
    /// # Errors
    /// What it holds.
    #[cfg(feature = "std")]
    pub fn check_variable() -> Result<(), alloc::string::String> {
        match std::env::var_os(Self::VARIABLE) {
            Some(name) if name.to_str().and_then(Self::named).is_none() => {
                Err(name.to_string_lossy().into_owned())
            }
            _ => Ok(()),
        }
    }

    /// The set of that name, if this machine can run it.
    pub fn named(name: &str) -> Option<Self> {
        Self::available().find(|isa| isa.name() == name)
    }

    /// Every set that this machine can run, slowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        let sets = [
            Some(Set::Portable),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Some(Set::Sse2),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            super::x86_64::has_avx2().then_some(Set::Avx2),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            super::x86_64::has_avx_vnni().then_some(Set::AvxVnni),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            super::x86_64::has_avx512_vnni().then_some(Set::Avx512Vnni),
            #[cfg(all(tiles, target_arch = "aarch64"))]
            Some(Set::Neon),
            #[cfg(all(tiles, target_arch = "aarch64"))]
            super::aarch64::has_dot_products().then_some(Set::NeonDot),
        ];
        sets.into_iter().flatten().map(Self)
    }

    /// A name for reports and benchmarks.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Sse2 => "sse2",
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx2 => "avx2",
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::AvxVnni => "avxvnni",
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx512Vnni => "avx512vnni",
            #[cfg(all(tiles, target_arch = "aarch64"))]
            Set::Neon => "neon",
            #[cfg(all(tiles, target_arch = "aarch64"))]
            Set::NeonDot => "neondot",
        }
    }

    /// The registers in which this set multiplies pairs of i16, if any.
    #[cfg(tiles)]
    pub(crate) const fn pairs(self) -> Option<pairs::Width> {
        match self.0 {
            Set::Portable => None,
            #[cfg(target_arch = "x86_64")]
            Set::Sse2 => Some(pairs::Width::Xmm),
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 | Set::AvxVnni | Set::Avx512Vnni => Some(pairs::Width::Ymm),
            #[cfg(target_arch = "aarch64")]
            Set::Neon | Set::NeonDot => Some(pairs::Width),
        }
    }

    /// The registers in which this set multiplies fours of bytes, if any.
    #[cfg(tiles)]
    pub(crate) const fn fours(self) -> Option<dot::Width> {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Set::AvxVnni => Some(dot::Width::Ymm),
            #[cfg(target_arch = "x86_64")]
            Set::Avx512Vnni => Some(dot::Width::Zmm),
            #[cfg(target_arch = "aarch64")]
            Set::NeonDot => Some(dot::Width),
            _ => None,
        }
    }

    /// Runs `kernel`, compiled for this set where the compiler inlines it, which it does for small
    /// ones; [`Self::run`] is for those that must be. The bits are those of calling it directly.
    #[inline(always)]
    pub fn vectorise<R>(self, kernel: impl FnOnce() -> R) -> R {
        match self.0 {
            Set::Portable => kernel(),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Sse2 => kernel(),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx2 | Set::AvxVnni => super::x86_64::avx2::vectorise(kernel),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx512Vnni => super::x86_64::avx512::vectorise(kernel),
            #[cfg(all(tiles, target_arch = "aarch64"))]
            Set::Neon | Set::NeonDot => kernel(),
        }
    }

    /// Runs a plain Rust kernel, vectorised with this set's instructions.
    #[inline(always)]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        match self.0 {
            Set::Portable => kernel.run(),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Sse2 => kernel.run(),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx2 | Set::AvxVnni => super::x86_64::avx2::run(kernel),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx512Vnni => super::x86_64::avx512::run(kernel),
            #[cfg(all(tiles, target_arch = "aarch64"))]
            Set::Neon | Set::NeonDot => kernel.run(),
        }
    }
}

/// A call of a plain Rust kernel, with its arguments.
pub(crate) trait Kernel {
    /// What it returns.
    type Output;

    /// Makes the call. Implementations are `#[inline(always)]`, down to the loops: that is what lets a
    /// set compile them anew.
    fn run(self) -> Self::Output;
}
