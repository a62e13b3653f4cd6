//! Results of tests on the screen: what failed, with its explanation, and what was not touched.

use std::fmt::{Result, Write as _};

use tenantguard_policy::test::{CaseResult, Failed};

use super::super::explain;
use super::super::loaded::Loaded;
use super::suites::{FileTested, PolicyTested, Tested};
use crate::output::{BAD, BOLD, DIM, GOOD, WARNING, bytes_human, styled};

/// How many things without a test are listed.
const MISSING_SHOWN: usize = 20;

pub(super) fn screen(tested: &Tested) -> String {
    let mut screen = String::new();
    // Writing to a string cannot fail.
    let _ = draw(&mut screen, tested);
    screen
}

fn draw(screen: &mut String, tested: &Tested) -> Result {
    for file in &tested.files {
        if let Some(policy) = tested.policy_of(file) {
            draw_file(screen, file, &policy.loaded)?;
        }
    }
    let (all, failed) = (tested.cases().count(), tested.failed());
    let passed = format!("{} passed", all - failed);
    match failed {
        0 => writeln!(screen, "{}", styled(GOOD, passed))?,
        _ => writeln!(screen, "{}, {passed}", styled(BAD, format!("{failed} failed")))?,
    }
    match tested.is_filtered {
        true => writeln!(screen, "{}", styled(DIM, "coverage: not looked at, with --filter")),
        false => tested.policies.iter().try_for_each(|policy| coverage(screen, policy, tested.min)),
    }
}

fn draw_file(screen: &mut String, file: &FileTested, loaded: &Loaded) -> Result {
    let count = match file.results.len() {
        1 => "1 case".to_owned(),
        count => format!("{count} cases"),
    };
    let about = format!("{count} of {}, at {}", loaded.name(), file.suite.now);
    writeln!(screen, "{}  {}", styled(BOLD, file.name()), styled(DIM, about))?;
    let failed = file.results.iter().filter_map(|result| Some((result, result.failed.as_ref()?)));
    for (result, failed) in failed {
        draw_failed(screen, file, result, failed, loaded)?;
    }
    writeln!(screen)
}

fn draw_failed(
    screen: &mut String,
    file: &FileTested,
    result: &CaseResult,
    failed: &Failed,
    loaded: &Loaded,
) -> Result {
    let line = file.line(result).map_or_else(String::new, |l| format!("{}:{l}", file.name()));
    let name = bytes_human(result.name.as_bytes());
    writeln!(screen, "\n  {} {}  {}", styled(BAD, "x"), styled(BOLD, name), styled(DIM, line))?;
    let expected = result.case.expected.value.to_string();
    let (decision, code) = (result.reason.decision(), result.reason.code());
    let actual = if decision == code { code.to_owned() } else { format!("{decision}, {code}") };
    writeln!(screen, "    expected {}", styled(GOOD, expected))?;
    writeln!(screen, "    but got  {}", styled(BAD, actual))?;
    for check in failed.explanation.telling() {
        write!(screen, "  {}", explain::human::lines(check, loaded).replace("\n  ", "\n    "))?;
    }
    Ok(())
}

fn coverage(screen: &mut String, policy: &PolicyTested, min: Option<usize>) -> Result {
    let percent = policy.coverage.percent();
    let style = match min {
        Some(min) if percent < min => BAD,
        _ if percent == 100 => GOOD,
        _ => WARNING,
    };
    let parts = policy.coverage.parts().map(|(name, part)| match part.items.len() {
        0 => format!("no {name}"),
        all => format!("{} of {all} {name}", part.covered()),
    });
    let wanted = min.filter(|min| percent < *min);
    let wanted = wanted.map_or_else(String::new, |min| format!(", and {min} % is wanted"));
    let percent = styled(style, format!("{percent} %"));
    let name = policy.loaded.name();
    writeln!(screen, "coverage of {name}: {percent}{wanted} ({})", parts.join(", "))?;
    let missing: Vec<_> = policy.coverage.missing().collect();
    for (kind, item) in missing.iter().take(MISSING_SHOWN) {
        let line = policy.loaded.line(&item.place).map(|line| line.to_string());
        let name = bytes_human(item.name.as_bytes());
        writeln!(screen, "  no test of {kind} {name}  {}", styled(DIM, line.unwrap_or_default()))?;
    }
    match missing.len().checked_sub(MISSING_SHOWN) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(screen, "  and {more} more, which --format json shows"),
    }
}
