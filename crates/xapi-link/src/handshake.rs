//! How two hosts find out who the other one is. No IO.
//!
//! The slave says hello; the master challenges it, and proves that it knows the pool's secret; then the slave proves
//! it, and is welcomed or refused. The secret never crosses: a proof is an HMAC-SHA256 with it over who proves, the
//! exporter of the TLS connection, and every octet said so far. The exporter differs between any two TLS connections,
//! so that whoever stands between with a certificate of his own can pass on everything, and neither end believes it.
//!
//! Each message is JSON, preceded by its length in 32 bits.

use serde::{Deserialize, Serialize};

use crate::gate::{Myself, Refusal};
use crate::peer::{Hello, Welcome};
use crate::secret::Secret;

/// Octets of a message.
pub(crate) const LONGEST: usize = 16 * 1024;

/// Octets of the exporter.
pub(crate) const EXPORTER: usize = 32;

/// What the exporter is for.
pub(crate) const LABEL: &[u8] = b"EXPORTER-xapi-link/1";

const PROTOCOL: &str = "xapi-link/1";

/// Secrets that a host may know at a time: a new one and those before it, while it is exchanged.
const SECRETS: usize = 4;

/// Why the other end is not believed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    /// What it says is not understood.
    Malformed(&'static str),
    /// It does not know the secret, or somebody stands in between.
    Secret,
    /// It is of this pool.
    Pool(String),
    /// It does not let us in.
    Refused(Refusal),
}

#[derive(Serialize, Deserialize)]
struct First {
    protocol: String,
    nonce: String,
    hello: Hello,
}

/// What a master says.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Said {
    Challenge {
        pool: String,
        host: String,
        term: u64,
        nonce: String,
    },
    /// One for each secret that it knows.
    Proofs(Vec<String>),
    Welcome,
    Refused(Refusal),
}

#[derive(Serialize, Deserialize)]
struct Proof {
    proof: String,
}

/// All that was said on this connection, which proofs cover.
struct Transcript(Vec<u8>);

impl Transcript {
    fn new(exporter: &[u8; EXPORTER]) -> Transcript {
        Transcript(exporter.to_vec())
    }

    /// Something was said.
    fn add(&mut self, message: &[u8]) {
        // Messages are shorter than 2^32, by far.
        let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(message);
    }

    fn say<T: Serialize>(&mut self, what: &T) -> Result<Vec<u8>, Distrust> {
        let message = serde_json::to_vec(what);
        let message = message.map_err(|_| Distrust::Malformed("it cannot be said"))?;
        if message.len() > LONGEST {
            return Err(Distrust::Malformed("it is too long to be said"));
        }
        self.add(&message);
        Ok(message)
    }

    fn hear<'a, T: Deserialize<'a>>(&mut self, message: &'a [u8]) -> Result<T, Distrust> {
        if message.len() > LONGEST {
            return Err(Distrust::Malformed("what it says is too long"));
        }
        let heard = serde_json::from_slice(message);
        let heard = heard.map_err(|_| Distrust::Malformed("what it says is not understood"))?;
        self.add(message);
        Ok(heard)
    }

    /// What a proof is made over.
    fn of(&self, who: &str) -> Vec<u8> {
        [who.as_bytes(), b"\0", &self.0].concat()
    }

    fn prove(&self, who: &str, secret: &Secret) -> String {
        let proof = secret.sign(&self.of(who));
        proof.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    fn is_proven(&self, who: &str, secret: &Secret, proof: &str) -> bool {
        let octets = unhex(proof);
        octets.is_some_and(|octets| secret.signed(&self.of(who), &octets))
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    // No proof is longer.
    if text.len() > 128 || !text.is_ascii() {
        return None;
    }
    let pairs = text.as_bytes().chunks(2);
    let octets = pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    octets.collect()
}

fn nonce() -> Result<String, Distrust> {
    let mut octets = [0; 16];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| Distrust::Malformed("no random numbers"))?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

/// The slave's side.
pub(crate) struct Slave {
    transcript: Transcript,
    hello: Hello,
    welcome: Welcome,
}

impl Slave {
    /// Begins with the hello.
    pub(crate) fn begin(
        exporter: &[u8; EXPORTER],
        hello: &Hello,
    ) -> Result<(Slave, Vec<u8>), Distrust> {
        let mut transcript = Transcript::new(exporter);
        let first = transcript.say(&First {
            protocol: PROTOCOL.to_owned(),
            nonce: nonce()?,
            hello: hello.clone(),
        })?;
        let slave = Slave {
            transcript,
            hello: hello.clone(),
            welcome: Welcome::default(),
        };
        Ok((slave, first))
    }

    /// The first answer.
    pub(crate) fn challenged(&mut self, message: &[u8]) -> Result<(), Distrust> {
        match self.transcript.hear(message)? {
            Said::Challenge {
                pool, host, term, ..
            } => {
                self.welcome = Welcome { pool, host, term };
                Ok(())
            }
            // Whoever refuses has to show first that he may.
            Said::Refused(_) | Said::Proofs(_) | Said::Welcome => {
                Err(Distrust::Malformed("it answers out of order"))
            }
        }
    }

    /// The proof that a master has to give now.
    pub(crate) fn due(&self, secret: &Secret) -> String {
        self.transcript.prove("master", secret)
    }

    /// The second answer: the master's proofs. Gives our own, by the first of our secrets that the master knows.
    pub(crate) fn proven(
        &mut self,
        message: &[u8],
        secrets: &[Secret],
    ) -> Result<Vec<u8>, Distrust> {
        let mut after = Transcript(self.transcript.0.clone());
        let Said::Proofs(proofs) = after.hear(message)? else {
            return Err(Distrust::Malformed("it answers out of order"));
        };
        let knows = |secret: &&Secret| {
            let proves = |proof: &String| self.transcript.is_proven("master", secret, proof);
            let proofs = proofs.iter().take(SECRETS);
            proofs.fold(false, |proven, proof| proven | proves(proof))
        };
        let secret = secrets.iter().take(SECRETS).find(knows);
        let secret = secret.ok_or(Distrust::Secret)?;
        // Only whoever knows the secret has said which pool it is of.
        let pool = &self.welcome.pool;
        let joins = self.hello.joining && self.hello.pool.is_empty();
        if !joins && *pool != self.hello.pool {
            return Err(Distrust::Pool(pool.clone()));
        }
        self.transcript = after;
        let proof = self.transcript.prove("slave", secret);
        self.transcript.say(&Proof { proof })
    }

    /// The last answer.
    pub(crate) fn admitted(mut self, message: &[u8]) -> Result<Welcome, Distrust> {
        match self.transcript.hear(message)? {
            Said::Welcome => Ok(self.welcome),
            Said::Refused(refusal) => Err(Distrust::Refused(refusal)),
            _ => Err(Distrust::Malformed("it answers out of order")),
        }
    }
}

/// The master's side.
pub(crate) struct Master {
    transcript: Transcript,
    secrets: Vec<Secret>,
    myself: Myself,
    hello: Hello,
}

impl Master {
    /// Hears the hello; gives the challenge and the proofs.
    pub(crate) fn begin(
        exporter: &[u8; EXPORTER],
        myself: Myself,
        mut secrets: Vec<Secret>,
        message: &[u8],
    ) -> Result<(Master, [Vec<u8>; 2]), Distrust> {
        secrets.truncate(SECRETS);
        let mut transcript = Transcript::new(exporter);
        let first: First = transcript.hear(message)?;
        if first.protocol != PROTOCOL {
            return Err(Distrust::Malformed("it speaks another protocol"));
        }
        let challenge = transcript.say(&Said::Challenge {
            pool: myself.pool.clone(),
            host: myself.host.clone(),
            term: myself.term,
            nonce: nonce()?,
        })?;
        let proofs = secrets.iter();
        let proofs = proofs.map(|secret| transcript.prove("master", secret));
        let proofs = proofs.collect();
        let proofs = transcript.say(&Said::Proofs(proofs))?;
        let master = Master {
            transcript,
            secrets,
            myself,
            hello: first.hello,
        };
        Ok((master, [challenge, proofs]))
    }

    /// The proof that a slave has to give now.
    pub(crate) fn due(&self, secret: &Secret) -> String {
        self.transcript.prove("slave", secret)
    }

    /// Hears the slave's proof. Gives its hello, which is believed but for who it is: any host of the pool can prove
    /// the secret.
    pub(crate) fn proven(&mut self, message: &[u8]) -> Result<Hello, Distrust> {
        let mut after = Transcript(self.transcript.0.clone());
        let Proof { proof } = after.hear(message)?;
        let proves = |secret: &Secret| self.transcript.is_proven("slave", secret, &proof);
        let secrets = self.secrets.iter();
        if !secrets.fold(false, |proven, secret| proven | proves(secret)) {
            return Err(Distrust::Secret);
        }
        let joins = self.hello.joining && self.hello.pool.is_empty();
        if !joins && self.hello.pool != self.myself.pool {
            return Err(Distrust::Pool(self.hello.pool.clone()));
        }
        self.transcript = after;
        Ok(self.hello.clone())
    }

    /// The UUID that the slave says is its own.
    pub(crate) fn host(&self) -> &str {
        &self.hello.host
    }

    /// The last message to one that is let in.
    pub(crate) fn welcome(&mut self) -> Result<Vec<u8>, Distrust> {
        self.transcript.say(&Said::Welcome)
    }

    /// The last message to one that is not.
    pub(crate) fn refuse(&mut self, refusal: Refusal) -> Result<Vec<u8>, Distrust> {
        self.transcript.say(&Said::Refused(refusal))
    }
}
