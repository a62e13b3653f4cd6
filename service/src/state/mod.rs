//! The live state and the one door to it: changes go in through [`Control::apply`], in batches that
//! are made durable together; questions are answered from memory.

mod change;
mod control;
mod error;
pub(crate) mod live;
mod note;
mod plan;
mod settings;
pub(crate) mod shared;
mod status;
pub(crate) mod timeline;
mod writer;

pub use self::change::{Cause, Change, Receipt, Refusal, Safety, Subject};
pub(crate) use self::control::Changes;
pub use self::control::{CHANGE_LIMIT, Control, Preview};
pub use self::error::ControlError;
pub use self::note::{Actor, Note, Reason, Record, TextError};
pub use self::settings::{Retention, SessionLimits, Settings, StoreSettings};
pub use self::status::Status;
