//! The one table of control messages: number, name, size and whether a payload follows.

/// A control message by its number, the first element of the control tuple.
///
/// "Control Messages" in the chapter "Distribution Protocol"; numbers as in `erts/emulator/beam/dist.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)] // The names are the documentation's.
pub enum Op {
    Link = 1,
    Send = 2,
    Exit = 3,
    Unlink = 4,
    RegSend = 6,
    GroupLeader = 7,
    Exit2 = 8,
    SendTt = 12,
    ExitTt = 13,
    RegSendTt = 16,
    Exit2Tt = 18,
    MonitorP = 19,
    DemonitorP = 20,
    MonitorPExit = 21,
    SendSender = 22,
    SendSenderTt = 23,
    PayloadExit = 24,
    PayloadExitTt = 25,
    PayloadExit2 = 26,
    PayloadExit2Tt = 27,
    PayloadMonitorPExit = 28,
    SpawnRequest = 29,
    SpawnRequestTt = 30,
    SpawnReply = 31,
    SpawnReplyTt = 32,
    AliasSend = 33,
    AliasSendTt = 34,
    UnlinkId = 35,
    UnlinkIdAck = 36,
    AltactSigSend = 37,
}

/// (op, name, elements of the tuple with the number, payload)
const TABLE: &[(Op, &str, u8, bool)] = &[
    (Op::Link, "LINK", 3, false),
    (Op::Send, "SEND", 3, true),
    (Op::Exit, "EXIT", 4, false),
    (Op::Unlink, "UNLINK", 3, false),
    (Op::RegSend, "REG_SEND", 4, true),
    (Op::GroupLeader, "GROUP_LEADER", 3, false),
    (Op::Exit2, "EXIT2", 4, false),
    (Op::SendTt, "SEND_TT", 4, true),
    (Op::ExitTt, "EXIT_TT", 5, false),
    (Op::RegSendTt, "REG_SEND_TT", 5, true),
    (Op::Exit2Tt, "EXIT2_TT", 5, false),
    (Op::MonitorP, "MONITOR_P", 4, false),
    (Op::DemonitorP, "DEMONITOR_P", 4, false),
    (Op::MonitorPExit, "MONITOR_P_EXIT", 5, false),
    (Op::SendSender, "SEND_SENDER", 3, true),
    (Op::SendSenderTt, "SEND_SENDER_TT", 4, true),
    (Op::PayloadExit, "PAYLOAD_EXIT", 3, true),
    (Op::PayloadExitTt, "PAYLOAD_EXIT_TT", 4, true),
    (Op::PayloadExit2, "PAYLOAD_EXIT2", 3, true),
    (Op::PayloadExit2Tt, "PAYLOAD_EXIT2_TT", 4, true),
    (Op::PayloadMonitorPExit, "PAYLOAD_MONITOR_P_EXIT", 4, true),
    (Op::SpawnRequest, "SPAWN_REQUEST", 6, true),
    (Op::SpawnRequestTt, "SPAWN_REQUEST_TT", 7, true),
    (Op::SpawnReply, "SPAWN_REPLY", 5, false),
    (Op::SpawnReplyTt, "SPAWN_REPLY_TT", 6, false),
    (Op::AliasSend, "ALIAS_SEND", 3, true),
    (Op::AliasSendTt, "ALIAS_SEND_TT", 4, true),
    (Op::UnlinkId, "UNLINK_ID", 4, false),
    (Op::UnlinkIdAck, "UNLINK_ID_ACK", 4, false),
    // One more with a token: its flags say so.
    (Op::AltactSigSend, "ALTACT_SIG_SEND", 4, true),
];

const ROWS: usize = 38;

/// Index into `TABLE` by number, `u8::MAX` where there is no such message.
const INDEX: [u8; ROWS] = {
    let mut index = [u8::MAX; ROWS];
    let mut row = 0;
    while row < TABLE.len() {
        index[TABLE[row].0 as usize] = row as u8;
        row += 1;
    }
    index
};

impl Op {
    /// Returns every op, in order of its number.
    pub fn all() -> impl Iterator<Item = Op> {
        TABLE.iter().map(|row| row.0)
    }

    /// Returns the op with this number.
    #[inline]
    pub fn from_number(number: u8) -> Option<Op> {
        let row = *INDEX.get(usize::from(number))?;
        TABLE.get(usize::from(row)).map(|row| row.0)
    }

    /// Returns the number on the wire.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Returns the name in the documentation, without `DOP_`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Returns the number of elements of the control tuple, that of the operation included.
    #[inline]
    pub fn arity(self) -> u8 {
        self.row().2
    }

    /// Returns whether a second term, the payload, follows the control tuple.
    #[inline]
    pub fn has_payload(self) -> bool {
        self.row().3
    }

    #[inline]
    fn row(self) -> &'static (Op, &'static str, u8, bool) {
        &TABLE[usize::from(INDEX[self as usize])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_rows_agree() {
        let known: Vec<u8> = (0..=255).filter(|&number| Op::from_number(number).is_some()).collect();
        let all: Vec<u8> = Op::all().map(Op::number).collect();
        assert_eq!(known, all);
        for op in Op::all() {
            assert_eq!(Op::from_number(op.number()), Some(op));
        }
        assert_eq!(all.len(), 30);
        assert_eq!(Op::from_number(5), None, "NODE_LINK is not used any more");
        assert_eq!(Op::PayloadMonitorPExit.name(), "PAYLOAD_MONITOR_P_EXIT");
    }

    #[test]
    fn a_trace_token_is_one_element_more() {
        for op in Op::all() {
            if let Some(name) = op.name().strip_suffix("_TT") {
                let plain = Op::all().find(|op| op.name() == name).unwrap();
                assert_eq!(op.arity(), plain.arity() + 1, "{name}");
                assert_eq!(op.has_payload(), plain.has_payload(), "{name}");
            }
        }
    }
}
