//! The corpus through the core as wasm32, under Node: one test a table. Natively there is nothing
//! here; `tests/core.rs` runs the same cases.

#![cfg(target_arch = "wasm32")]

use tenantguard_e2e::core_run;
use tenantguard_e2e::corpus::{Corpus, Runner, Setting};
use tenantguard_e2e::verdict::differences;
use wasm_bindgen_test::wasm_bindgen_test;

include!(concat!(env!("OUT_DIR"), "/corpus_wasm_tests.rs"));

fn run_table(name: &str) {
    let corpus = Corpus::load().unwrap();
    let (_, table) = corpus.tables.iter().find(|(own, _)| own == name).unwrap();
    let gate = core_run::gate(&Setting::of(table, core_run::NOW).unwrap()).unwrap();
    let mut failures = Vec::new();
    for (_, case) in corpus.cases(Runner::Core).filter(|(table, _)| *table == name) {
        let outcome = core_run::run(&gate, case, &corpus.personas).unwrap();
        let found = differences(&case.expect, &outcome);
        if !found.is_empty() {
            failures.push(format!("{}: {}", case.name, found.join("; ")));
        }
    }
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}
