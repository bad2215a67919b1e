//! What to say about the tensor kernels of this build on this machine.

use fixpoint_runtime::kernels::Isa;

/// The instruction set in use, and whether the build has any kernels besides the portable ones.
pub fn description() -> String {
    let build = if cfg!(feature = "simd") {
        "with SIMD kernels"
    } else {
        "portable build"
    };
    format!(
        "{} ({build}, {})",
        Isa::detect().name(),
        std::env::consts::ARCH
    )
}
