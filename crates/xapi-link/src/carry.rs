//! A line over a connection: what one end sends is written, what comes is read, for as long as both ends live.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::time::timeout;
use tracing::debug;

use crate::frame::{Incoming, Outgoing};
use crate::line::{Carrier, Line, Message};

/// Octets that are written at once, about.
const BATCH: usize = 256 * 1024;

/// How long the other end may take to hear that the line is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// What waits to be written, shared by those who say something and the one that writes.
#[derive(Default)]
pub(crate) struct Outbox {
    outgoing: Mutex<Outgoing>,
    more: Notify,
}

impl Outbox {
    fn lock(&self) -> MutexGuard<'_, Outgoing> {
        self.outgoing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Carrier for Outbox {
    fn send(&self, message: Message) {
        self.lock().push(message);
        self.more.notify_one();
    }

    fn close(&self, why: &str) {
        let why = why.to_owned();
        self.send(Message::Bye { why });
    }
}

/// Ends a line also when the task that carries it is dropped.
struct Ending(Line);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end("the program ends");
    }
}

/// Carries a line until it is closed or broken. `begun` is what was read of it already.
pub(crate) async fn carry<S>(line: Line, stream: S, begun: BytesMut, outbox: Arc<Outbox>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let ending = Ending(line);
    let line = &ending.0;
    let (mut reader, mut writer) = tokio::io::split(stream);
    {
        let writing = write(line, &mut writer, &outbox);
        tokio::pin!(writing);
        tokio::select! {
            biased;
            why = read(line, &mut reader, begun) => {
                line.close(&why);
                if timeout(FAREWELL, writing).await.is_err() {
                    debug!("{}: it did not hear of the end", line.peer().address);
                }
            }
            // This end closed the line, or cannot write any more.
            why = &mut writing => line.close(&why),
        }
    }
    match timeout(FAREWELL, writer.shutdown()).await {
        Ok(Ok(())) => {}
        Ok(Err(why)) => debug!("{}: {why}", line.peer().address),
        Err(_) => debug!("{}: the connection is cut", line.peer().address),
    }
}

/// Reads until the other end is silent, breaks the rules or is gone; says why.
async fn read<R>(line: &Line, reader: &mut R, mut came: BytesMut) -> String
where
    R: AsyncRead + Unpin,
{
    let mut incoming = Incoming::new(&line.0.limits);
    let silence = line.0.limits.silence;
    loop {
        loop {
            match incoming.next(&mut came) {
                Ok(Some(message)) => line.received(message),
                Ok(None) => break,
                Err(broken) => {
                    line.cut_off(broken.0);
                    return broken.0.to_owned();
                }
            }
        }
        match timeout(silence, reader.read_buf(&mut came)).await {
            Ok(Ok(0)) => return "the other end is gone".to_owned(),
            Ok(Ok(_)) => {}
            Ok(Err(why)) => return format!("the connection broke: {why}"),
            Err(_) => return format!("the other end was silent for {} s", silence.as_secs_f32()),
        }
    }
}

/// Writes what there is, and a sign of life where there is nothing, until the line is closed; says why it ends.
async fn write<W>(line: &Line, writer: &mut W, outbox: &Outbox) -> String
where
    W: AsyncWrite + Unpin,
{
    let limits = &line.0.limits;
    let mut out = Vec::new();
    let mut tick = tokio::time::interval(limits.ping);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let over = {
            let mut outgoing = outbox.lock();
            while out.len() < BATCH && outgoing.next(&mut out) {}
            outgoing.is_over()
        };
        if out.is_empty() && !over {
            tokio::select! {
                () = outbox.more.notified() => continue,
                _ = tick.tick() => outbox.lock().ping(&mut out),
            }
        }
        let wrote = async {
            let mut rest = &out[..];
            while !rest.is_empty() {
                match timeout(limits.stall, writer.write(rest)).await {
                    Ok(Ok(0)) => return Err("the other end is gone".to_owned()),
                    Ok(Ok(count)) => rest = &rest[count..],
                    Ok(Err(why)) => return Err(format!("the connection broke: {why}")),
                    Err(_) => return Err("the other end takes nothing".to_owned()),
                }
            }
            match timeout(limits.stall, writer.flush()).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(why)) => Err(format!("the connection broke: {why}")),
                Err(_) => Err("the other end takes nothing".to_owned()),
            }
        };
        if let Err(why) = wrote.await {
            return why;
        }
        out.clear();
        if over {
            return "closed".to_owned();
        }
    }
}
