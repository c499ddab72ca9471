//! Types and functions as they describe themselves, and that Elixir and Erlang take these descriptions.
#![allow(dead_code)]

use std::{collections::HashMap, fs, marker::PhantomData, path::Path, process::Command, time::Duration};

use nodex::{
    convert::{Binary, BitString, Charlist},
    describe::{Outcome, Signature, Type, Types},
    node::{Description, Functions, IntoService, Raised, Service},
    prelude::*,
    text::Syntax,
};
use nodex_testkit::{executable::target, run::run};

/// An order.
///
/// It has "quotes", a \ and #{braces}.
#[derive(FromTerm, IntoTerm, Clone)]
struct Order {
    /// Its number.
    id: u64,
    note: Option<String>,
    #[term(rename = "total price")]
    total: f64,
    status: Status,
    #[term(skip)]
    cached: u8,
    #[term(undefined)]
    by: Option<Pid>,
    #[term(default)]
    tags: Vec<Atom>,
    page: Page<Box<Order>>,
}

/// What has become of it.
#[derive(FromTerm, IntoTerm, Clone)]
enum Status {
    Pending,
    /// By whom, and when.
    Shipped(String, (u16, u8, u8)),
    #[term(rename = "lost?")]
    Lost {
        /// Where it was seen.
        last_seen: Charlist,
    },
}

#[derive(FromTerm, IntoTerm, Clone)]
struct Page<T> {
    items: Vec<T>,
    next: u32,
}

#[derive(FromTerm, IntoTerm)]
#[term(elixir_struct = "Shop.Order")]
struct Elixir {
    id: i128,
    note: Option<Binary>,
}

#[derive(FromTerm, IntoTerm)]
#[term(exception = "Shop.OrderError")]
struct OrderError {
    message: String,
}

#[derive(FromTerm, IntoTerm)]
#[term(record = "point")]
struct Point {
    /// Where it is from left to right.
    x_axis: f32,
    end: i8,
}

#[derive(FromTerm, IntoTerm)]
#[term(tuple)]
struct Pair {
    first: bool,
    second: BitString,
}

/// A tree.
#[derive(FromTerm, IntoTerm)]
#[term(untagged)]
enum Tree {
    Leaf(i64),
    Branch(Box<Tree>, Box<Tree>),
    Named { name: String, tree: HashMap<String, Tree> },
    None,
}

#[derive(FromTerm, IntoTerm)]
struct Id(u32);

#[derive(FromTerm, IntoTerm)]
struct Unit;

#[derive(FromTerm, IntoTerm)]
struct Empty {}

/// A name that is taken in both languages.
#[derive(FromTerm, IntoTerm)]
struct Node(Atom);

#[derive(FromTerm, IntoTerm)]
struct Nothing<T>(#[term(skip)] PhantomData<T>, [u8; 2], [u8; 0]);

/// Each definition in both languages.
#[track_caller]
fn assert_defined<T: FromTerm + IntoTerm>(elixir: &str, erlang: &str) {
    let mut types = Types::new();
    T::input_type(&mut types);
    T::output_type(&mut types);
    let erlang = erlang.trim_start().lines().map(|line| format!("{}\n", line.trim())).collect::<String>();
    let elixir = elixir.trim_start().lines().map(|line| format!("{}\n", line.trim())).collect::<String>();
    assert_eq!(types.definitions_text(Syntax::Elixir), elixir);
    let text = types.definitions_text(Syntax::Erlang);
    let (text, exports) = text.split_once("-export_type").expect("they are exported");
    assert_eq!(text, erlang);
    assert_eq!(exports.matches("/0").count(), types.definitions().len());
}

#[test]
fn structs_are_maps_records_and_tuples() {
    assert_defined::<Elixir>(
        "@type elixir() :: %Shop.Order{id: -170141183460469231731687303715884105728..\
         170141183460469231731687303715884105727, note: binary() | nil}",
        "-type elixir() :: #{'__struct__' := 'Elixir.Shop.Order', id := -170141183460469231731687303715884105728..\
         170141183460469231731687303715884105727, note := binary() | nil}.",
    );
    assert_defined::<OrderError>(
        "@type order_error() :: %Shop.OrderError{message: String.t()}",
        "-type order_error() :: #{'__struct__' := 'Elixir.Shop.OrderError', '__exception__' := true, message := \
         unicode:unicode_binary()}.",
    );
    assert_defined::<Point>(
        "@typedoc \"\"\"
         * `x_axis`: Where it is from left to right.
         \"\"\"
         @type point() :: {:point, x_axis :: float(), end_ :: -128..127}",
        "%% * `x_axis`: Where it is from left to right.
         -type point() :: {point, XAxis :: float(), End :: -128..127}.",
    );
    assert_defined::<Pair>(
        "@type pair() :: {first :: boolean(), second :: bitstring()}",
        "-type pair() :: {First :: boolean(), Second :: bitstring()}.",
    );
    assert_defined::<Id>("@type id() :: 0..4294967295", "-type id() :: 0..4294967295.");
    assert_defined::<Unit>("@type unit() :: :unit", "-type unit() :: unit.");
    assert_defined::<Empty>("@type empty() :: %{}", "-type empty() :: #{}.");
    assert_defined::<Nothing<u8>>("@type nothing() :: {[0..255, ...], []}", "-type nothing() :: {[0..255, ...], []}.");
}

#[test]
fn a_name_that_is_taken_gets_another() {
    assert_defined::<Node>(
        "@typedoc \"\"\"\nA name that is taken in both languages.\n\"\"\"\n@type node_type() :: atom()",
        "%% A name that is taken in both languages.\n-type node_type() :: atom().",
    );
}

#[test]
fn what_contains_itself_is_defined_once() {
    assert_defined::<Tree>(
        "@typedoc \"\"\"
         A tree.
         \"\"\"
         @type tree() :: -9223372036854775808..9223372036854775807 | {tree(), tree()} | %{name: String.t(), tree: \
         %{optional(String.t()) => tree()}} | :none",
        "%% A tree.
         -type tree() :: -9223372036854775808..9223372036854775807 | {tree(), tree()} | #{name := \
         unicode:unicode_binary(), tree := #{unicode:unicode_binary() => tree()}} | none.",
    );
}

#[test]
fn what_is_read_has_a_name_of_its_own_where_it_differs() {
    // Whatever refers to it differs too, and what does not is one type.
    let mut types = Types::new();
    Order::input_type(&mut types);
    Order::output_type(&mut types);
    assert_eq!(
        types.definitions_text(Syntax::Elixir),
        r#"@typedoc """
An order.

It has "quotes", a \\ and \#{braces}.

* `id`: Its number.
"""
@type order_input() :: %{required(:id) => 0..18446744073709551615, optional(:note) => String.t() | nil, required(:"total price") => float(), required(:status) => status(), optional(:by) => pid() | :undefined, optional(:tags) => [atom()], required(:page) => page_order_input()}
@typedoc """
What has become of it.

* `{:shipped, String.t(), {0..65535, 0..255, 0..255}}`: By whom, and when.
* `last_seen`: Where it was seen.
"""
@type status() :: :pending | {:shipped, String.t(), {0..65535, 0..255, 0..255}} | {:lost?, %{last_seen: charlist()}}
@type page_order_input() :: %{items: [order_input()], next: 0..4294967295}
@typedoc """
An order.

It has "quotes", a \\ and \#{braces}.

* `id`: Its number.
"""
@type order() :: %{id: 0..18446744073709551615, note: String.t() | nil, "total price": float(), status: status(), by: pid() | :undefined, tags: [atom()], page: page_order()}
@type page_order() :: %{items: [order()], next: 0..4294967295}
"#
    );
}

#[test]
fn two_types_of_one_name_are_told_apart() {
    let mut types = Types::new();
    let (first, again) = {
        #[derive(IntoTerm)]
        struct Same(u8);
        (Same::output_type(&mut types), Same::output_type(&mut types))
    };
    let second = {
        #[derive(IntoTerm)]
        struct Same(bool);
        Same::output_type(&mut types)
    };
    assert_eq!(first, again);
    assert_eq!(types.text(&first, Syntax::Erlang), "same()");
    assert_eq!(types.text(&second, Syntax::Erlang), "same_2()");
    // Alike in all that can be told, they are one.
    let third = {
        #[derive(IntoTerm)]
        struct Same(u8);
        Same::output_type(&mut types)
    };
    assert_eq!(types.text(&third, Syntax::Erlang), "same()");
    assert_eq!(types.definitions_text(Syntax::Erlang).matches("-type").count(), 2);
}

/// What is wrong with a price.
#[derive(IntoTerm)]
enum PriceError {
    Unknown,
}

struct Shop(Vec<String>);

#[cnode_handler]
impl Shop {
    /// Places an order.
    fn place(&mut self, _cx: Context, order: Order, r#fn: u8) -> Result<Id, PriceError> {
        Ok(Id(order.id as u32 + u32::from(r#fn)))
    }

    async fn first(&self) -> Option<String> {
        self.0.first().cloned()
    }

    fn all(&self, (from, to): (usize, usize)) -> &[String] {
        &self.0[from..to]
    }

    #[cnode(name = "odd-name!")]
    fn odd(&self, _caller: Caller, _tree: Tree) -> NoReply {
        NoReply
    }

    fn check(&self, end: Elixir, order_error: OrderError) -> Result<(), Raised<PriceError>> {
        let _ = (end.id, order_error.message);
        Ok(())
    }

    #[cnode(name = "ready?", only(call))]
    fn is_ready(&self) {}

    fn any(&self, term: Term) -> impl nodex::reply::IntoReply {
        term
    }
}

/// Twice the number.
#[cnode_handler]
fn double(number: i8) -> i16 {
    2 * i16::from(number)
}

#[test]
fn functions_tell_names_and_types_of_arguments_and_replies() {
    let description = Description::of(&Shop(Vec::new()).into_service());
    let specs: Vec<String> = (description.functions.iter())
        .map(|function| description.types.spec(&function.name, &function.signature, Syntax::Elixir))
        .collect();
    let usize = "0..18446744073709551615";
    assert_eq!(
        specs,
        [
            "place(order :: order(), fn_ :: 0..255) :: {:ok, id()} | {:error, price_error()}".to_owned(),
            "first() :: String.t() | nil".to_owned(),
            format!("all({{{usize}, {usize}}}) :: [String.t()]"),
            "unquote(:\"odd-name!\")(tree :: tree()) :: term()".to_owned(),
            "check(end_ :: elixir(), order_error :: order_error()) :: :ok".to_owned(),
            "unquote(:ready?)() :: :ok".replace("unquote(:ready?)", "ready?"),
            "any(term :: term()) :: term()".to_owned(),
        ]
    );
    let [place, .., ready, _] = description.functions.as_slice() else { panic!("{description:?}") };
    assert_eq!((&*place.name, place.arity, place.doc), ("place", 2, "Places an order."));
    assert_eq!((&*ready.name, ready.arity), ("ready?", 0));
    let raises: Vec<bool> =
        description.functions.iter().map(|function| function.signature.outcome.raises.is_some()).collect();
    assert_eq!(raises, [false, false, false, false, true, false, false]);
    assert_eq!(description.functions[3].signature.outcome, Outcome::none());

    assert_eq!(
        Description::of(&double {}).text(Syntax::Erlang),
        "-spec double(Number :: -128..127) -> -32768..32767.\n"
    );
    let closures = Functions::new()
        .add("add", |a: u8, _: Context, b: Pid| (a, b))
        .add_async("later", |ms: u64| async move { Box::pin(std::future::ready(ms)).await });
    assert_eq!(
        Description::of(&closures).text(Syntax::Elixir),
        format!("@spec add(0..255, pid()) :: {{0..255, pid()}}\n@spec later({usize}) :: {usize}\n")
    );
}

#[test]
fn a_service_by_hand_is_described_as_far_as_it_tells() {
    struct ByHand;
    impl Service for ByHand {
        fn functions(&self) -> Vec<nodex::node::Function> {
            vec![
                nodex::node::Function::new("silent", 2),
                nodex::node::Function::new("told", 1)
                    .signature(|_| Signature::new(Outcome::reply(Type::Float)).argument("x", Type::any_integer())),
            ]
        }
        fn call(&self, _: usize, call: nodex::node::Call<'_>) -> nodex::node::Handled {
            call.no_reply()
        }
    }
    assert_eq!(
        Description::of(&ByHand).text(Syntax::Elixir),
        "@spec silent(term(), term()) :: term()\n@spec told(x :: integer()) :: float()\n"
    );
}

/// All of it, as modules of both languages: with functions that the specifications are of.
fn modules() -> (String, String) {
    let mut description = Description::of(&Shop(Vec::new()).into_service());
    description.add(&double {});
    let types = &mut description.types;
    let more = [
        Point::input_type(types),
        Pair::input_type(types),
        Unit::output_type(types),
        Empty::output_type(types),
        Node::input_type(types),
        Nothing::<Id>::input_type(types),
        Page::<Vec<Binary>>::output_type(types),
    ];
    // Whatever name a type has in Rust, and whatever stands in its text.
    for name in [
        "after",
        "if",
        "case",
        "def",
        "type",
        "spec",
        "module",
        "list",
        "string",
        "map",
        "struct",
        "term",
        "record",
        "t",
        "integer",
        "dynamic",
        "nominal",
        "unquote",
        "super",
        "callback",
        "__MODULE__",
        "Größe",
        "1",
        "",
        "end",
        "maybe",
        "receive",
        "when",
        "fun",
        "keyword",
        "mfa",
        "number",
        "var",
        "cons",
        "not",
        "opaque",
        "behaviour",
    ] {
        let doc = format!("{name} \"\"\" #{{1}} \\ \u{202E} '' %{{}}\r\n\t\"\"\"");
        types.define_output::<u8>(name, &doc, |_| {
            Type::union([
                Type::tuple([]),
                Type::union([]),
                Type::list(more[0].clone()),
                Type::map(Type::Char, Type::Function),
                Type::Integer { min: None, max: Some((-1).into()) },
                Type::Integer { min: Some(1.into()), max: None },
                Type::Integer { min: Some(7.into()), max: Some(7.into()) },
                Type::integer(i128::MIN, u128::MAX),
                Type::literal("a \"b\" 'c' #{d}"),
                Type::literal("Elixir.Shop.Order"),
                Type::literal("nil"),
                Type::Reference,
                Type::Port,
            ])
        });
    }
    let mut elixir =
        description.types.elixir_structs() + "defmodule Described do\n" + &description.text(Syntax::Elixir);
    let mut erlang = "-module(described).\n-compile(export_all).\n".to_owned() + &description.text(Syntax::Erlang);
    for function in &description.functions {
        let (name, arguments) = (&function.name, vec!["_"; function.arity.into()].join(", "));
        elixir +=
            &format!("def unquote(:erlang.binary_to_atom(\"{name}\"))({arguments}), do: :erlang.nif_error(:none)\n");
        erlang += &format!("'{name}'({arguments}) -> erlang:nif_error(none).\n");
    }
    (elixir + "end\n", erlang)
}

#[track_caller]
fn compiled(program: &str, arguments: &[&str], folder: &Path, file: &str, text: &str) {
    fs::write(folder.join(file), text).expect("the folder is there");
    let mut compiler = Command::new(program);
    compiler.args(arguments).arg(file).current_dir(folder);
    let ended = run(compiler, Duration::from_secs(600));
    assert_eq!(ended.code, Some(0), "{}{}\n{text}", ended.stdout, ended.stderr);
}

#[test]
fn elixir_and_erlang_compile_what_is_written() {
    let folder = target().join("tmp/describe");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder for the modules");
    let (elixir, erlang) = modules();
    compiled("erlc", &["-Werror", "+nowarn_export_all", "+debug_info"], &folder, "described.erl", &erlang);
    compiled("elixirc", &["--warnings-as-errors"], &folder, "described.ex", &elixir);

    // Both have the same types and functions.
    let ask = "
        {:ok, types} = Code.Typespec.fetch_types(Described)
        {:ok, specs} = Code.Typespec.fetch_specs(Described)
        {:ok, theirs} = Code.Typespec.fetch_types(:described)
        {:ok, their_specs} = Code.Typespec.fetch_specs(:described)
        names = fn types -> Enum.sort(for {:type, {name, _, []}} <- types, do: name) end
        functions = fn specs -> Enum.sort(for {function, _} <- specs, do: function) end
        true = names.(types) == names.(theirs)
        true = functions.(specs) == functions.(their_specs)
        IO.puts(\"#{length(types)} types, #{length(specs)} functions\")";
    let mut elixir = Command::new("elixir");
    elixir.args(["-pa", ".", "-e", ask]).current_dir(&folder);
    let ended = run(elixir, Duration::from_secs(600));
    let description = Description::of(&Shop(Vec::new()).into_service());
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let said = ended.stdout.trim();
    assert!(said.ends_with(&format!("types, {} functions", description.functions.len() + 1)), "{said}");
    fs::remove_dir_all(&folder).expect("the folder is still there");
}
