//! Graphs of made-up crates.

use std::collections::BTreeSet;

use super::{Crate, Graph, Sources, circles};

/// Of crates with these files, the first of which begins a crate of the name of its folder; all may use each other.
fn graph(files: &[(&str, &str)]) -> Graph {
    let sources: Sources = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let mut crates: Vec<Crate> = Vec::new();
    for (path, _) in files {
        let name = path.split('/').next().unwrap_or_default().to_owned();
        if !crates.iter().any(|known| known.name == name) {
            crates.push(Crate { name, root: (*path).to_owned(), externs: BTreeSet::new() });
        }
    }
    let names: BTreeSet<String> = crates.iter().map(|known| known.name.clone()).chain(["outer".to_owned()]).collect();
    crates.iter_mut().for_each(|known| known.externs = names.clone());
    Graph::new(&sources, crates)
}

/// Its edges as `from -> to`, by the names of modules.
fn edges(graph: &Graph) -> Vec<String> {
    assert!(graph.problems.is_empty(), "{:?}", graph.problems);
    let name = |module: usize| {
        let module = &graph.modules[module];
        let krate = &graph.crates[module.krate].name;
        match (module.krate, module.path.as_str()) {
            (0, "") => "root".to_owned(),
            (0, path) => path.to_owned(),
            (_, path) => format!("{krate}::{path}"),
        }
    };
    let all: BTreeSet<String> =
        graph.uses.iter().map(|used| format!("{} -> {}", name(used.from), name(used.to))).collect();
    all.into_iter().collect()
}

fn check(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(edges(&graph(files)), expected);
}

#[test]
fn declaring_and_re_exporting_modules_is_no_use() {
    check(
        &[
            ("c/lib.rs", "mod a; mod b; pub use a::X; pub(crate) use b::*;"),
            ("c/a.rs", "pub struct X;"),
            ("c/b.rs", ""),
        ],
        &[],
    );
}

#[test]
fn paths_lead_to_the_file_of_the_definition() {
    let files = [
        ("c/lib.rs", "mod a; mod b; mod d;"),
        ("c/a/mod.rs", "mod deep; pub(crate) use deep::X; pub(crate) fn own() {}"),
        ("c/a/deep.rs", "pub(crate) struct X; pub(super) fn f() { super::own() }"),
        ("c/b.rs", "use crate::a::X; fn g(_: X) {}"),
        ("c/d.rs", "fn g() { let _ = crate::a::X; crate::b::nothing::<crate::a::X>(); }\nuse outside_of_all::Y;"),
    ];
    let found = graph(&[files[0], files[1], files[2], files[3]]);
    assert!(found.problems.iter().any(|problem| problem.contains("c/d.rs: not there")), "{:?}", found.problems);
    let found = graph(&files);
    let nowhere = ["c/d.rs:1: crate::b::nothing leads nowhere", "c/d.rs:2: outside_of_all::Y leads nowhere"];
    assert_eq!(found.problems, nowhere);
    let found = edges(&Graph { problems: Vec::new(), ..found });
    assert_eq!(found, ["a::deep -> a", "b -> a::deep", "d -> a::deep"]);
}

#[test]
fn chains_of_re_exports_globs_and_renames_are_followed() {
    check(
        &[
            ("c/lib.rs", "mod one; mod two; mod three; mod user; pub use three::*;"),
            ("c/one.rs", "pub struct A; pub struct B; pub fn f() {}"),
            ("c/two.rs", "pub use super::one::{A as C, *}; pub use crate::one as uno;"),
            ("c/three.rs", "pub use crate::two::*;"),
            (
                "c/user.rs",
                "use crate::{three::{self as t, C}, B}; fn g(_: C, _: B) { t::f(); crate::f(); t::uno::f() }",
            ),
        ],
        &["user -> one"],
    );
}

#[test]
fn nested_groups_and_self_in_them() {
    check(
        &[
            ("c/lib.rs", "mod a; mod b; mod d;"),
            ("c/a/mod.rs", "pub mod x; pub mod y; pub struct Z;"),
            ("c/a/x.rs", "pub struct X;"),
            ("c/a/y.rs", "pub fn y() {}"),
            ("c/b.rs", "use crate::{a::{self, x::{X}, y::{self, y as z}}}; fn f(_: X) { z(); y::y(); a::Z; }"),
            ("c/d.rs", "use super::a::{y::{self}, Z as _};"),
        ],
        &["b -> a", "b -> a::x", "b -> a::y", "d -> a"],
    );
}

#[test]
fn importing_a_module_alone_is_no_use_of_it() {
    check(
        &[("c/lib.rs", "mod a; mod b;"), ("c/a.rs", "pub fn f() {}"), ("c/b.rs", "use crate::a; use self::a as c;")],
        &[],
    );
    check(
        &[("c/lib.rs", "mod a; mod b;"), ("c/a.rs", "pub fn f() {}"), ("c/b.rs", "use crate::a; fn g() { a::f() }")],
        &["b -> a"],
    );
}

#[test]
fn a_child_uses_its_parent_and_the_parent_its_child() {
    let files = [
        ("c/lib.rs", "mod p;"),
        ("c/p/mod.rs", "mod k; pub struct P; fn f() { k::g() }"),
        ("c/p/k.rs", "use super::P; pub fn g() { let _: P; }"),
    ];
    check(&files, &["p -> p::k", "p::k -> p"]);
    let found = graph(&files);
    let circles = circles(&found.edges(0));
    assert_eq!(circles.len(), 1);
    let names: Vec<&str> = circles[0].iter().map(|&module| found.modules[module].path.as_str()).collect();
    assert_eq!(names, ["p", "p::k"]);
    check(&[files[0], ("c/p/mod.rs", "mod k; pub use k::g; pub struct P;"), files[2]], &["p::k -> p"]);
}

#[test]
fn what_a_glob_takes_from_the_parent() {
    check(
        &[
            ("c/lib.rs", "mod a; mod p;"),
            ("c/a.rs", "pub fn f() {}"),
            ("c/p/mod.rs", "mod k; use crate::a::f; fn own() { f() }"),
            ("c/p/k.rs", "use super::*; fn g() { f(); own() }"),
        ],
        &["p -> a", "p::k -> a", "p::k -> p"],
    );
    // A private import is nobody else's.
    check(
        &[
            ("c/lib.rs", "mod a; mod b; mod k;"),
            ("c/a.rs", "pub fn f() {}"),
            ("c/b.rs", "use crate::a::f; fn g() { f() }"),
            ("c/k.rs", "use crate::b::*; fn f() {} fn g() { f() }"),
        ],
        &["b -> a"],
    );
}

#[test]
fn inline_modules_belong_to_their_file_and_have_names_of_their_own() {
    check(
        &[
            ("c/lib.rs", "mod a; mod b { pub mod d; pub fn own() {} }"),
            (
                "c/a.rs",
                "pub(crate) mod inner { pub fn f() {} pub mod more { pub fn g() { super::f() } } } fn h() { inner::f() }",
            ),
            ("c/b/d.rs", "use crate::a::inner::more; fn f() { more::g(); super::own() }"),
        ],
        &["b::d -> a", "b::d -> root"],
    );
}

#[test]
fn files_by_their_path() {
    check(
        &[
            ("c/lib.rs", "mod a; #[path = \"elsewhere/odd.rs\"] mod b;"),
            ("c/a.rs", "mod in_folder; #[path = \"a_twin.rs\"] mod twin; pub fn f() {}"),
            ("c/a/in_folder.rs", "use crate::b::g;"),
            ("c/a_twin.rs", "fn h() { super::f() }"),
            ("c/elsewhere/odd.rs", "mod below; pub fn g() {}"),
            ("c/elsewhere/below.rs", "fn i() { super::g() }"),
        ],
        &["a::in_folder -> b", "a::twin -> a", "b::below -> b"],
    );
}

#[test]
fn names_that_hide_others() {
    check(
        &[
            ("c/lib.rs", "mod a; mod b; mod d; mod e; mod f;"),
            ("c/a.rs", "pub struct Vec; pub fn link() {} pub fn of() {} pub const MAX: u8 = 1;"),
            ("c/b.rs", "use crate::a::*; struct Vec; fn f(_: Vec) {}"),
            ("c/d.rs", "use crate::a::*; fn f(link: u8) -> u8 { let of = link; println!(\"{}\", of); of }"),
            ("c/e.rs", "use crate::a::*; fn f(n: u8) -> bool { matches!(n, MAX) }"),
            ("c/f.rs", "use crate::a::*; fn f(n: u8) -> u8 { match n { MAX => 1, link => link } }"),
        ],
        &["e -> a", "f -> a"],
    );
}

#[test]
fn imports_and_items_in_functions() {
    check(
        &[
            ("c/lib.rs", "mod a; mod b;"),
            ("c/a.rs", "pub enum E { X, Y } pub fn f() {}"),
            (
                "c/b.rs",
                "fn g() { use crate::a::f as h; fn f() {} h(); f(); if true { use super::a::E::*; let _ = X; } }",
            ),
        ],
        &["b -> a"],
    );
    check(&[("c/lib.rs", "mod a; mod b;"), ("c/a.rs", "pub fn f() {}"), ("c/b.rs", "fn g() { fn f() {} f() }")], &[]);
}

#[test]
fn enums_and_what_belongs_to_a_type() {
    check(
        &[
            ("c/lib.rs", "mod a; mod b; mod d;"),
            (
                "c/a.rs",
                "pub enum E { X, Y(u8) } impl E { pub const Z: u8 = 1; } pub struct S; impl S { pub fn new() {} }",
            ),
            ("c/b.rs", "use crate::a::E; fn f(e: E) { match e { E::X => {} E::Y(_) => {} } }"),
            ("c/d.rs", "use crate::a::E::{self, X}; fn f() { X; E::Z; crate::a::S::new() }"),
        ],
        &["b -> a", "d -> a"],
    );
}

#[test]
fn macros_and_their_tokens() {
    check(
        &[
            ("c/lib.rs", "#[macro_use] mod m; mod a; mod b; mod d; mod e;"),
            ("c/m.rs", "#[macro_export] macro_rules! out { () => { $crate::a::f() } } macro_rules! near { () => {} }"),
            ("c/a.rs", "pub fn f() {} pub struct S { pub f: u8 }"),
            ("c/b.rs", "fn g() { crate::out!(); }"),
            ("c/d.rs", "fn g(s: u8) { near!(); println!(\"{:?}\", [crate::a::f(), s.f]); }"),
            ("c/e.rs", "use crate::a::S; make! { pub struct Made; } fn g(s: S) { assert_eq!(s.f, 1); let _ = Made; }"),
        ],
        &["b -> m", "d -> a", "d -> m", "e -> a", "m -> a"],
    );
    // What a macro makes can be used by others.
    check(
        &[
            ("c/lib.rs", "mod a; mod b;"),
            ("c/a.rs", "table! { Made = 1 }"),
            ("c/b.rs", "use crate::a::Made; fn g() -> Made { Made::One }"),
        ],
        &["b -> a"],
    );
}

#[test]
fn what_is_for_tests_only_is_left_out() {
    let lib = "mod a; #[cfg(test)] mod b; #[cfg(all(unix, test))] mod d; #[cfg(not(test))] mod e;";
    check(
        &[
            ("c/lib.rs", lib),
            (
                "c/a.rs",
                "pub fn f() {} #[cfg(test)] fn t() { crate::e::g() } struct S; impl S { #[cfg(test)] fn t() { crate::e::g() } }",
            ),
            ("c/e.rs", "pub fn g() { crate::a::f() } #[cfg(test)] mod tests { use super::*; use crate::b::x; }"),
        ],
        &["e -> a"],
    );
}

#[test]
fn types_traits_and_derives() {
    check(
        &[
            ("c/lib.rs", "mod a; mod b; mod d; mod e; mod f; mod g;"),
            ("c/a.rs", "pub trait T { type O; } pub struct S<X>(pub X);"),
            ("c/b.rs", "fn f<X: crate::a::T>(_: X) {}"),
            ("c/d.rs", "struct R; impl super::a::T for R { type O = u8; }"),
            ("c/e.rs", "fn f() -> Option<crate::a::S<u8>> { None }"),
            ("c/f.rs", "fn f<X>(x: X) where <X as crate::a::T>::O: Copy {}"),
            ("c/g.rs", "use crate::a::T as _;"),
        ],
        &["b -> a", "d -> a", "e -> a", "f -> a", "g -> a"],
    );
}

#[test]
fn other_crates_and_what_is_given_on_from_them() {
    let files = [
        ("c/lib.rs", "extern crate self as own; mod a; mod b; pub use p::deep; pub use outer;"),
        ("c/a.rs", "use p::Made; use crate::deep::X; use own::b::f; fn g(_: X) { f() }"),
        (
            "c/b.rs",
            "pub fn f() {} use std::{net::TcpStream as Socket, time}; use outer::*; fn g(_: crate::outer::Y) { time::Instant::now(); ::p::h() }",
        ),
        ("p/lib.rs", "pub mod deep; pub use deep::h; #[proc_macro_derive(Made, attributes(a))] pub fn make() {}"),
        ("p/deep.rs", "pub struct X; pub fn h() {}"),
    ];
    check(&files, &["a -> b", "a -> p::", "a -> p::deep", "b -> p::deep"]);
    let found = graph(&files);
    let mut outside: Vec<&str> = found.outside.iter().map(|outside| outside.path.as_str()).collect();
    outside.sort_unstable();
    assert_eq!(outside, ["outer", "outer", "outer::Y", "std::net::TcpStream", "std::time", "std::time::Instant::now"]);
    assert!(found.edges(0).len() == 1 && circles(&found.edges(0)).is_empty());
}

#[test]
fn circles_are_found_whatever_else_there_is() {
    let edges = BTreeSet::from([(0, 1), (1, 2), (2, 1), (2, 3), (3, 4), (4, 5), (5, 3), (6, 0), (7, 7)]);
    assert_eq!(circles(&edges), [vec![1, 2], vec![3, 4, 5]]);
    assert!(circles(&BTreeSet::from([(0, 1), (0, 2), (1, 3), (2, 3)])).is_empty());
}
