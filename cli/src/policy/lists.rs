//! Doors and long lists of names on a screen.

use std::fmt::Write as _;

use tenantguard_policy::reach::Door;

use crate::output::{BOLD, styled};

/// How many names of a long list are shown.
const SHOWN: usize = 6;

/// How wide lines may be.
pub(super) fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0)).max(40)
}

/// A blank line and a heading.
pub(super) fn section(screen: &mut String, title: &str) -> std::fmt::Result {
    writeln!(screen, "\n{}", styled(BOLD, title))
}

/// `GET /path`, with its hosts if it is for some only.
pub(super) fn door(door: &Door) -> String {
    format!("{} {}{}", door.method, hosts(&door.hosts), door.route)
}

/// What stands before a path that is for some hosts only.
pub(super) fn hosts(hosts: &[String]) -> String {
    match hosts {
        [] => String::new(),
        [one] => one.clone(),
        several => format!("({})", several.join("|")),
    }
}

/// The first names of a list, and how many more there are.
pub(super) fn short(names: &[String]) -> String {
    if names.len() <= SHOWN + 1 {
        return names.join(", ");
    }
    let shown: Vec<&str> = names.iter().take(SHOWN).map(String::as_str).collect();
    format!("{} and {} more", shown.join(", "), thousands(names.len() - SHOWN))
}

/// `9,994`.
pub(super) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (digit, left) in digits.chars().zip((1..=digits.len()).rev()) {
        out.push(digit);
        if left > 1 && left % 3 == 1 {
            out.push(',');
        }
    }
    out
}

/// `1 role`, `2 roles`.
pub(super) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{} {what}s", thousands(number)),
    }
}

/// A list, broken after commas where it would leave the screen; further lines begin at `indent`.
pub(super) fn wrapped(list: &str, indent: usize) -> String {
    let limit = width().saturating_sub(indent).max(20);
    let mut out = String::new();
    let mut used = 0;
    for item in list.split_inclusive(", ") {
        let length = item.trim_end().chars().count();
        if used > 0 && used + length > limit {
            out.truncate(out.trim_end().len());
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            used = 0;
        }
        out.push_str(item);
        used += item.chars().count();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_lists_are_for_reading() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), text);
        }
        let names = |n: usize| (0..n).map(|n| format!("t{n}")).collect::<Vec<_>>();
        assert_eq!(short(&names(2)), "t0, t1");
        assert_eq!(short(&names(7)), "t0, t1, t2, t3, t4, t5, t6");
        assert_eq!(short(&names(10_000)), "t0, t1, t2, t3, t4, t5 and 9,994 more");
    }
}
