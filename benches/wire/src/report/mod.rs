//! A report as a table, as JSON, as pictures and as a page.

mod chart;
mod codec;
mod html;
mod json;
mod numbers;
pub(crate) mod page;
mod pictures;
mod table;
mod text;

use std::{io, path::Path};

use crate::figures::report::Report;

impl Report {
    /// Returns every figure of every round, for other programs.
    pub fn json(&self) -> serde_json::Value {
        json::document(self)
    }

    /// Writes `bench.json`, `report.html` and the pictures.
    ///
    /// # Errors
    /// Returns an error when the folder cannot be made or written to.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("bench.json"), format!("{:#}\n", self.json()))?;
        let pictures = pictures::all(self);
        for picture in &pictures {
            std::fs::write(folder.join(picture.name).with_extension("svg"), &picture.svg)?;
        }
        std::fs::write(folder.join("report.html"), html::page(self, &pictures))
    }
}
