//! Runs every committed call vector at the precompile's boundary, from the files alone and on a
//! state in memory: on any target, without an EVM.

mod calls;
mod remembered;
mod state;
