//! Frames of any control tuple, including those that [`Control`](super::Control) cannot represent.

use super::FrameForm;
use crate::{
    convert::{IntoTerm, term_to_binary},
    etf::{EncodeError, VERSION},
};

/// Returns a whole frame without a distribution header, with its length: the control tuple, and the payload, which
/// begins with its version byte (131). It is for connections without fragments; [`frame_in`] is for all.
///
/// ```
/// use nodex_core::{atom, convert::term_to_binary, protocol::control, term::Pid};
///
/// let pid = Pid { node: atom!("a@b"), id: 7, serial: 1, creation: 9 };
/// let payload = term_to_binary(&atom!("hello"))?;
/// let frame = control::frame(&(6_u8, &pid, atom!(""), atom!("calc")), Some(&payload))?;
/// assert_eq!(control::decode(&frame[4..])?.0, control::Op::RegSend);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Returns an error when the tuple is not a term that a BEAM would accept.
pub fn frame(control: &impl IntoTerm, payload: Option<&[u8]>) -> Result<Vec<u8>, EncodeError> {
    frame_in(FrameForm::PassThrough, control, payload)
}

/// Returns the same as [`frame`] in the form of a connection's frames. Here too the payload begins with its version
/// byte, which is left out if the form has none.
///
/// # Errors
/// Returns an error when the tuple is not a term that a BEAM would accept.
pub fn frame_in(form: FrameForm, control: &impl IntoTerm, payload: Option<&[u8]>) -> Result<Vec<u8>, EncodeError> {
    let control = term_to_binary(control)?;
    let (control, payload) = (control.get(1..).unwrap_or_default(), payload.unwrap_or_default());
    let payload = match form {
        FrameForm::PassThrough => payload,
        FrameForm::Header => payload.strip_prefix(&[VERSION]).unwrap_or(payload),
    };
    let length = form.start().len() + control.len() + payload.len();
    let mut frame = Vec::with_capacity(4 + length);
    frame.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    frame.extend(form.start());
    frame.extend(control);
    frame.extend(payload);
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{atom, protocol::control, term::Pid};

    #[test]
    fn is_what_is_read() {
        let pid = Pid { node: atom!("a@b"), id: 7, serial: 1, creation: 9 };
        let payload = term_to_binary(&atom!("hello")).unwrap();
        for form in [FrameForm::PassThrough, FrameForm::Header] {
            let frame = frame_in(form, &(6_u8, &pid, atom!(""), atom!("calc")), Some(&payload)).unwrap();
            let (length, frame) = frame.split_first_chunk::<4>().unwrap();
            assert_eq!(u32::from_be_bytes(*length) as usize, frame.len());
            let (op, control) = control::decode_in(form, frame).unwrap();
            assert_eq!(op, control::Op::RegSend);
            match control {
                control::Control::Send { from: Some(from), message, .. } => {
                    assert_eq!((from.to_pid().unwrap(), message), (pid.clone(), &payload[1..]));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
