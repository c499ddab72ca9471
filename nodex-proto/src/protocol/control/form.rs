//! The form of the frames of a connection.
use super::{ControlError, FIRST_FRAGMENT, FRAGMENT, HEADER, PASS_THROUGH};
use crate::etf::VERSION;
use crate::protocol::Flags;

/// How the frames of a connection begin. The form is the same for all of them, in both directions, and follows from the
/// negotiated flags.
///
/// See "Distribution Header" and "Distribution Header for fragmented messages" in the chapter "External Term Format" of the
/// ERTS User's Guide. There is no atom cache yet: a header refers to no atoms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FrameForm {
    /// Without distribution header.
    PassThrough,
    /// With a distribution header, and long messages may come in fragments.
    Header,
}

impl FrameForm {
    /// Returns the form of a connection with these negotiated flags.
    pub const fn of(negotiated: Flags) -> Self {
        if negotiated.contains(Flags::FRAGMENTS) { FrameForm::Header } else { FrameForm::PassThrough }
    }

    /// Returns the bytes before the control tuple.
    pub const fn start(self) -> &'static [u8] {
        match self {
            FrameForm::PassThrough => &[PASS_THROUGH, VERSION],
            // Refers to no atoms.
            FrameForm::Header => &[VERSION, HEADER, 0],
        }
    }

    /// Returns whether a frame can begin with these bytes, which may be only the first ones that have arrived.
    pub(in crate::protocol) fn may_begin(self, start: &[u8]) -> bool {
        match self {
            FrameForm::PassThrough => begins_alike(start, &[PASS_THROUGH, VERSION]),
            FrameForm::Header => {
                [HEADER, FIRST_FRAGMENT, FRAGMENT].iter().any(|&tag| begins_alike(start, &[VERSION, tag]))
            }
        }
    }

    /// Returns the reason why a frame is not in this form.
    #[cold]
    pub(super) fn mismatch(self, frame: &[u8]) -> ControlError {
        let start = || frame[..frame.len().min(3)].to_vec();
        match (self, frame) {
            (FrameForm::PassThrough, [VERSION, tag @ HEADER..=FRAGMENT, ..]) => {
                ControlError::DistributionHeader { tag: *tag }
            }
            (FrameForm::Header, [VERSION, HEADER, count, ..]) => ControlError::AtomReferences { count: *count },
            (FrameForm::Header, [VERSION, tag @ FIRST_FRAGMENT..=FRAGMENT, ..]) => ControlError::Fragment { tag: *tag },
            (FrameForm::Header, _) => ControlError::NoDistributionHeader { start: start() },
            (FrameForm::PassThrough, _) => ControlError::NotPassThrough { start: start() },
        }
    }
}

fn begins_alike(start: &[u8], bytes: &[u8]) -> bool {
    bytes.starts_with(&start[..start.len().min(bytes.len())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::control::{decode, decode_in};

    const LINK: &[u8] =
        b"\x68\x03\x61\x01\x58\x77\x01a\0\0\0\x01\0\0\0\0\0\0\0\x09\x58\x77\x01b\0\0\0\x02\0\0\0\0\0\0\0\x08";

    #[test]
    fn fragments_bring_the_header_along() {
        assert_eq!(FrameForm::of(Flags::HIDDEN), FrameForm::PassThrough);
        assert_eq!(FrameForm::of(Flags::NODE), FrameForm::Header);
        assert_eq!(FrameForm::of(Flags::HIDDEN | Flags::FRAGMENTS), FrameForm::Header);
    }

    #[test]
    fn a_frame_in_another_form_is_no_frame() {
        let frame = |start: &[u8]| [start, LINK].concat();
        let (through, header) = (FrameForm::PassThrough, FrameForm::Header);
        for form in [through, header] {
            assert!(decode_in(form, &frame(form.start())).is_ok());
            assert!(decode(&frame(form.start())).is_ok(), "a frame says itself which form it has");
        }
        let error = |form, start: &[u8]| decode_in(form, &frame(start)).unwrap_err();
        assert_eq!(error(through, &[131, 68, 0]), ControlError::DistributionHeader { tag: 68 });
        assert_eq!(error(header, &[112, 131]), ControlError::NoDistributionHeader { start: vec![112, 131, 104] });
        assert_eq!(error(header, &[131, 68, 1]), ControlError::AtomReferences { count: 1 });
        assert_eq!(error(header, &[131, 70]), ControlError::Fragment { tag: 70 });
        // A version byte in front of the control tuple.
        assert_eq!(error(header, &[131, 68, 0, 131]), ControlError::NoOperation);
        for (form, start) in [(through, &[112, 131][..]), (header, &[131, 70]), (header, &[131, 69, 0])] {
            (0..=start.len()).for_each(|cut| assert!(form.may_begin(&start[..cut])));
        }
        assert!(!header.may_begin(&[112]) && !through.may_begin(&[131]) && !header.may_begin(&[131, 71]));
    }
}
