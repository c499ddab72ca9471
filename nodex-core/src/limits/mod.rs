//! How many of what strangers may set up, whose turn it is to go when there is no room for one more, and how often that is
//! told.

mod crowd;
mod descriptors;
mod seldom;

pub(crate) use crowd::Crowd;
pub(crate) use descriptors::descriptors;
pub(crate) use seldom::Seldom;
