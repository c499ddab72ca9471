//! A node executable: arguments, cookie, log, signals, exit.

mod arguments;
mod cookie;
mod drain_time;
mod log;
mod mark;
mod os_signals;
mod panic_hook;
mod parent;
mod phases;
mod run;
mod surroundings;

pub use arguments::{ArgumentError, Arguments};
pub use cookie::{CookieSource, CookieSourceError};
pub use log::{UnknownLevel, log_to_stderr};
pub use mark::reads_cookie_from_environment;
pub use run::{exit_status, main, main_with};
pub use surroundings::{SurroundingsError, ready_process};
