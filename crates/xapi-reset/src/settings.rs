//! What of the daemon's configuration file is about the network. A file with mistakes, with which the daemon would not
//! start, is no reason not to reset: it is told, and the defaults count.

use std::io;
use std::path::Path;

use serde::Deserialize;
use xapi_net::kernel::Pattern;
use xapi_net::local::Config;
use xapi_net::ovs::row::Datapath;

const LIMIT: u64 = 1 << 20;

/// The keys that matter here; the others are the daemon's business.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Keys {
    nics: Vec<String>,
    datapath: Option<String>,
}

/// Where things of the network are, by the configuration file below a root. What is wrong with the file is added to
/// `notes`.
pub fn network(root: &Path, notes: &mut Vec<String>) -> Config {
    let path = root.join("etc/xensource/xapi.toml");
    let mut config = Config::at(root);
    let keys = match read(&path) {
        Ok(keys) => keys,
        Err(why) => {
            notes.push(format!(
                "{}: {why}. This goes on without it; the daemon will not start before it is mended \
                 (xapi --check-config tells where)",
                path.display()
            ));
            Keys {
                // It may have said which links are NICs.
                nics: vec!["eth[0-9]*".to_owned()],
                datapath: None,
            }
        }
    };
    for text in &keys.nics {
        match text.parse::<Pattern>() {
            Ok(pattern) => config.nics.push(pattern),
            Err(why) => notes.push(format!("{}: nics: {why}", path.display())),
        }
    }
    config.datapath = match keys.datapath.as_deref() {
        None | Some("auto") => None,
        Some("system") => Some(Datapath::System),
        Some("netdev") => Some(Datapath::Netdev),
        Some(other) => {
            notes.push(format!(
                "{}: datapath = {other:?}: it is none of auto, system, netdev",
                path.display()
            ));
            None
        }
    };
    config
}

fn read(path: &Path) -> Result<Keys, String> {
    let text = match xapi_conf::file::read(path, LIMIT) {
        Ok(text) => text,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Keys::default()),
        Err(why) => return Err(why.to_string()),
    };
    let text = String::from_utf8(text).map_err(|why| why.to_string())?;
    toml::from_str(&text).map_err(|why| why.to_string().trim_end().replace('\n', " "))
}
