//! What the tests of this package share beside `nodex_testkit`: the executables under test, and the pages for people.

pub(crate) mod pages;

/// The executables that obey the contract of the drop-in node. A case is a function `fn(&Executable)`
/// in the module that uses this macro; each case becomes a test of each executable.
macro_rules! for_each_executable {
    ($($case:ident),+ $(,)?) => {
        support::cases!(c_node = c_node("example_client"): $($case),+);
        support::for_each_rust_executable!($($case),+);
    };
}
pub(crate) use for_each_executable;

/// Those of them that are written in Rust, which can do more than the C node.
macro_rules! for_each_rust_executable {
    ($($case:ident),+ $(,)?) => {
        support::cases!(example_client = example("example_client"): $($case),+);
        support::cases!(no_macro = example("no_macro"): $($case),+);
    };
}
pub(crate) use for_each_rust_executable;

/// The tests of one executable; `c_node` or `example` says where it is.
macro_rules! cases {
    ($executable:ident = $place:ident($name:literal): $($case:ident),+) => {
        mod $executable {
            use nodex_testkit::executable::Executable;
            $(#[test] fn $case() { super::$case(&Executable::$place($name)); })+
        }
    };
}
pub(crate) use cases;
