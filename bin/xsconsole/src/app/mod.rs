//! What the console is at: a state that keys, the clock and answers move, and the effects that follow. Nothing here
//! draws, waits or talks to anybody.

pub mod addressing;
pub mod configure;
pub mod form;
pub mod job;
pub mod key;
mod login;
pub mod menu;
pub mod probing;
pub mod reset;
pub mod servers;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use xapi_client::Stranger;
use zeroize::Zeroizing;

use crate::seen::{Kernel, Line, Told};
use configure::Configure;
use form::{Entry, Form, Said, Word};
use job::{Job, Progress, Wish, Work};
use key::Key;
use login::{log_in, log_in_key, trust_key};
use menu::{Item, Menu};
use probing::{Answer as ProbeAnswer, Probing, Target};
use reset::{Asked, Basis, Reset};
use servers::Servers;

/// Who may change something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// Root at the host itself: whoever stands here may do everything.
    Root,
    /// Nobody yet: a password is asked for.
    Nobody,
    /// Somebody who gave his password to the daemon.
    LoggedIn(String),
}

/// Something that happens to the console.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// Time has passed.
    Time(Timestamp),
    /// The screen has another size.
    Resized,
    /// What the kernel and the host's files say now.
    Kernel(Box<Kernel>),
    /// Whether the daemon answers now.
    Line(Line),
    /// What the daemon says now.
    Told(Box<Told>),
    /// The daemon knows nobody of this console any more.
    LoggedOut,
    /// Whether it is kept that a server is believed; the reason if not.
    Trusted(Result<(), String>),
    /// What came of a login.
    LoggedIn(Result<String, String>),
    /// What an emergency reset has to start from.
    Basis(Box<Basis>),
    /// How far a step of what is under way is.
    Step(usize, Option<String>, Progress),
    /// Something to be known about what is under way.
    Note(String),
    /// A change waits for a person, until then; or no longer.
    Waits(Option<Timestamp>),
    /// Whether the daemon has taken what a person said of a change that waits; the reason if not.
    Said(Result<(), String>),
    /// What was under way has ended.
    Ended(Result<String, String>),
    /// What came of a question to somebody outside.
    Probed(Target, ProbeAnswer),
    /// Something could not even be begun, for this reason.
    NotBegun(String),
    /// Something that only the window of the calls with this number is to know; it may be gone.
    Of(u64, Box<Event>),
}

/// A password. It is in no text that is made for whoever looks for an error.
#[derive(Clone, PartialEq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The password.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("a password")
    }
}

/// Something that has to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The console ends.
    Quit,
    /// The screen is drawn from nothing.
    Redraw,
    /// Kernel and daemon are asked at once.
    Look,
    /// A server is believed from now on.
    Trust(Stranger),
    /// Somebody logs in.
    LogIn {
        /// Who.
        user: String,
        /// With what.
        password: Secret,
    },
    /// He logs out.
    LogOut,
    /// Calls are made.
    Run {
        /// Which window is told of them.
        number: u64,
        /// The calls.
        job: Job,
    },
    /// The change that waits is well, or it is not.
    Confirm {
        /// Which window is told of it.
        number: u64,
        /// Whether it is to be undone.
        undo: bool,
    },
    /// What an emergency reset starts from is looked for.
    Prepare,
    /// The emergency reset.
    Reset(Asked),
    /// These are asked whether they are there.
    Probe(Vec<Target>),
}

/// A window over the panes.
#[derive(Clone, Debug)]
pub enum Dialogue {
    /// Whether a server is the one that it says it is. No password is asked for before.
    Trust {
        /// The server.
        stranger: Stranger,
        /// The word that is wanted.
        word: Word,
        /// Lines by which it is scrolled up from its end.
        up: usize,
        /// What is opened after the login.
        then: Item,
    },
    /// User and password, and what is opened then.
    LogIn {
        /// The fields.
        form: Form,
        /// Whether an answer is waited for.
        asking: bool,
        /// What is opened then.
        then: Item,
    },
    /// Management.
    Configure(Box<Configure>),
    /// Name servers.
    Servers(Box<Servers>),
    /// Whether anybody answers.
    Probing(Box<Probing>),
    /// All about the NICs; the number is the first line that is shown.
    Nics(usize),
    /// Alerts in full; the same.
    Alerts(usize),
    /// The host's name.
    Hostname(Form),
    /// The emergency reset; none while its basis is looked for.
    Reset(Option<Box<Reset>>),
    /// Something that is under way.
    Work(Work),
    /// A few words.
    Notice(String),
}

/// The console.
#[derive(Clone, Debug)]
pub struct App {
    /// Who may change something.
    pub user: User,
    /// Whether the daemon that is talked to is this host's; the kernel of another one cannot be asked.
    pub here: bool,
    /// What the kernel says.
    pub kernel: Kernel,
    /// Whether the daemon answers.
    pub line: Line,
    /// What it said last.
    pub told: Option<Told>,
    /// The time.
    pub now: Timestamp,
    /// Where the host is.
    pub zone: TimeZone,
    /// The menu that is open.
    pub menu: Menu,
    /// The line of each menu that is chosen.
    pub at: [usize; 2],
    /// The first line of the pane that is shown.
    pub scroll: usize,
    /// The window over the panes.
    pub dialogue: Option<Dialogue>,
    /// How many calls were begun so far.
    begun: u64,
}

impl App {
    /// The console at its first menu.
    pub fn new(user: User, here: bool, now: Timestamp, zone: TimeZone) -> App {
        App {
            user,
            here,
            kernel: Kernel::default(),
            line: Line::Asking,
            told: None,
            now,
            zone,
            menu: Menu::Root,
            at: [0; 2],
            scroll: 0,
            dialogue: None,
            begun: 0,
        }
    }

    /// Takes what was scrolled further than there is anything back to the end; the numbers are the lines that the pane
    /// and the window over it have no room for.
    pub fn clamp(&mut self, pane: usize, window: usize) {
        self.scroll = self.scroll.min(pane);
        match &mut self.dialogue {
            Some(Dialogue::Nics(top) | Dialogue::Alerts(top)) => *top = (*top).min(window),
            Some(Dialogue::Reset(Some(reset))) => reset.up = reset.up.min(window),
            Some(Dialogue::Configure(configure)) => configure.up = configure.up.min(window),
            Some(Dialogue::Trust { up, .. }) => *up = (*up).min(window),
            _ => {}
        }
    }

    /// The items of the open menu.
    pub fn items(&self) -> &'static [Item] {
        self.menu.items(&self.user)
    }

    /// The item that is chosen.
    pub fn item(&self) -> Item {
        let items = self.items();
        items[self.at[self.menu as usize].min(items.len() - 1)]
    }

    /// Takes what happened, and says what has to be done.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Key(key) => return self.key(key),
            Event::Time(now) => self.now = now,
            Event::Resized => {}
            Event::Kernel(kernel) => self.kernel = *kernel,
            Event::Line(line) => {
                self.line = line;
                // Whoever was faster than the first answer is asked before he types a password.
                if let Some(Dialogue::LogIn { then, .. }) = self.dialogue {
                    self.ask_who(then);
                }
            }
            Event::Trusted(outcome) => self.trusted(outcome),
            // One that was under way when somebody logged out.
            Event::Told(_) if self.user == User::Nobody && !self.is_asking() => {}
            Event::Told(told) => {
                self.told = Some(*told);
                self.line = Line::Up;
            }
            Event::LoggedOut => {
                if self.user != User::Root {
                    self.forget_user();
                }
            }
            Event::LoggedIn(outcome) => return self.logged_in(outcome),
            Event::Basis(basis) => {
                if let Some(Dialogue::Reset(reset @ None)) = &mut self.dialogue {
                    *reset = Some(Box::new(Reset::new(*basis)));
                }
            }
            Event::Probed(target, answer) => {
                if let Some(Dialogue::Probing(probing)) = &mut self.dialogue {
                    probing.answered(&target, answer);
                }
            }
            Event::Step(at, says, progress) => self.work(|work| work.step(at, says, progress)),
            Event::Note(note) => self.work(|work| work.note(note)),
            Event::Waits(until) => self.work(|work| {
                // The next step of the same job may wait as well, and then has to be confirmed as well.
                if until.is_none() {
                    (work.said, work.taken) = (false, false);
                }
                work.confirm_until = until;
            }),
            Event::Said(Ok(())) => self.work(|work| work.taken = true),
            Event::Said(Err(why)) => self.work(|work| {
                // It can be said again, as long as the change waits.
                work.said = false;
                work.note(format!("The daemon did not take the answer: {why}"));
            }),
            Event::NotBegun(why) if self.is_at_work() => {
                let why = format!("This could not be begun: {why}");
                self.work(|work| work.outcome = Some(Err(why)));
            }
            Event::NotBegun(why) => {
                self.dialogue = Some(Dialogue::Notice(format!("This could not be begun: {why}")));
            }
            Event::Of(number, event) => {
                if matches!(&self.dialogue, Some(Dialogue::Work(work)) if work.number == Some(number))
                {
                    return self.update(*event);
                }
                if matches!(*event, Event::Ended(_)) {
                    return vec![Effect::Look];
                }
            }
            Event::Ended(outcome) => {
                self.work(|work| work.outcome = Some(outcome));
                return vec![Effect::Look];
            }
        }
        Vec::new()
    }

    fn work(&mut self, act: impl FnOnce(&mut Work)) {
        if let Some(Dialogue::Work(work)) = &mut self.dialogue {
            act(work);
        }
    }

    /// Whether something is under way that must not be left alone.
    pub fn is_at_work(&self) -> bool {
        matches!(&self.dialogue, Some(Dialogue::Work(work)) if work.outcome.is_none())
    }

    fn key(&mut self, key: Key) -> Vec<Effect> {
        match key {
            Key::Ctrl('l') => return vec![Effect::Redraw, Effect::Look],
            Key::Ctrl('c') if !self.is_at_work() => return vec![Effect::Quit],
            _ => {}
        }
        match self.dialogue.take() {
            None => self.menu_key(key),
            Some(dialogue) => self.dialogue_key(dialogue, key),
        }
    }

    fn menu_key(&mut self, key: Key) -> Vec<Effect> {
        const PAGE: usize = 5;
        let last = self.items().len() - 1;
        let menu = self.menu as usize;
        let before = self.at[menu];
        let at = &mut self.at[menu];
        match key {
            Key::Up => *at = at.saturating_sub(1),
            Key::Down => *at = (*at + 1).min(last),
            Key::Home => *at = 0,
            Key::End => *at = last,
            Key::PageUp => self.scroll = self.scroll.saturating_sub(PAGE),
            Key::PageDown => self.scroll = self.scroll.saturating_add(PAGE),
            Key::Esc | Key::Left if self.menu == Menu::Network => {
                self.menu = Menu::Root;
                self.scroll = 0;
            }
            Key::Enter | Key::Right => return self.open(self.item()),
            Key::Char(letter) => self.jump(letter),
            _ => {}
        }
        if self.at[menu] != before {
            self.scroll = 0;
        }
        Vec::new()
    }

    /// To the next item that begins with a letter.
    fn jump(&mut self, letter: char) {
        let items = self.items();
        let at = &mut self.at[self.menu as usize];
        let after = (1..=items.len()).map(|step| (*at + step) % items.len());
        let begins = |place: &usize| {
            let first = items
                .get(*place)
                .and_then(|item| item.title().chars().next());
            first.is_some_and(|first| first.eq_ignore_ascii_case(&letter))
        };
        if let Some(place) = { after }.find(begins) {
            *at = place;
        }
    }

    fn open(&mut self, item: Item) -> Vec<Effect> {
        self.scroll = 0;
        if let Some(why) = self.refusal(item) {
            self.dialogue = Some(Dialogue::Notice(why));
            return Vec::new();
        }
        if item.changes() && self.user == User::Nobody {
            self.dialogue = Some(log_in(item));
            self.ask_who(item);
            return Vec::new();
        }
        self.dialogue = match item {
            Item::Status => return vec![Effect::Look],
            Item::Network => {
                self.menu = Menu::Network;
                self.at[Menu::Network as usize] = 0;
                return Vec::new();
            }
            Item::Alerts => Some(Dialogue::Alerts(0)),
            Item::LogIn => {
                self.dialogue = Some(log_in(Item::Status));
                self.ask_who(Item::Status);
                return Vec::new();
            }
            Item::LogOut => {
                self.forget_user();
                return vec![Effect::LogOut];
            }
            Item::Quit => return vec![Effect::Quit],
            Item::Configure => self
                .told
                .as_ref()
                .map(|told| Dialogue::Configure(Box::new(Configure::new(told, &self.kernel)))),
            Item::Servers => Some(self.servers()),
            Item::Probing => Some(Dialogue::Probing(Box::new(Probing::new(&self.kernel)))),
            Item::Nics => Some(Dialogue::Nics(0)),
            Item::Hostname => Some(self.hostname()),
            Item::Reset => {
                self.dialogue = Some(Dialogue::Reset(None));
                return vec![Effect::Prepare];
            }
        };
        Vec::new()
    }

    /// Why something cannot be opened now.
    fn refusal(&self, item: Item) -> Option<String> {
        let elsewhere =
            "This can be done at the host itself alone: this console talks to another one.";
        if item.is_local() && !self.here {
            return Some(elsewhere.to_owned());
        }
        if item.is_local() && self.user != User::Root {
            return Some(format!(
                "{}: this needs root at the host itself. Run the console as root.",
                item.title()
            ));
        }
        let up = self.line == Line::Up && self.told.is_some();
        if item.needs_daemon() && !up && self.user != User::Nobody {
            return Some(format!(
                "{}: this is done by the daemon, which does not answer. The emergency network reset works without it.",
                item.title()
            ));
        }
        None
    }

    fn servers(&self) -> Dialogue {
        let management = self.told.as_ref().and_then(Told::management);
        let made = management
            .ok_or_else(|| "No interface carries management.".to_owned())
            .and_then(Servers::new);
        match made {
            Ok(servers) => Dialogue::Servers(Box::new(servers)),
            Err(why) => Dialogue::Notice(why),
        }
    }

    fn hostname(&self) -> Dialogue {
        let hint = "letters, digits, hyphens and dots";
        let entry = Entry::filled("Hostname", hint, &self.kernel_or_told_name());
        Dialogue::Hostname(Form::of(vec![entry]))
    }

    /// The host's name, by whoever knows it.
    pub fn kernel_or_told_name(&self) -> String {
        let told = self.told.as_ref().map(|told| told.hostname.clone());
        match self.kernel.hostname.as_str() {
            "" => told.unwrap_or_default(),
            name => name.to_owned(),
        }
    }

    fn dialogue_key(&mut self, dialogue: Dialogue, key: Key) -> Vec<Effect> {
        let (left, effects) = match dialogue {
            Dialogue::Trust {
                stranger,
                word,
                up,
                then,
            } => trust_key(stranger, word, up, then, key),
            Dialogue::LogIn { form, asking, then } => log_in_key(form, asking, then, key),
            Dialogue::Configure(mut configure) => match configure.key(key) {
                configure::Outcome::Within => keep(Dialogue::Configure(configure)),
                configure::Outcome::Leave => (None, Vec::new()),
                configure::Outcome::Do(job) => self.run(job),
            },
            Dialogue::Servers(mut servers) => match servers.key(key) {
                servers::Outcome::Within => keep(Dialogue::Servers(servers)),
                servers::Outcome::Leave => (None, Vec::new()),
                servers::Outcome::Do(job) => self.run(job),
            },
            Dialogue::Probing(mut probing) => match probing.key(key) {
                probing::Outcome::Leave => (None, Vec::new()),
                probing::Outcome::Within => keep(Dialogue::Probing(probing)),
                probing::Outcome::Ask(targets) => (
                    Some(Dialogue::Probing(probing)),
                    vec![Effect::Probe(targets)],
                ),
            },
            Dialogue::Nics(top) => {
                scrolled(top, key).map_or((None, Vec::new()), |top| keep(Dialogue::Nics(top)))
            }
            Dialogue::Alerts(top) => {
                scrolled(top, key).map_or((None, Vec::new()), |top| keep(Dialogue::Alerts(top)))
            }
            Dialogue::Hostname(form) => self.hostname_key(form, key),
            Dialogue::Reset(None) if key == Key::Esc => (None, Vec::new()),
            Dialogue::Reset(None) => keep(Dialogue::Reset(None)),
            Dialogue::Reset(Some(mut reset)) => match reset.key(key) {
                reset::Outcome::Within => keep(Dialogue::Reset(Some(reset))),
                reset::Outcome::Leave => (None, Vec::new()),
                reset::Outcome::Do(asked) => (
                    Some(Dialogue::Work(Work::of(reset::TITLE, []))),
                    vec![Effect::Reset(asked)],
                ),
            },
            Dialogue::Work(work) => self.work_key(work, key),
            Dialogue::Notice(text) => match key {
                Key::Enter | Key::Esc => (None, Vec::new()),
                _ => keep(Dialogue::Notice(text)),
            },
        };
        self.dialogue = left;
        effects
    }

    fn work_key(&self, mut work: Work, key: Key) -> (Option<Dialogue>, Vec<Effect>) {
        match work.key(key, self.now) {
            Wish::Nothing => keep(Dialogue::Work(work)),
            Wish::Close => (None, Vec::new()),
            Wish::Leave => keep(Dialogue::Notice(
                "The daemon goes on with what it was asked for. What comes of it is not said here any more: the status \
                 display shows it, and alerts may."
                    .to_owned(),
            )),
            wish @ (Wish::Confirm | Wish::Undo) => {
                work.said = true;
                let undo = wish == Wish::Undo;
                let number = work.number.unwrap_or(self.begun);
                let effect = Effect::Confirm { number, undo };
                (Some(Dialogue::Work(work)), vec![effect])
            }
        }
    }

    fn run(&mut self, job: Job) -> (Option<Dialogue>, Vec<Effect>) {
        if job.calls.is_empty() {
            return keep(Dialogue::Notice("All is so already.".to_owned()));
        }
        self.begun += 1;
        let number = self.begun;
        let steps = job.calls.iter().map(|call| call.says.clone());
        let work = Work {
            number: Some(number),
            ..Work::of(job.title, steps)
        };
        (
            Some(Dialogue::Work(work)),
            vec![Effect::Run { number, job }],
        )
    }

    fn hostname_key(&mut self, mut form: Form, key: Key) -> (Option<Dialogue>, Vec<Effect>) {
        match form.key(key) {
            Said::Nothing => return keep(Dialogue::Hostname(form)),
            Said::Back => return (None, Vec::new()),
            Said::Accept => {}
        }
        let name = form.text(0).to_owned();
        if name.is_empty() {
            form.complain(0, "The host has to have a name.".to_owned());
            return keep(Dialogue::Hostname(form));
        }
        let host = self.told.as_ref().map_or("", |told| told.host.as_str());
        let calls = vec![job::hostname(host, &name)];
        self.run(Job {
            title: "Set Hostname",
            calls,
            confirm_within: None,
            done: format!("This host is called {name}."),
        })
    }
}

fn keep(dialogue: Dialogue) -> (Option<Dialogue>, Vec<Effect>) {
    (Some(dialogue), Vec::new())
}

/// The first line of a long text after a key; none if the key leaves it.
fn scrolled(top: usize, key: Key) -> Option<usize> {
    const PAGE: usize = 10;
    Some(match key {
        Key::Esc | Key::Enter | Key::Left => return None,
        Key::Up => top.saturating_sub(1),
        Key::Down => top.saturating_add(1),
        Key::PageUp => top.saturating_sub(PAGE),
        Key::PageDown => top.saturating_add(PAGE),
        Key::Home => 0,
        Key::End => usize::MAX,
        _ => top,
    })
}
