//! `reach` and `diff` against an enumeration that knows no classes, over small policies at random.

mod diff;
mod naive;
mod reach;
mod spec;
