//! The daemon's configuration, apart from the program so that tests read it as the program does.

pub mod limits;
pub mod settings;
