//! A log file for each node, and the one before it.

use std::{
    collections::HashMap,
    fs::File,
    io::{self, Write as _},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use nodex_core::error::Chain;
use rustix::fs::{OFlags, renameat};

use super::{
    drain::Drain,
    private::{open_file, open_folder},
    told::now,
    wire::LogLine,
};
use crate::output::{Screen, visible};

/// A file that has grown so long becomes `NAME.log.1`, and a new one is begun.
const LONGEST: u64 = 10 * 1024 * 1024;

/// How long unwritten lines may hold up the end.
const CLOSE: Duration = Duration::from_secs(2);

/// Writes the lines of all nodes, each to its own file.
#[derive(Debug)]
pub(super) struct LogFiles(Drain<Arc<LogLine>>);

impl LogFiles {
    /// Makes the folder if it is not there, and the files of these nodes.
    ///
    /// # Errors
    /// Returns an error when one of them cannot be written to, or is not this user's alone to write to.
    pub(super) fn open(folder: &Path, names: &[String]) -> io::Result<LogFiles> {
        let opened = open_folder(folder)?;
        let mut files = Files { path: folder.to_owned(), folder: opened, open: HashMap::new(), complained: false };
        names.iter().map(String::as_str).chain([""]).try_for_each(|name| files.open(name).map(drop))?;
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
    /// As it is called, for people.
    path: PathBuf,
    folder: OwnedFd,
    open: HashMap<String, (File, u64)>,
    complained: bool,
}

impl Files {
    fn write(&mut self, line: &LogLine) {
        match self.try_write(line) {
            Ok(()) => self.complained = false,
            Err(error) => {
                self.open.remove(&line.name);
                if !self.complained {
                    let folder = self.path.display();
                    Screen::new(false)
                        .tell(format_args!("the logs cannot be written to {folder}: {error}", error = Chain(&error)));
                }
                self.complained = true;
            }
        }
    }

    fn try_write(&mut self, line: &LogLine) -> io::Result<()> {
        if self.open.get(&line.name).is_some_and(|(_, length)| *length >= LONGEST) {
            self.open.remove(&line.name);
            let name = file_name(&line.name);
            // A link in the place of either is moved or replaced itself.
            renameat(&self.folder, &name, &self.folder, format!("{name}.1"))?;
        }
        let (file, length) = self.open(&line.name)?;
        let more = if line.continues { "…" } else { "" };
        let text = format!("{} {} {}{more}\n", line.time, line.stream, visible(&line.text));
        file.write_all(text.as_bytes())?;
        *length += text.len() as u64;
        Ok(())
    }

    /// Returns the file of this node, opened if it is not open.
    fn open(&mut self, node: &str) -> io::Result<&mut (File, u64)> {
        if !self.open.contains_key(node) {
            let file = open_file(&self.folder, &file_name(node), OFlags::WRONLY | OFlags::APPEND)?;
            let length = file.metadata()?.len();
            self.open.insert(node.to_owned(), (file, length));
        }
        self.open.get_mut(node).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// What is about all of them has the name of none.
fn file_name(node: &str) -> String {
    format!("{}.log", if node.is_empty() { "fleet.events" } else { node })
}
