//! Which kernels this machine runs: the only place that decides.

/// A set of kernels. All sets give the same bits; they differ in speed only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Isa(pub(crate) Set);

/// The sets that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    /// Plain Rust.
    Portable,
}

impl Isa {
    /// Plain Rust: complete, and the reference.
    pub const fn portable() -> Self {
        Self(Set::Portable)
    }

    /// The fastest set that this machine can run; [`Self::portable`] without the feature `std`.
    pub fn detect() -> Self {
        Self::portable()
    }

    /// A name for reports and benchmarks.
    pub const fn name(self) -> &'static str {
        match self.0 {
            Set::Portable => "portable",
        }
    }
}
