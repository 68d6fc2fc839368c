//! The messages of a line as bytes, and back. No IO.
//!
//! A frame is its length (32 bits, without these four octets), a sequence number (64 bits), a kind, whether more of the
//! same body follows, an id (64 bits), and a piece of a body; all numbers are big-endian. The sequence numbers of a
//! direction go up from 0 by one: what is missing, repeated or out of order ends the line. Bodies are cut into pieces,
//! so that a large one keeps nothing else waiting for long.

use std::collections::{HashMap, VecDeque};

use bytes::{Buf, BufMut, BytesMut};

use crate::limits::Limits;
use crate::line::{Lost, Message};

/// Octets of a body in one frame, at most, as they are sent.
const PIECE: usize = 128 * 1024;

/// Octets of a frame beside its length and the piece of the body.
const HEAD: usize = 8 + 1 + 1 + 8;

/// Octets of the reason for which a line is closed.
const REASON: usize = 1024;

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
enum Kind {
    Ask = 1,
    Answer = 2,
    Unanswered = 3,
    Tell = 4,
    Took = 5,
    Ping = 6,
    Bye = 7,
}

impl Kind {
    fn read(octet: u8) -> Result<Kind, Broken> {
        const ALL: [Kind; 7] = [
            Kind::Ask,
            Kind::Answer,
            Kind::Unanswered,
            Kind::Tell,
            Kind::Took,
            Kind::Ping,
            Kind::Bye,
        ];
        let found = ALL.into_iter().find(|kind| *kind as u8 == octet);
        found.ok_or(Broken("it sends frames of a kind that is not known"))
    }
}

/// What is wrong with what the other end sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Broken(pub(crate) &'static str);

/// What waits to be sent.
#[derive(Default)]
pub(crate) struct Outgoing {
    sequence: u64,
    unanswered: VecDeque<(u64, Lost)>,
    took: (u32, u64),
    /// Bodies of which the next piece is sent in turn: questions, answers, and one thing told.
    turn: VecDeque<Piecemeal>,
    /// What is told comes in order: these wait for the one that has its turn.
    tells: VecDeque<Vec<u8>>,
    telling: bool,
    bye: Option<String>,
    /// The last frame was given out.
    over: bool,
}

struct Piecemeal {
    kind: Kind,
    id: u64,
    body: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    /// Takes what is to be sent, after the end nothing.
    pub(crate) fn push(&mut self, message: Message) {
        if self.bye.is_some() || self.over {
            return;
        }
        let (kind, id, body) = match message {
            Message::Ask { id, body } => (Kind::Ask, id, body),
            Message::Answer { id, body } => (Kind::Answer, id, body),
            Message::Tell { body } if self.telling => return self.tells.push_back(body),
            Message::Tell { body } => {
                self.telling = true;
                (Kind::Tell, 0, body)
            }
            Message::Unanswered { id, why } => return self.unanswered.push_back((id, why)),
            Message::Took { tells, octets } => {
                self.took.0 += tells;
                self.took.1 += octets;
                return;
            }
            Message::Bye { why } => {
                self.bye = Some(why);
                return;
            }
        };
        self.turn.push_back(Piecemeal {
            kind,
            id,
            body,
            sent: 0,
        });
    }

    /// Appends the next frame; false if there is none.
    pub(crate) fn next(&mut self, out: &mut Vec<u8>) -> bool {
        if self.over {
            return false;
        }
        if let Some(why) = self.bye.take() {
            let end = why.floor_char_boundary(REASON);
            self.put(out, Kind::Bye, false, 0, &why.as_bytes()[..end]);
            self.over = true;
            return true;
        }
        if self.took.0 > 0 {
            let (tells, octets) = std::mem::take(&mut self.took);
            self.put(out, Kind::Took, false, tells.into(), &octets.to_be_bytes());
            return true;
        }
        if let Some((id, why)) = self.unanswered.pop_front() {
            let large = u8::from(why == Lost::TooLarge);
            self.put(out, Kind::Unanswered, false, id, &[large]);
            return true;
        }
        let Some(mut next) = self.turn.pop_front() else {
            return false;
        };
        let end = next.body.len().min(next.sent + PIECE);
        let more = end < next.body.len();
        self.put(out, next.kind, more, next.id, &next.body[next.sent..end]);
        next.sent = end;
        if more {
            self.turn.push_back(next);
        } else if next.kind == Kind::Tell {
            self.telling = false;
            if let Some(body) = self.tells.pop_front() {
                self.push(Message::Tell { body });
            }
        }
        true
    }

    /// Appends a sign of life.
    pub(crate) fn ping(&mut self, out: &mut Vec<u8>) {
        self.put(out, Kind::Ping, false, 0, &[]);
    }

    /// Whether the last frame was given out.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    fn put(&mut self, out: &mut Vec<u8>, kind: Kind, more: bool, id: u64, piece: &[u8]) {
        let length = u32::try_from(HEAD + piece.len()).unwrap_or(u32::MAX);
        out.put_u32(length);
        out.put_u64(self.sequence);
        out.put_u8(kind as u8);
        out.put_u8(more.into());
        out.put_u64(id);
        out.put_slice(piece);
        self.sequence += 1;
    }
}

/// What came, and is not whole yet.
pub(crate) struct Incoming {
    sequence: u64,
    most_frame: usize,
    most_body: usize,
    most_bodies: usize,
    bodies: HashMap<(Kind, u64), Vec<u8>>,
    /// Octets in them.
    held: usize,
}

impl Incoming {
    pub(crate) fn new(limits: &Limits) -> Incoming {
        Incoming {
            sequence: 0,
            most_frame: limits.frame.max(HEAD),
            most_body: limits.body,
            // Questions, answers, and one thing told.
            most_bodies: 2 * limits.asks + 1,
            bodies: HashMap::new(),
            held: 0,
        }
    }

    /// Takes whole frames out of what came, up to the first that completes a message; None when more must come.
    pub(crate) fn next(&mut self, came: &mut BytesMut) -> Result<Option<Message>, Broken> {
        loop {
            let Some(length) = came.first_chunk::<4>() else {
                return Ok(None);
            };
            let length = u32::from_be_bytes(*length) as usize;
            if length < HEAD {
                return Err(Broken("it sends a frame that is too short"));
            }
            if length > self.most_frame {
                return Err(Broken("it sends a frame that is too large"));
            }
            if came.len() < 4 + length {
                came.reserve(4 + length - came.len());
                return Ok(None);
            }
            came.advance(4);
            let mut frame = came.split_to(length);
            let sequence = frame.get_u64();
            if sequence != self.sequence {
                return Err(Broken(
                    "it sends frames that are missing, repeated or out of order",
                ));
            }
            self.sequence += 1;
            let kind = Kind::read(frame.get_u8())?;
            let more = match frame.get_u8() {
                0 => false,
                1 => true,
                _ => return Err(Broken("it sends a frame that is not well formed")),
            };
            let id = frame.get_u64();
            if let Some(message) = self.frame(kind, more, id, &frame)? {
                return Ok(Some(message));
            }
        }
    }

    fn frame(
        &mut self,
        kind: Kind,
        more: bool,
        id: u64,
        piece: &[u8],
    ) -> Result<Option<Message>, Broken> {
        match kind {
            Kind::Ask | Kind::Answer | Kind::Tell => {
                let Some(body) = self.piece((kind, id), more, piece)? else {
                    return Ok(None);
                };
                return Ok(Some(match kind {
                    Kind::Ask => Message::Ask { id, body },
                    Kind::Answer => Message::Answer { id, body },
                    _ => Message::Tell { body },
                }));
            }
            _ if more => return Err(Broken("it sends a frame that is not well formed")),
            _ => {}
        }
        let malformed = Broken("it sends a frame that is not well formed");
        Ok(match kind {
            Kind::Ping if piece.is_empty() => None,
            Kind::Unanswered => Some(Message::Unanswered {
                id,
                why: match piece {
                    [0] => Lost::Failed,
                    [1] => Lost::TooLarge,
                    _ => return Err(malformed),
                },
            }),
            Kind::Took => Some(Message::Took {
                tells: u32::try_from(id).map_err(|_| malformed)?,
                octets: u64::from_be_bytes(piece.try_into().map_err(|_| malformed)?),
            }),
            Kind::Bye if piece.len() <= REASON => {
                // It ends in logs.
                let why = String::from_utf8_lossy(piece);
                let why = why.chars().filter(|c| !c.is_control()).collect();
                Some(Message::Bye { why })
            }
            _ => return Err(malformed),
        })
    }

    /// Puts a piece where it belongs; gives the body when it is whole.
    fn piece(
        &mut self,
        of: (Kind, u64),
        more: bool,
        piece: &[u8],
    ) -> Result<Option<Vec<u8>>, Broken> {
        if more && piece.is_empty() {
            return Err(Broken("it sends a frame that is not well formed"));
        }
        if self.held + piece.len() > self.most_body {
            return Err(Broken("it sends a body that is too large"));
        }
        if !more && !self.bodies.contains_key(&of) {
            return Ok(Some(piece.to_vec()));
        }
        self.held += piece.len();
        self.bodies.entry(of).or_default().extend_from_slice(piece);
        if more {
            if self.bodies.len() > self.most_bodies {
                return Err(Broken("it sends too much at once"));
            }
            return Ok(None);
        }
        let body = self.bodies.remove(&of).unwrap_or_default();
        self.held -= body.len();
        Ok(Some(body))
    }
}
