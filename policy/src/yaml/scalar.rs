//! What a plain scalar means, by the core schema (YAML 1.2.2, section 10.3.2).

use crate::tree::Kind;

/// The value of a plain scalar. `None` for `.inf` and `.nan`,
/// which JSON cannot say.
pub(super) fn plain_scalar(text: &str) -> Option<Kind> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ => match integer(text).or_else(|| float(text)) {
            Some(number) => return number,
            None => Kind::Text(text.to_owned()),
        },
    })
}

fn integer(text: &str) -> Option<Option<Kind>> {
    let is_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let value = if let Some(octal) = text.strip_prefix("0o") {
        i64::from_str_radix(octal, 8).ok().filter(|_| is_digits(octal))?
    } else if let Some(hex) = text.strip_prefix("0x") {
        let is_hex = hex.bytes().all(|b| b.is_ascii_hexdigit());
        i64::from_str_radix(hex, 16).ok().filter(|_| is_hex)?
    } else {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        text.parse().ok().filter(|_| is_digits(digits))?
    };
    Some(Some(Kind::Integer(value)))
}

/// The outer `None`: not a float. The inner one: a float that is not finite.
fn float(text: &str) -> Option<Option<Kind>> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Some(None);
    }
    // Rust's own syntax is wider: it has `inf` and `infinity`, but everything else is the same.
    let is_float = unsigned
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'))
        && unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let value: f64 = text.parse().ok().filter(|_| is_float)?;
    Some(value.is_finite().then_some(Kind::Float(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_follow_the_core_schema() {
        let text = |t: &str| Some(Kind::Text(t.to_owned()));
        for (written, kind) in [
            ("~", Some(Kind::Null)),
            ("", Some(Kind::Null)),
            ("True", Some(Kind::Bool(true))),
            ("yes", text("yes")),
            ("no", text("no")),
            ("-12", Some(Kind::Integer(-12))),
            ("0o17", Some(Kind::Integer(15))),
            ("0xfF", Some(Kind::Integer(255))),
            ("017", Some(Kind::Integer(17))),
            ("0x-1", text("0x-1")),
            ("0o", text("0o")),
            ("1_000", text("1_000")),
            ("1.5e3", Some(Kind::Float(1500.0))),
            (".5", Some(Kind::Float(0.5))),
            ("1e", text("1e")),
            (".", text(".")),
            ("inf", text("inf")),
            ("10m", text("10m")),
            ("2026-01-01T00:00:00Z", text("2026-01-01T00:00:00Z")),
            ("99999999999999999999", Some(Kind::Float(1e20))),
            ("-.inf", None),
            (".nan", None),
            ("1e999", None),
        ] {
            assert_eq!(plain_scalar(written), kind, "{written}");
        }
    }
}
