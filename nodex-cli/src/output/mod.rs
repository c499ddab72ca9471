//! Output: data on stdout, messages on stderr, colour only on a terminal.

mod escape;
mod json;
mod json_text;
mod listing;
mod log;
mod numbers;
mod progress;
mod screen;
mod style;
mod table;
mod untrusted;
mod visible;

pub(crate) use json::{Json, value};
pub(crate) use json_text::json_text;
pub(crate) use listing::listing;
pub(crate) use log::log_to_stderr;
pub(crate) use numbers::{bytes, duration, grouped, limit, long_duration};
pub(crate) use progress::Progress;
pub(crate) use screen::{Screen, blocked};
pub(crate) use style::Style;
pub(crate) use table::Table;
pub(crate) use untrusted::{Untrusted, Visible};
pub(crate) use visible::visible;
