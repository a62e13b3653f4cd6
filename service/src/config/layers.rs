//! Where a setting comes from. Weakest first: what is built in, the file, the environment, flags.
//!
//! Each layer is laid over the ones below it, and the whole is read after each, so that a message
//! names the layer that is wrong.

use std::path::Path;

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::ConfigError;

/// The beginning of every variable that is a setting. What follows is the setting's name in upper
/// case; `__` goes one table down: `TENANTGUARD_SERVE_LIMITS__BODY`.
pub const PREFIX: &str = "TENANTGUARD_SERVE_";

/// Settings in the making.
#[derive(Debug, Default)]
pub(super) struct Layers {
    table: Table,
}

impl Layers {
    /// Lays a file over.
    pub(super) fn file<T: DeserializeOwned>(
        &mut self,
        path: &Path,
        text: &str,
    ) -> Result<(), ConfigError> {
        let wrong = |error: toml::de::Error| ConfigError::File {
            path: path.to_owned(),
            reason: error.to_string().trim_end().to_owned(),
        };
        // Read for its own sake: this error shows the line.
        toml::from_str::<T>(text).map_err(wrong)?;
        self.table = toml::from_str(text).map_err(wrong)?;
        Ok(())
    }

    /// Lays the environment over.
    pub(super) fn environment<T: DeserializeOwned>(
        &mut self,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<(), ConfigError> {
        let mut settings: Vec<_> = variables
            .filter_map(|(name, value)| {
                let path = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
                Some((name, path, value))
            })
            .collect();
        settings.sort();
        for (name, path, text) in settings {
            let path: Vec<&str> = path.split("__").collect();
            self.lay::<T>(&path, value(&text))
                .map_err(|reason| ConfigError::Variable { name, reason })?;
        }
        Ok(())
    }

    /// Lays a flag over.
    pub(super) fn flag<T: DeserializeOwned>(
        &mut self,
        flag: &'static str,
        path: &[&str],
        text: String,
    ) -> Result<(), ConfigError> {
        self.lay::<T>(path, Value::String(text))
            .map_err(|reason| ConfigError::Flag { name: flag, reason })
    }

    /// Everything together.
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, ConfigError> {
        self.table.try_into().map_err(|error: toml::de::Error| ConfigError::Whole {
            reason: error.message().to_owned(),
        })
    }

    fn lay<T: DeserializeOwned>(&mut self, path: &[&str], value: Value) -> Result<(), String> {
        let Some((last, tables)) = path.split_last() else { return Ok(()) };
        let mut table = &mut self.table;
        for name in tables {
            let below = table.entry(*name).or_insert_with(|| Value::Table(Table::new()));
            table = below.as_table_mut().ok_or_else(|| format!("{name} is no table"))?;
        }
        table.insert((*last).to_owned(), value);
        let whole: Result<T, _> = self.table.clone().try_into();
        whole.map(drop).map_err(|error| error.message().to_owned())
    }
}

/// A variable's text as TOML has it: a number and a truth value by themselves, a list in brackets,
/// all else a string.
fn value(text: &str) -> Value {
    if let Ok(number) = text.parse() {
        return Value::Integer(number);
    }
    if let Ok(truth) = text.parse() {
        return Value::Boolean(truth);
    }
    let list = text.starts_with('[').then(|| toml::from_str::<Table>(&format!("x = {text}")));
    match list.and_then(Result::ok).and_then(|mut table| table.remove("x")) {
        Some(list) => list,
        None => Value::String(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Settings {
        listen: String,
        limits: Limits,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Limits {
        connections: u32,
        body: String,
    }

    fn variables(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        pairs.into_iter()
    }

    #[test]
    fn a_flag_is_over_the_environment_and_that_over_the_file() {
        let mut layers = Layers::default();
        let text = "listen = \"file\"\n[limits]\nconnections = 1\nbody = \"file\"";
        layers.file::<Settings>(Path::new("x.toml"), text).unwrap();
        let environment = [
            ("TENANTGUARD_SERVE_LISTEN", "environment"),
            ("TENANTGUARD_SERVE_LIMITS__CONNECTIONS", "2"),
            ("PATH", "/bin"),
        ];
        layers.environment::<Settings>(variables(&environment)).unwrap();
        layers.flag::<Settings>("--listen", &["listen"], "flag".into()).unwrap();
        let expected = Settings {
            listen: "flag".into(),
            limits: Limits { connections: 2, body: "file".into() },
        };
        assert_eq!(layers.read::<Settings>().unwrap(), expected);
    }

    #[test]
    fn a_message_names_what_is_wrong_and_where() {
        let file = |text| {
            Layers::default().file::<Settings>(Path::new("x.toml"), text).unwrap_err().to_string()
        };
        assert!(file("listen = 1").contains("line 1"), "{}", file("listen = 1"));
        let error = file("[limits]\nconections = 1");
        assert!(error.contains("conections") && error.contains("connections"), "{error}");

        for (name, value) in [
            ("TENANTGUARD_SERVE_LISTNE", "x"),
            ("TENANTGUARD_SERVE_LISTEN__X", "x"),
            ("TENANTGUARD_SERVE_LIMITS__CONNECTIONS", "many"),
        ] {
            let mut layers = Layers::default();
            layers.file::<Settings>(Path::new("x.toml"), "listen = \"x\"").unwrap();
            let error = layers.environment::<Settings>(variables(&[(name, value)])).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
