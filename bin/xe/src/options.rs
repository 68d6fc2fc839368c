//! What the client itself consumes of its words, from three sources: `~/.xe`, XE_EXTRA_ARGS and the command line, the
//! last of them the strongest. Everything else goes to the command, in order.

/// Why the words cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Bad {
    /// An option lacks its value.
    #[error("{0} needs a value")]
    NoValue(String),
    /// A port is no port.
    #[error("port {0:?} is not between 0 and 65535")]
    Port(String),
    /// A switch is neither on nor off.
    #[error("{0}={1:?}: say true or false")]
    Switch(&'static str, String),
}

/// What was asked of the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// The host to talk to; none is this one.
    pub server: Option<String>,
    /// The port there.
    pub port: Option<u16>,
    /// Who logs in.
    pub username: Option<String>,
    /// With which password.
    pub password: Option<String>,
    /// A file with the user on its first line and the password on its second.
    pub passwordfile: Option<String>,
    /// Plain TCP.
    pub nossl: Option<bool>,
    /// A file with the authorities that vouch for the server.
    pub cafile: Option<String>,
    /// Say on standard error what goes on.
    pub debug: Option<bool>,
    /// Say it when the command has failed.
    pub debugonfail: Option<bool>,
    /// Usage was asked for.
    pub help: bool,
    /// The version was asked for.
    pub version: bool,
    /// The command and its parameters.
    pub rest: Vec<String>,
}

fn switch(name: &'static str, text: &str) -> Result<bool, Bad> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "0" => Ok(false),
        _ => Err(Bad::Switch(name, text.to_owned())),
    }
}

impl Options {
    /// Takes the options out of words, wherever they stand.
    pub fn parse(words: impl IntoIterator<Item = String>) -> Result<Options, Bad> {
        let mut options = Options::default();
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| Bad::NoValue(word.clone()));
            let (key, value) = match word.as_str() {
                "-s" | "-h" => ("server", value()?),
                "-p" => ("port", value()?),
                "-u" => ("username", value()?),
                "-pw" => ("password", value()?),
                "-pwf" => ("passwordfile", value()?),
                "--ca" => ("cafile", value()?),
                "--traceparent" => ("traceparent", value()?),
                "--nossl" => ("nossl", "true".to_owned()),
                "--debug" => ("debug", "true".to_owned()),
                "--debug-on-fail" => ("debugonfail", "true".to_owned()),
                "-help" | "--help" => {
                    options.help = true;
                    continue;
                }
                "-version" => {
                    options.version = true;
                    continue;
                }
                other => match other.split_once('=') {
                    Some((key, value)) => (key, value.to_owned()),
                    None => {
                        options.rest.push(word);
                        continue;
                    }
                },
            };
            if !options.take(key, &value)? {
                options.rest.push(word);
            }
        }
        Ok(options)
    }

    /// Takes a key that is the client's own; false for any other.
    fn take(&mut self, key: &str, value: &str) -> Result<bool, Bad> {
        match key {
            "server" => self.server = Some(value.to_owned()),
            "port" => self.port = Some(value.parse().map_err(|_| Bad::Port(value.to_owned()))?),
            "username" => self.username = Some(value.to_owned()),
            "password" => self.password = Some(value.to_owned()),
            "passwordfile" => self.passwordfile = Some(value.to_owned()),
            "nossl" => self.nossl = Some(switch("nossl", value)?),
            "cafile" => self.cafile = Some(value.to_owned()),
            "debug" => self.debug = Some(switch("debug", value)?),
            "debugonfail" => self.debugonfail = Some(switch("debugonfail", value)?),
            // Understood and without effect: there is no tracing to join.
            "traceparent" => {}
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Fills what is not said here from a weaker source, whose other words follow ours.
    pub fn over(mut self, weaker: Options) -> Options {
        self.server = self.server.or(weaker.server);
        self.port = self.port.or(weaker.port);
        self.username = self.username.or(weaker.username);
        self.password = self.password.or(weaker.password);
        self.passwordfile = self.passwordfile.or(weaker.passwordfile);
        self.nossl = self.nossl.or(weaker.nossl);
        self.cafile = self.cafile.or(weaker.cafile);
        self.debug = self.debug.or(weaker.debug);
        self.debugonfail = self.debugonfail.or(weaker.debugonfail);
        self.rest.extend(weaker.rest);
        self
    }
}

/// The words of XE_EXTRA_ARGS: separated by commas; a backslash keeps a comma, and is not kept itself.
pub fn extra_words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut kept = false;
    for letter in text.chars() {
        match letter {
            ',' if !kept => words.push(String::new()),
            '\\' => {
                kept = true;
                continue;
            }
            other => words.last_mut().expect("never empty").push(other),
        }
        kept = false;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The words of `~/.xe`; a line without `=` spoils the file.
pub fn rc_words(text: &str) -> Option<Vec<String>> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines
        .map(|line| line.contains('=').then(|| line.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Bad, Options, extra_words, rc_words};

    fn parse(words: &str) -> Result<Options, Bad> {
        Options::parse(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_taken_at_any_position_and_the_rest_keeps_its_order() {
        let options = parse(
            "pif-list -s h1 params=uuid -u root --minimal -pw x port=81 device=eth0 --nossl --ca f",
        )
        .unwrap();
        assert_eq!(options.server.as_deref(), Some("h1"));
        assert_eq!(options.port, Some(81));
        assert_eq!(options.nossl, Some(true));
        assert_eq!(options.cafile.as_deref(), Some("f"));
        assert_eq!(
            (options.username.as_deref(), options.password.as_deref()),
            (Some("root"), Some("x"))
        );
        assert_eq!(
            options.rest,
            ["pif-list", "params=uuid", "--minimal", "device=eth0"]
        );
    }

    #[test]
    fn the_command_line_is_stronger_than_the_environment_and_that_than_the_file() {
        let line = parse("vm-list -s line").unwrap();
        let extra = Options::parse(extra_words("server=extra,username=a\\,b,--minimal")).unwrap();
        let rc = Options::parse(rc_words("server=rc\n\npassword=p\nx=y\n").unwrap()).unwrap();
        let all = line.over(extra).over(rc);
        assert_eq!(all.server.as_deref(), Some("line"));
        assert_eq!(all.username.as_deref(), Some("a,b"));
        assert_eq!(all.password.as_deref(), Some("p"));
        assert_eq!(all.rest, ["vm-list", "--minimal", "x=y"]);
    }

    #[test]
    fn a_file_with_a_line_that_says_nothing_is_not_used() {
        assert_eq!(rc_words("server=h\nnonsense\n"), None);
    }

    #[test]
    fn a_word_without_its_value_is_refused() {
        assert_eq!(parse("pif-list -s"), Err(Bad::NoValue("-s".to_owned())));
        assert_eq!(
            parse("pif-list port=http"),
            Err(Bad::Port("http".to_owned()))
        );
    }
}
