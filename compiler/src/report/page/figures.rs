//! Numbers and names as the page shows them.
//!
//! Every number that the report holds stands in a `data` element, with its exact value and with its
//! place in the report's JSON: who wants to compute with the page can.

use maud::{Markup, html};

/// A number of the report: where it stands there, and how people read it.
pub(super) fn figure(key: &str, value: f64, shown: &str) -> Markup {
    html! { data value=(value) data-key=(key) { (shown) } }
}

/// A count, in groups of three digits.
pub(super) fn count(key: &str, value: u64) -> Markup {
    figure_of_integer(key, &value.to_string())
}

/// An integer that may be beyond 64 bits.
pub(super) fn figure_of_integer(key: &str, digits: &str) -> Markup {
    html! { data value=(digits) data-key=(key) { (grouped(digits)) } }
}

/// A real number, to four digits.
pub(super) fn real(key: &str, value: f64) -> Markup {
    figure(key, value, &short(value))
}

/// A share, in percent.
pub(super) fn share(key: &str, value: f64) -> Markup {
    figure(key, value, &percent(value))
}

/// A number to four digits, with an exponent where it is far from 1.
pub(super) fn short(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 {
        "0".to_owned()
    } else if !(1e-3..1e6).contains(&magnitude) {
        format!("{value:.2e}")
    } else if magnitude >= 1000.0 {
        format!("{value:.0}")
    } else if magnitude >= 100.0 {
        format!("{value:.1}")
    } else if magnitude >= 1.0 {
        format!("{value:.3}")
    } else {
        format!("{value:.4}")
    }
}

/// A share in percent; one that is neither none nor all is never shown as such.
pub(super) fn percent(value: f64) -> String {
    let percent = 100.0 * value;
    if percent > 0.0 && percent < 0.005 {
        return "below 0.01 %".to_owned();
    }
    if percent < 100.0 && percent > 99.995 {
        return "above 99.99 %".to_owned();
    }
    format!("{percent:.2} %")
}

/// An integer in groups of three digits: `1234567` as `1,234,567`.
pub fn grouped(number: impl ToString) -> String {
    let digits = number.to_string();
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", digits.as_str()),
    };
    let mut text = String::from(sign);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `[1, 8, 8]` as `1x8x8`.
pub(super) fn shape(dimensions: &[usize]) -> String {
    let texts: Vec<String> = dimensions.iter().map(ToString::to_string).collect();
    texts.join("\u{d7}")
}

/// A text of the model without characters that are invisible or turn the text around them: those are
/// escaped by nobody.
pub(super) fn clean(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c,
                '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}')
    };
    text.chars()
        .map(|c| if hidden(c) { '\u{fffd}' } else { c })
        .collect()
}

/// A name, or that there is none.
pub(super) fn shown(name: &str) -> String {
    if name.is_empty() {
        "(no name)".to_owned()
    } else {
        clean(name)
    }
}

/// The beginning of a text that is too long for its place.
pub(super) fn shortened(text: &str, most: usize) -> String {
    let text = clean(text);
    if text.chars().count() <= most {
        return text;
    }
    let start: String = text.chars().take(most - 1).collect();
    format!("{start}\u{2026}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_read_them() {
        let reals = [
            0.0,
            0.000_123_4,
            0.012_345,
            1.234_56,
            -123.456,
            1234.5,
            1.5e9,
        ];
        let shown = [
            "0", "1.23e-4", "0.0123", "1.235", "-123.5", "1234", "1.50e9",
        ];
        assert_eq!(reals.map(short), shown);
        assert_eq!(
            [0.0, 1e-7, 0.9876, 0.999_999_9, 1.0].map(percent),
            [
                "0.00 %",
                "below 0.01 %",
                "98.76 %",
                "above 99.99 %",
                "100.00 %",
            ]
        );
        assert_eq!(
            ["1", "1234", "1234567"].map(grouped),
            ["1", "1,234", "1,234,567"]
        );
    }

    #[test]
    fn nothing_invisible_is_left_of_a_name() {
        assert_eq!(
            clean("a\u{202e}b\u{0}c\u{200b}\nd"),
            "a\u{fffd}b\u{fffd}c\u{fffd}\u{fffd}d"
        );
        assert_eq!(clean("conv_1/weiß 😀"), "conv_1/weiß 😀");
        assert_eq!(shortened("0123456789", 6), "01234\u{2026}");
        assert_eq!(shortened("ööö", 3), "ööö");
    }
}
