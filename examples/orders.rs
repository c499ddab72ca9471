//! Structs, enums, Elixir structs and errors: what a small service of an Elixir shop might look like.
//!
//! ```elixir
//! order = %Shop.Order{customer: "ada", items: [{"book", 2}], express: false}
//! {:ok, 1} = GenServer.call({:orders, node}, {:place, order, {:card, "4711"}})
//! {:ok, {:paid, 2}} = GenServer.call({:orders, node}, {:status, 1})
//! {:error, {:unknown_order, 7}} = GenServer.call({:orders, node}, {:status, 7})
//! ```

use std::collections::BTreeMap;

use nodex::prelude::*;

/// `%Shop.Order{}`.
#[derive(Debug, Clone, PartialEq, FromTerm, IntoTerm)]
#[term(elixir_struct = "Shop.Order")]
struct Order {
    customer: String,
    /// Name and number.
    items: Vec<(String, u32)>,
    #[term(default)]
    express: bool,
    /// `nil` is `None`.
    note: Option<String>,
}

/// `cash`, `{card, Number}` or `{transfer, #{iban => ..}}`.
#[derive(Debug, Clone, PartialEq, FromTerm, IntoTerm)]
enum Payment {
    Cash,
    Card(String),
    Transfer { iban: String },
}

/// `open`, or `{paid, NumberOfItems}`.
#[derive(Debug, Clone, Copy, PartialEq, IntoTerm)]
enum Status {
    Open,
    Paid(u32),
}

/// The `Reason` in `{error, Reason}`.
#[derive(Debug, Clone, PartialEq, IntoTerm)]
enum OrderError {
    Empty,
    UnknownOrder(u64),
    TooMany { item: String, limit: u32 },
}

/// `{totals, Orders, Items}`, as an Erlang record.
#[derive(Debug, PartialEq, IntoTerm)]
#[term(record = "totals")]
struct Totals {
    orders: usize,
    items: u64,
}

const LIMIT: u32 = 100;

#[derive(Default)]
struct Orders {
    placed: BTreeMap<u64, (Order, Status)>,
}

#[cnode_handler]
impl Orders {
    /// Places an order; `{ok, Id}`.
    fn place(&mut self, order: Order, payment: Payment) -> Result<u64, OrderError> {
        if order.items.is_empty() {
            return Err(OrderError::Empty);
        }
        if let Some((item, _)) = order.items.iter().find(|(_, number)| *number > LIMIT) {
            return Err(OrderError::TooMany { item: item.clone(), limit: LIMIT });
        }
        let items = order.items.iter().map(|(_, number)| number).sum();
        let status = if payment == Payment::Cash { Status::Open } else { Status::Paid(items) };
        let id = self.placed.len() as u64 + 1;
        self.placed.insert(id, (order, status));
        Ok(id)
    }

    /// `{ok, open}` or `{ok, {paid, Items}}`.
    fn status(&self, id: u64) -> Result<Status, OrderError> {
        self.find(id).map(|(_, status)| *status)
    }

    /// The order itself, as the struct it came as.
    fn get(&self, id: u64) -> Result<Order, OrderError> {
        self.find(id).map(|(order, _)| order.clone())
    }

    /// `{totals, Orders, Items}`.
    fn totals(&self) -> Totals {
        let items = self.placed.values().flat_map(|(order, _)| &order.items).map(|(_, number)| u64::from(*number));
        Totals { orders: self.placed.len(), items: items.sum() }
    }

    #[cnode(skip)]
    fn find(&self, id: u64) -> Result<&(Order, Status), OrderError> {
        self.placed.get(&id).ok_or(OrderError::UnknownOrder(id))
    }
}

nodex::main!("orders" => Orders::default());
