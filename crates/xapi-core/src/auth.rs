//! Checks passwords. PAM blocks for as long as its modules like, so it runs on threads of its own, few of them, and
//! a check that takes too long counts as refused.

use std::ffi::{OsStr, OsString};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use nonstick::{
    AuthnFlags, AuthtokFlags, ConversationAdapter, ErrorCode, Transaction, TransactionBuilder,
};
use zeroize::Zeroizing;

/// Why a password was not taken; the text is for the client and says nothing about which part was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What the client is told.
    pub text: String,
    /// Whether anybody has said that the password is wrong. For want of room or time nobody may have looked at it.
    pub looked_at: bool,
}

/// Whoever can tell whether a user is who they say they are.
pub trait Authenticate: Send + Sync {
    /// Checks a user's password.
    fn check(&self, user: &str, password: &str) -> Result<(), Refused>;

    /// Gives a user another password, which [`Authenticate::check`] has not to agree with.
    fn change(&self, user: &str, password: &str) -> Result<(), Refused>;
}

/// Checks that may hang in PAM at the same time; a module that never returns must not eat the daemon's threads.
const MOST_AT_ONCE: usize = 8;

/// The machine's PAM.
pub struct Pam {
    service: String,
    deadline: Duration,
    running: Arc<AtomicUsize>,
}

impl Pam {
    /// The PAM service of that name, e.g. `xapi` for /etc/pam.d/xapi.
    pub fn new(service: impl Into<String>, deadline: Duration) -> Pam {
        Pam {
            service: service.into(),
            deadline,
            running: Arc::new(AtomicUsize::new(0)),
        }
    }
}

impl Authenticate for Pam {
    fn check(&self, user: &str, password: &str) -> Result<(), Refused> {
        self.ask(Wish::Check, user, password)
    }

    fn change(&self, user: &str, password: &str) -> Result<(), Refused> {
        self.ask(Wish::Change, user, password)
    }
}

/// What PAM is asked to do with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Check,
    Change,
}

impl Pam {
    fn ask(&self, wish: Wish, user: &str, password: &str) -> Result<(), Refused> {
        // C strings end at a NUL: what follows it would not be checked.
        if user.contains('\0') || password.contains('\0') || user.is_empty() {
            return Err(Refused::plain());
        }
        if self.running.fetch_add(1, Ordering::AcqRel) >= MOST_AT_ONCE {
            self.running.fetch_sub(1, Ordering::AcqRel);
            return Err(Refused::unseen("Too many logins at the same time"));
        }
        let asked = Asked {
            wish,
            service: self.service.clone(),
            user: user.to_owned(),
            password: Zeroizing::new(password.to_owned()),
            running: Running(Arc::clone(&self.running)),
        };
        let (tell, told) = mpsc::sync_channel(1);
        let worker = std::thread::Builder::new()
            .name("pam".to_owned())
            .spawn(move || {
                let outcome = asked.run();
                if tell.send(outcome).is_err() {
                    tracing::warn!("PAM answered after the deadline");
                }
            });
        if let Err(why) = worker {
            tracing::error!("no thread for PAM: {why}");
            return Err(Refused::unseen("Too many logins at the same time"));
        }
        told.recv_timeout(self.deadline).unwrap_or_else(|_| {
            tracing::warn!(
                "PAM service {} gave no answer in {:?}",
                self.service,
                self.deadline
            );
            Err(Refused::unseen(
                "The authentication service did not answer in time",
            ))
        })
    }
}

impl Refused {
    /// A password that was looked at.
    pub fn new(text: impl Into<String>) -> Refused {
        Refused {
            text: text.into(),
            looked_at: true,
        }
    }

    /// A password that nobody has looked at.
    pub fn unseen(text: impl Into<String>) -> Refused {
        Refused {
            text: text.into(),
            looked_at: false,
        }
    }

    /// The words for whatever was wrong: the user or the password.
    pub(crate) fn plain() -> Refused {
        Refused::new("Authentication failure")
    }
}

/// Counts itself out when the check ends, however it ends.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

struct Asked {
    wish: Wish,
    service: String,
    user: String,
    password: Zeroizing<String>,
    running: Running,
}

impl Asked {
    fn run(self) -> Result<(), Refused> {
        let Asked {
            wish,
            service,
            user,
            password,
            running,
        } = self;
        let conversation = Answers {
            user: user.clone(),
            password,
        }
        .into_conversation();
        let outcome = (|| {
            let mut pam = TransactionBuilder::new_with_service(&service)
                .username(&user)
                .build(conversation)?;
            match wish {
                Wish::Check => {
                    pam.authenticate(AuthnFlags::empty())?;
                    pam.account_management(AuthnFlags::empty())
                }
                // The daemon is root, whom no module asks for the password so far.
                Wish::Change => pam.change_authtok(AuthtokFlags::empty()),
            }
        })();
        drop(running);
        outcome.map_err(|why: ErrorCode| {
            tracing::info!("PAM service {service} refused {user}: {why}");
            match wish {
                Wish::Check => Refused::plain(),
                Wish::Change => Refused::new(why.to_string()),
            }
        })
    }
}

/// Answers PAM's prompts with the user and the password.
struct Answers {
    user: String,
    password: Zeroizing<String>,
}

impl ConversationAdapter for Answers {
    fn prompt(&self, _: impl AsRef<OsStr>) -> nonstick::Result<OsString> {
        Ok(OsString::from(&self.user))
    }

    fn masked_prompt(&self, _: impl AsRef<OsStr>) -> nonstick::Result<OsString> {
        Ok(OsString::from(self.password.as_str()))
    }

    fn error_msg(&self, message: impl AsRef<OsStr>) {
        tracing::warn!("PAM: {}", message.as_ref().to_string_lossy());
    }

    fn info_msg(&self, message: impl AsRef<OsStr>) {
        tracing::info!("PAM: {}", message.as_ref().to_string_lossy());
    }
}

/// One user with one password; for tests and for labs without PAM.
pub struct OneUser {
    user: String,
    password: Mutex<Zeroizing<String>>,
}

impl OneUser {
    /// The user and the password.
    pub fn new(user: &str, password: &str) -> OneUser {
        OneUser {
            user: user.to_owned(),
            password: Mutex::new(Zeroizing::new(password.to_owned())),
        }
    }

    fn password(&self) -> MutexGuard<'_, Zeroizing<String>> {
        self.password.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Authenticate for OneUser {
    fn check(&self, user: &str, password: &str) -> Result<(), Refused> {
        use subtle::ConstantTimeEq;
        let same = user.as_bytes().ct_eq(self.user.as_bytes())
            & password.as_bytes().ct_eq(self.password().as_bytes());
        if bool::from(same) {
            Ok(())
        } else {
            Err(Refused::plain())
        }
    }

    fn change(&self, user: &str, password: &str) -> Result<(), Refused> {
        if user != self.user || password.is_empty() {
            return Err(Refused::new("The password cannot be this"));
        }
        *self.password() = Zeroizing::new(password.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_finds_all_threads_of_pam_taken_was_not_looked_at() {
        let pam = Pam::new("xapi", Duration::from_secs(1));
        pam.running.store(MOST_AT_ONCE, Ordering::Release);
        let refused = pam.check("root", "secret").unwrap_err();
        assert!(!refused.looked_at, "{refused:?}");
        assert_eq!(pam.running.load(Ordering::Acquire), MOST_AT_ONCE);
        // What no user can be is.
        assert!(pam.check("", "secret").unwrap_err().looked_at);
    }
}
