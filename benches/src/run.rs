//! The rounds: every target warms up once, then all take turns, each round starting with
//! another one and every other round backwards, so that no variant always runs first or
//! behind the same neighbour.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::{arguments::Arguments, cpu, load::Generator, report::Row, targets::Target};

/// Fills connection pools and caches, and lets V8 compile what is hot.
const WARM_UP: Duration = Duration::from_secs(1);

/// One turn of one target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) cpu_micros: f64,
    pub(crate) per_second: f64,
}

pub(crate) fn rounds(arguments: &Arguments, targets: &[Target<'_>], pid: u32) -> Result<Vec<Row>> {
    let mut generators =
        targets.iter().map(|target| open(arguments, target)).collect::<Result<Vec<_>>>()?;
    let mut rows: Vec<Row> = targets.iter().map(Row::new).collect();

    eprintln!("warming up {} targets", targets.len());
    for (generator, target) in generators.iter_mut().zip(targets) {
        generator.run(WARM_UP).with_context(|| target.variant.id())?;
    }
    let time = Duration::from_secs_f64(arguments.seconds);
    for round in 0..arguments.rounds {
        eprintln!("round {} of {}", round + 1, arguments.rounds);
        for turn in 0..targets.len() {
            let turn = if round % 2 == 0 { turn } else { targets.len() - 1 - turn };
            let next = (turn + round) % targets.len();
            if let (Some(generator), Some(row)) = (generators.get_mut(next), rows.get_mut(next)) {
                let sample = sample(generator, time, pid);
                row.samples.push(sample.with_context(|| row.variant.id())?);
            }
        }
    }
    Ok(rows)
}

fn open(arguments: &Arguments, target: &Target<'_>) -> Result<Generator> {
    Generator::open(arguments, target.port, &target.tokens.good)
}

fn sample(generator: &mut Generator, time: Duration, pid: u32) -> Result<Sample> {
    let before = cpu::used(pid)?;
    let load = generator.run(time)?;
    let used = cpu::used(pid)?.saturating_sub(before);
    ensure!(load.requests > 0, "not one request was answered in time");
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52 requests")]
    let requests = load.requests as f64;
    Ok(Sample {
        requests: load.requests,
        cpu_micros: used.as_secs_f64() * 1e6 / requests,
        per_second: requests / load.elapsed.as_secs_f64(),
    })
}
