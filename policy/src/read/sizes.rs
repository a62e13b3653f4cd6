//! Sizes in bytes, such as `8KiB`, and plain counts.

use std::ops::RangeInclusive;

use super::fields::At;
use super::values;
use crate::finding::{Code, Finding};
use crate::place::Quoted;
use crate::report::Report;
use crate::tree::Kind;

pub(super) const KIBIBYTE: u64 = 1024;
pub(super) const MEBIBYTE: u64 = 1024 * KIBIBYTE;
const GIBIBYTE: u64 = 1024 * MEBIBYTE;
/// The largest limit that a body may be given.
const LARGEST_BODY: u64 = 1024 * GIBIBYTE;

/// The units, the longest suffix first.
const UNITS: [(&str, u64); 4] = [("GiB", GIBIBYTE), ("MiB", MEBIBYTE), ("KiB", KIBIBYTE), ("B", 1)];

/// A size within `range`, in bytes.
pub(super) fn bytes(at: &At<'_>, range: RangeInclusive<u64>, report: &mut Report) -> Option<u64> {
    let text = values::text(at, "a size such as 8KiB", report)?;
    if let Some(size) = parse(text).filter(|size| range.contains(size)) {
        return Some(size);
    }
    let message = match parse(text) {
        Some(_) => format!("{} is out of bounds", Quoted(text)),
        None => format!("{} is not a size", Quoted(text)),
    };
    let help = format!(
        "write a whole number and a unit (B, KiB, MiB, GiB), from {} to {}",
        shown(*range.start()),
        shown(*range.end())
    );
    report.push(Finding::new(Code::InvalidSize, at.place(), message).help(help));
    None
}

/// The longest body.
pub(super) fn body(at: &At<'_>, report: &mut Report) -> Option<u64> {
    bytes(at, 1..=LARGEST_BODY, report)
}

/// A whole number within `range`.
pub(super) fn count(at: &At<'_>, range: RangeInclusive<u32>, report: &mut Report) -> Option<u32> {
    let Kind::Integer(number) = at.node.kind else {
        return at.wrong_type("a whole number", report);
    };
    let count = u32::try_from(number).ok().filter(|count| range.contains(count));
    if count.is_none() {
        let message = format!("{number} is out of bounds");
        let help = format!("write a number from {} to {}", range.start(), range.end());
        report.push(Finding::new(Code::InvalidSize, at.place(), message).help(help));
    }
    count
}

fn parse(text: &str) -> Option<u64> {
    let split = |(suffix, unit): &(&str, u64)| Some((text.strip_suffix(suffix)?, *unit));
    let (digits, unit) = UNITS.iter().find_map(split)?;
    let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| digits.parse::<u64>().ok()?.checked_mul(unit))?
}

/// In the largest unit that fits.
fn shown(size: u64) -> String {
    let fits = |(_, unit): &&(&str, u64)| size >= *unit && size.is_multiple_of(*unit);
    let (suffix, unit) = UNITS.iter().find(fits).unwrap_or(&("B", 1));
    format!("{}{suffix}", size / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_a_whole_number_and_a_unit() {
        for (text, size) in [
            ("0B", Some(0)),
            ("512B", Some(512)),
            ("8KiB", Some(8_192)),
            ("1MiB", Some(1_048_576)),
            ("2GiB", Some(2_147_483_648)),
            ("", None),
            ("KiB", None),
            ("8", None),
            ("8KB", None),
            ("8 KiB", None),
            ("-1B", None),
            ("+1B", None),
            ("1.5MiB", None),
            ("99999999999999999999B", None),
            ("18446744073709551615GiB", None),
            ("8é", None),
        ] {
            assert_eq!(parse(text), size, "{text}");
        }
    }

    #[test]
    fn a_size_is_shown_in_the_largest_unit_that_fits() {
        for size in ["0B", "64B", "1KiB", "8MiB", "1025KiB", "1024GiB"] {
            assert_eq!(shown(parse(size).unwrap()), size);
        }
    }
}
