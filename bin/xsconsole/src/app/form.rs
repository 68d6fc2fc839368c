//! What people type into and choose from: fields, forms of them, and lists.

use zeroize::Zeroizing;

use super::key::Key;

/// A field takes no more characters.
const LONGEST: usize = 255;

/// What came of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    /// Nothing that others need to know of.
    Nothing,
    /// One step back.
    Back,
    /// What is there is taken.
    Accept,
}

/// One line of text with a cursor. What it was filled with beforehand goes at the first character typed.
#[derive(Clone, Default)]
pub struct Input {
    text: Zeroizing<String>,
    cursor: usize,
    fresh: bool,
    /// Whether it is not to be seen.
    pub secret: bool,
}

impl std::fmt::Debug for Input {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = out.debug_struct("Input");
        out.field("text", &self.shown());
        out.field("cursor", &self.cursor).finish_non_exhaustive()
    }
}

impl Input {
    /// A field that holds a text already.
    pub fn filled(text: &str) -> Input {
        Input {
            text: Zeroizing::new(text.to_owned()),
            cursor: text.chars().count(),
            fresh: !text.is_empty(),
            secret: false,
        }
    }

    /// A field for something that must not be seen.
    pub fn secret() -> Input {
        Input {
            // At once as much as it can take: a text that moved would leave its old place as it was.
            text: Zeroizing::new(String::with_capacity(LONGEST * char::MAX.len_utf8())),
            secret: true,
            ..Input::default()
        }
    }

    /// What is in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is to be seen of it.
    pub fn shown(&self) -> String {
        match self.secret {
            true => "*".repeat(self.text.chars().count()),
            false => self.text.to_string(),
        }
    }

    /// How many characters are left of the cursor.
    pub fn cursor(&self) -> usize {
        self.cursor
    }

    /// Whether the next character replaces it all.
    pub fn is_fresh(&self) -> bool {
        self.fresh
    }

    fn at(&self, character: usize) -> usize {
        let mut places = self.text.char_indices().map(|(at, _)| at);
        places.nth(character).unwrap_or(self.text.len())
    }

    fn key(&mut self, key: Key) {
        let length = self.text.chars().count();
        match key {
            Key::Char(c) if !c.is_control() => {
                if std::mem::take(&mut self.fresh) {
                    self.text.clear();
                    self.cursor = 0;
                }
                if self.text.chars().count() < LONGEST {
                    let at = self.at(self.cursor);
                    self.text.insert(at, c);
                    self.cursor += 1;
                }
            }
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                let at = self.at(self.cursor);
                self.text.remove(at);
            }
            Key::Delete if self.cursor < length => {
                let at = self.at(self.cursor);
                self.text.remove(at);
            }
            Key::Ctrl('u') => {
                self.text.clear();
                self.cursor = 0;
            }
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(length),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = length,
            _ => return,
        }
        self.fresh = false;
    }
}

/// A field with what is written before and below it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub label: &'static str,
    /// What to type.
    pub hint: &'static str,
    /// The field.
    pub input: Input,
}

impl Entry {
    /// A field that holds a text already.
    pub fn filled(label: &'static str, hint: &'static str, text: &str) -> Entry {
        let input = Input::filled(text);
        Entry { label, hint, input }
    }
}

/// Fields below one another.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// The fields.
    pub entries: Vec<Entry>,
    /// The one that is typed into.
    pub at: usize,
    /// What is wrong with what was typed.
    pub complaint: Option<String>,
}

impl Form {
    /// A form whose first field is typed into.
    pub fn of(entries: Vec<Entry>) -> Form {
        Form {
            entries,
            ..Form::default()
        }
    }

    /// What was typed into a field, without blanks around it.
    pub fn text(&self, field: usize) -> &str {
        self.entries
            .get(field)
            .map_or("", |entry| entry.input.text().trim())
    }

    /// Says what is wrong with a field.
    pub fn complain(&mut self, field: usize, why: String) {
        self.at = field;
        self.complaint = Some(why);
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Said {
        let last = self.entries.len().saturating_sub(1);
        match key {
            Key::Esc => return Said::Back,
            Key::Enter if self.at == last => return Said::Accept,
            Key::Enter | Key::Down => self.at = (self.at + 1).min(last),
            Key::Tab => self.at = if self.at == last { 0 } else { self.at + 1 },
            Key::BackTab => self.at = self.at.checked_sub(1).unwrap_or(last),
            Key::Up => self.at = self.at.saturating_sub(1),
            key => {
                if let Some(entry) = self.entries.get_mut(self.at) {
                    entry.input.key(key);
                    self.complaint = None;
                }
            }
        }
        Said::Nothing
    }
}

/// A word that is typed, letter by letter, before something that cannot be taken back: no key that is held down too long
/// is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    letters: usize,
}

impl Word {
    /// The word.
    pub const WANTED: &str = "yes";

    /// What there is of it.
    pub fn typed(&self) -> &'static str {
        Word::WANTED.get(..self.letters).unwrap_or(Word::WANTED)
    }

    /// Whether all of it is there.
    pub fn is_given(&self) -> bool {
        self.letters >= Word::WANTED.len()
    }

    /// Takes its next letter, or takes one back; other keys mean nothing here.
    pub fn key(&mut self, key: Key) {
        match key {
            Key::Char(c) => {
                let next = Word::WANTED.chars().nth(self.letters);
                if next.is_some_and(|next| next.eq_ignore_ascii_case(&c)) {
                    self.letters += 1;
                }
            }
            Key::Backspace => self.letters = self.letters.saturating_sub(1),
            _ => {}
        }
    }
}

/// Lines by which a summary is scrolled up from its end after a key; none if the key does not scroll.
pub fn scrolled_up(up: usize, key: Key) -> Option<usize> {
    const PAGE: usize = 5;
    Some(match key {
        Key::Up => up.saturating_add(1),
        Key::Down => up.saturating_sub(1),
        Key::PageUp => up.saturating_add(PAGE),
        Key::PageDown => up.saturating_sub(PAGE),
        _ => return None,
    })
}

/// Lines of which one is chosen.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// The lines.
    pub items: Vec<String>,
    /// The one that is chosen.
    pub at: usize,
}

impl Choice {
    /// A list with one chosen beforehand.
    pub fn of(items: impl IntoIterator<Item = impl Into<String>>, at: usize) -> Choice {
        let items: Vec<String> = items.into_iter().map(Into::into).collect();
        let at = at.min(items.len().saturating_sub(1));
        Choice { items, at }
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Said {
        const PAGE: usize = 8;
        let last = self.items.len().saturating_sub(1);
        match key {
            Key::Esc | Key::Left => return Said::Back,
            Key::Enter | Key::Right if !self.items.is_empty() => return Said::Accept,
            Key::Up => self.at = self.at.saturating_sub(1),
            Key::Down => self.at = (self.at + 1).min(last),
            Key::Home => self.at = 0,
            Key::End => self.at = last,
            Key::PageUp => self.at = self.at.saturating_sub(PAGE),
            Key::PageDown => self.at = (self.at + PAGE).min(last),
            Key::Char(c) => self.jump(c),
            _ => {}
        }
        Said::Nothing
    }

    /// To the next line that begins with a letter.
    fn jump(&mut self, letter: char) {
        let begins = |item: &String| {
            let first = item.chars().next();
            first.is_some_and(|first| first.eq_ignore_ascii_case(&letter))
        };
        let count = self.items.len();
        let after = (1..=count).map(|step| (self.at + step) % count);
        if let Some(at) = after.into_iter().find(|at| begins(&self.items[*at])) {
            self.at = at;
        }
    }
}
