//! Delegation as a property: whatever the policy, the token and the request, nobody is let at another
//! tenant's data without one delegation that is live and covers it, and whoever has one is let
//! through. What is right is said by [`naive`], which reads the policy's JSON and shares no code with
//! the core.

mod agreement;
mod naive;
mod random;
mod requests;
mod world;
