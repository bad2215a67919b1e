//! Which kernels this machine runs: the only place that decides.
//!
//! A new set is a variant here, its arm in [`super::weights`], and its line in [`Isa::available`]:
//! that line alone puts it through the whole test suite.

/// A set of kernels. All sets give the same bits; they differ in speed only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(pub(crate) Set);

/// The sets that exist, slowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// Plain Rust.
    Portable,
    /// Plain Rust compiled for AVX2, own matrix products.
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    Avx2,
}

impl Isa {
    /// Plain Rust: complete, and the reference.
    pub const fn portable() -> Self {
        Self(Set::Portable)
    }

    /// The fastest set that this machine can run; [`Self::portable`] without the feature `std`.
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::portable())
    }

    /// Every set that this machine can run, slowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        let sets = [
            Some(Set::Portable),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            std::is_x86_feature_detected!("avx2").then_some(Set::Avx2),
        ];
        sets.into_iter().flatten().map(Self)
    }

    /// A name for reports and benchmarks.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx2 => "avx2",
        }
    }

    /// Runs `kernel`, compiled for this set: a closure around a call of a plain Rust kernel comes out
    /// vectorised with the set's instructions. The bits are those of calling it directly.
    #[inline(always)]
    pub fn vectorise<R>(self, kernel: impl FnOnce() -> R) -> R {
        match self.0 {
            Set::Portable => kernel(),
            #[cfg(all(feature = "std", target_arch = "x86_64"))]
            Set::Avx2 => super::x86_64::avx2::vectorise(kernel),
        }
    }
}
