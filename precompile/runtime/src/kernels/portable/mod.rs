//! Plain Rust kernels: the reference for every other set.
