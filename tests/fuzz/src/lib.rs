//! Everything that reads bytes from outside, as functions that take any bytes, and a driver that thinks bytes up.
//!
//! A [`Target`] panics when the code under it does something wrong; to refuse its input is right. [`drive`] replays the
//! seeds in `corpus/` and the cases that once failed in `regressions/`, then mutates them for a while, and watches from
//! outside: a panic on any thread, a case that takes longer than a second, memory that grows.
//!
//! `make fuzz` runs all targets for a minute. `FUZZ_SECONDS` is the time in all, `FUZZ_TARGETS` names some of them,
//! `FUZZ_SEED` repeats a run.

pub mod corpus;
pub mod drive;
pub mod mutate;
pub mod peer;
pub mod targets;

/// One entrance.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, and that of its directory of seeds.
    pub name: &'static str,
    /// Takes any bytes.
    pub run: fn(&[u8]),
    /// What its language is made of.
    pub words: &'static [&'static str],
    /// Inputs are not made longer than this, in octets.
    pub longest: usize,
}
