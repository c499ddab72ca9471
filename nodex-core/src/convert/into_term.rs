//! [`IntoTerm`] and its implementations.

use bytes::Bytes;

use crate::{
    etf::{EncodeError, Encoder},
    term::{Atom, Pid, Port, RawTerm, Reference, Term},
};

/// A Rust type that can be written as a term.
///
/// `()` is none: as a handler's result it means the atom `ok`, which no other place should guess.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written as an Erlang term",
    label = "not a term type",
    note = "derive it with `#[derive(IntoTerm)]`, or give a `RawTerm` or a `Term`"
)]
pub trait IntoTerm {
    /// Appends the value as one term.
    ///
    /// # Errors
    /// When no BEAM would accept it; the encoder then holds a part of it, which the caller rolls back.
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError>;

    /// As [`encode`](Self::encode), but with the atom `undefined` in place of `nil` for a missing value. Only
    /// [`Option`] makes a difference.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.encode(encoder)
    }
}

macro_rules! integers {
    ($put:ident $as:ident: $($type:ident)*) => {$(
        impl IntoTerm for $type {
            #[inline]
            fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                encoder.$put(*self as $as);
                Ok(())
            }
        }
    )*};
}
integers!(put_i64 i64: i8 i16 i32 i64 isize u8 u16 u32);
integers!(put_u128 u128: u64 usize u128);
integers!(put_i128 i128: i128);

impl IntoTerm for f64 {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_float(*self)
    }
}

impl IntoTerm for bool {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_atom(&Atom::from_static(if *self { "true" } else { "false" }));
        Ok(())
    }
}

impl IntoTerm for str {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_binary(self.as_bytes())
    }
}

impl IntoTerm for String {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_binary(self.as_bytes())
    }
}

impl IntoTerm for Bytes {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_shared_binary(self)
    }
}

macro_rules! by_put {
    ($($type:ident $put:ident)*) => {$(
        impl IntoTerm for $type {
            #[inline]
            fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                encoder.$put(self);
                Ok(())
            }
        }
    )*};
}
by_put!(Atom put_atom Pid put_pid Port put_port Reference put_reference RawTerm put_raw);

impl IntoTerm for Term {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_term(self)
    }
}

impl<T: IntoTerm + ?Sized> IntoTerm for &T {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(encoder)
    }

    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode_undefined(encoder)
    }
}

impl<T: IntoTerm + ?Sized> IntoTerm for Box<T> {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(encoder)
    }

    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode_undefined(encoder)
    }
}

impl<T: IntoTerm> IntoTerm for [T] {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        if !self.is_empty() {
            encoder.put_list(self.len())?;
            for element in self {
                element.encode(encoder)?;
            }
        }
        encoder.put_nil();
        Ok(())
    }
}

impl<T: IntoTerm> IntoTerm for Vec<T> {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.as_slice().encode(encoder)
    }
}

impl<T: IntoTerm> IntoTerm for Option<T> {
    /// `None` is the atom `nil`.
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Some(value) => value.encode(encoder),
            None => crate::atom!("nil").encode(encoder),
        }
    }

    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Some(value) => value.encode(encoder),
            None => crate::atom!("undefined").encode(encoder),
        }
    }
}

impl<T: IntoTerm, E: IntoTerm> IntoTerm for Result<T, E> {
    /// `{ok, T}` or `{error, E}`.
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_tuple(2)?;
        match self {
            Ok(value) => {
                encoder.put_atom(&crate::atom!("ok"));
                value.encode(encoder)
            }
            Err(error) => {
                encoder.put_atom(&crate::atom!("error"));
                error.encode(encoder)
            }
        }
    }
}

macro_rules! tuples {
    ($($arity:literal: $($name:ident)*;)*) => {$(
        impl<$($name: IntoTerm),*> IntoTerm for ($($name,)*) {
            #[allow(non_snake_case)]
            fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                let ($($name,)*) = self;
                encoder.put_tuple($arity)?;
                $($name.encode(encoder)?;)*
                Ok(())
            }
        }
    )*};
}
tuples! {
    1: A; 2: A B; 3: A B C; 4: A B C D; 5: A B C D E; 6: A B C D E F; 7: A B C D E F G; 8: A B C D E F G H;
    9: A B C D E F G H I; 10: A B C D E F G H I J; 11: A B C D E F G H I J K; 12: A B C D E F G H I J K L;
}
