//! `term!` writes terms.

use nodex_proto::{
    term,
    term::{Atom, Pid, Term},
    text::Text,
};

fn text(term: &Term) -> String {
    Text::of(term).to_string()
}

#[test]
fn everything_that_can_be_written() {
    let n = 3_u64;
    let owned = String::from("owned");
    let pid = Pid { node: Atom::from_static("a@b"), id: 1, serial: 2, creation: 3 };
    for (term, expected) in [
        (term!(ok), "ok"),
        (term!(:ok), "ok"),
        (term!(:"Hello world"), "'Hello world'"),
        (term!(r#type), "type"),
        (term!(true), "true"),
        (term!(5), "5"),
        (term!(-5), "-5"),
        (term!(5_000_000_000_i64), "5000000000"),
        (term!('a'), "97"),
        (term!(1.5), "1.5"),
        (term!(-1.5e100), "-1.5e100"),
        (term!("abc"), "\"abc\""),
        (term!("пр"), "\"пр\""),
        (term!(""), "[]"),
        (term!(<<>>), "<<>>"),
        (term!(<<"abc">>), "<<\"abc\">>"),
        (term!(<<"é"/utf8, 0>>), "<<195,169,0>>"),
        (term!(<<1, 2, 255>>), "<<1,2,255>>"),
        (term!(<<"a", (b"bc"), (owned)>>), "<<\"abcowned\">>"),
        (term!(b"bytes"), "<<\"bytes\">>"),
        (term!({}), "{}"),
        (term!({ ok }), "{ok}"),
        (term!({ok, 1, {nested, []}}), "{ok,1,{nested,[]}}"),
        (term!([]), "[]"),
        (term!([1, 2, a,]), "[1,2,a]"),
        (term!([1, 2 | tail]), "[1,2|tail]"),
        (term!([a | [b | [c]]]), "[a,b,c]"),
        (term!(#{}), "#{}"),
        (term!(#{a => 1, <<"b">> => [2], {c} => #{}}), "#{a => 1,{c} => #{},<<\"b\">> => [2]}"),
        (term!(%{a: 1, b: %{c: d}}), "#{a => 1,b => #{c => d}}"),
        (term!(fun lists:map/2), "fun lists:map/2"),
        (term!((n)), "3"),
        (term!({reply, (n + 1), (owned.as_str()), (&pid)}), "{reply,4,<<\"owned\">>,<a@b.1.2/3>}"),
        (term!([(vec![1, 300]), (Some(2)), (None::<i32>)]), "[[1,300],2,nil]"),
    ] {
        assert_eq!(text(&term), expected);
    }
}

#[test]
fn what_is_the_same_is_equal() {
    assert_eq!(term!([1, 2, 3]), Term::byte_list([1, 2, 3]));
    assert_eq!(term!("ab"), term!([97, 98]));
    assert_eq!(term!([1, 256]), Term::list([1, 256]));
    assert_eq!(term!(2147483648_u32), Term::from(2_147_483_648_u64));
    assert_eq!(term!(7_i128), Term::from(7));
    assert_eq!(term!({ (vec![7_u8]) }), Term::tuple([Term::byte_list([7])]));
    assert_eq!(term!(("text")), Term::binary("text"));
    assert_eq!(term!([a | [b | [c]]]), Term::list([term!(a), term!(b), term!(c)]));
    assert_eq!(term!(#{a => 1, a => 2}), term!(#{a => 2}));
}
