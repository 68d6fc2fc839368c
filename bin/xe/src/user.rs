//! The user at this terminal: his files, what he types, and what he is shown of a long call.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, Read};
use std::os::unix::fs::OpenOptionsExt;

use xapi_cli::{LARGEST_FILE, NotFetched, Output, Watcher};
use xapi_client::{Client, GetError};

use crate::Terminal;
use crate::bar::Bar;

/// The most bytes that are fetched into a file.
const LARGEST_DOWNLOAD: u64 = 64 * 1024 * 1024 * 1024;
/// Of a line that is typed, this much is read.
const LONGEST_LINE: u64 = 64 * 1024;

/// The user, and the server for what is fetched beside calls.
pub struct User {
    /// Where the output goes.
    pub terminal: Terminal,
    client: Client,
    bar: Option<Bar>,
}

impl User {
    /// A user at a terminal.
    pub fn new(terminal: Terminal, client: Client) -> User {
        User {
            terminal,
            client,
            bar: None,
        }
    }
}

impl Output for User {
    fn print(&mut self, text: &str) {
        self.terminal.print(text);
    }

    fn eprint(&mut self, text: &str) {
        self.terminal.eprint(text);
    }

    fn load(&mut self, path: &str) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let file = File::open(path).map_err(|why| why.to_string())?;
        // One byte more tells a file that is too large from one that just fits.
        let mut bounded = file.take(LARGEST_FILE as u64 + 1);
        let read = bounded.read_to_end(&mut bytes);
        read.map_err(|why| why.to_string())?;
        if bytes.len() > LARGEST_FILE {
            return Err(format!("it is larger than {LARGEST_FILE} bytes"));
        }
        Ok(bytes)
    }

    fn ask(&mut self) -> Result<String, String> {
        let mut line = String::new();
        let mut input = std::io::stdin().lock().take(LONGEST_LINE);
        let read = input.read_line(&mut line);
        read.map_err(|why| format!("nobody answers: {why}"))?;
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn download(&mut self, path: &str, target: &str) -> Result<(), NotFetched> {
        let unwritten = |why: std::io::Error| NotFetched::File(why.to_string());
        let fetch = |into: &mut dyn std::io::Write| {
            let got = self.client.get(target, into, LARGEST_DOWNLOAD);
            got.map_err(|why| match why {
                GetError::Status(404) => NotFetched::Absent,
                GetError::Write(why) => unwritten(why),
                why => NotFetched::Server(why.to_string()),
            })
        };
        if path.is_empty() {
            return fetch(&mut std::io::stdout().lock());
        }
        // Never over a file that is there; and what support or an audit is told is nobody else's to read.
        let new = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        let mut file = new.map_err(unwritten)?;
        let fetched = fetch(&mut file).and_then(|()| file.sync_all().map_err(unwritten));
        if fetched.is_err()
            && let Err(left) = std::fs::remove_file(path)
        {
            let text = format!("Warning: a part of it is left in {path}: {left}\n");
            self.terminal.eprint(&text);
        }
        fetched
    }

    fn watcher(&mut self) -> Option<&mut dyn Watcher> {
        if self.bar.is_none() {
            self.bar = Bar::on_terminal();
        }
        self.bar.as_mut().map(|bar| bar as &mut dyn Watcher)
    }
}
