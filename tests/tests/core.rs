//! The corpus through the core as a library: one test a case.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use libtest_mimic::{Arguments, Failed, Trial};
use tenantguard_e2e::core_run;
use tenantguard_e2e::corpus::{Corpus, Runner, Setting};
use tenantguard_e2e::verdict::differences;

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::from_args();
    let corpus = Corpus::load()?;
    let mut gates = BTreeMap::new();
    for (name, table) in &corpus.tables {
        let gate = core_run::gate(&Setting::of(table, core_run::NOW)?);
        gates.insert(name.as_str(), Arc::new(gate.with_context(|| name.clone())?));
    }
    let personas = Arc::new(corpus.personas.clone());
    let trial = |(table, case): (&str, &tenantguard_e2e::corpus::Case)| {
        let (gate, personas, case) = (gates[table].clone(), personas.clone(), case.clone());
        Trial::test(format!("{table}: {}", case.name), move || {
            let outcome = core_run::run(&gate, &case, &personas)?;
            match differences(&case.expect, &outcome) {
                found if found.is_empty() => Ok(()),
                found => Err(Failed::from(found.join("\n"))),
            }
        })
    };
    let trials = corpus.cases(Runner::Core).map(trial).collect();
    Ok(libtest_mimic::run(&arguments, trials).exit_code())
}
