//! What a run found, as a table to read (and to paste into Markdown) and as JSON.
//! Differences are taken within a round, where both sides had the same machine, and only
//! then is their median taken; `ratios` does likewise.

use serde_json::{Value, json};

use crate::{
    arguments::Arguments,
    cpu,
    machine::Setting,
    ratios::{self, Ratio},
    run::Sample,
    spread::Spread,
    table,
    targets::Target,
    variant::Variant,
};

/// All turns of one target.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) variant: Variant,
    pub(crate) token: &'static str,
    pub(crate) samples: Vec<Sample>,
}

impl Row {
    pub(crate) fn new(target: &Target<'_>) -> Self {
        Self {
            variant: target.variant,
            token: target.tokens.algorithm.as_str(),
            samples: Vec::new(),
        }
    }

    pub(crate) fn is(&self, variant: Variant, token: &str) -> bool {
        self.variant == variant && self.token == token
    }

    fn cpu(&self) -> Spread {
        Spread::of(self.samples.iter().map(|sample| sample.cpu_micros))
    }

    fn rate(&self) -> Spread {
        Spread::of(self.samples.iter().map(|sample| sample.per_second))
    }

    /// What this row costs more than another: the medians of the Envoys, of so many rounds each.
    fn by_envoy(&self, other: &Self, rounds: usize) -> Spread {
        let of_one = |(own, others): (&[Sample], &[Sample])| {
            let pairs = own.iter().zip(others);
            Spread::of(pairs.map(|(one, two)| one.cpu_micros - two.cpu_micros)).median
        };
        Spread::of(self.samples.chunks(rounds).zip(other.samples.chunks(rounds)).map(of_one))
    }

    /// The same in the calmer half of the rounds, those in which both together cost least, and what
    /// the other costs there: a machine that does something else at the time makes all differences
    /// larger. Neither row alone decides which rounds these are, so neither is favoured.
    fn in_calm(&self, other: &Self) -> (Spread, Spread) {
        let pairs = self.samples.iter().zip(&other.samples);
        let mut pairs: Vec<_> = pairs.map(|(one, two)| (one.cpu_micros, two.cpu_micros)).collect();
        pairs.sort_by(|one, two| f64::total_cmp(&(one.0 + one.1), &(two.0 + two.1)));
        pairs.truncate(pairs.len().div_ceil(2));
        let others = Spread::of(pairs.iter().map(|(_, other)| *other));
        (Spread::of(pairs.iter().map(|(own, other)| own - other)), others)
    }

    /// The CPU figures of this row and another, round by round, put through `compare`.
    pub(crate) fn against(&self, other: &Self, compare: impl Fn(f64, f64) -> f64) -> Spread {
        let pairs = self.samples.iter().zip(&other.samples);
        Spread::of(pairs.map(|(one, two)| compare(one.cpu_micros, two.cpu_micros)))
    }
}

/// Puts what one Envoy's targets did behind what those of the Envoys before it did.
pub(crate) fn append(rows: &mut Vec<Row>, measured: Vec<Row>) {
    for row in measured {
        match rows.iter_mut().find(|own| own.is(row.variant, row.token)) {
            Some(own) => own.samples.extend(row.samples),
            None => rows.push(row),
        }
    }
}

/// The rows of a run and where they were measured.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) setting: &'a Setting,
    pub(crate) arguments: &'a Arguments,
    pub(crate) rows: Vec<Row>,
}

impl Report<'_> {
    pub(crate) fn json(&self) -> Value {
        let row = |row: &Row| {
            let requests: u64 = row.samples.iter().map(|sample| sample.requests).sum();
            json!({
                "variant": row.variant.id(),
                "token": row.token,
                "cpu_micros_per_request": row.cpu().json(),
                "cpu_micros_beyond_no_filter": self.beyond(row).map(Spread::json),
                "requests_per_second": row.rate().json(),
                "requests": requests,
            })
        };
        json!({
            "benchmark": "envoy",
            "setting": self.setting.json(),
            "cpu_clock": cpu::source(),
            "envoy_workers": 1,
            "envoy_routes": self.arguments.routes,
            "connections": self.arguments.connections,
            "direct": self.arguments.direct,
            "envoys": self.arguments.envoys,
            "rounds": self.arguments.rounds,
            "seconds_per_turn": self.arguments.seconds,
            "access_log": self.arguments.access_log,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "ratios": ratios::of(&self.rows).iter().map(Ratio::json).collect::<Vec<_>>(),
        })
    }

    pub(crate) fn table(&self) -> String {
        let heading = ["variant", "token", "CPU µs/request", "beyond no filter", "requests/s"];
        let mut lines = vec![heading.map(str::to_owned)];
        lines.extend(self.rows.iter().map(|row| self.cells(row)));
        let mut text = format!("{}\n\n{}", self.preamble(), table::render(&lines, 2));
        text += &self.control();
        let ratios = ratios::of(&self.rows);
        if !ratios.is_empty() {
            let mut lines = vec![Ratio::HEADING.map(str::to_owned)];
            lines.extend(ratios.iter().map(Ratio::cells));
            text +=
                "\nCPU of one as a multiple of the other's, median of the rounds (min–max):\n\n";
            text += &table::render(&lines, 3);
        }
        text
    }

    /// What following a control service costs a request, in a line for each token; what the one call
    /// into the host costs that it takes; and what two equal rows of this run differ by.
    fn control(&self) -> String {
        let count = self.arguments.revocations;
        let following = format!("Following a control service with {count} revocations");
        let bell = "Its call into the host, in a filter that decides nothing".to_owned();
        let again = "The same a second time, in another VM".to_owned();
        [
            (Variant::OursControlled, Variant::Ours, following),
            (Variant::CallsAndBellWasmNoLog, Variant::CallsWasmNoLog, bell),
            (Variant::OursAgain, Variant::Ours, again),
        ]
        .iter()
        .flat_map(|(variant, plain, what)| {
            let rows = self.rows.iter().filter(|row| row.variant == *variant);
            rows.filter_map(|row| self.more_than(*plain, row, what))
        })
        .collect()
    }

    fn more_than(&self, plain: Variant, row: &Row, what: &str) -> Option<String> {
        let plain = self.rows.iter().find(|other| other.is(plain, row.token))?;
        let more = row.against(plain, |with, without| with - without);
        let (calm, at) = row.in_calm(plain);
        let mut text = format!(
            "\n{what}: {:+.1} µs a request ({}; quartiles {:+.1} to {:+.1}; in the calmer half of \
             the rounds {:+.1}, {:+.1} to {:+.1}, at {:.0}",
            more.median,
            row.token,
            more.lower,
            more.upper,
            calm.median,
            calm.lower,
            calm.upper,
            at.median
        );
        if self.arguments.envoys > 1 {
            let each = row.by_envoy(plain, self.arguments.rounds);
            text += &format!("; the Envoys' medians {:+.1} to {:+.1}", each.min, each.max);
        }
        Some(text + ").\n")
    }

    fn cells(&self, row: &Row) -> [String; 5] {
        let (cpu, rate) = (row.cpu(), row.rate());
        let beyond = self.beyond(row);
        [
            row.variant.title().to_owned(),
            row.token.to_owned(),
            format!("{:.1} ({:.1}–{:.1})", cpu.median, cpu.min, cpu.max),
            beyond.map_or_else(String::new, |beyond| {
                format!("{:+.1} ({:+.1} to {:+.1})", beyond.median, beyond.min, beyond.max)
            }),
            format!("{:.0} ({:.0}–{:.0})", rate.median, rate.min, rate.max),
        ]
    }

    /// What a row costs more than the same request through Envoy alone.
    fn beyond(&self, row: &Row) -> Option<Spread> {
        let bare = self.rows.iter().find(|other| other.is(Variant::NoFilter, row.token))?;
        (row.variant != Variant::NoFilter).then(|| row.against(bare, |cpu, bare| cpu - bare))
    }

    fn preamble(&self) -> String {
        let (setting, arguments) = (self.setting, self.arguments);
        let load = if arguments.direct {
            "answered by Envoy itself, many at once".to_owned()
        } else {
            format!("{} connections", arguments.connections)
        };
        let kilobytes = |bytes: u64| format!("{} kB", bytes.div_ceil(1000));
        format!(
            "{} with 1 worker, {} routes a listener; {}, {} cores, load average {} before;\n\
             {}; {} Envoys, {} rounds of {} s each, median (min–max); access log to {};\n\
             filter {}, filter that does nothing {}; CPU time from {}.",
            setting.envoy_version,
            arguments.routes,
            setting.cpu_model,
            setting.cores,
            setting.load_average,
            load,
            arguments.envoys,
            arguments.rounds,
            arguments.seconds,
            arguments.access_log.display(),
            setting.filter_bytes.map_or_else(|| "not built".to_owned(), kilobytes),
            kilobytes(setting.least_bytes),
            cpu::source(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(variant: Variant, cpu: [f64; 3]) -> Row {
        let sample = |cpu_micros| Sample { requests: 1, cpu_micros, per_second: 1.0 };
        Row { variant, token: "RS256", samples: cpu.map(sample).to_vec() }
    }

    #[test]
    fn each_envoy_has_a_median_of_its_own() {
        let (mut plain, mut more) = (Vec::new(), Vec::new());
        for (one, other) in [([10.0, 20.0, 30.0], [11.0, 21.0, 31.0]), ([1.0; 3], [0.0, 4.0, 3.0])]
        {
            append(&mut plain, vec![row(Variant::Ours, one)]);
            append(&mut more, vec![row(Variant::OursAgain, other)]);
        }
        let each = more[0].by_envoy(&plain[0], 3);
        assert_eq!((more.len(), each.min, each.max), (1, 1.0, 2.0));
    }

    #[test]
    fn a_calm_round_is_one_in_which_both_cost_little() {
        let plain = row(Variant::Ours, [10.0, 90.0, 12.0]);
        let more = row(Variant::OursAgain, [11.0, 20.0, 14.0]);
        let (calm, at) = more.in_calm(&plain);
        assert_eq!((calm.min, calm.max, at.median), (1.0, 2.0, 11.0));
    }

    #[test]
    fn rows_are_compared_within_a_round() {
        // Both grow with the machine's load from round to round; their difference does not.
        let bare = row(Variant::NoFilter, [10.0, 20.0, 30.0]);
        let ours = row(Variant::Ours, [15.0, 25.0, 36.0]);
        let beyond = ours.against(&bare, |ours, bare| ours - bare);
        assert_eq!((beyond.min, beyond.median, beyond.max), (5.0, 5.0, 6.0));
    }
}
