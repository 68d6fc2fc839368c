//! Sections of PEM texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::{self, PemObject as _, SectionKind};

/// One section: what it says it is, and its bytes.
pub(crate) type Section = (SectionKind, Vec<u8>);

/// All sections that are known; text between them is skipped.
pub(crate) fn sections(text: &str) -> Result<Vec<Section>, pem::Error> {
    Section::pem_slice_iter(text.as_bytes()).collect()
}

/// Letters of a line of base64.
const LINE: usize = 64;

/// A section as text, with a line end after its last line.
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    let letters = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in letters.as_bytes().chunks(LINE) {
        text.extend(line.iter().map(|&letter| char::from(letter)));
        text.push('\n');
    }
    text + "-----END " + label + "-----\n"
}
