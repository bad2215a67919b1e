//! What is on disk.

/// The database failed or holds what it never should.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {}

/// The database could not be opened for this network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
