//! The `term!` macro.

pub mod support;

/// A dynamic [`Term`](crate::term::Term), written as in Erlang.
///
/// | written | is |
/// |---|---|
/// | `ok`, `:ok`, `:"any name"` | atom |
/// | `5`, `-5`, `5_000_000_000_i64`, `'c'` | integer (a suffix where it does not fit `i32`) |
/// | `1.5` | float |
/// | `"text"` | list of characters, as in Erlang |
/// | `<<"text">>`, `<<1, 2>>`, `<<"a", 0, (bytes)>>`, `b"text"` | binary |
/// | `{a, 1}` | tuple |
/// | `[a, b]`, `[a \| tail]` | list |
/// | `#{k => v}`, `%{k => v}`, `%{k: v}` | map |
/// | `fun lists:map/2` | external fun |
/// | `(expression)` | value of a Rust expression (strings are binaries) |
///
/// Expressions can be numbers, `bool`, `char`, strings, [`Atom`](crate::term::Atom)s, identifiers, terms, and vectors,
/// slices and options of these. Anything else goes through [`to_term`](crate::convert::to_term) first, which can fail.
/// A term of more than about 60 elements in one list needs `#![recursion_limit = ".."]`.
///
/// ```
/// use nodex_proto::{term, text::Text};
/// let (id, name) = (7, String::from("seven"));
/// let term = term!({reply, #{id => (id), name => (name), tags => [:"two words", -1, 2.5]}, "abc", [head | <<"tail">>]});
/// assert_eq!(
///     Text::of(&term).to_string(),
///     r#"{reply,#{id => 7,name => <<"seven">>,tags => ['two words',-1,2.5]},"abc",[head|<<"tail">>]}"#,
/// );
/// assert_eq!(term!(%{a: 1, b: [1, 2]}), term!(#{b => [1, 2], a => 1}));
/// ```
///
/// An atom starts with a small letter:
/// ```compile_fail
/// nodex_proto::term!({Ok, 1});
/// ```
#[macro_export]
macro_rules! term {
    ($($tokens:tt)+) => {
        $crate::__term!(next (done) $($tokens)+)
    };
}

/// `next STATE TOKENS` reads one term off the tokens, `after STATE {TERM} TOKENS` goes on behind it. States: `(done)`,
/// `(seq KIND [TERMS])`, `(key [PAIRS])`, `(value [PAIRS] {KEY})`. `part` and `parts` read what stands in `<<..>>`.
#[doc(hidden)]
#[macro_export]
macro_rules! __term {
    (next (key $pairs:tt) $name:ident : $($rest:tt)+) => {
        $crate::__term!(after (key $pairs) { $crate::__term!(atom $name) } => $($rest)+)
    };
    (next $state:tt {} $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::macros::support::tuple(::std::vec::Vec::new()) } $($rest)*)
    };
    (next $state:tt {$($inner:tt)+} $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::__term!(next (seq tuple []) $($inner)+) } $($rest)*)
    };
    (next $state:tt [] $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::macros::support::list(::std::vec::Vec::new()) } $($rest)*)
    };
    (next $state:tt [$($inner:tt)+] $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::__term!(next (seq list []) $($inner)+) } $($rest)*)
    };
    (next $state:tt # $map:tt $($rest:tt)*) => { $crate::__term!(map $state $map $($rest)*) };
    (next $state:tt % $map:tt $($rest:tt)*) => { $crate::__term!(map $state $map $($rest)*) };
    (next $state:tt << $($rest:tt)+) => { $crate::__term!(part $state [] $($rest)+) };
    (next $state:tt fun $module:ident : $function:ident / $arity:literal $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::macros::support::fun(
            $crate::__term!(name $module), $crate::__term!(name $function), $arity
        ) } $($rest)*)
    };
    (next $state:tt : $name:ident $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::__term!(atom $name) } $($rest)*)
    };
    (next $state:tt : $name:literal $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::macros::support::atom(&$crate::atom!($name)) } $($rest)*)
    };
    (next $state:tt ($value:expr) $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::macros::support::Interpolate::into_term($value) } $($rest)*)
    };
    (next $state:tt $value:literal $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::macros::support::Literal::into_term($value) } $($rest)*)
    };
    (next $state:tt $name:ident $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::__term!(atom $name) } $($rest)*)
    };

    (atom $name:ident) => { $crate::macros::support::atom(&$crate::atom!($crate::__term!(name $name))) };
    (name $name:ident) => { const { $crate::macros::support::name(stringify!($name)) } };

    (part $state:tt [$($done:expr,)*] >> $($rest:tt)*) => {
        $crate::__term!(after $state {{
            #[allow(unused_mut)]
            let mut bytes = ::std::vec::Vec::<u8>::new();
            $($crate::macros::support::BinaryPart::append($done, &mut bytes);)*
            $crate::macros::support::binary(bytes)
        }} $($rest)*)
    };
    (part $state:tt [$($done:expr,)*] ($value:expr) $($rest:tt)+) => {
        $crate::__term!(parts $state [$($done,)* ::std::convert::AsRef::<[u8]>::as_ref(&$value),] $($rest)+)
    };
    (part $state:tt [$($done:expr,)*] $value:literal $($rest:tt)+) => {
        $crate::__term!(parts $state [$($done,)* $value,] $($rest)+)
    };
    (parts $state:tt $done:tt / utf8 $($rest:tt)+) => { $crate::__term!(parts $state $done $($rest)+) };
    (parts $state:tt $done:tt, $($rest:tt)+) => { $crate::__term!(part $state $done $($rest)+) };
    (parts $state:tt $done:tt >> $($rest:tt)*) => { $crate::__term!(part $state $done >> $($rest)*) };

    (map $state:tt {} $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::macros::support::map(::std::vec::Vec::new()) } $($rest)*)
    };
    (map $state:tt {$($inner:tt)+} $($rest:tt)*) => {
        $crate::__term!(after $state { $crate::__term!(next (key []) $($inner)+) } $($rest)*)
    };

    (after (done) {$term:expr}) => { $term };
    (after (seq $kind:ident [$($done:expr,)*]) {$term:expr} $(,)?) => {
        $crate::macros::support::$kind(::std::vec![$($done,)* $term])
    };
    (after (seq $kind:ident [$($done:expr,)*]) {$term:expr}, $($rest:tt)+) => {
        $crate::__term!(next (seq $kind [$($done,)* $term,]) $($rest)+)
    };
    (after (seq list [$($done:expr,)*]) {$term:expr} | $($rest:tt)+) => {
        $crate::macros::support::improper(::std::vec![$($done,)* $term], $crate::__term!(next (done) $($rest)+))
    };
    (after (key [$($pair:expr,)*]) {$key:expr} => $($rest:tt)+) => {
        $crate::__term!(next (value [$($pair,)*] {$key}) $($rest)+)
    };
    (after (value [$($pair:expr,)*] {$key:expr}) {$value:expr} $(,)?) => {
        $crate::macros::support::map(::std::vec![$($pair,)* ($key, $value)])
    };
    (after (value [$($pair:expr,)*] {$key:expr}) {$value:expr}, $($rest:tt)+) => {
        $crate::__term!(next (key [$($pair,)* ($key, $value),]) $($rest)+)
    };
}
