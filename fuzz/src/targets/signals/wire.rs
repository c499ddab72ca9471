//! Terms and frames of a peer, byte by byte (erts, chapters `erl_ext_dist` and `erl_dist_protocol`).

pub(super) fn atom(name: &str) -> Vec<u8> {
    [&[119, name.len() as u8], name.as_bytes()].concat()
}

pub(super) fn int(value: u32) -> Vec<u8> {
    [&[98][..], &value.to_be_bytes()].concat()
}

pub(super) fn tuple(elements: &[&[u8]]) -> Vec<u8> {
    [&[104, elements.len() as u8], &*elements.concat()].concat()
}

pub(super) fn list(elements: &[&[u8]]) -> Vec<u8> {
    if elements.is_empty() {
        return vec![106];
    }
    [&[108][..], &(elements.len() as u32).to_be_bytes(), &elements.concat(), &[106]].concat()
}

/// `[Head | Tail]`.
pub(super) fn improper(head: &[u8], tail: &[u8]) -> Vec<u8> {
    [&[108, 0, 0, 0, 1][..], head, tail].concat()
}

pub(super) fn pid(node: &str, id: u32, creation: u32) -> Vec<u8> {
    let numbers = [id, 0, creation].map(u32::to_be_bytes);
    [&[88][..], &atom(node), numbers.as_flattened()].concat()
}

pub(super) fn reference(node: &str, id: u32, creation: u32) -> Vec<u8> {
    let words = [creation, id, 0, 0].map(u32::to_be_bytes);
    [&[90, 0, 3][..], &atom(node), words.as_flattened()].concat()
}

/// A frame of a control message, `{Op, ..}`.
pub(super) fn signal(op: u8, fields: &[&[u8]]) -> Vec<u8> {
    frame(&control(op, fields))
}

/// A frame of a control message and its payload.
pub(super) fn message(op: u8, fields: &[&[u8]], payload: &[u8]) -> Vec<u8> {
    frame(&[&control(op, fields), &[131][..], payload].concat())
}

fn control(op: u8, fields: &[&[u8]]) -> Vec<u8> {
    [&[112, 131, 104, fields.len() as u8 + 1, 97, op], &*fields.concat()].concat()
}

pub(super) fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes(), body].concat()
}
