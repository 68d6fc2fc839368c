//! The body of `POST /cli`: the words of a command line, one a line.

/// The words, and the session that is lent with them.
///
/// A pool member that hands a command line on to its master ends lines as HTTP does, and puts the session first.
pub fn words(body: &str) -> (Option<String>, Vec<String>) {
    let lines = body.split('\n');
    let mut words: Vec<String> = lines
        .map(|line| line.strip_suffix('\r').unwrap_or(line).to_owned())
        .collect();
    let first = words.first().map_or("", String::as_str);
    match first.strip_prefix("session_id=").map(str::to_owned) {
        Some(session) => {
            words.remove(0);
            (Some(session), words)
        }
        None => (None, words),
    }
}
