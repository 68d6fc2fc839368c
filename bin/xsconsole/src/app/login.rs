//! Who is there: whether the server is the one that it says it is, user and password.

use xapi_client::Stranger;
use zeroize::Zeroizing;

use super::form::{Entry, Form, Input, Said, Word, scrolled_up};
use super::key::Key;
use super::menu::Item;
use super::{App, Dialogue, Effect, Secret, User, keep};
use crate::seen::Line;

impl App {
    /// Asks whether the server is the one that it says it is, if nobody has said so yet, before somebody logs in there.
    pub(super) fn ask_who(&mut self, then: Item) {
        if let Line::Stranger(stranger) = &self.line {
            self.dialogue = Some(Dialogue::Trust {
                stranger: stranger.clone(),
                word: Word::default(),
                up: 0,
                then,
            });
        }
    }

    pub(super) fn trusted(&mut self, outcome: Result<(), String>) {
        let Some(Dialogue::Trust { then, .. }) = self.dialogue else {
            return;
        };
        self.dialogue = Some(match outcome {
            Ok(()) => {
                // Until it is asked again.
                self.line = Line::Asking;
                log_in(then)
            }
            Err(why) => Dialogue::Notice(format!("The certificate cannot be remembered: {why}")),
        });
    }

    /// Nobody is there who may see what the daemon says.
    pub(super) fn forget_user(&mut self) {
        self.user = User::Nobody;
        self.told = None;
        if self.line == Line::Up {
            self.line = Line::Locked;
        }
    }

    /// Whether the answer to a login is waited for.
    pub(super) fn is_asking(&self) -> bool {
        matches!(&self.dialogue, Some(Dialogue::LogIn { asking: true, .. }))
    }

    pub(super) fn logged_in(&mut self, outcome: Result<String, String>) -> Vec<Effect> {
        match outcome {
            Ok(name) => {
                self.user = User::LoggedIn(name);
                let opened = match self.dialogue.take() {
                    Some(Dialogue::LogIn { then, .. }) => Some(then),
                    other => {
                        self.dialogue = other;
                        None
                    }
                };
                let mut effects = vec![Effect::Look];
                // What needs to know the host waits for the daemon to tell it.
                if let Some(item) = opened.filter(|_| self.told.is_some()) {
                    effects.extend(self.open(item));
                }
                effects
            }
            Err(why) => {
                if let Some(Dialogue::LogIn { form, asking, .. }) = &mut self.dialogue {
                    *asking = false;
                    form.entries[1].input = Input::secret();
                    form.complain(1, why);
                }
                Vec::new()
            }
        }
    }
}

pub(super) fn log_in(then: Item) -> Dialogue {
    let password = Entry {
        label: "Password",
        hint: "",
        input: Input::secret(),
    };
    Dialogue::LogIn {
        form: Form::of(vec![Entry::filled("User", "", "root"), password]),
        asking: false,
        then,
    }
}

pub(super) fn trust_key(
    stranger: Stranger,
    mut word: Word,
    up: usize,
    then: Item,
    key: Key,
) -> (Option<Dialogue>, Vec<Effect>) {
    let up = match (scrolled_up(up, key), key) {
        (Some(up), _) => up,
        (None, Key::Esc | Key::Left) => return (None, Vec::new()),
        (None, Key::Enter) if word.is_given() && up == 0 => {
            let effects = vec![Effect::Trust(stranger.clone())];
            let same = Dialogue::Trust {
                stranger,
                word: Word::default(),
                up,
                then,
            };
            return (Some(same), effects);
        }
        (None, key) => {
            word.key(key);
            0
        }
    };
    keep(Dialogue::Trust {
        stranger,
        word,
        up,
        then,
    })
}

pub(super) fn log_in_key(
    mut form: Form,
    asking: bool,
    then: Item,
    key: Key,
) -> (Option<Dialogue>, Vec<Effect>) {
    let same = |form, asking| Some(Dialogue::LogIn { form, asking, then });
    if asking {
        // Whoever went away now would be logged in all the same. The answer comes within seconds, or its absence does.
        return (same(form, true), Vec::new());
    }
    match form.key(key) {
        Said::Nothing => (same(form, false), Vec::new()),
        Said::Back => (None, Vec::new()),
        Said::Accept => {
            let user = form.text(0).to_owned();
            let password = Secret(Zeroizing::new(form.entries[1].input.text().to_owned()));
            (same(form, true), vec![Effect::LogIn { user, password }])
        }
    }
}
