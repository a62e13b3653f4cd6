//! Time as the core sees it: handed in by the shell, never read.

use std::fmt;
use std::time::Duration;

/// A moment on the wall clock, in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnixTime {
    millis: u64,
}

impl UnixTime {
    /// From whole seconds since the epoch.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self { millis: secs.saturating_mul(1000) }
    }

    /// From the time since the epoch.
    #[must_use]
    pub fn from_duration(since_epoch: Duration) -> Self {
        Self { millis: millis(since_epoch) }
    }

    /// Reads a moment as RFC 3339 writes it (section 5.6), such as `2026-01-01T00:00:00Z`. `None`
    /// if it is none, before 1970, in a leap second, or finer than milliseconds.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (date, rest) = text.split_once('T')?;
        let (clock, rest) = rest.split_at_checked("00:00:00".len())?;
        let [year, month, day] = digits(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = digits(clock, ':', [2, 2, 2])?;
        let days = days_from_civil(year, month, day)?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let (millis, offset) = match rest.strip_prefix('.') {
            Some(rest) => {
                let (fraction, offset) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
                let [thousandths] = digits(&format!("{fraction:0<3}"), ' ', [3])?;
                (thousandths, Some(offset).filter(|_| !fraction.is_empty())?)
            }
            None => (0, rest),
        };
        let local = ((days * 24 + hour) * 60 + minute) * 60 + second;
        let secs = local.checked_add_signed(-offset_secs(offset)?)?;
        Some(Self { millis: secs * 1000 + millis })
    }

    /// This much later, or the end of time.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self { millis: self.millis.saturating_add(millis(duration)) }
    }

    /// This much earlier, or the epoch.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self { millis: self.millis.saturating_sub(millis(duration)) }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.millis
    }

    /// Whole seconds since the epoch, rounded down, as a token's `exp` counts them.
    #[must_use]
    pub const fn as_secs(self) -> u64 {
        self.millis / 1000
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for UnixTime {
    /// RFC 3339 in UTC with milliseconds: `2026-01-01T00:00:00.000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secs = self.as_secs();
        let (year, month, day) = civil_from_days(secs / 86_400);
        let (hour, minute, second) = (secs / 3600 % 24, secs / 60 % 60, secs % 60);
        let millis = self.millis % 1000;
        // In one piece, because a time stands in every record.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let places =
            [(3, year), (6, month), (9, day), (12, hour), (15, minute), (18, second), (22, millis)];
        for (last, number) in places {
            put(&mut text, last, number);
        }
        match std::str::from_utf8(&text) {
            Ok(text) if year <= 9999 => f.write_str(text),
            _ => write!(
                f,
                "{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
            ),
        }
    }
}

/// Puts the digits of a number over the zeros that end at `last`.
fn put(text: &mut [u8], last: usize, number: u64) {
    let mut rest = number;
    for digit in text.iter_mut().take(last + 1).rev() {
        if rest == 0 || !digit.is_ascii_digit() {
            break;
        }
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
}

/// Numbers of exactly these many digits, with a separator between.
fn digits<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u64; N]> {
    let mut parts = text.split(separator);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next().filter(|p| p.len() == width)?;
        *number = part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())??;
    }
    parts.next().is_none().then_some(numbers)
}

/// The offset from UTC: `Z`, `+02:00`, `-05:30`.
fn offset_secs(text: &str) -> Option<i64> {
    let (sign, offset) = match text.split_at_checked(1)? {
        ("Z", "") => return Some(0),
        ("+", offset) => (1, offset),
        ("-", offset) => (-1, offset),
        _ => return None,
    };
    let [hours, minutes] = digits(offset, ':', [2, 2])?;
    let secs = i64::try_from((hours * 60 + minutes) * 60).ok()?;
    (hours < 24 && minutes < 60).then_some(sign * secs)
}

/// The days from the epoch to a date, if there is such a date.
fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let march_year = if month <= 2 { year.checked_sub(1)? } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day.checked_sub(1)?;
    let day_of_era =
        march_year % 400 * 365 + march_year % 400 / 4 - march_year % 400 / 100 + day_of_year;
    let days = (march_year / 400 * 146_097 + day_of_era).checked_sub(719_468)?;
    (civil_from_days(days) == (year, month, day)).then_some(days)
}

/// Year, month and day of a day since the epoch in the proleptic Gregorian calendar, counting
/// years from March so that the leap day comes last.
fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let since_march_0 = days + 719_468;
    let era = since_march_0 / 146_097;
    let day_of_era = since_march_0 % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year, month, day)
}

/// Both clocks at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// The wall clock: what a token's times are compared with.
    pub wall: UnixTime,
    /// The monotonic clock: what leases and deadlines are counted on. Its zero means nothing.
    pub monotonic: Duration,
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_moment_is_written_as_rfc_3339() {
        for (secs, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_767_225_599, "2025-12-31T23:59:59.000Z"),
            (1_800_000_000, "2027-01-15T08:00:00.000Z"),
            (4_102_444_800, "2100-01-01T00:00:00.000Z"),
            (253_402_300_799, "9999-12-31T23:59:59.000Z"),
            (253_402_300_800, "10000-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(UnixTime::from_secs(secs).to_string(), text);
        }
        let time = UnixTime::from_duration(Duration::from_millis(1_234));
        assert_eq!(time.to_string(), "1970-01-01T00:00:01.234Z");
    }

    #[test]
    fn a_moment_is_read_as_rfc_3339_writes_it() {
        for (text, read) in [
            ("1970-01-01T00:00:00Z", Some("1970-01-01T00:00:00.000Z")),
            ("2024-02-29T23:59:59.5Z", Some("2024-02-29T23:59:59.500Z")),
            ("2026-01-01T00:30:00.123+02:00", Some("2025-12-31T22:30:00.123Z")),
            ("2026-01-01T00:00:00-05:30", Some("2026-01-01T05:30:00.000Z")),
            ("9999-12-31T23:59:59Z", Some("9999-12-31T23:59:59.000Z")),
            ("2100-03-01T00:00:00Z", Some("2100-03-01T00:00:00.000Z")),
            ("1969-12-31T23:59:59Z", None),
            ("1970-01-01T00:00:00+00:01", None),
            ("2023-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-00-01T00:00:00Z", None),
            ("2026-01-00T00:00:00Z", None),
            ("2026-04-31T00:00:00Z", None),
            ("2026-01-01T24:00:00Z", None),
            ("2026-01-01T00:60:00Z", None),
            ("2026-12-31T23:59:60Z", None),
            ("2026-01-01T00:00:00.1234Z", None),
            ("2026-01-01T00:00:00.Z", None),
            ("2026-01-01T00:00:00", None),
            ("2026-01-01T00:00:00z", None),
            ("2026-01-01 00:00:00Z", None),
            ("2026-01-01T00:00Z", None),
            ("2026-01-01T00:00:00+0200", None),
            ("2026-01-01T00:00:00+24:00", None),
            ("2026-1-1T00:00:00Z", None),
            ("2026-01-01", None),
            ("+026-01-01T00:00:00Z", None),
            ("2026-01-01T0é:00:00Z", None),
            ("", None),
        ] {
            let found = UnixTime::parse(text).map(|time| time.to_string());
            assert_eq!(found.as_deref(), read, "{text}");
        }
    }
}
