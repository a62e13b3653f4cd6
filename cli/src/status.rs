//! `tenantguard status`: where the feed stands, what the store promises, and how far each proxy is.

use std::io::Write;

use clap::Args;
use tenantguard_service::http::{ProxyBody, Status};

use crate::Outcome;
use crate::control::{Client, Options};
use crate::failure::Failure;
use crate::output::{BAD, BOLD, DIM, Format, GOOD, WARNING, bytes_human, styled};

const EXAMPLES: &str = "\
Examples:
  tenantguard status
  tenantguard status --format json | jq '.proxies[] | select(.state == \"silent\")'

Exit codes: 0 all is well, 1 the store does not answer or a proxy is silent, 2 could not run.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// For people, or one JSON object
    #[arg(long, value_name = "human|json", default_value_t, hide_possible_values = true)]
    #[arg(value_enum)]
    format: Format,
    #[command(flatten)]
    control: Options,
}

pub(crate) fn run(arguments: Arguments) -> Result<Outcome, Failure> {
    let status: Status = Client::new(&arguments.control)?.get("/v1/status")?;
    let mut out = anstream::stdout().lock();
    match arguments.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(&status).unwrap_or_default())?,
        Format::Human => screen(&mut out, &status)?,
    }
    let is_well = status.store.is_up && status.proxies.iter().all(|proxy| proxy.state == "fresh");
    Ok(if is_well { Outcome::Good } else { Outcome::Bad })
}

fn screen(out: &mut impl Write, status: &Status) -> Result<(), Failure> {
    let Status { position, epoch, entries, store, lease_ms, policy, proxies, version } = status;
    let label = |text: &str| styled(BOLD, format!("{text:<10}"));
    writeln!(out, "{}{version}", label("service"))?;
    let entries = if *entries == 1 { "1 entry".into() } else { format!("{entries} entries") };
    let place = styled(DIM, position);
    writeln!(out, "{}epoch {epoch}, {entries} in force", label("feed"))?;
    writeln!(out, "{}{place}", label(""))?;
    let name = bytes_human(store.name.as_bytes());
    match &store.trouble {
        None => writeln!(out, "{}{name}, {}", label("store"), styled(GOOD, "up"))?,
        Some(trouble) => {
            writeln!(out, "{}{name}, {}", label("store"), styled(BAD, "down"))?;
            let own = trouble.strip_prefix(&store.name).unwrap_or(trouble).trim_start();
            let trouble = format!("it {own}; what is served is {} old", span(store.age_ms));
            for line in lines(&trouble) {
                writeln!(out, "{}{line}", label(""))?;
            }
        }
    }
    for sentence in &store.durability {
        for line in lines(sentence) {
            writeln!(out, "{}{}", label(""), styled(DIM, line))?;
        }
    }
    if store.journalled > 0 {
        let note = format!("{} commits wait in the journal for Redis", store.journalled);
        writeln!(out, "{}{}", label(""), styled(WARNING, note))?;
    }
    if store.regressions > 0 {
        let note = format!("Redis lost acknowledged writes {} times; restored", store.regressions);
        writeln!(out, "{}{}", label(""), styled(WARNING, note))?;
    }
    if let Some(policy) = policy {
        writeln!(out, "{}{}", label("policy"), styled(DIM, policy))?;
    }
    writeln!(out, "{}{}", label("lease"), span(*lease_ms))?;
    table(out, proxies)
}

fn table(out: &mut impl Write, proxies: &[ProxyBody]) -> Result<(), Failure> {
    if proxies.is_empty() {
        writeln!(out, "\nno proxy follows the feed")?;
        return Ok(());
    }
    let names: Vec<String> =
        proxies.iter().map(|proxy| bytes_human(proxy.proxy.as_bytes())).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(5);
    let head = format!("{:<width$}  {:<6}  {:>10}  {:>9}", "PROXY", "STATE", "BEHIND", "HEARD");
    writeln!(out, "\n{}", styled(BOLD, head))?;
    for (name, proxy) in names.iter().zip(proxies) {
        let style = if proxy.state == "fresh" { GOOD } else { BAD };
        let state = styled(style, format!("{:<6}", proxy.state));
        let behind = match (&proxy.position, proxy.behind) {
            (_, Some(behind)) => behind.to_string(),
            (None, None) => "no copy".to_owned(),
            (Some(_), None) => "elsewhere".to_owned(),
        };
        let heard = format!("{} ago", span(proxy.silent_for_ms));
        writeln!(out, "{name:<width$}  {state}  {behind:>10}  {heard:>9}")?;
    }
    Ok(())
}

/// As many words on a line as there is room for beside the labels.
fn lines(text: &str) -> Vec<String> {
    let width = terminal_size::terminal_size().map_or(100, |(width, _)| usize::from(width.0));
    let room = width.saturating_sub(10).max(40);
    let mut lines: Vec<String> = Vec::new();
    for word in bytes_human(text.as_bytes()).split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

fn span(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..60_000 if millis % 1000 < 100 => format!("{} s", millis / 1000),
        1_000..60_000 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        60_000..3_600_000 => format!("{} min", millis / 60_000),
        _ => format!("{} h", millis / 3_600_000),
    }
}
