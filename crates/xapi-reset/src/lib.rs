//! An emergency network reset while the daemon is down: the steps that lead a host that nobody can reach back to one
//! management interface, and leave a trigger by which the daemon's next start does the rest. The command and the console
//! both do these steps.
//!
//! Each step may be done again, and one that died in the middle of the steps is mended by whoever does them again from
//! the first. This crate knows nothing of XenAPI classes, and does not open the database.
//!
//! Start with [`Host`] (what is there), [`Asked`] (what shall be) and [`run`].

mod host;
mod machine;
mod run;
pub mod settings;
mod step;
mod wanted;

pub use host::{Host, Nic};
pub use machine::{LocalMachine, Machine};
pub use run::{Failed, Progress, run, run_on};
pub use step::{Step, steps};
pub use wanted::{Afterwards, Asked, Refused, topology};
