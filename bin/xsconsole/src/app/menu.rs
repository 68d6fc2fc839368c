//! The menus.

use super::User;
use super::{configure, probing, reset, servers};

/// A menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Menu {
    /// The first one.
    Root,
    /// The one about the network.
    Network,
}

/// A line of a menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item {
    /// What the host is and how it is.
    Status,
    /// The menu about the network.
    Network,
    /// All alerts.
    Alerts,
    /// User and password.
    LogIn,
    /// No longer that user.
    LogOut,
    /// The console ends.
    Quit,
    /// Management.
    Configure,
    /// Name servers.
    Servers,
    /// Whether anybody answers.
    Probing,
    /// All about the NICs.
    Nics,
    /// The host's name.
    Hostname,
    /// The emergency reset.
    Reset,
}

impl Menu {
    /// What is written above it.
    pub fn title(self) -> &'static str {
        match self {
            Menu::Root => "Host Console",
            Menu::Network => "Network and Management",
        }
    }

    /// Its lines. Root need not log in.
    pub fn items(self, user: &User) -> &'static [Item] {
        match (self, user) {
            (Menu::Root, User::Root) => &[Item::Status, Item::Network, Item::Alerts, Item::Quit],
            (Menu::Root, User::Nobody) => &[
                Item::Status,
                Item::Network,
                Item::Alerts,
                Item::LogIn,
                Item::Quit,
            ],
            (Menu::Root, User::LoggedIn(_)) => &[
                Item::Status,
                Item::Network,
                Item::Alerts,
                Item::LogOut,
                Item::Quit,
            ],
            (Menu::Network, _) => &[
                Item::Configure,
                Item::Servers,
                Item::Probing,
                Item::Nics,
                Item::Hostname,
                Item::Reset,
            ],
        }
    }
}

impl Item {
    /// What is written in the menu.
    pub fn title(self) -> &'static str {
        match self {
            Item::Status => "Status Display",
            Item::Network => "Network and Management Interface",
            Item::Alerts => "Alerts",
            Item::LogIn => "Log In",
            Item::LogOut => "Log Out",
            Item::Quit => "Leave the Console",
            Item::Configure => configure::TITLE,
            Item::Servers => servers::TITLE,
            Item::Probing => probing::TITLE,
            Item::Nics => "Display NICs",
            Item::Hostname => "Set Hostname",
            Item::Reset => reset::TITLE,
        }
    }

    /// Whether it changes something through the daemon, so that somebody has to have logged in.
    pub fn changes(self) -> bool {
        matches!(self, Item::Configure | Item::Servers | Item::Hostname)
    }

    /// Whether the daemon has to answer.
    pub fn needs_daemon(self) -> bool {
        self.changes()
    }

    /// Whether it is done by this program and not by the daemon, so that it takes root.
    pub fn is_local(self) -> bool {
        matches!(self, Item::Probing | Item::Reset)
    }
}
