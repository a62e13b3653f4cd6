//! Files of tests, read and run against the policies that they are about.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tenantguard::gate::Gate;
use tenantguard_policy::test::{CaseResult, Coverage, Suite, run};

use super::super::loaded::Loaded;
use crate::failure::Failure;
use crate::files::{PolicyText, is_stdin, test_files};

/// Everything that was run.
pub(super) struct Tested {
    pub(super) policies: Vec<PolicyTested>,
    pub(super) files: Vec<FileTested>,
    /// The least coverage that will do.
    pub(super) min: Option<usize>,
    pub(super) is_filtered: bool,
}

/// A policy, and how much of it was touched.
pub(super) struct PolicyTested {
    path: PathBuf,
    pub(super) loaded: Loaded,
    gate: Gate,
    pub(super) coverage: Coverage,
}

/// A file of tests, and what came of them.
pub(super) struct FileTested {
    text: PolicyText,
    pub(super) suite: Suite,
    /// Its policy, by position.
    policy: usize,
    pub(super) results: Vec<CaseResult>,
}

impl Tested {
    pub(super) fn run(
        files: &[PathBuf],
        policy: Option<&Path>,
        filter: Option<&str>,
    ) -> Result<Self, Failure> {
        if files.iter().map(PathBuf::as_path).chain(policy).filter(|path| is_stdin(path)).count()
            > 1
        {
            return Err(Failure::StdinTwice("two of the files"));
        }
        let is_filtered = filter.is_some();
        let mut tested = Self { policies: Vec::new(), files: Vec::new(), min: None, is_filtered };
        for file in files {
            tested.file(file, policy, filter.unwrap_or_default())?;
        }
        if tested.cases().count() == 0 {
            let value = filter.unwrap_or_default().to_owned();
            let reason = "no case has this in its name, `principal / request`".to_owned();
            return Err(Failure::Option { option: "--filter", value, reason });
        }
        Ok(tested)
    }

    fn file(&mut self, path: &Path, policy: Option<&Path>, filter: &str) -> Result<(), Failure> {
        if path.is_dir() {
            let files = test_files(path)?;
            return files.iter().try_for_each(|file| self.file(file, policy, filter));
        }
        let text = PolicyText::read(path)?;
        let read = text.files().first().map(|file| Suite::read(&file.source()));
        let suite = match read {
            Some(Ok(suite)) => suite,
            Some(Err(findings)) => return Err(Failure::Tests { text: Box::new(text), findings }),
            None => return Err(Failure::NoPolicyFile { path: path.to_owned() }),
        };
        let beside = |name: &str| path.parent().unwrap_or(Path::new("")).join(name);
        let named = suite.policy.as_ref().map(|name| beside(&name.value));
        let policy = policy.map(Path::to_owned).or(named);
        let policy = policy.ok_or_else(|| Failure::NoPolicy { path: path.to_owned() })?;
        let position = self.policy(&policy)?;
        let Some(policy) = self.policies.get_mut(position) else { return Ok(()) };
        let source = policy.loaded.source();
        let checked = suite.check(source);
        if let Err(findings) = checked {
            return Err(Failure::Tests { text: Box::new(text), findings });
        }
        let results = run(&suite, source, &policy.gate, filter, &mut policy.coverage)
            .map_err(|error| Failure::Claims { reason: error.to_string() })?;
        self.files.push(FileTested { text, suite, policy: position, results });
        Ok(())
    }

    /// The position of a policy, which is read once.
    fn policy(&mut self, path: &Path) -> Result<usize, Failure> {
        if let Some(known) = self.policies.iter().position(|policy| policy.path == path) {
            return Ok(known);
        }
        let loaded = Loaded::read(path)?;
        let gate = Gate::new(Arc::clone(&loaded.policy));
        let coverage = Coverage::of(loaded.source());
        self.policies.push(PolicyTested { path: path.to_owned(), loaded, gate, coverage });
        Ok(self.policies.len() - 1)
    }

    /// Every case that was run.
    pub(super) fn cases(&self) -> impl Iterator<Item = &CaseResult> {
        self.files.iter().flat_map(|file| &file.results)
    }

    pub(super) fn failed(&self) -> usize {
        self.cases().filter(|result| result.failed.is_some()).count()
    }

    /// The policies whose coverage is too low.
    pub(super) fn below_min(&self) -> impl Iterator<Item = &PolicyTested> {
        let is_below =
            |policy: &&PolicyTested| self.min.is_some_and(|min| policy.coverage.percent() < min);
        self.policies.iter().filter(is_below)
    }

    pub(super) fn is_good(&self) -> bool {
        self.failed() == 0 && self.below_min().next().is_none()
    }

    /// The policy of a file.
    pub(super) fn policy_of(&self, file: &FileTested) -> Option<&PolicyTested> {
        self.policies.get(file.policy)
    }
}

impl FileTested {
    /// The file's name as it was given.
    pub(super) fn name(&self) -> String {
        self.text.name()
    }

    /// The line that says what is expected.
    pub(super) fn line(&self, result: &CaseResult) -> Option<usize> {
        self.text.line(&result.case.expected.place).map(|(_, line)| line)
    }
}
