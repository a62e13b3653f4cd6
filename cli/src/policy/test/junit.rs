//! Results of tests as JUnit XML, which build servers read: a suite for each file, a case for each
//! cell, and, with --min, a case for the coverage.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use tenantguard_policy::test::CaseResult;

use super::super::explain;
use super::super::loaded::Loaded;
use super::suites::{FileTested, PolicyTested, Tested};
use crate::failure::Failure;

pub(super) fn report(tested: &Tested) -> Result<String, Failure> {
    let mut report = Report::new("tenantguard policy test");
    for file in &tested.files {
        let Some(policy) = tested.policy_of(file) else { continue };
        let mut suite = TestSuite::new(file.name());
        let cases = file.results.iter().map(|result| case(file, result, &policy.loaded));
        suite.add_test_cases(cases);
        report.add_test_suite(suite);
    }
    if let Some(min) = tested.min {
        let mut suite = TestSuite::new("coverage");
        suite.add_test_cases(tested.policies.iter().map(|policy| coverage(policy, min)));
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|error| Failure::Output(std::io::Error::other(error)))
}

fn case(file: &FileTested, result: &CaseResult, loaded: &Loaded) -> TestCase {
    let status = match &result.failed {
        None => TestCaseStatus::success(),
        Some(failed) => {
            let (expected, reason) = (result.case.expected.value, result.reason);
            let why: String = failed
                .explanation
                .telling()
                .map(|check| explain::human::lines(check, loaded))
                .collect();
            let line =
                file.line(result).map_or_else(String::new, |l| format!("{}:{l}\n", file.name()));
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(format!("expected {expected}, got {reason}"));
            status.set_type(reason.code());
            // No colours in a file.
            status
                .set_description(anstream::adapter::strip_str(&format!("{line}{why}")).to_string());
            status
        }
    };
    let mut case = TestCase::new(result.name.as_str(), status);
    case.set_classname(file.name());
    case
}

fn coverage(policy: &PolicyTested, min: usize) -> TestCase {
    let percent = policy.coverage.percent();
    let status = match percent >= min {
        true => TestCaseStatus::success(),
        false => {
            let missing =
                policy.coverage.missing().map(|(kind, item)| format!("{kind} {}\n", item.name));
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status
                .set_message(format!("{percent} % of routes, roles and delegations, not {min} %"));
            status.set_description(missing.collect::<String>());
            status
        }
    };
    let mut case = TestCase::new(policy.loaded.name(), status);
    case.set_classname("coverage");
    case
}
