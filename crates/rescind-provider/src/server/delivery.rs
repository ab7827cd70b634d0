//! Below hyper: answers that never go, and answers whose bytes hyper would not write.
//!
//! Such an answer is handed over: the task of its connection takes the socket from hyper, writes
//! what there is to write, and ends the connection. hyper has sent every earlier answer by then: it
//! reads no request before. What the client sends meanwhile, further requests among it, is read and
//! thrown away.

use std::io;
use std::time::Duration;

use rescind_model::fault::Drip;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::message::{Delivery, Reaction};

/// How long a client may take to close a connection that has been closed from this side.
const CLOSING_GRACE: Duration = Duration::from_secs(1);

/// The stream of a connection, plain or encrypted.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The TCP connection below it.
    fn tcp(&self) -> &TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

/// An answer that hyper does not deliver.
#[derive(Debug)]
pub(super) struct HandedOver {
    delay_milliseconds: u64,
    ending: Ending,
}

/// How a connection ends.
#[derive(Debug)]
enum Ending {
    /// When the client leaves.
    Left,
    /// At once.
    Closed,
    /// At once, and rudely.
    Reset,
    /// After these bytes.
    Written(Vec<u8>, Option<Drip>),
}

impl HandedOver {
    /// What hyper cannot deliver of the reaction to a request of that method; none if it can.
    pub fn of(reaction: &Reaction, method: &str) -> Option<Self> {
        let ending = match &reaction.delivery {
            Delivery::Whole => return None,
            Delivery::Never => Ending::Left,
            Delivery::Dropped => Ending::Closed,
            Delivery::Reset => Ending::Reset,
            Delivery::Spoiled(spoiled) => {
                let written = reaction.reply.written(spoiled, method);
                Ending::Written(written.bytes, spoiled.drip)
            }
        };
        Some(Self {
            delay_milliseconds: reaction.delay_milliseconds,
            ending,
        })
    }

    /// Delivers it, and ends the connection: early if the client leaves or the provider stops.
    pub async fn deliver(self, socket: impl Socket, stopping: &CancellationToken) {
        tokio::select! {
            () = stopping.cancelled() => {}
            () = self.deliver_undisturbed(socket) => {}
        }
    }

    async fn deliver_undisturbed(self, socket: impl Socket) {
        let (mut reader, mut writer) = tokio::io::split(socket);
        let is_reset = matches!(self.ending, Ending::Reset);
        tokio::select! {
            // A client that will send no more may still read: what goes at once, goes first.
            biased;
            () = self.write(&mut writer) => {}
            () = read_to_end(&mut reader) => return,
        }
        if is_reset {
            reset(&reader.unsplit(writer));
        } else {
            close(reader, writer).await;
        }
    }

    async fn write(self, writer: &mut (impl AsyncWrite + Unpin)) {
        wait(self.delay_milliseconds).await;
        match self.ending {
            Ending::Left => std::future::pending().await,
            Ending::Closed | Ending::Reset => {}
            // A write that fails has told that the client has left, and there is nobody to tell.
            Ending::Written(bytes, None) => drop(write_all(writer, &bytes).await),
            Ending::Written(bytes, Some(drip)) => drop(write_slowly(writer, &bytes, drip).await),
        }
    }
}

/// Waits in real time, as a fault asks.
///
/// The only place of the provider that does. Nothing is waited for here: the delay is what a client
/// is to see. Callers drop it when the client leaves or the provider stops.
#[allow(
    clippy::disallowed_methods,
    reason = "a fault that delays an answer is nothing but a wait"
)]
pub(super) async fn wait(milliseconds: u64) {
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }
}

async fn write_all(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<()> {
    writer.write_all(bytes).await?;
    writer.flush().await
}

/// Writes a little at a time, the first at once.
async fn write_slowly(
    writer: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
    drip: Drip,
) -> io::Result<()> {
    let size = usize::try_from(drip.bytes).unwrap_or(usize::MAX).max(1);
    let mut pieces = bytes.chunks(size);
    if let Some(first) = pieces.next() {
        write_all(writer, first).await?;
    }
    for piece in pieces {
        wait(u64::from(drip.every_milliseconds)).await;
        write_all(writer, piece).await?;
    }
    Ok(())
}

/// Reads until the client has closed its side, and keeps nothing.
async fn read_to_end(reader: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = [0; 1024];
    while let Ok(1..) = reader.read(&mut buffer).await {}
}

/// Closes a connection so that what was written arrives: a socket that is closed while there is
/// something to read resets the connection, and the client may lose what it has not read yet
/// (RFC 9112 §9.6).
async fn close<S: Socket>(mut reader: ReadHalf<S>, mut writer: WriteHalf<S>) {
    if writer.shutdown().await.is_ok() {
        let _ = tokio::time::timeout(CLOSING_GRACE, read_to_end(&mut reader)).await;
    }
}

/// Lets the connection end by a reset as soon as it is dropped: nothing is left to be sent, so that
/// there is no wait for the client to take it (RFC 9293 §3.10.5).
fn reset(socket: &impl Socket) {
    let _ = socket.tcp().set_zero_linger();
}

#[cfg(test)]
mod tests;
