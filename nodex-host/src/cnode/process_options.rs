//! The options of the process of a node, executable or BEAM.

use std::{ffi::OsString, time::Duration};

use super::Events;
use crate::process::StopOptions;

/// The options of the process of a node. The builders document each of them.
#[derive(Debug, Clone)]
pub(crate) struct ProcessOptions {
    pub(crate) start_timeout: Duration,
    pub(crate) stop: StopOptions,
    /// In this order: variables that are set, and those that are removed.
    pub(crate) env: Vec<(OsString, Option<OsString>)>,
    pub(crate) events: Option<Events>,
}

impl ProcessOptions {
    pub(crate) fn new(start_timeout: Duration) -> ProcessOptions {
        ProcessOptions { start_timeout, stop: StopOptions::default(), env: Vec::new(), events: None }
    }

    pub(crate) fn set(&mut self, variable: impl Into<OsString>, value: impl Into<OsString>) {
        self.env.push((variable.into(), Some(value.into())));
    }

    pub(crate) fn remove(&mut self, variable: impl Into<OsString>) {
        self.env.push((variable.into(), None));
    }
}
