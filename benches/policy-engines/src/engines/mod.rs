//! The engines, each behind the same question: is request number so-and-so allowed?
//!
//! All that can be prepared is prepared before: what is timed is the decision alone.

pub mod cedar;
pub mod regorus;
pub mod tenantguard;

/// An engine with a policy and a workload loaded.
pub trait Engine {
    /// Decides the request at that place of the workload.
    fn decide(&mut self, request: usize) -> bool;
}
