//! What a measured program says on stderr, passed on line by line.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::Child;

use nodex_core::text::is_visible;

/// A longer line comes in pieces.
const LINE: u64 = 4096;

/// Passes it on from now on, marked as what it is, with everything written out that could act on a terminal. The child's
/// stderr is a pipe.
pub(crate) fn pass_on(child: &mut Child) -> io::Result<()> {
    let Some(stderr) = child.stderr.take() else { return Ok(()) };
    let mut lines = BufReader::new(stderr);
    let read = move || {
        let mut line = Vec::new();
        while lines.by_ref().take(LINE).read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            let text = String::from_utf8_lossy(&line);
            let shown: String = text.trim_end_matches('\n').chars().map(shown).collect();
            let _ = writeln!(io::stderr(), "stderr: {shown}");
            line.clear();
        }
    };
    std::thread::Builder::new().name("wire-stderr".to_owned()).spawn(read)?;
    Ok(())
}

fn shown(c: char) -> String {
    if is_visible(c) { c.to_string() } else { c.escape_default().to_string() }
}
