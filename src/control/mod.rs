//! Control state that changes while proxies run, as the filter and the control service share it:
//! what a revocation names, the entries of the one ordered feed, and where in it a copy stands.
//!
//! No host, no clock, no randomness; compiles to wasm32. Everything that is read here came over a
//! wire: decoding is strict, bounded by the input's length, and never panics.

mod delegation;
mod encoding;
mod entry;
mod frame;
mod handle;
mod handles;
mod hash;
mod key;
mod manifest;
mod position;
#[cfg(all(test, not(target_arch = "wasm32")))]
mod properties;
mod short;
mod tenants;
mod wire;

pub use self::delegation::{
    Act, Consent, Delegate, Delegation, DelegationStage, LIST_LIMIT, Label, LabelError,
};
pub(crate) use self::encoding::Fact;
pub use self::entry::{CutOff, Entry, Keep, Revocation, Suspension, TenantEntry, TenantStatus};
pub(crate) use self::frame::DeltaMark;
pub use self::frame::{Delta, DeltaError, ENTRY_COUNT_LIMIT, FRAME_LIMIT, Frame};
pub use self::handle::{Handle, HandleKind, Target, TokenName};
pub use self::handles::Handles;
pub use self::hash::{HandleHash, HexError};
pub use self::key::EntryKey;
pub(crate) use self::manifest::ShardMark;
pub use self::manifest::{
    Manifest, SHARD_COUNT_LIMIT, SHARD_LIMIT, Shard, ShardError, ShardRef, ShardWriter,
};
pub use self::position::{Epoch, HistoryId, Position, PositionError, RunningHash};
pub use self::short::{ReplicaKey, Short};
pub use self::wire::{DecodeError, Fault};
