//! Why a term cannot be sent.

use super::{children::Children, term::Term, view::TermRef};
use crate::etf::{EncodeError, Integer, MAX_ARITY, MAX_SENT_INTEGER_BYTES};

impl Term {
    /// Returns what a BEAM refuses in this term.
    #[cold]
    pub(crate) fn refusal(&self) -> EncodeError {
        let mut open = vec![Children::single(self.as_ref())];
        while let Some(children) = open.last_mut() {
            let Some(part) = children.next() else {
                open.pop();
                continue;
            };
            if let Some(refusal) = of_part(part) {
                return refusal;
            }
            if let Some(list) = part.as_improper_list() {
                open.push(Children::single(list.tail()));
            }
            open.push(match (part.as_map(), part.as_fun()) {
                (Some(map), _) => map.iter().0,
                (_, Some(fun)) => fun.free_variables(),
                _ => part.elements(),
            });
        }
        EncodeError::other("the term cannot be sent")
    }
}

fn of_part(part: TermRef<'_>) -> Option<EncodeError> {
    if part.as_f64().is_some_and(|value| !value.is_finite()) {
        return Some(EncodeError::NonFinite);
    }
    if let Some(Integer::Big { digits, .. }) = part.as_integer()
        && digits.len() > MAX_SENT_INTEGER_BYTES
    {
        return Some(EncodeError::IntegerLength { bytes: digits.len() });
    }
    let arity = part.as_tuple().map(|tuple| tuple.len()).filter(|&arity| arity > MAX_ARITY)?;
    Some(EncodeError::Arity { arity })
}
