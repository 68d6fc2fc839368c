//! Keys, as far as the console knows them.

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A character.
    Char(char),
    /// A character with Ctrl held.
    Ctrl(char),
    /// Takes what is chosen or typed.
    Enter,
    /// One step back.
    Esc,
    /// The one above.
    Up,
    /// The one below.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// The first.
    Home,
    /// The last.
    End,
    /// A page back.
    PageUp,
    /// A page on.
    PageDown,
    /// The next field.
    Tab,
    /// The field before.
    BackTab,
    /// Deletes what is left of the cursor.
    Backspace,
    /// Deletes what is under the cursor.
    Delete,
}
