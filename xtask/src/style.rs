//! Colour, where it helps: only on a terminal, and never when NO_COLOR is set (no-color.org).

use std::io::IsTerminal;

/// How to write to one stream.
#[derive(Clone, Copy)]
pub(crate) struct Style {
    colour: bool,
}

/// For standard output.
pub(crate) fn stdout() -> Style {
    Style { colour: wanted() && std::io::stdout().is_terminal() }
}

/// For standard error.
pub(crate) fn stderr() -> Style {
    Style { colour: wanted() && std::io::stderr().is_terminal() }
}

fn wanted() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

impl Style {
    pub(crate) fn good(self, text: &str) -> String {
        self.wrap("32", text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        self.wrap("1;31", text)
    }

    pub(crate) fn refused(self, text: &str) -> String {
        self.wrap("33", text)
    }

    pub(crate) fn strong(self, text: &str) -> String {
        self.wrap("1", text)
    }

    pub(crate) fn faint(self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
