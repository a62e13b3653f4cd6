//! Before anything is timed: does each variant decide what it claims to decide? A guard
//! that lets everything pass would win every comparison.

use anyhow::{Context as _, Result, ensure};

use crate::{http::Connection, load, run::Target};

/// A good token passes; no token, and a tenant that nobody knows, are refused by the
/// variants that guard and ignored by those that do not.
pub(crate) fn check(target: &Target<'_>) -> Result<()> {
    let guarded = |status| if target.variant.guards() { status } else { 200 };
    let tokens = target.tokens;
    for (what, token, expected) in [
        ("a good token", Some(tokens.good.as_str()), 200),
        ("no token", None, guarded(401)),
        ("an unknown tenant", Some(tokens.foreign.as_str()), guarded(403)),
    ] {
        let case = format!("{} with {what} ({})", target.variant.id(), tokens.algorithm);
        let answer = Connection::open(target.port)?
            .exchange(&load::request(token))
            .with_context(|| case.clone())?;
        ensure!(
            answer.status == expected,
            "{case} answered {} instead of {expected}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.body)
        );
    }
    Ok(())
}
