//! The texts of an artifact, each once.

use std::collections::HashMap;

use tenantguard::artifact::layout::Text;

use super::CompileError;

/// Texts side by side, and where each stands.
#[derive(Default)]
pub(super) struct Texts {
    bytes: String,
    places: HashMap<Box<str>, u32>,
}

impl Texts {
    /// Where the text stands from now on.
    pub(super) fn add(&mut self, text: &str) -> Result<Text, CompileError> {
        let count = |n: usize| u32::try_from(n).map_err(|_| CompileError::TooLarge);
        let length = count(text.len())?;
        let offset = match self.places.get(text) {
            Some(offset) => *offset,
            None => {
                let offset = count(self.bytes.len())?;
                self.bytes.push_str(text);
                self.places.insert(text.into(), offset);
                offset
            }
        };
        Ok(Text { offset: offset.into(), length: length.into() })
    }

    /// A text that was added.
    pub(super) fn get(&self, text: Text) -> &str {
        let start = text.offset.get() as usize;
        let end = start.saturating_add(text.length.get() as usize);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// All of them.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.as_bytes()
    }
}
