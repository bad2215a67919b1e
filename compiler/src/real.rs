//! Functions of real numbers that give the same bits on every machine.
//!
//! The standard library takes `exp` and its like from the platform, and platforms round differently
//! in the last place: enough for another range, another scale and another model. `libm` computes
//! them by IEEE additions, products and quotients in a fixed order. Those, `sqrt`, roundings, and
//! `powi` of 2 and 10 with a small exponent are exact or correctly rounded everywhere, so they are
//! used as methods.

pub(crate) use libm::{
    acos, acosh, asin, asinh, atan, atanh, cos, cosh, exp, exp2, expm1 as exp_m1, log as ln,
    log1p as ln_1p, log2, pow as powf, sin, sinh, tan, tanh,
};

/// `x` to a whole power, by squaring.
pub(crate) fn powi(x: f64, exponent: i32) -> f64 {
    let (mut square, mut left, mut product) = (x, exponent.unsigned_abs(), 1.0);
    while left > 0 {
        if left & 1 == 1 {
            product *= square;
        }
        square *= square;
        left >>= 1;
    }
    if exponent < 0 { 1.0 / product } else { product }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_powers() {
        for x in [0.0, 1.0, -1.5, 3.25, 1e-3] {
            assert_eq!(powi(x, 0).to_bits(), 1f64.to_bits());
            assert_eq!(powi(x, 1).to_bits(), x.to_bits());
            assert_eq!(powi(x, 3).to_bits(), (x * (x * x)).to_bits());
            assert_eq!(powi(x, -2).to_bits(), (1.0 / (x * x)).to_bits());
        }
        assert_eq!(powi(2.0, i32::MIN).to_bits(), 0f64.to_bits());
    }

    /// No function that platforms round differently stands in the compiler.
    #[test]
    fn none_of_the_platforms_functions_is_called() {
        let names = [
            "exp", "exp2", "exp_m1", "ln", "ln_1p", "log", "log2", "log10", "powf", "cbrt",
            "hypot", "sin", "cos", "tan", "sin_cos", "asin", "acos", "atan", "atan2", "sinh",
            "cosh", "tanh", "asinh", "acosh", "atanh", "mul_add",
        ];
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![root];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                // Tests may use what they like: in a file of their own, or at a file's end.
                if path.ends_with("tests.rs") {
                    continue;
                }
                files += 1;
                let text = std::fs::read_to_string(&path).expect("a source file");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                for name in names {
                    for call in [
                        format!(".{name}("),
                        format!("f64::{name}"),
                        format!("f32::{name}"),
                    ] {
                        let found = code.match_indices(&call).any(|(at, _)| {
                            let next = code[at + call.len()..].chars().next();
                            call.ends_with('(')
                                || !next.is_some_and(|next| next.is_alphanumeric() || next == '_')
                        });
                        assert!(!found, "{}: {call}", path.display());
                    }
                }
            }
        }
        assert!(files > 50, "{files} files");
    }
}
