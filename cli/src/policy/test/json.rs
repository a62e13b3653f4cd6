//! Results of tests as JSON.

use serde_json::{Value, json};
use tenantguard_policy::test::CaseResult;

use super::super::explain;
use super::super::loaded::Loaded;
use super::suites::{FileTested, PolicyTested, Tested};

pub(super) fn value(tested: &Tested) -> Value {
    let (all, failed) = (tested.cases().count(), tested.failed());
    let files =
        tested.files.iter().filter_map(|file| Some(file_json(file, tested.policy_of(file)?)));
    let coverage =
        (!tested.is_filtered).then(|| tested.policies.iter().map(coverage_json).collect::<Value>());
    json!({
        "ok": tested.is_good(),
        "passed": all - failed,
        "failed": failed,
        "min": tested.min,
        "files": files.collect::<Value>(),
        "coverage": coverage,
    })
}

fn file_json(file: &FileTested, policy: &PolicyTested) -> Value {
    let cases = file.results.iter().map(|result| case_json(file, result, &policy.loaded));
    json!({
        "file": file.name(),
        "policy": policy.loaded.name(),
        "now": file.suite.now.to_string(),
        "cases": cases.collect::<Value>(),
    })
}

fn case_json(file: &FileTested, result: &CaseResult, loaded: &Loaded) -> Value {
    let why = result.failed.as_ref().map(|failed| {
        let checks = failed.explanation.telling();
        checks.map(|check| explain::json::check_json(check, loaded)).collect::<Value>()
    });
    json!({
        "name": result.name,
        "ok": result.failed.is_none(),
        "line": file.line(result),
        "expected": result.case.expected.value.to_string(),
        "decision": result.reason.decision(),
        "reason": result.reason.code(),
        "status": result.reason.status(),
        "checks": why,
    })
}

fn coverage_json(policy: &PolicyTested) -> Value {
    let mut value = json!({"policy": policy.loaded.name(), "percent": policy.coverage.percent()});
    let missing = policy.coverage.missing().map(|(kind, item)| {
        let line = policy.loaded.line(&item.place);
        json!({
            "kind": kind,
            "name": item.name,
            "file": line.as_ref().map(|line| line.file.as_str()),
            "line": line.as_ref().map(|line| line.line),
        })
    });
    let missing = missing.collect::<Value>();
    if let Some(object) = value.as_object_mut() {
        for (name, part) in policy.coverage.parts() {
            let counts = json!({"covered": part.covered(), "all": part.items.len()});
            object.insert(name.to_owned(), counts);
        }
        object.insert("missing".to_owned(), missing);
    }
    value
}
