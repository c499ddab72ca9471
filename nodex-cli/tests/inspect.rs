//! Terms print as a person who knows Elixir expects: as `inspect` of a real Elixir prints them.

use crate::support;

use std::process::Command;

use support::{Nodex, nodex};

/// Char lists are missing: Elixir 1.14 prints them in another way than all later ones, and than what is printed here.
const TERMS: [&str; 20] = [
    "{:ok, [1, 2.5, -3], nil, true}",
    "%{a: 1, b: %{c: []}}",
    "%{1 => :one, \"two\" => 2}",
    "[a: 1, \"b c\": 2]",
    "[{Foo.Bar, 1}, {:a, 2}]",
    "[1, 2 | :tail]",
    "\"text\\n\\t\\\"quoted\\\" \\\\ é €\"",
    "\"\\#{no} interpolation\"",
    "<<255, 0, 1>>",
    "<<1, 2::size(3)>>",
    "<<>>",
    ":\"two words\"",
    ":ok?",
    ":+",
    "Elixir.Foo.Bar",
    "1.0e22",
    "123456789012345678901234567890",
    "&:lists.map/2",
    "%{__struct__: Shop.Order, id: 7, item: \"tea\"}",
    "{}",
];

#[test]
fn as_elixir_itself() {
    let mut script = String::from("defmodule Shop.Order do\n  defstruct [:id, :item]\nend\n");
    for term in TERMS {
        script += &format!("IO.puts(inspect(({term}), limit: :infinity, width: :infinity))\n");
    }
    let mut elixir = Command::new("elixir");
    elixir.args(["-e", &script]).env("LC_ALL", "C.UTF-8");
    let inspected = Nodex::new(elixir).run();
    assert_eq!(inspected.code, Some(0), "{inspected}");
    assert_eq!(inspected.stdout.lines().count(), TERMS.len(), "{inspected}");
    for (term, inspected) in TERMS.iter().zip(inspected.stdout.lines()) {
        let ended = nodex(["term", term]).run();
        let printed = ended.stdout.lines().next().and_then(|line| line.strip_prefix("elixir  "));
        assert_eq!(printed, Some(inspected), "{term}\n{ended}");
    }
}
