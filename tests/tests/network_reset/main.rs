//! The emergency network reset: what becomes of the rows, of the host, and of a host that dies in the middle of it.

mod crashes;
mod holder;
mod keep;
mod planted;
mod positions;
mod rows;
mod stage;
mod start;
mod twice;
