//! How XML spells the characters of a text.

const COPY: u8 = 0;
const DROP: u8 = 1;
const ESCAPE: u8 = 2;
const LOOK: u8 = 3;

/// What becomes of a byte on output.
const FATE: [u8; 256] = {
    let mut fate = [COPY; 256];
    let mut byte = 0;
    while byte < 0x20 {
        fate[byte] = DROP;
        byte += 1;
    }
    fate[b'\t' as usize] = COPY;
    fate[b'\n' as usize] = COPY;
    // As it is it would be read as a line feed (XML 1.0, 2.11).
    fate[b'\r' as usize] = ESCAPE;
    fate[b'<' as usize] = ESCAPE;
    fate[b'>' as usize] = ESCAPE;
    fate[b'&' as usize] = ESCAPE;
    fate[b'"' as usize] = ESCAPE;
    fate[0xef] = LOOK;
    fate
};

/// Bytes that are looked at together.
const STEP: usize = 16;

/// Whether all bytes are copied as they are.
fn is_plain(step: &[u8]) -> bool {
    let odd = |byte: u8| {
        (byte < 0x20)
            | (byte == b'<')
            | (byte == b'>')
            | (byte == b'&')
            | (byte == b'"')
            | (byte == 0xef)
    };
    !step.iter().fold(false, |found, &byte| found | odd(byte))
}

/// Appends `text` as character data; characters that XML cannot carry are left out.
pub(crate) fn escape_into(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        // Nearly all text is plain, and looked through in steps that the compiler does at once.
        while let Some(step) = bytes.get(at..at + STEP)
            && is_plain(step)
        {
            at += STEP;
        }
        let Some(&byte) = bytes.get(at) else {
            break;
        };
        let fate = FATE[byte as usize];
        if fate == COPY {
            at += 1;
            continue;
        }
        // All that is replaced or left out are whole characters, so that `copied` and `at` stay on boundaries.
        let (instead, len) = match (fate, byte) {
            (ESCAPE, b'<') => ("&lt;", 1),
            (ESCAPE, b'>') => ("&gt;", 1),
            (ESCAPE, b'&') => ("&amp;", 1),
            (ESCAPE, b'\r') => ("&#13;", 1),
            (ESCAPE, _) => ("&quot;", 1),
            (LOOK, _) if matches!(bytes[at + 1..], [0xbf, 0xbe | 0xbf, ..]) => ("", 3),
            (LOOK, _) => {
                at += 3;
                continue;
            }
            _ => ("", 1),
        };
        out.push_str(&text[copied..at]);
        out.push_str(instead);
        at += len;
        copied = at;
    }
    out.push_str(&text[copied..]);
}

#[cfg(test)]
mod tests {
    use super::escape_into;

    fn escaped(text: &str) -> String {
        let mut out = String::new();
        escape_into(&mut out, text);
        out
    }

    #[test]
    fn markup_is_escaped_and_what_xml_cannot_carry_is_dropped() {
        assert_eq!(escaped("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;'c");
        assert_eq!(escaped("a\0b\u{1}\t\n\r\u{1f}c"), "ab\t\n&#13;c");
        assert_eq!(escaped("\u{fffe}x\u{ffff}"), "x");
        assert_eq!(escaped("ué\u{fffd}\u{ff21}😀"), "ué\u{fffd}\u{ff21}😀");
        assert_eq!(escaped(""), "");
    }
}
