//! CPU time that a process has used, from Linux's `/proc`: nanoseconds per thread from
//! `schedstat` where the kernel keeps it, else clock ticks from `stat` (proc(5)).

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result};

/// What `/proc/PID/stat` counts in; Linux fixes it at 100 for user space.
const TICK: Duration = Duration::from_millis(10);

/// The CPU time that all living threads of `pid` have used so far.
pub(crate) fn used(pid: u32) -> Result<Duration> {
    let process = format!("/proc/{pid}");
    let process = Path::new(&process);
    match by_schedstat(process) {
        Some(used) => Ok(used),
        None => by_stat(process),
    }
}

/// How finely this machine counts, for the report.
pub(crate) fn source() -> &'static str {
    match by_schedstat(Path::new("/proc/self")) {
        Some(_) => "schedstat (1 ns)",
        None => "stat (10 ms)",
    }
}

fn by_schedstat(process: &Path) -> Option<Duration> {
    let mut nanos = 0;
    for thread in fs::read_dir(process.join("task")).ok()? {
        let text = fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        nanos += first_number(&text)?;
    }
    // A kernel without these statistics shows zeros, and Envoy cannot start for free.
    (nanos > 0).then(|| Duration::from_nanos(nanos))
}

fn by_stat(process: &Path) -> Result<Duration> {
    let file = process.join("stat");
    let text = fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}: did Envoy end?", file.display()))?;
    let ticks = ticks(&text).with_context(|| format!("{} has a new format", file.display()))?;
    Ok(TICK * ticks)
}

fn first_number(text: &str) -> Option<u64> {
    text.split_whitespace().next()?.parse().ok()
}

/// utime + stime: fields 14 and 15, counted behind the name, which may hold spaces.
fn ticks(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut number = || fields.next()?.parse::<u32>().ok();
    Some(number()? + number()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_ticks_are_found_behind_an_awkward_name() {
        let line = "42 (wrk:(x) y) S 1 2 3 4 5 6 7 8 9 10 300 45 0 0 20 0 3 0";
        assert_eq!(ticks(line), Some(345));
        assert_eq!(ticks("42 (envoy) S 1"), None);
    }

    #[test]
    fn work_shows_as_cpu_time() {
        let before = used(std::process::id()).unwrap();
        let spin = std::time::Instant::now();
        while spin.elapsed() < Duration::from_millis(60) {
            std::hint::black_box(spin);
        }
        assert!(used(std::process::id()).unwrap() > before);
    }
}
