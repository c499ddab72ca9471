//! Calls of functions, by way of the server `rex` that every BEAM and every node of this library has.

use std::time::Duration;

use nodex_core::{
    atom,
    node::CallError,
    term::{Atom, RawTerm, Term, TermRef},
};

use super::connection::Client;
use crate::output::Untrusted;

impl Client {
    /// Returns the result of `Module:Function(Arguments)` on that node. An error there is `{badrpc, Reason}`, as from
    /// `rpc:call`.
    pub(crate) async fn rpc(
        &self,
        module: &Atom,
        function: &Atom,
        arguments: Vec<Term>,
        limit: Duration,
    ) -> Result<RawTerm, CallError> {
        let arguments = Term::list(arguments);
        // What the function prints goes to the other node's own output.
        let request = (atom!("call"), module, function, arguments, atom!("user"));
        self.node.call((atom!("rex"), self.target().clone()), request, limit).await
    }

    /// Returns the same, where no answer is an answer too.
    pub(crate) async fn ask(&self, module: &'static str, function: &'static str, arguments: Vec<Term>) -> Option<Term> {
        let limit = self.left().min(Duration::from_secs(2));
        let (module, function) = (Atom::from_static(module), Atom::from_static(function));
        let answer = self.rpc(&module, &function, arguments, limit).await.ok()?;
        if badrpc(&answer).is_some() { None } else { answer.decode().ok() }
    }

    /// Returns the names that can be called there, as far as it tells.
    pub(crate) async fn registered(&self) -> Option<Vec<Untrusted>> {
        let name = |term: TermRef<'_>| match term.as_tuple() {
            Some(tuple) => tuple.get(0)?.as_atom().filter(|name| *name != "nil").map(Untrusted::new),
            None => term.as_atom().map(Untrusted::new),
        };
        let names = match self.ask("erlang", "registered", Vec::new()).await {
            Some(names) => names,
            None => self.ask("nodex", "services", Vec::new()).await?,
        };
        let mut names: Vec<_> = names.as_list()?.iter().filter_map(name).collect();
        names.sort();
        Some(names)
    }
}

/// Returns the reason in `{badrpc, Reason}`.
pub(crate) fn badrpc(answer: &RawTerm) -> Option<RawTerm> {
    let (tag, reason) = answer.decode::<(Atom, RawTerm)>().ok()?;
    (tag == "badrpc").then_some(reason)
}
