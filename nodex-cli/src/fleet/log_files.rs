//! A log file for each node, and the one before it.

use std::{
    collections::HashMap,
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{drain::Drain, told::now, wire::LogLine};
use crate::output::visible;

/// A file that has grown so long becomes `NAME.log.1`, and a new one is begun.
const LONGEST: u64 = 10 * 1024 * 1024;

/// How long unwritten lines may hold up the end.
const CLOSE: Duration = Duration::from_secs(2);

/// Writes the lines of all nodes, each to its own file.
#[derive(Debug)]
pub(super) struct LogFiles(Drain<Arc<LogLine>>);

impl LogFiles {
    /// Makes the folder if it is not there.
    pub(super) fn open(folder: &Path) -> io::Result<LogFiles> {
        fs::create_dir_all(folder)?;
        let mut files = Files { folder: folder.to_owned(), open: HashMap::new(), complained: false };
        Ok(LogFiles(Drain::start("nodex-logs", move |line: Arc<LogLine>| files.write(&line))?))
    }

    pub(super) fn write(&mut self, line: Arc<LogLine>) {
        let lost = |name: String| {
            move |count| {
                let text = format!("{count} lines were not written: the disk is too slow");
                Arc::new(LogLine { time: now(), name, stream: "event".into(), text, continues: false })
            }
        };
        let name = line.name.clone();
        self.0.push(line, lost(name));
    }

    pub(super) fn close(self) {
        self.0.close(CLOSE);
    }
}

struct Files {
    folder: PathBuf,
    open: HashMap<String, (File, u64)>,
    complained: bool,
}

impl Files {
    fn write(&mut self, line: &LogLine) {
        if let Err(error) = self.try_write(line) {
            self.open.remove(&line.name);
            if !self.complained {
                tracing::warn!(%error, folder = %self.folder.display(), "a log cannot be written");
            }
            self.complained = true;
        }
    }

    fn try_write(&mut self, line: &LogLine) -> io::Result<()> {
        // What is about all of them has the name of none.
        let name = if line.name.is_empty() { "fleet.events" } else { &line.name };
        let path = self.folder.join(format!("{name}.log"));
        if self.open.get(&line.name).is_some_and(|(_, length)| *length >= LONGEST) {
            self.open.remove(&line.name);
            fs::rename(&path, self.folder.join(format!("{name}.log.1")))?;
        }
        if !self.open.contains_key(&line.name) {
            let file = OpenOptions::new().create(true).append(true).open(&path)?;
            let length = file.metadata()?.len();
            self.open.insert(line.name.clone(), (file, length));
        }
        if let Some((file, length)) = self.open.get_mut(&line.name) {
            let more = if line.continues { "…" } else { "" };
            let text = format!("{} {} {}{more}\n", line.time, line.stream, visible(&line.text));
            file.write_all(text.as_bytes())?;
            *length += text.len() as u64;
        }
        Ok(())
    }
}
