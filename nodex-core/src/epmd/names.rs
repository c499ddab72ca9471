//! The list of names that an epmd returns. It may hold any bytes but NUL.
use std::io;

use futures::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use super::ResponseProblem;

/// Asks for all names and ports, and reads until epmd closes.
pub(super) async fn request<T: AsyncRead + AsyncWrite + Unpin>(mut stream: T) -> io::Result<Vec<(String, u16)>> {
    stream.write_all(b"\0\x01n").await?;
    stream.flush().await?;
    let mut epmd_port = [0; 4];
    stream.read_exact(&mut epmd_port).await?;
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await?;
    parse(&String::from_utf8_lossy(&text))
}

/// Splits the list into its entries, `name NAME at port PORT` on a line each.
///
/// An epmd accepts names that contain line ends and ` at port `. One such name must not hide the others: an entry goes
/// on until a line that ends as entries do.
fn parse(text: &str) -> io::Result<Vec<(String, u16)>> {
    let mut entries = Vec::new();
    let mut start = 0;
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if !text[start..].starts_with("name ") {
            break;
        }
        let Some((until, port)) = line.trim_end_matches('\n').rsplit_once(" at port ") else { continue };
        let Ok(port) = port.parse() else { continue };
        let name = &text[start..end - line.len() + until.len()];
        // `name at port 1` is the start of a longer name, or nothing at all.
        let Some(name) = name.strip_prefix("name ") else { continue };
        entries.push((name.to_owned(), port));
        start = end;
    }
    match text[start..].lines().find(|line| !line.is_empty()) {
        None => Ok(entries),
        Some(line) => {
            let line: String = line.chars().take(300).collect();
            Err(io::Error::new(io::ErrorKind::InvalidData, ResponseProblem::Line { line }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_looks_like_the_list_hides_no_other() {
        let parsed = |text| parse(text).map_err(|error| error.to_string());
        let entry = |name: &str, port| (name.to_owned(), port);
        assert_eq!(parsed(""), Ok(vec![]));
        let text = "name a at port 1\nname bad\nx at port 2\nname  at port 7 at port 3\nname é\r\u{1b}[2J at port 4\n";
        let entries = vec![entry("a", 1), entry("bad\nx", 2), entry(" at port 7", 3), entry("é\r\u{1b}[2J", 4)];
        assert_eq!(parsed(text), Ok(entries));
        assert_eq!(
            parsed("name \n\nname at port 70000\n at port 5\nname b at port 6"),
            Ok(vec![entry("\n\nname at port 70000\n", 5), entry("b", 6)])
        );
        assert_eq!(parsed("name a at port 1\nhello\n"), Err("malformed line \"hello\"".to_owned()));
        assert_eq!(parsed("name a at port 1\nname b at po"), Err("malformed line \"name b at po\"".to_owned()));
    }
}
