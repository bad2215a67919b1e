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

/// Refuses a wish for kernels (the environment variable `FIXPOINT_ISA`) that this machine cannot
/// fulfil.
///
/// # Errors
/// One line that names what it has.
pub fn check() -> anyhow::Result<()> {
    #[cfg(feature = "simd")]
    if let Err(wish) = Isa::check_variable() {
        let sets: Vec<_> = Isa::available().map(Isa::name).collect();
        let (variable, sets) = (Isa::VARIABLE, sets.join(", "));
        anyhow::bail!("{variable} is '{wish}'; this machine has {sets}");
    }
    Ok(())
}
