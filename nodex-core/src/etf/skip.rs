//! Finds the end of a term without building it.

use super::{EtfError, tag};

/// Offset of the first byte after the term that starts at `start`.
///
/// Iterative: it keeps only the number of terms that are still due. What a BEAM would refuse to receive is refused here
/// too, except for duplicate map keys, which only a comparison of all keys could find.
pub(super) fn end_of_term(bytes: &[u8], start: usize) -> Result<usize, EtfError> {
    let mut at = start;
    let mut due: u64 = 1;
    while due > 0 {
        due -= 1;
        let offset = at;
        let cut = || EtfError::Truncated { offset: bytes.len() };
        let field = |from: usize, len: usize| {
            bytes.get(from..).and_then(|rest| rest.get(..len)).ok_or(EtfError::Truncated { offset: bytes.len() })
        };
        let u32_at = |from: usize| {
            bytes
                .get(from..)
                .and_then(|rest| rest.first_chunk())
                .map(|b| u32::from_be_bytes(*b) as usize)
                .ok_or_else(cut)
        };
        let u16_at = |from: usize| {
            bytes
                .get(from..)
                .and_then(|rest| rest.first_chunk())
                .map(|b| usize::from(u16::from_be_bytes(*b)))
                .ok_or_else(cut)
        };
        let u8_at = |from: usize| bytes.get(from).map(|&b| usize::from(b)).ok_or_else(cut);
        let tag = *bytes.get(at).ok_or_else(cut)?;
        let size = match tag {
            tag::SMALL_INTEGER_EXT => 2,
            tag::INTEGER_EXT => 5,
            tag::SMALL_ATOM_UTF8_EXT | tag::ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT | tag::ATOM_EXT => {
                let head = if matches!(tag, tag::SMALL_ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT) { 2 } else { 3 };
                let len = if head == 2 { u8_at(at + 1)? } else { u16_at(at + 1)? };
                let name = field(at + head, len)?;
                if matches!(tag, tag::SMALL_ATOM_UTF8_EXT | tag::ATOM_UTF8_EXT) && !name.is_ascii() {
                    std::str::from_utf8(name).map_err(|_| EtfError::AtomUtf8 { offset })?;
                }
                if len > 255 {
                    let characters = match tag {
                        tag::ATOM_EXT => len,
                        _ => name.iter().filter(|&&byte| byte & 0xC0 != 0x80).count(),
                    };
                    if characters > 255 {
                        return Err(EtfError::AtomLength { offset, characters });
                    }
                }
                head + len
            }
            tag::BINARY_EXT => 5 + u32_at(at + 1)?,
            tag::SMALL_TUPLE_EXT => {
                due += u8_at(at + 1)? as u64;
                2
            }
            tag::LARGE_TUPLE_EXT => {
                due += u32_at(at + 1)? as u64;
                5
            }
            tag::NIL_EXT => 1,
            tag::STRING_EXT => 3 + u16_at(at + 1)?,
            tag::LIST_EXT => {
                due += u32_at(at + 1)? as u64 + 1;
                5
            }
            tag::MAP_EXT => {
                due += 2 * u32_at(at + 1)? as u64;
                5
            }
            tag::NEW_FLOAT_EXT => {
                let float = field(at + 1, 8)?.first_chunk().map(|b| f64::from_be_bytes(*b)).ok_or_else(cut)?;
                if !float.is_finite() {
                    return Err(EtfError::NonFinite { offset });
                }
                9
            }
            tag::FLOAT_EXT => 32,
            tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT => {
                let head = if tag == tag::SMALL_BIG_EXT { 2 } else { 5 };
                let len = if head == 2 { u8_at(at + 1)? } else { u32_at(at + 1)? };
                let sign = u8_at(at + head)? as u8;
                if sign > 1 {
                    return Err(EtfError::Sign { offset: at + head, sign });
                }
                head + 1 + len
            }
            tag::NEW_PID_EXT | tag::PID_EXT | tag::NEW_PORT_EXT | tag::PORT_EXT | tag::V4_PORT_EXT => {
                let fixed = match tag {
                    tag::NEW_PID_EXT | tag::V4_PORT_EXT => 12,
                    tag::PID_EXT => 9,
                    tag::NEW_PORT_EXT => 8,
                    _ => 5,
                };
                1 + atom_len(bytes, at + 1)? + fixed
            }
            tag::REFERENCE_EXT => 1 + atom_len(bytes, at + 1)? + 5,
            tag::NEWER_REFERENCE_EXT | tag::NEW_REFERENCE_EXT => {
                let words = u16_at(at + 1)?;
                if words == 0 || words > 5 {
                    return Err(EtfError::ReferenceLength { offset, words });
                }
                3 + atom_len(bytes, at + 3)? + if tag == tag::NEWER_REFERENCE_EXT { 4 } else { 1 } + 4 * words
            }
            tag::BIT_BINARY_EXT => {
                let len = u32_at(at + 1)?;
                let bits = u8_at(at + 5)? as u8;
                if bits == 0 || bits > 8 || len == 0 {
                    return Err(EtfError::BitCount { offset: at + 5, bits });
                }
                6 + len
            }
            tag::EXPORT_EXT => {
                due += 3;
                1
            }
            tag::NEW_FUN_EXT => {
                let size = u32_at(at + 1)?;
                if size < 4 {
                    return Err(EtfError::Fun { offset });
                }
                1 + size
            }
            tag::COMPRESSED => return Err(EtfError::Compressed { offset }),
            tag => return Err(EtfError::UnknownTag { offset, tag }),
        };
        at = at.checked_add(size).filter(|&end| end <= bytes.len()).ok_or_else(cut)?;
        // Every term takes at least a byte, so a count beyond what is left cannot be met.
        if due > (bytes.len() - at) as u64 {
            return Err(cut());
        }
    }
    Ok(at)
}

/// Length of the atom that starts at `at`.
fn atom_len(bytes: &[u8], at: usize) -> Result<usize, EtfError> {
    match bytes.get(at) {
        Some(&tag::SMALL_ATOM_UTF8_EXT | &tag::SMALL_ATOM_EXT | &tag::ATOM_UTF8_EXT | &tag::ATOM_EXT) => {
            Ok(end_of_term(bytes, at)? - at)
        }
        Some(&tag) => Err(EtfError::UnknownTag { offset: at, tag }),
        None => Err(EtfError::Truncated { offset: at }),
    }
}
