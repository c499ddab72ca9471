//! Children and nodes in C and in Rust, for cases that hold for both.

use nodex_host::CnodeBuilder;

use super::{c_program, child, example, net};

/// What a child is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    C,
    Rust,
}

impl Kind {
    /// A node that does everything right.
    pub(crate) fn good(self) -> CnodeBuilder {
        CnodeBuilder::new(match self {
            Kind::C => net::c_node(),
            Kind::Rust => net::rust_node(),
        })
    }

    /// A child that never connects, and misbehaves so.
    pub(crate) fn child(self, misbehaviour: &str) -> CnodeBuilder {
        match self {
            Kind::C => CnodeBuilder::new(child(misbehaviour)),
            Kind::Rust => Self::rust(misbehaviour),
        }
    }

    /// A node that connects, and then misbehaves so.
    pub(crate) fn node(self, misbehaviour: &str) -> CnodeBuilder {
        match self {
            Kind::C => CnodeBuilder::new(c_program(&format!("nodes/{misbehaviour}"))),
            Kind::Rust => Self::rust(misbehaviour),
        }
    }

    fn rust(misbehaviour: &str) -> CnodeBuilder {
        CnodeBuilder::new(example("misbehaves")).env("MISBEHAVIOUR", misbehaviour)
    }
}

/// Runs cases, functions that take a [`Kind`], with C and with Rust.
#[allow(unused_macros)]
macro_rules! for_each_kind {
    ($($case:ident),+ $(,)?) => {
        mod c {
            $(#[tokio::test] async fn $case() { super::$case($crate::support::kind::Kind::C).await; })+
        }
        mod rust {
            $(#[tokio::test] async fn $case() { super::$case($crate::support::kind::Kind::Rust).await; })+
        }
    };
}
