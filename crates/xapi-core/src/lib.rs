//! Carries out calls: checks, drafts, converges, commits, tells.
//!
//! A handler in [`ops`] only checks and edits a draft of the database; [`change`] asks the host to look as the
//! draft says, and commits. Nothing here speaks XML, HTTP, OVSDB or netlink. Start at [`Api::call`] for the way of a
//! call, at [`startup::TABLE`] for what happens before the first one.

mod adopt;
pub mod alert;
pub mod audit;
pub mod auth;
mod carried;
mod certificates;
pub mod change;
pub mod config;
mod console;
pub mod context;
pub mod dispatch;
pub mod diverged;
pub mod emergency;
pub mod events;
pub mod facts;
mod files;
pub mod filter;
mod firewall;
pub mod generated_mac;
pub mod guests;
pub mod health;
pub mod implied;
pub mod last_topology;
pub mod metrics;
pub mod not_yet;
pub mod ops;
mod particulars;
mod planned;
pub mod pool;
pub mod proof;
mod repair;
pub mod reset;
mod roles;
pub mod session;
mod software;
pub mod startup;
pub mod task;
pub mod topology;
mod trust;
mod user_agents;
pub mod vifs_to_move;
pub mod watch;

pub use config::Config;
pub use context::{Core, Cx, Origin};
pub use dispatch::{Api, Begun};

use xapi_model::ApiError;

/// What every handler returns.
pub type Result<T> = std::result::Result<T, ApiError>;
