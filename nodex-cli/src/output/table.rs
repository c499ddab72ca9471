//! Tables whose columns are as wide as their contents.

use std::io;

use super::{screen::Screen, untrusted::Untrusted};

/// A table with a heading; the last column is not filled up.
pub(crate) struct Table {
    rows: Vec<Vec<Untrusted>>,
}

impl Table {
    pub(crate) fn new(head: &[&str]) -> Table {
        Table { rows: vec![head.iter().map(Untrusted::new).collect()] }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = impl Into<Untrusted>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// Returns the heading and the rows, as lines.
    pub(crate) fn lines(&self) -> Vec<String> {
        let shown = |row: &Vec<Untrusted>| row.iter().map(ToString::to_string).collect::<Vec<_>>();
        let rows: Vec<_> = self.rows.iter().map(shown).collect();
        let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<_> = (0..columns).map(width).collect();
        let line = |row: &Vec<String>| {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  "));
            cells.collect::<String>().trim_end().to_owned()
        };
        rows.iter().map(line).collect()
    }

    pub(crate) fn print(&self, screen: Screen) -> io::Result<()> {
        for (i, line) in self.lines().into_iter().enumerate() {
            if i == 0 { screen.data(screen.out.head(line))? } else { screen.data(line)? }
        }
        Ok(())
    }
}
