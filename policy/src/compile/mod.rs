//! From a checked source to the artifact that the gate reads: names become positions, the role
//! hierarchy is closed, overrides become whole rows, routes a trie. The same policy gives the same
//! bytes, in whatever order its sections were written: only the lines that rows come from differ.
//!
//! `tables` collects the rows of all sections and puts them together; `texts` and `sets` keep what
//! rows share; `roles`, `routes`, `trie` and `delegations` fill their sections; `index` makes names
//! findable; `settings` is what is not in rows.

mod delegations;
mod index;
mod roles;
mod routes;
mod sets;
mod settings;
mod tables;
mod texts;
mod trie;

use sha2::{Digest as _, Sha256};
use tenantguard::artifact::{PolicyDigest, layout};

use self::tables::Tables;
use crate::check::Resolved;
use crate::place::Place;
use crate::source::Source;
use crate::source_map::SourceMap;

/// Why a source without findings has no artifact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CompileError {
    /// More of something than positions can count.
    #[error("the policy is too large to be compiled")]
    TooLarge,
    /// No hash function was found for the names at hand.
    #[error("no index of the policy's names was found; rename one of them")]
    Index,
    /// The settings could not be written.
    #[error("the settings could not be written: {0}")]
    Settings(String),
}

/// What all parts of the compiler look at.
pub(crate) struct Input<'s> {
    pub(crate) source: &'s Source,
    pub(crate) resolved: &'s Resolved,
    pub(crate) map: &'s SourceMap,
}

/// Compiles a source without findings. `canonical` is what the digest is of.
pub(crate) fn artifact(input: &Input<'_>, canonical: &str) -> Result<Vec<u8>, CompileError> {
    let mut tables = Tables::default();
    for name in input.map.names() {
        let text = tables.texts.add(name)?;
        tables.files.push(layout::Name { text });
    }
    permissions(input, &mut tables)?;
    let roles = roles::write(input, &mut tables)?;
    let ceiling = tables.sets.add(&roles.ceiling())?;
    tables.settings = settings::json(input, ceiling.get())?;
    tenants(input, &roles, &mut tables)?;
    routes::write(input, &mut tables)?;
    delegations::write(input, &mut tables)?;
    index::write(&mut tables)?;
    tables.assemble(digest(canonical))
}

/// The digest of a policy in its canonical form.
pub(crate) fn digest(canonical: &str) -> PolicyDigest {
    PolicyDigest(Sha256::digest(canonical).into())
}

impl Input<'_> {
    /// Where something stands, as far as that is known.
    fn line(&self, place: &Place) -> layout::Line {
        let known = self
            .map
            .position(place)
            .and_then(|(file, line)| Some((u16::try_from(file).ok()?, u32::try_from(line).ok()?)));
        let (file, line) = known.unwrap_or((0, 0));
        layout::Line { file: file.into(), line: line.into() }
    }
}

/// Permissions, and the scopes that stand for them: a permission's own name is one unless an alias
/// takes it.
fn permissions(input: &Input<'_>, tables: &mut Tables) -> Result<(), CompileError> {
    let declared = &input.resolved.declared;
    let mut scopes = std::collections::BTreeMap::new();
    for name in declared.names() {
        let text = tables.texts.add(name.as_str())?;
        tables.permissions.push(layout::Name { text });
        scopes.insert(name.as_str(), declared.id(name).into_iter().collect());
    }
    tables.sets.set_permissions(declared.names().len());
    for scope in &input.source.scopes {
        scopes.insert(&scope.alias.value, declared.expand(&scope.permissions));
    }
    for (name, set) in scopes {
        let row = layout::Scope { name: tables.texts.add(name)?, set: tables.sets.add(&set)? };
        tables.scopes.push(row);
    }
    Ok(())
}

fn tenants(
    input: &Input<'_>,
    roles: &roles::Roles<'_>,
    tables: &mut Tables,
) -> Result<(), CompileError> {
    for tenant in roles.tenants() {
        let cell = tenant.cell.as_ref().map_or(&input.source.default_cell, |cell| &cell.value);
        let (overrides, ceiling) = roles.write_own(tenant, tables)?;
        let row = layout::Tenant {
            id: tables.texts.add(tenant.id.as_str())?,
            cell: tables.texts.add(cell.as_str())?,
            isolation: u8::from(tenant.is_dedicated()),
            ceiling,
            line: input.line(&tenant.place),
        };
        tables.tenants.push(row);
        tables.overrides_of.push(overrides);
    }
    Ok(())
}
