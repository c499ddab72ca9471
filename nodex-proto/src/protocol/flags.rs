//! The 64 capability bits that two nodes exchange in the handshake.
//!
//! The numbers are those of `kernel/include/dist.hrl` and `erts/emulator/beam/dist.h`. According to the documentation
//! `MANDATORY_25_DIGEST` is bit 36; every release sends and reads bit 26.
use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

/// A set of distribution capability bits. Unknown bits are kept as they came.
///
/// See "Distribution Flags" in the chapter "Distribution Protocol" of the ERTS User's Guide.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Flags(u64);

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident = $bit:expr;)*) => {
        impl Flags {
            $($(#[$doc])* pub const $name: Flags = Flags($bit);)*

            /// Every bit with a name, lowest first.
            const NAMED: &'static [(u64, &'static str)] = &[$(($bit, stringify!($name))),*];
        }
    };
}

flags! {
    /// The node is visible: it takes part in `global` and appears in `nodes()`.
    PUBLISHED = 0x1;
    /// Atom cache of OTP R10 and before.
    ATOM_CACHE = 0x2;
    /// References of three words. Mandatory.
    EXTENDED_REFERENCES = 0x4;
    /// Monitors of processes. A BEAM monitors only if [`Self::DIST_MONITOR_NAME`] is set as well.
    DIST_MONITOR = 0x8;
    /// Funs have their own tag. Mandatory since OTP 25.
    FUN_TAGS = 0x10;
    /// Monitors of registered names.
    DIST_MONITOR_NAME = 0x20;
    /// Atom cache of hidden nodes, OTP R10 and before.
    HIDDEN_ATOM_CACHE = 0x40;
    /// The fun tag with its size in front. Mandatory.
    NEW_FUN_TAGS = 0x80;
    /// Pids and ports of more than 18 bits. Mandatory.
    EXTENDED_PIDS_PORTS = 0x100;
    /// External funs have their own tag. Mandatory since OTP 25.
    EXPORT_PTR_TAG = 0x200;
    /// Bit strings. Mandatory since OTP 25.
    BIT_BINARIES = 0x400;
    /// Floats as eight bytes. Mandatory since OTP 25.
    NEW_FLOATS = 0x800;
    /// Unicode in the I/O protocol.
    UNICODE_IO = 0x1000;
    /// Every frame starts with a distribution header and atoms are cached.
    DIST_HDR_ATOM_CACHE = 0x2000;
    /// Atoms with a length of one byte.
    SMALL_ATOM_TAGS = 0x4000;
    /// Atoms in UTF-8. Mandatory.
    UTF8_ATOMS = 0x10000;
    /// Maps. Mandatory since OTP 25.
    MAP_TAG = 0x20000;
    /// Creations of 32 bits. Mandatory.
    BIG_CREATION = 0x40000;
    /// A message to a pid names its sender (`SEND_SENDER` instead of `SEND`).
    SEND_SENDER = 0x80000;
    /// Any term as a label of a trace token.
    BIG_SEQTRACE_LABELS = 0x100000;
    /// Exit reasons are sent as payload and not inside the control message.
    EXIT_PAYLOAD = 0x400000;
    /// Large messages are cut into fragments, and every frame begins with a distribution header.
    FRAGMENTS = 0x800000;
    /// The handshake of OTP 23 (messages `N`). Mandatory since OTP 25.
    HANDSHAKE_23 = 0x100_0000;
    /// Unlinking is acknowledged. Mandatory since OTP 26.
    UNLINK_ID = 0x200_0000;
    /// Represents all of [`Self::MANDATORY_25`].
    MANDATORY_25_DIGEST = 0x400_0000;
    /// `SPAWN_REQUEST` and `SPAWN_REPLY`; without it a BEAM answers `notsup` to `rpc` and `erpc`.
    SPAWN = 1 << 32;
    /// The node asks the other side for a name (dynamic node names).
    NAME_ME = 1 << 33;
    /// References of five words, ports of 64 bits, full pids. Mandatory since OTP 26.
    V4_NC = 1 << 34;
    /// Messages to process aliases (`ALIAS_SEND`).
    ALIAS = 1 << 35;
    /// `ALTACT_SIG_SEND`: aliases, names and priority in one message. OTP 28.
    ALTACT_SIG = 1 << 37;
    /// Records of OTP 29 as a term of their own.
    NATIVE_RECORDS = 1 << 38;
}

impl Flags {
    /// No bit at all.
    pub const EMPTY: Flags = Flags(0);

    /// The flags that are mandatory since OTP 25, which `MANDATORY_25_DIGEST` represents. OTP 23 and `ei` nodes have
    /// them too.
    pub const MANDATORY_25: Flags = Flags(
        Self::EXTENDED_REFERENCES.0
            | Self::FUN_TAGS.0
            | Self::EXTENDED_PIDS_PORTS.0
            | Self::UTF8_ATOMS.0
            | Self::NEW_FUN_TAGS.0
            | Self::BIG_CREATION.0
            | Self::NEW_FLOATS.0
            | Self::MAP_TAG.0
            | Self::EXPORT_PTR_TAG.0
            | Self::BIT_BINARIES.0
            | Self::HANDSHAKE_23.0,
    );

    /// The flags that are mandatory since OTP 26.
    pub const MANDATORY_26: Flags = Flags(Self::MANDATORY_25.0 | Self::V4_NC.0 | Self::UNLINK_ID.0);

    /// The flags of a hidden node without distribution headers and fragments, which OTP 23 to 29 accept.
    pub const HIDDEN: Flags = Flags(
        Self::MANDATORY_26.0
            | Self::MANDATORY_25_DIGEST.0
            | Self::DIST_MONITOR.0
            | Self::DIST_MONITOR_NAME.0
            | Self::UNICODE_IO.0
            | Self::SMALL_ATOM_TAGS.0
            | Self::SEND_SENDER.0
            | Self::BIG_SEQTRACE_LABELS.0
            | Self::EXIT_PAYLOAD.0
            | Self::SPAWN.0
            | Self::ALIAS.0,
    );

    /// [`Self::HIDDEN`] and [`Self::ALTACT_SIG`], whose operation OTP 28 and later then use in place of `ALIAS_SEND`.
    pub const HIDDEN_ALTACT: Flags = Flags(Self::HIDDEN.0 | Self::ALTACT_SIG.0);

    /// The flags of a node of this library: [`Self::HIDDEN_ALTACT`] and [`Self::FRAGMENTS`]. If the peer has the latter
    /// as well, frames have a header: see [`FrameForm`](crate::protocol::control::FrameForm).
    pub const NODE: Flags = Flags(Self::HIDDEN_ALTACT.0 | Self::FRAGMENTS.0);

    /// The flags of a C node with `ei` of OTP 25.
    pub const EI: Flags = Flags(0x4_0707_4F9C);

    /// Returns the set with exactly these bits.
    pub const fn from_bits(bits: u64) -> Self {
        Flags(bits)
    }

    /// Returns the bits as they are sent.
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Returns whether no bit is set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Returns whether every bit of `other` is set here.
    pub const fn contains(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns the bits of either.
    pub const fn or(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }

    /// Returns the bits of `self` that are not in `other`.
    pub const fn without(self, other: Flags) -> Flags {
        Flags(self.0 & !other.0)
    }

    /// Returns the set with the bits that `MANDATORY_25_DIGEST` represents, if that is set. It stays set itself.
    pub const fn expanded(self) -> Flags {
        if self.contains(Self::MANDATORY_25_DIGEST) { Flags(self.0 | Self::MANDATORY_25.0) } else { self }
    }

    /// Returns the flags that both sides have, after [`Self::expanded`] on both.
    pub const fn negotiated(self, theirs: Flags) -> Flags {
        Flags(self.expanded().0 & theirs.expanded().0)
    }

    /// Returns the bits of `mandatory` that a peer with these flags lacks; empty means that it may connect.
    pub const fn missing(self, mandatory: Flags) -> Flags {
        mandatory.without(self.expanded())
    }

    /// Returns the names of the bits that are set, lowest bit first; bits without a name are left out.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED.iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| *name)
    }

    /// Returns the bits that have no name here.
    pub fn unnamed(self) -> Flags {
        Flags(Self::NAMED.iter().fold(self.0, |bits, (bit, _)| bits & !bit))
    }
}

impl BitOr for Flags {
    type Output = Flags;
    fn bitor(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

impl BitAnd for Flags {
    type Output = Flags;
    fn bitand(self, other: Flags) -> Flags {
        Flags(self.0 & other.0)
    }
}

impl Not for Flags {
    type Output = Flags;
    fn not(self) -> Flags {
        Flags(!self.0)
    }
}

/// Displays the names with `, ` between them, then the unnamed bits in hexadecimal; `none` for the empty set.
impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for name in self.names() {
            write!(f, "{separator}{name}")?;
            separator = ", ";
        }
        let rest = self.unnamed();
        if !rest.is_empty() {
            write!(f, "{separator}{:#x}", rest.0)?;
        } else if separator.is_empty() {
            f.write_str("none")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flags({:#x})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `erts_internal:get_dflags()` of each release: (default, mandatory).
    const OTP_23: (u64, u64) = (0x1_01DF_7FBC, 0x50184);
    const OTP_25: (u64, u64) = (0xD_07DF_7FBC, 0x107_0F94);
    const OTP_27: (u64, u64) = (0xD_07DF_7FBC, 0x4_0307_0F94);
    const OTP_29: (u64, u64) = (0x6D_07DF_7FBC, 0x4_0307_0F94);

    #[test]
    fn sets_have_the_values_that_were_measured() {
        assert_eq!(Flags::HIDDEN.bits(), 0xD_075F_5FBC);
        assert_eq!(Flags::HIDDEN_ALTACT.bits(), 0x2D_075F_5FBC);
        assert_eq!(Flags::NODE.bits(), 0x2D_07DF_5FBC);
        assert_eq!(Flags::MANDATORY_25.bits(), OTP_25.1);
        assert_eq!(Flags::MANDATORY_26.bits(), OTP_27.1);
        assert_eq!(Flags::MANDATORY_25_DIGEST.bits(), 1 << 26);
    }

    #[test]
    fn every_release_accepts_us_and_we_accept_every_release() {
        for (default, mandatory) in [OTP_23, OTP_25, OTP_27, OTP_29] {
            for ours in [Flags::HIDDEN, Flags::HIDDEN_ALTACT, Flags::NODE] {
                assert_eq!(ours.missing(Flags::from_bits(mandatory)), Flags::EMPTY);
            }
            assert_eq!(Flags::from_bits(default).missing(Flags::MANDATORY_25), Flags::EMPTY);
        }
        assert_eq!(Flags::EI.missing(Flags::MANDATORY_26), Flags::EMPTY);
    }

    #[test]
    fn missing_flags_are_listed_by_name() {
        let missing = Flags::from_bits(OTP_23.0).missing(Flags::MANDATORY_26);
        assert_eq!(missing.names().collect::<Vec<_>>(), ["UNLINK_ID", "V4_NC"]);
        assert_eq!(missing.to_string(), "UNLINK_ID, V4_NC");
    }

    #[test]
    fn the_digest_bit_stands_for_the_whole_set() {
        assert_eq!(Flags::MANDATORY_25_DIGEST.missing(Flags::MANDATORY_25), Flags::EMPTY);
        assert_eq!(Flags::EMPTY.missing(Flags::MANDATORY_25), Flags::MANDATORY_25);
        let both = Flags::MANDATORY_25_DIGEST.negotiated(Flags::MANDATORY_25 | Flags::SPAWN);
        assert_eq!(both, Flags::MANDATORY_25);
    }

    #[test]
    fn unknown_bits_survive_and_are_shown() {
        let flags = Flags::from_bits(1 << 63 | 1);
        assert_eq!(flags.to_string(), "PUBLISHED, 0x8000000000000000");
        assert_eq!(flags.bits(), 1 << 63 | 1);
        assert_eq!(Flags::EMPTY.to_string(), "none");
        assert_eq!(erl_dist::DistributionFlags::from_bits_truncate(flags.bits()).bits(), 1 << 63 | 1);
    }
}
