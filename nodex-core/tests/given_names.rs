//! Names that users give are checked where they are given, in whatever form they come.

use std::time::Duration;

use nodex_core::{
    atom,
    error::Chain,
    net::ConnectError,
    node::{
        Backoff, CallError, Cookie, Functions, NameError, NodeBuilder, NodeName, ProcessName, RpcError, SendError,
        ServiceError, StartError, testing::TestNode,
    },
    protocol::handshake::NameProblem,
};

const LIMIT: Duration = Duration::from_secs(60);

fn functions() -> Functions {
    Functions::new().add("double", |n: i64| n.checked_mul(2))
}

fn is_no_node(error: &NameError) -> bool {
    matches!(error, NameError::Node { name, problem: NameProblem::NotNameAtHost } if name == "nobody")
}

#[tokio::test]
async fn any_form_of_a_name_will_do() {
    let test = TestNode::start(NodeBuilder::new().register("doubler".to_owned(), functions())).await.unwrap();
    let (node, name) = (test.caller(), test.node().name());
    test.node().register("other", functions()).unwrap();
    let checked = NodeName::new(name).unwrap();
    let text = name.to_string();
    let answers: [Result<i64, CallError>; 6] = [
        node.call(("doubler", &*text), (atom!("double"), 1), LIMIT).await,
        node.call((atom!("doubler"), name), (atom!("double"), 1), LIMIT).await,
        node.call(("doubler".to_owned(), name.clone()), (atom!("double"), 1), LIMIT).await,
        node.call((ProcessName::new("other").unwrap(), checked.clone()), (atom!("double"), 1), LIMIT).await,
        node.call((&ProcessName::from(atom!("other")), &checked), (atom!("double"), 1), LIMIT).await,
        node.call(node.connect(&text).await.unwrap().process(atom!("other")), (atom!("double"), 1), LIMIT).await,
    ];
    assert!(answers.iter().all(|answer| matches!(answer, Ok(2))), "{answers:?}");
    assert_eq!(node.peer(&checked).unwrap().name(), name);
}

#[tokio::test]
async fn what_is_no_name_is_refused_before_anything_is_done() {
    let cookie = || Cookie::new("secret").unwrap();
    let node = NodeBuilder::new().epmd_port(1).start("ours@127.0.0.1", cookie()).await.unwrap();
    let bad = ("p", "nobody");
    let errors = [
        node.call::<i64>(bad, 1, LIMIT).await.unwrap_err(),
        node.request::<i64>(bad, 1, LIMIT).await.unwrap_err(),
        node.send(bad, 1).await.unwrap_err(),
        node.cast(bad, 1).await.unwrap_err(),
        node.monitor(bad).await.unwrap_err(),
        node.mailbox().send(bad, 1).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(&error, CallError::Name(error) if is_no_node(error)), "{error:?}");
        assert_eq!(Chain(&error).to_string(), "\"nobody\" is no node name: it is not of the form name@host");
    }
    assert!(matches!(node.try_send(bad, 1), Err(SendError::Name(error)) if is_no_node(&error)));
    assert!(matches!(node.keep_connected("nobody", Backoff::default()), Err(error) if is_no_node(&error)));
    let error = node.connect("nobody").await.unwrap_err();
    assert!(matches!(&*error, ConnectError::Name(error) if is_no_node(error)), "{error:?}");
    let error = node.rpc::<i64>("nobody", "erlang", "node", &[], LIMIT).await.unwrap_err();
    let RpcError::Connect(error) = error else { panic!("{error:?}") };
    assert!(matches!(&*error, ConnectError::Name(error) if is_no_node(error)), "{error:?}");

    let long = "p".repeat(256);
    let error = node.call::<i64>((&long, "a@b"), 1, LIMIT).await.unwrap_err();
    assert!(matches!(&error, CallError::Name(NameError::Process(_))), "{error:?}");
    let error = node.register(&long, functions()).unwrap_err();
    assert!(matches!(&error, ServiceError::Name(NameError::Process(_))), "{error:?}");
    let builder = NodeBuilder::new().epmd_port(1).register(&long, functions());
    let error = builder.start("more@127.0.0.1", cookie()).await.unwrap_err();
    assert!(matches!(&error, StartError::Service(ServiceError::Name(NameError::Process(_)))), "{error:?}");
    for name in ["nobody", "a.b@127.0.0.1", "@", ""] {
        let error = NodeBuilder::new().epmd_port(1).start(name, cookie()).await.unwrap_err();
        assert!(matches!(&error, StartError::Name { .. }), "{error:?}");
    }
}
