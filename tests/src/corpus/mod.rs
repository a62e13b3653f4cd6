//! The corpus: tables of cases in `corpus/*.json`, each a request and the decision it must get.
//!
//! [`table`] is the file format, [`setting`] the policy and the delegations that a table is decided
//! by, [`token`] signs what a case asks for, [`prepared`] is the finished request in the shapes that
//! the runners need. The tables are compiled in, because the same
//! cases run under Node, where there is no file system.

pub mod prepared;
pub mod setting;
pub mod table;
pub mod template;
pub mod token;

pub use prepared::Prepared;
pub use setting::Setting;
pub use table::{Case, Expect, Runner, Table};

const TABLES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/corpus_tables.rs"));
const SUBJECTS: &str = include_str!("../../corpus/subjects.json");

/// Why the corpus, or one case of it, cannot be used. Always a mistake in a table.
#[derive(Debug, thiserror::Error)]
pub enum CorpusError {
    /// A file is not what the format says.
    #[error("tests/corpus/{file}.json: {cause}")]
    Format {
        /// The file, without its extension.
        file: String,
        /// What serde found, with line and column.
        cause: serde_json::Error,
    },
    /// Two cases of one table have the same name.
    #[error("tests/corpus/{file}.json: two cases are named {name:?}")]
    Duplicate {
        /// The file, without its extension.
        file: String,
        /// The name.
        name: String,
    },
    /// A case leaves out a runner without saying why.
    #[error("tests/corpus/{file}.json: {name:?} has \"runs\" without \"why\"")]
    NoWhy {
        /// The file, without its extension.
        file: String,
        /// The name.
        name: String,
    },
    /// A table changes a policy that it does not name.
    #[error("tests/corpus/{file}.json: \"changes\" without \"policy\"")]
    NoPolicy {
        /// The file, without its extension.
        file: String,
    },
    /// A name that stands for something else is unknown.
    #[error("{kind} {name:?} is not known; known are {known}")]
    Unknown {
        /// What kind of thing was named.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names that exist.
        known: String,
    },
    /// An edit does not fit the token that it is applied to.
    #[error("the edit {edit} does not fit this token: {why}")]
    Edit {
        /// The edit.
        edit: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The policy of a table, with its changes.
    #[error("the policy of the table does not compile: {0}")]
    Policy(String),
    /// A delegation of a table that is none.
    #[error("the living delegation {id:?}: {field} {value:?} {why}")]
    Living {
        /// Its id.
        id: String,
        /// The field.
        field: &'static str,
        /// What it says.
        value: String,
        /// What is wrong with it.
        why: String,
    },
    /// A character that is no latin-1, and so no byte of a request.
    #[error("{text:?} has a character above U+00FF; requests are bytes, written as latin-1")]
    NotLatin1 {
        /// The text.
        text: String,
    },
}

/// The whole corpus: every table, and the personas that they name.
#[derive(Debug)]
pub struct Corpus {
    /// The tables, in the order of their names.
    pub tables: Vec<(String, Table)>,
    /// The personas of `subjects.json`.
    pub personas: table::Personas,
}

impl Corpus {
    /// Reads every table.
    ///
    /// # Errors
    /// [`CorpusError`] names the file and the place of the first mistake.
    pub fn load() -> Result<Self, CorpusError> {
        let personas = parse("subjects", SUBJECTS)?;
        let tables = TABLES
            .iter()
            .map(|(name, text)| Ok(((*name).to_owned(), read_table(name, text)?)))
            .collect::<Result<_, CorpusError>>()?;
        Ok(Self { tables, personas })
    }

    /// The cases that `runner` is to run, each with its table's name.
    pub fn cases(&self, runner: Runner) -> impl Iterator<Item = (&str, &Case)> {
        self.tables
            .iter()
            .filter(move |(_, table)| table.is_for(runner))
            .flat_map(|(name, table)| table.cases.iter().map(move |case| (name.as_str(), case)))
            .filter(move |(_, case)| case.is_for(runner))
    }
}

fn read_table(file: &str, text: &str) -> Result<Table, CorpusError> {
    let table: Table = parse(file, text)?;
    if table.policy.is_none() && !table.changes.is_empty() {
        return Err(CorpusError::NoPolicy { file: file.to_owned() });
    }
    let mut names = std::collections::BTreeSet::new();
    for case in &table.cases {
        if !names.insert(&case.name) {
            return Err(CorpusError::Duplicate { file: file.to_owned(), name: case.name.clone() });
        }
        if case.runs.is_some() && case.why.is_none() {
            return Err(CorpusError::NoWhy { file: file.to_owned(), name: case.name.clone() });
        }
    }
    Ok(table)
}

fn parse<'a, T: serde::Deserialize<'a>>(file: &str, text: &'a str) -> Result<T, CorpusError> {
    serde_json::from_str(text).map_err(|cause| CorpusError::Format { file: file.to_owned(), cause })
}
