//! A topology as a text that is kept on disk, with the version of its form.

use serde::{Deserialize, Serialize};

use super::Topology;

/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    topology: Topology,
}

impl Topology {
    /// The text to be kept.
    pub fn to_text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(&Kept {
            version: VERSION,
            topology: self.clone(),
        })
    }

    /// Reads a text that was kept; an error says what is wrong with it.
    pub fn from_text(text: &str) -> Result<Topology, String> {
        let kept: Kept = serde_json::from_str(text).map_err(|why| why.to_string())?;
        if kept.version != VERSION {
            return Err(format!("version {} is not known", kept.version));
        }
        kept.topology.check().map_err(|why| why.to_string())?;
        Ok(kept.topology)
    }
}
