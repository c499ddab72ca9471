//! The macros of nodex. Use them through the crate `nodex`, to which the generated code refers.
//!
//! | macro | what it does |
//! |---|---|
//! | [`macro@cnode_handler`] | makes a function or the methods of an `impl` block answer messages. Start here |
//! | [`main!`] | writes the function `main` of a node executable |
//! | [`FromTerm`](derive@FromTerm), [`IntoTerm`](derive@IntoTerm) | derive the conversions of a type from and to terms |

mod docs;
mod errors;
mod handler;
mod keys;
mod main_macro;
mod spans;
mod term;
mod types;

use proc_macro::TokenStream;

/// Makes a function, or the methods of an `impl` block, answer messages.
///
/// # On a function
/// `{name, A1, .., An}` calls the function of that name with n term arguments, and the bare atom `name` calls it
/// without arguments. Plain messages, `GenServer.call`, `GenServer.cast` and `rpc`/`erpc` reach the same function.
///
/// ```
/// use nodex::prelude::*;
///
/// /// `{ping, Term}` is answered with `{pong, Term}`.
/// #[cnode_handler]
/// fn ping(term: RawTerm) -> (Atom, RawTerm) {
///     (atom!("pong"), term)
/// }
///
/// // The function stays as it is. A service of the same name is for `nodex::main!` or the node builder.
/// let service = ping {};
/// assert_eq!(service.functions()[0].doc, "`{ping, Term}` is answered with `{pong, Term}`.");
/// ```
///
/// An argument is a term (`FromTerm`), or a value that the node supplies, such as `Context`, `Caller`, `State<T>` or a
/// type of your own (`FromArg`). Arguments are owned. The result of the function is the reply: see `IntoReply`. An
/// `async` function is polled in place and answers when it is ready; its future must be `Send`.
///
/// The service is a struct `ping {}` in the namespace of types. A warning that it is never constructed means that no
/// node serves this handler.
///
/// # On an `impl` block
/// The methods of the block, of any visibility, are the functions, and the type is their state.
///
/// ```
/// use nodex::prelude::*;
///
/// struct Counter {
///     value: i64,
/// }
///
/// #[cnode_handler]
/// impl Counter {
///     /// `{add, By}` is answered with the new value.
///     fn add(&mut self, by: i64) -> i64 {
///         self.value += by;
///         self.value
///     }
///
///     async fn value(&self) -> i64 {
///         self.value
///     }
///
///     #[cnode(skip)]
///     fn starting_at(value: i64) -> Self {
///         Counter { value }
///     }
/// }
///
/// let service = nodex::node::IntoService::into_service(Counter::starting_at(5));
/// assert_eq!(service.functions().len(), 2);
/// ```
///
/// A unit test calls the methods directly, or the service through messages, with `nodex::node::testing::TestNode`.
///
/// Handlers with `&self` run concurrently. Handlers with `&mut self` run one at a time, in the order in which their
/// messages arrive; without any, there is no lock. Functions without `self` are handlers too. A type has one such
/// block; `const`, `type` and skipped items in it are not changed. The block can have type parameters (`impl<S: Store>
/// Shop<S>`), a handler cannot. The result can borrow from the state.
///
/// # Keys
/// In `#[cnode_handler(..)]` on a function, in `#[cnode(..)]` on a method:
///
/// | key | meaning |
/// |---|---|
/// | `name = "ready?"` | the name in Erlang; by default the Rust name (`type` for `r#type`) |
/// | `only(plain, call, cast, rpc)` | the kinds of messages that reach it; by default all |
/// | `blocking` | runs it on a thread for blocking work, not on the thread that drives the connection |
/// | `skip` | on a method: it is not a handler |
///
/// In `#[cnode_handler(..)]` on an `impl` block:
///
/// | key | meaning |
/// |---|---|
/// | `sys_state` | `sys:get_state/1` and `sys:get_status/1` show the state, which must be `IntoTerm`; by default they do not |
/// | `sys_state = path` | they show the result of this function, which takes a reference to the state |
///
/// ```
/// use nodex::prelude::*;
///
/// struct Shop {
///     stock: Vec<String>,
///     password: String,
/// }
///
/// #[cnode_handler(sys_state = Shop::shown)]
/// impl Shop {
///     fn add(&mut self, item: String) {
///         self.stock.push(item);
///     }
///
///     #[cnode(skip)]
///     fn shown(&self) -> &[String] {
///         &self.stock
///     }
/// }
/// # let _ = Shop { stock: Vec::new(), password: String::new() }.password;
/// ```
#[proc_macro_attribute]
pub fn cnode_handler(keys: TokenStream, item: TokenStream) -> TokenStream {
    handler::attribute(keys.into(), item.into()).into()
}

/// Writes the function `main` of a node executable.
///
/// ```no_run
/// use nodex::prelude::*;
///
/// #[cnode_handler]
/// fn ping(term: RawTerm) -> (Atom, RawTerm) {
///     (atom!("pong"), term)
/// }
///
/// struct Orders;
///
/// #[cnode_handler]
/// impl Orders {
///     fn count(&self) -> u64 {
///         0
///     }
/// }
///
/// impl Orders {
///     fn open(path: &str) -> std::io::Result<Orders> {
///         std::fs::metadata(path).map(|_| Orders)
///     }
/// }
///
/// nodex::main!(ping, "orders" => Orders::open("orders.db")?, state = 5_u64);
/// ```
///
/// The entries, separated by commas:
///
/// | entry | meaning |
/// |---|---|
/// | `ping`, `module::ping` | the handler with this path; it answers under every registered name |
/// | `Orders::open()?` | any other expression: a service, or a value with handlers |
/// | `"orders" => Orders::open()?` | the service answers under this registered name only |
/// | `transient "orders" => Orders::open()?` | what the end of this service means for the node: `permanent`, `transient` or `temporary`, see `nodex::node::ServiceType` |
/// | `factory "orders" => \|\| Orders::default()` | made by this function, and again when it has failed, see `NodeBuilder::register_factory` |
/// | `state = value` | what handlers take as `State<T>` |
/// | `drain = "10s"`, `drain = Duration::from_secs(10)` | how long it may finish what still runs when it is asked to stop, unless its host says so: see `NodeBuilder::drain` |
///
/// The expressions are evaluated after the arguments of the program were read. `?` in them ends the program with the
/// error on stderr and a non-zero status. For everything else see `nodex::node::main`.
#[proc_macro]
pub fn main(entries: TokenStream) -> TokenStream {
    main_macro::main(entries.into()).into()
}

/// Derives `FromTerm`, which reads a type from the bytes of a term.
///
/// ```
/// use nodex::{etf::{Decoder, Encoder}, prelude::*};
///
/// /// `%Shop.Order{id: 7, status: {:shipped, "post"}, note: nil}`
/// #[derive(FromTerm, IntoTerm, PartialEq, Debug)]
/// #[term(elixir_struct = "Shop.Order")]
/// struct Order {
///     id: u64,
///     status: Status,
///     note: Option<String>,
/// }
///
/// /// `:pending` or `{:shipped, "post"}`
/// #[derive(FromTerm, IntoTerm, PartialEq, Debug)]
/// enum Status {
///     Pending,
///     Shipped(String),
/// }
///
/// let order = Order { id: 7, status: Status::Shipped("post".into()), note: None };
/// let mut encoder = Encoder::new();
/// order.encode(&mut encoder)?;
/// let bytes = encoder.to_vec();
/// assert_eq!(Order::decode(&mut Decoder::new(&bytes))?, order);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Shapes
/// | Rust | term |
/// |---|---|
/// | `struct A { x: T }` | map with atoms as keys, `#{x => T}` |
/// | the same with `elixir_struct = "Shop.A"` | `%Shop.A{x: T}`; `__struct__` is required and checked |
/// | the same with `exception = "Shop.A"` | `%Shop.A{x: T}`, with `__exception__: true` as well |
/// | the same with `tuple` | tuple of the fields in their order, `{T}` |
/// | the same with `record = "a"` | Erlang record, `{a, T}` |
/// | `struct A(T, U);` | `{T, U}`; `record` as above |
/// | `struct A(T);` | `T`; with `tuple`, `{T}` |
/// | `struct A;` | the atom `a` |
/// | `enum E { A, B(T, U), C { x: T } }` | `a`, `{b, T, U}`, `{c, #{x => T}}` |
/// | the same with `untagged` | `a`, `{T, U}`, `#{x => T}`, and the field itself if it is the only one; the first variant that fits is read |
///
/// Keys in maps can be in any order. Unknown keys are skipped; a key that occurs twice is an error. A missing key is an
/// error, unless the field is an `Option`, which is then `None`, or has a `default`.
///
/// # Keys of `#[term(..)]`
/// | key | on | meaning |
/// |---|---|---|
/// | `tuple`, `record = "tag"`, `elixir_struct = "Module"`, `exception = "Module"` | struct | the shape; one of these |
/// | `untagged` | enum | the names of the variants are not written |
/// | `rename = "name"` | field in a map, variant, struct without fields | the atom |
/// | `rename_all = "case"` | struct or struct variant: its fields; enum: its variants | `snake_case`, `camelCase`, `PascalCase`, `SCREAMING_SNAKE_CASE`, `kebab-case` or `lowercase` |
/// | `default`, `default = path` | field in a map | the value of a missing key: `Default::default()`, or the result of the function |
/// | `skip` | field | the field is not in the term, and is read as its default, or that of `default = path` |
/// | `undefined` | field that is an `Option`, or type | `None` is the atom `undefined`, not `nil` |
///
/// Without `rename` and `rename_all`, keys are the names of the fields, and variants and structs without fields are
/// atoms in `snake_case`, as is usual in Erlang.
///
/// # Description
/// The type says of itself which terms it is read from (`FromTerm::input_type`), with the doc comments of type, variants
/// and fields.
///
/// # Errors
/// Errors contain the path: `place: argument 1: order: key lines: element 2: line: key count: expected integer, got
/// atom`.
///
/// # Generics
/// Every type parameter in the term gets the bound `FromTerm`; a field of type `T::Item` gets a bound of its own.
#[proc_macro_derive(FromTerm, attributes(term))]
pub fn derive_from_term(input: TokenStream) -> TokenStream {
    term::derive_from_term(input.into()).into()
}

/// Derives `IntoTerm`, which writes a type as a term. Shapes and keys are those of `#[derive(FromTerm)]`.
///
/// Heads, keys and tags are constants in the program, so writing a value creates no atom and needs no allocation of its
/// own. The keys of a map are written in the order of their names. Fields can be references.
#[proc_macro_derive(IntoTerm, attributes(term))]
pub fn derive_into_term(input: TokenStream) -> TokenStream {
    term::derive_into_term(input.into()).into()
}
