//! The permission sets of an artifact, each once, whoever has it.

use std::collections::HashMap;

use tenantguard::permissions::PermissionSet;
use zerocopy::little_endian::{U32, U64};

use super::CompileError;

/// Sets of one width, and where each stands.
#[derive(Default)]
pub(super) struct Sets {
    width: usize,
    words: Vec<U64>,
    positions: HashMap<Vec<u64>, u32>,
}

impl Sets {
    /// How many permissions there are, before the first set.
    pub(super) fn set_permissions(&mut self, count: usize) {
        self.width = count.div_ceil(64);
    }

    /// Where the set stands from now on.
    pub(super) fn add(&mut self, set: &PermissionSet) -> Result<U32, CompileError> {
        let mut words = set.words().to_vec();
        words.resize(self.width, 0);
        if let Some(position) = self.positions.get(&words) {
            return Ok((*position).into());
        }
        let position = u32::try_from(self.positions.len()).map_err(|_| CompileError::TooLarge)?;
        self.words.extend(words.iter().map(|word| U64::from(*word)));
        self.positions.insert(words, position);
        Ok(position.into())
    }

    /// All of them.
    pub(super) fn words(&self) -> &[U64] {
        &self.words
    }
}
