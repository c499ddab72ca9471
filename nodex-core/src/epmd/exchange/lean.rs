//! The requests `PORT_PLEASE2_REQ` and `ALIVE2_REQ`, written by hand (ERTS User's Guide, "EPMD Protocol").
use std::io;

use futures::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::Fault;
use crate::epmd::Entry;

/// Returns the entry of the node with this name; `None` if it is not registered.
pub(in crate::epmd) async fn lookup<T>(mut stream: T, name: &str) -> Result<Option<Entry>, Fault>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    send(&mut stream, &[b"z", name.as_bytes()].concat()).await?;
    match bytes(&mut stream).await? {
        [b'w'] => {}
        [tag] => return Err(Fault::Tag(tag)),
    }
    match bytes(&mut stream).await? {
        [0] => {}
        [1] => return Ok(None),
        [result] => return Err(Fault::Result(result)),
    }
    let [port @ .., node_type, protocol, h1, h2, l1, l2] = bytes::<8>(&mut stream).await?;
    let name = String::from_utf8(counted(&mut stream).await?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the name is not valid UTF-8"))?;
    Ok(Some(Entry {
        name,
        port: u16::from_be_bytes(port),
        node_type,
        protocol,
        highest_version: u16::from_be_bytes([h1, h2]),
        lowest_version: u16::from_be_bytes([l1, l2]),
        extra: counted(&mut stream).await?,
    }))
}

/// Registers a node as long as the stream lives, and returns its creation; `None` if epmd refuses.
pub(in crate::epmd) async fn register<T>(mut stream: T, entry: &Entry) -> Result<Option<(T, u32)>, Fault>
where
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut request = vec![b'x'];
    request.extend(entry.port.to_be_bytes());
    request.extend([entry.node_type, entry.protocol]);
    request.extend(entry.highest_version.to_be_bytes());
    request.extend(entry.lowest_version.to_be_bytes());
    for field in [entry.name.as_bytes(), &entry.extra] {
        request.extend(length(field)?);
        request.extend(field);
    }
    send(&mut stream, &request).await?;
    let [tag] = bytes(&mut stream).await?;
    if !matches!(tag, b'v' | b'y') {
        return Err(Fault::Tag(tag));
    }
    let [result] = bytes(&mut stream).await?;
    if result != 0 {
        return Ok(None);
    }
    // `ALIVE2_X_RESP`, since OTP 23, has a creation of 32 bits.
    let creation = match tag {
        b'v' => u32::from_be_bytes(bytes(&mut stream).await?),
        _ => u16::from_be_bytes(bytes(&mut stream).await?).into(),
    };
    Ok(Some((stream, creation)))
}

/// Sends a request in one piece, behind its length.
async fn send<T: AsyncWrite + Unpin>(stream: &mut T, request: &[u8]) -> Result<(), Fault> {
    stream.write_all(&[&length(request)?[..], request].concat()).await?;
    Ok(stream.flush().await?)
}

fn length(field: &[u8]) -> io::Result<[u8; 2]> {
    let too_long = |_| io::Error::new(io::ErrorKind::InvalidInput, "the request is longer than 65535 bytes");
    u16::try_from(field.len()).map(u16::to_be_bytes).map_err(too_long)
}

async fn bytes<const N: usize>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Reads a field behind its length of two bytes.
async fn counted(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut field = vec![0; u16::from_be_bytes(bytes(stream).await?).into()];
    stream.read_exact(&mut field).await?;
    Ok(field)
}
