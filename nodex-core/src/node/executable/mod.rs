//! A node executable: its arguments, its cookie, its log, and its end.

pub(in crate::node) mod arguments;
pub(in crate::node) mod cookie;
pub(in crate::node) mod drain_time;
pub(in crate::node) mod log;
pub(in crate::node) mod mark;
pub(in crate::node) mod os_signals;
pub(in crate::node) mod parent;
pub(in crate::node) mod phases;
pub(in crate::node) mod run;
pub(in crate::node) mod surroundings;

pub use arguments::{ArgumentError, Arguments};
pub use cookie::{CookieSource, CookieSourceError};
pub use log::{UnknownLevel, log_to_stderr};
pub use mark::reads_cookie_from_environment;
pub use run::{exit_status, main, main_with};
pub use surroundings::{SurroundingsError, ready_process};
