//! `.tosa` files: read, refused, written.

mod export;
mod file;
mod import;
mod strict;
