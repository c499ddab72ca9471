//! Views of terms that contain others.

use std::{cmp::Ordering, fmt};

use super::{children::Children, view::TermRef};
use crate::{
    etf::{Decoder, Integer, tag},
    term::Pid,
};

/// Returns the four bytes behind a tag.
pub(super) fn count(rest: &[u8]) -> Option<usize> {
    Some(u32::from_be_bytes(*rest.get(1..)?.first_chunk()?) as usize)
}

/// A tuple.
#[derive(Clone)]
pub struct Tuple<'a>(Children<'a>);

impl<'a> Tuple<'a> {
    pub(super) fn of(term: TermRef<'a>) -> Option<Self> {
        match *term.rest() {
            [tag::SMALL_TUPLE_EXT, arity, ..] => Some(Tuple(Children::of(term, 2, arity.into()))),
            [tag::LARGE_TUPLE_EXT, ..] => Some(Tuple(Children::of(term, 5, count(term.rest())?))),
            _ => None,
        }
    }

    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` for `{}`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the element at this index, from 0.
    pub fn get(&self, index: usize) -> Option<TermRef<'a>> {
        self.iter().nth(index)
    }

    /// Returns all elements.
    pub fn iter(&self) -> Children<'a> {
        self.0.clone()
    }

    /// Returns all elements, if there are exactly `N`.
    ///
    /// ```
    /// use nodex_proto::term;
    /// let reply = term!({ok, 5});
    /// let tuple = reply.as_tuple().unwrap();
    /// let Some([tag, value]) = tuple.as_array() else { panic!() };
    /// assert!(tag.is_atom("ok") && value.as_i64() == Some(5));
    /// ```
    pub fn as_array<const N: usize>(&self) -> Option<[TermRef<'a>; N]> {
        if self.len() != N {
            return None;
        }
        let mut elements = self.iter();
        let all = std::array::from_fn(|_| elements.next());
        all.iter().all(Option::is_some).then(|| all.map(|element| element.unwrap_or(self.0.parent())))
    }
}

/// A proper list.
#[derive(Clone)]
pub struct List<'a>(Children<'a>, Option<&'a [u8]>);

impl<'a> List<'a> {
    pub(super) fn of(term: TermRef<'a>) -> Option<Self> {
        match *term.rest() {
            [tag::NIL_EXT, ..] => Some(List(Children::none(term), Some(&[]))),
            [tag::STRING_EXT, a, b, ref rest @ ..] => {
                let len = u16::from_be_bytes([a, b]).into();
                Some(List(Children::of_string(term, len), Some(rest.get(..len)?)))
            }
            [tag::LIST_EXT, ..] => {
                let (elements, tail) = elements_and_tail(term)?;
                tail.is_nil().then_some(List(elements, None))
            }
            _ => None,
        }
    }

    /// Returns the number of elements.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns `true` for `[]`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the element at this index, from 0.
    pub fn get(&self, index: usize) -> Option<TermRef<'a>> {
        self.iter().nth(index)
    }

    /// Returns all elements.
    pub fn iter(&self) -> Children<'a> {
        self.0.clone()
    }

    /// Returns the elements as bytes, if there are at most 65,535 and all are integers from 0 to 255.
    pub fn as_bytes(&self) -> Option<&'a [u8]> {
        self.1
    }

    /// Returns the text, if the list consists of characters.
    pub fn to_text(&self) -> Option<String> {
        let character = |element: TermRef<'_>| char::from_u32(element.as_i64()?.try_into().ok()?);
        match self.1 {
            Some(bytes) => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
            None => self.iter().map(character).collect(),
        }
    }
}

/// Returns the elements of `LIST_EXT`, and what follows them.
pub(super) fn elements_and_tail(term: TermRef<'_>) -> Option<(Children<'_>, TermRef<'_>)> {
    let len = count(term.rest())?;
    let all = Children::of(term, 5, len + 1);
    let tail = all.clone().nth(len)?;
    Some((all.first(len), tail))
}

/// A list whose tail is not `[]`.
#[derive(Clone)]
pub struct ImproperList<'a>(Children<'a>, TermRef<'a>);

impl<'a> ImproperList<'a> {
    pub(super) fn of(term: TermRef<'a>) -> Option<Self> {
        if term.tag() != tag::LIST_EXT {
            return None;
        }
        let (elements, tail) = elements_and_tail(term)?;
        (!tail.is_nil()).then_some(ImproperList(elements, tail))
    }

    /// Returns the elements before the tail. There is at least one.
    pub fn iter(&self) -> Children<'a> {
        self.0.clone()
    }

    /// Returns the tail, which is not a list.
    pub fn tail(&self) -> TermRef<'a> {
        self.1
    }
}

/// An external fun, such as `fun lists:map/2`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ExternalFun<'a> {
    /// The name of the module.
    pub module: &'a str,
    /// The name of the function.
    pub function: &'a str,
    /// The number of its arguments.
    pub arity: u8,
}

impl<'a> ExternalFun<'a> {
    pub(super) fn of(term: TermRef<'a>) -> Option<Self> {
        if term.tag() != tag::EXPORT_EXT {
            return None;
        }
        let module = term.part(term.position + 1, 0);
        let function = module.part(module.position + module.leaf_len()?, 0);
        let arity = function.part(function.position + function.leaf_len()?, 0).as_i64()?;
        Some(ExternalFun { module: module.as_atom()?, function: function.as_atom()?, arity: arity.try_into().ok()? })
    }
}

/// A fun of a program. It can be passed on, but only the node that made it can call it.
#[derive(Clone)]
pub struct Fun<'a> {
    /// The name of its module.
    pub module: &'a str,
    /// The number of its arguments.
    pub arity: u8,
    /// The version of the module.
    pub uniq: [u8; 16],
    /// The index of the fun in the module.
    pub index: u32,
    /// The index in the form before OTP R15.
    pub old_index: i64,
    /// The version in the form before OTP R15.
    pub old_uniq: i64,
    /// The process that made it.
    pub pid: Pid,
    free: Children<'a>,
}

impl<'a> Fun<'a> {
    pub(super) fn of(term: TermRef<'a>) -> Option<Self> {
        let rest = term.rest();
        if term.tag() != tag::NEW_FUN_EXT {
            return None;
        }
        let module = term.part(term.position + 30, 0);
        let old_index = module.part(module.position + module.leaf_len()?, 0);
        let old_uniq = old_index.part(old_index.position + old_index.leaf_len()?, 0);
        let pid = old_uniq.part(old_uniq.position + old_uniq.leaf_len()?, 0);
        let head = pid.position + pid.leaf_len()? - term.position;
        let free = u32::from_be_bytes(*rest.get(26..)?.first_chunk()?) as usize;
        Some(Fun {
            module: module.as_atom()?,
            arity: *rest.get(5)?,
            uniq: *rest.get(6..)?.first_chunk()?,
            index: u32::from_be_bytes(*rest.get(22..)?.first_chunk()?),
            old_index: old_index.as_i64()?,
            old_uniq: old_uniq.as_i64()?,
            pid: pid.as_pid()?,
            free: Children::of(term, head as usize, free),
        })
    }

    /// Returns its free variables.
    pub fn free_variables(&self) -> Children<'a> {
        self.free.clone()
    }
}

impl TermRef<'_> {
    /// Returns how long a term that contains no others is.
    fn leaf_len(self) -> Option<u32> {
        Decoder::new(self.rest()).skip().ok().map(|term| term.len() as u32)
    }
}

/// Returns how an integer compares with another one.
pub(super) fn order_of_integers(a: Integer<'_>, b: Integer<'_>) -> Ordering {
    let below_zero = |integer| match integer {
        Integer::Small(value) => value < 0,
        Integer::Big { negative, .. } => negative,
    };
    match (a, b) {
        (Integer::Small(a), Integer::Small(b)) => a.cmp(&b),
        // One that does not fit is further from zero than all that do.
        (Integer::Small(_), Integer::Big { negative, .. }) => {
            if negative {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (Integer::Big { negative, .. }, Integer::Small(_)) => {
            if negative {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (Integer::Big { digits: digits_a, .. }, Integer::Big { digits: digits_b, .. }) => {
            let magnitude =
                digits_a.len().cmp(&digits_b.len()).then_with(|| digits_a.iter().rev().cmp(digits_b.iter().rev()));
            match (below_zero(a), below_zero(b)) {
                (false, false) => magnitude,
                (true, true) => magnitude.reverse(),
                (a, b) => b.cmp(&a),
            }
        }
    }
}

macro_rules! shown {
    ($($type:ident: $value:ident => $shown:expr;)*) => {$(
        impl fmt::Debug for $type<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $value = self;
                fmt::Debug::fmt(&$shown, f)
            }
        }
    )*};
}
shown! {
    Tuple: tuple => tuple.0.parent();
    List: list => list.0.parent();
    ImproperList: list => list.0.parent();
    Fun: fun => fun.free.parent();
}

impl fmt::Debug for ExternalFun<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fun {}:{}/{}", self.module, self.function, self.arity)
    }
}

macro_rules! iterated {
    ($($type:ident: $items:ident;)*) => {$(
        impl<'a> IntoIterator for $type<'a> {
            type Item = <$items<'a> as Iterator>::Item;
            type IntoIter = $items<'a>;

            fn into_iter(self) -> $items<'a> {
                self.iter()
            }
        }

        impl<'a> IntoIterator for &$type<'a> {
            type Item = <$items<'a> as Iterator>::Item;
            type IntoIter = $items<'a>;

            fn into_iter(self) -> $items<'a> {
                self.iter()
            }
        }
    )*};
}
iterated! {
    Tuple: Children;
    List: Children;
}
