//! Numbers and types as people read them.

pub use fixpoint_compiler::report::page::grouped;
use fixpoint_runtime::tensor::TensorType;

/// `[1, 8, 8, 1]` as `1x8x8x1`; a scalar as `scalar`.
pub fn shape(dimensions: &[u32]) -> String {
    if dimensions.is_empty() {
        return "scalar".into();
    }
    dimensions
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join("x")
}

/// `i8 1x8x8x1`.
pub fn tensor(tensor: &TensorType) -> String {
    format!("{:?} {}", tensor.dtype, shape(&tensor.shape)).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_of_three() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(-1_234_567), "-1,234,567");
    }
}
