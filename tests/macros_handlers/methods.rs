//! Services that are the methods of a type: its state, and who may change it when.

use super::*;

/// What nobody changes needs no lock.
struct Prices {
    names: Vec<String>,
    calls: AtomicU64,
}

#[cnode_handler]
impl Prices {
    fn all(&self) -> &[String] {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.names
    }

    fn find(&self, part: String) -> Option<&str> {
        self.names.iter().map(String::as_str).find(|name| name.contains(&part))
    }

    async fn find_later(&self, part: String) -> Option<&str> {
        tokio::task::yield_now().await;
        self.find(part)
    }

    #[cnode(blocking)]
    fn find_slowly(&self, part: String) -> Option<&str> {
        self.find(part)
    }

    #[cnode(blocking)]
    fn count(&self) -> usize {
        self.names.len()
    }

    fn version() -> u8 {
        3
    }

    async fn version_later() -> u8 {
        3
    }

    #[cnode(blocking)]
    fn version_slowly() -> u8 {
        3
    }

    #[cnode(skip)]
    fn with(names: &[&str]) -> Prices {
        Prices { names: names.iter().map(|&name| name.to_owned()).collect(), calls: AtomicU64::new(0) }
    }
}

#[tokio::test]
async fn a_service_without_changes() {
    let node = TestNode::serve(Prices::with(&["apple", "pear"])).await.unwrap();
    assert_eq!(node.request::<Vec<String>>(atom!("all")).await.unwrap(), ["apple", "pear"]);
    for name in ["find", "find_later", "find_slowly"] {
        let found: Option<String> = node.request((Atom::from_static(name), "ea")).await.unwrap();
        assert_eq!(found.as_deref(), Some("pear"), "{name}");
        assert_eq!(node.call::<Option<String>>((Atom::from_static(name), "x")).await.unwrap(), None, "{name}");
    }
    assert_eq!(node.request::<u64>(atom!("count")).await.unwrap(), 2);
    for name in ["version", "version_later", "version_slowly"] {
        assert_eq!(node.request::<u8>(Atom::from_static(name)).await.unwrap(), 3, "{name}");
    }
    // Skipped, and private functions of other blocks: unknown.
    assert_eq!(node.request::<(Atom, Atom)>((atom!("with"), Vec::<String>::new())).await.unwrap(), unknown_call());
}

#[test]
fn methods_stay_ordinary_ones() {
    let prices = Prices::with(&["apple"]);
    assert_eq!(prices.find("app".into()), Some("apple"));
    assert_eq!(prices.all().len(), 1);
    assert_eq!(Prices::version(), 3);
}

/// What some handlers change.
pub(super) struct Counter {
    value: u64,
    gate: Arc<Notify>,
    log: String,
}

#[cnode_handler]
impl Counter {
    fn add(&mut self, by: u64) -> u64 {
        self.value += by;
        self.value
    }

    /// Another arity: another function, and it waits until it is let through.
    #[cnode(name = "add")]
    async fn add_gated(&mut self, by: u64, _gated: Atom) -> u64 {
        let gate = self.gate.clone();
        gate.notified().await;
        self.value += by;
        self.value
    }

    fn value(&self) -> u64 {
        self.value
    }

    async fn value_later(&self) -> u64 {
        tokio::task::yield_now().await;
        self.value
    }

    #[cnode(blocking)]
    fn value_slowly(&self) -> u64 {
        self.value
    }

    #[cnode(blocking)]
    fn add_slowly(&mut self, by: u64) -> u64 {
        self.value += by;
        self.value
    }

    fn note(&mut self, text: String) -> &str {
        self.log.push_str(&text);
        &self.log
    }

    async fn note_later(&mut self, text: String) -> &str {
        tokio::task::yield_now().await;
        self.log.push_str(&text);
        &self.log
    }

    fn log(&self) -> &String {
        &self.log
    }

    #[cfg(any())]
    fn left_out(&self) -> DoesNotExist {}

    #[cfg(not(any()))]
    fn break_now(&mut self) {
        panic!("after {}", self.value)
    }

    fn constant() -> u64 {
        42
    }

    fn answer_later(&mut self, caller: Caller) -> NoReply {
        let value = self.value;
        tokio::spawn(async move { caller.reply(value).unwrap() });
        NoReply
    }
}

pub(super) fn counter() -> (Counter, Arc<Notify>) {
    let gate = Arc::new(Notify::new());
    (Counter { value: 0, gate: gate.clone(), log: String::new() }, gate)
}

#[tokio::test]
async fn a_service_with_changes() {
    let (service, _) = counter();
    let node = TestNode::serve(service).await.unwrap();
    assert_eq!(node.request::<u64>((atom!("add"), 5)).await.unwrap(), 5);
    assert_eq!(node.call::<u64>((atom!("add"), 1)).await.unwrap(), 6);
    for name in ["value", "value_later", "value_slowly"] {
        assert_eq!(node.request::<u64>(Atom::from_static(name)).await.unwrap(), 6, "{name}");
    }
    assert_eq!(node.request::<u64>((atom!("add_slowly"), 4)).await.unwrap(), 10);
    assert_eq!(node.request::<String>((atom!("note"), "a")).await.unwrap(), "a");
    assert_eq!(node.request::<String>((atom!("note_later"), "b")).await.unwrap(), "ab");
    assert_eq!(node.request::<String>(atom!("log")).await.unwrap(), "ab");
    assert_eq!(node.request::<u64>(atom!("constant")).await.unwrap(), 42);
    assert_eq!(node.request::<u64>(atom!("answer_later")).await.unwrap(), 10);
    assert_eq!(node.call::<u64>(atom!("answer_later")).await.unwrap(), 10);
    node.cast((atom!("add"), 90)).await.unwrap();
    assert_eq!(node.request::<u64>(atom!("value")).await.unwrap(), 100);
    // A panic in a handler that changes the state does not lock the others out.
    let crashed: Refusal = node.request(atom!("break_now")).await.unwrap();
    assert_eq!(crashed, refusal("panic", "break_now: after 100"));
    assert_eq!(node.request::<u64>((atom!("add"), 1)).await.unwrap(), 101);
    // What is compiled out has no place in the table: the functions behind it are those of their names.
    assert_eq!(node.request::<(Atom, Atom)>(atom!("left_out")).await.unwrap(), unknown_call());
}

#[tokio::test]
async fn changes_are_made_one_at_a_time_in_the_order_of_the_messages() {
    let (service, gate) = counter();
    let node = TestNode::serve(service).await.unwrap();
    let gated = node.call::<u64>((atom!("add"), 1, atom!("gated")));
    let second = async {
        tokio::task::yield_now().await;
        node.call::<u64>((atom!("add"), 10)).await
    };
    let third = async {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        node.call::<u64>(atom!("value")).await
    };
    let open = async {
        // The first handler holds the state while it waits; what needs no state goes on.
        assert_eq!(node.request::<u64>(atom!("constant")).await.unwrap(), 42);
        gate.notify_one();
    };
    let (first, second, third, ()) = tokio::join!(gated, second, third, open);
    assert_eq!((first.unwrap(), second.unwrap(), third.unwrap()), (1, 11, 11));
}

#[test]
fn functions_are_in_the_order_of_the_block() {
    let functions = counter().0.into_service().functions();
    let names: Vec<String> = functions.iter().map(|function| format!("{}/{}", function.name, function.arity)).collect();
    assert_eq!(
        names,
        [
            "add/1",
            "add/2",
            "value/0",
            "value_later/0",
            "value_slowly/0",
            "add_slowly/1",
            "note/1",
            "note_later/1",
            "log/0",
            "break_now/0",
            "constant/0",
            "answer_later/0"
        ]
    );
    assert_eq!(functions[1].doc, "Another arity: another function, and it waits until it is let through.");
}
