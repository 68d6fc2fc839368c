//! Which characters a text of XenAPI may hold: those of XML 1.0, whatever the encoding that it goes over.

use std::borrow::Cow;

/// Whether every character can stand in an XML 1.0 document: no control characters but TAB, LF and CR, and neither
/// U+FFFE nor U+FFFF. (Surrogates cannot occur in Rust's strings.)
pub fn is_xml_text(text: &str) -> bool {
    // No branch in the loop, so that it runs over many bytes at once. U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    let suspicious = text.bytes().fold(false, |found, byte| {
        let control = (byte < b' ') & (byte != b'\t') & (byte != b'\n') & (byte != b'\r');
        found | control | (byte == 0xef)
    });
    !suspicious || text.chars().all(is_xml_char)
}

/// Whether this character can stand in an XML 1.0 document.
pub fn is_xml_char(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => c >= ' ',
    }
}

/// The text with U+FFFD in place of each character that XML cannot carry.
pub fn legible(text: &str) -> Cow<'_, str> {
    if is_xml_text(text) {
        return Cow::Borrowed(text);
    }
    let instead = |c| {
        if is_xml_char(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    Cow::Owned(text.chars().map(instead).collect())
}

#[cfg(test)]
mod tests {
    use super::{is_xml_char, is_xml_text, legible};

    #[test]
    fn the_fast_look_at_a_text_agrees_with_the_look_at_each_character() {
        for c in (0..=0x1_0400).filter_map(char::from_u32) {
            let text = format!("a{c}b");
            assert_eq!(is_xml_text(&text), is_xml_char(c), "{:x}", c as u32);
            assert!(is_xml_text(&legible(&text)), "{:x}", c as u32);
        }
    }

    #[test]
    fn what_xml_cannot_carry_is_replaced_and_nothing_else() {
        let good = "a\t\r\n<&>\u{e9}\u{fffd}\u{1f600}";
        assert_eq!(legible(good), good);
        assert_eq!(legible("a\0\u{1f}\u{ffff}b"), "a\u{fffd}\u{fffd}\u{fffd}b");
    }
}
