//! How many connections unknown peers may set up, which one is closed for one more, and how often the log reports that.

mod crowd;
mod descriptors;
mod seldom;

pub(crate) use crowd::Crowd;
pub(crate) use descriptors::descriptors;
pub(crate) use seldom::Seldom;
