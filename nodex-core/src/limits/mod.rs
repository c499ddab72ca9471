//! How many of what strangers may set up, and whose turn it is to go when there is no room for one more.

mod crowd;
mod descriptors;

pub(crate) use crowd::Crowd;
pub(crate) use descriptors::descriptors;
