//! Terms, control messages and frames, byte by byte (erts, chapters `erl_ext_dist` and `erl_dist_protocol`).

/// Returns an atom of up to 255 bytes, in UTF-8.
pub fn atom(name: &str) -> Vec<u8> {
    [&[119, name.len() as u8], name.as_bytes()].concat()
}

/// Returns an integer of one byte if it is not negative and fits, otherwise of four.
pub fn int(value: i32) -> Vec<u8> {
    match u8::try_from(value) {
        Ok(small) => vec![97, small],
        Err(_) => [&[98][..], &value.to_be_bytes()].concat(),
    }
}

/// Returns a binary.
pub fn binary(bytes: &[u8]) -> Vec<u8> {
    [&[109][..], &(bytes.len() as u32).to_be_bytes(), bytes].concat()
}

/// Returns a tuple of up to 255 elements.
pub fn tuple(elements: &[&[u8]]) -> Vec<u8> {
    [&[104, elements.len() as u8], &*elements.concat()].concat()
}

/// Returns a proper list.
pub fn list(elements: &[&[u8]]) -> Vec<u8> {
    [&[108][..], &(elements.len() as u32).to_be_bytes(), &elements.concat(), &[106]].concat()
}

/// Returns a pid.
pub fn pid(node: &str, id: u32, serial: u32, creation: u32) -> Vec<u8> {
    let numbers = [id, serial, creation].map(u32::to_be_bytes);
    [&[88][..], &atom(node), numbers.as_flattened()].concat()
}

/// Returns a reference of three words.
pub fn reference(node: &str, creation: u32) -> Vec<u8> {
    let words = [1, 2, 3].map(u32::to_be_bytes);
    [&[90, 0, 3][..], &atom(node), &creation.to_be_bytes(), words.as_flattened()].concat()
}

/// `{Op, ..}`.
pub fn control(op: u8, fields: &[&[u8]]) -> Vec<u8> {
    [&[104, fields.len() as u8 + 1, 97, op], &*fields.concat()].concat()
}

/// Returns a frame around any bytes.
pub fn frame(body: &[u8]) -> Vec<u8> {
    [&(body.len() as u32).to_be_bytes(), body].concat()
}

/// Returns a frame that holds a control message alone.
pub fn signal(control: &[u8]) -> Vec<u8> {
    frame(&[&[112, 131], control].concat())
}

/// Returns a frame that holds a control message and its payload.
pub fn message(control: &[u8], payload: &[u8]) -> Vec<u8> {
    frame(&[&[112, 131], control, &[131], payload].concat())
}

/// Returns a message to a registered name.
pub fn reg_send(from: &[u8], name: &str, payload: &[u8]) -> Vec<u8> {
    message(&control(6, &[from, &atom(""), &atom(name)]), payload)
}

/// `{ping, Term}`.
pub fn ping(term: &[u8]) -> Vec<u8> {
    tuple(&[&atom("ping"), term])
}

/// `{Name, Arguments..}`.
pub fn call(name: &str, arguments: &[&[u8]]) -> Vec<u8> {
    let name = atom(name);
    tuple(&[&[&name[..]], arguments].concat())
}

/// Returns the payload of a message to a pid (`SEND`, `SEND_SENDER`) that has `to` as its receiver.
pub fn payload_for<'a>(frame: &'a [u8], to: &[u8]) -> Option<&'a [u8]> {
    let fields = frame.strip_prefix(&[112, 131, 104, 3, 97])?;
    let (op, mut fields) = fields.split_first()?;
    let first = match (op, fields) {
        (22, [88, 119, length, ..]) => 3 + usize::from(*length) + 12,
        (2, [119, 0, ..]) => 2,
        _ => return None,
    };
    fields = fields.get(first..)?;
    fields.strip_prefix(to)?.strip_prefix(&[131])
}
