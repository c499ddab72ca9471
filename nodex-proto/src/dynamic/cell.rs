//! Where the parts of a term are: one cell for each.

/// Where a term starts, and where its cells are if it contains others: two numbers of 32 bits, little-endian.
pub(crate) type Cell = [u8; 8];

/// In place of the first cell: the elements are integers from 0 to 255, of two bytes each.
pub(crate) const IN_PAIRS: usize = u32::MAX as usize;

/// Returns a cell of a term that starts at `position`, and whose parts have their cells from `first` on.
#[inline(always)]
pub(crate) fn cell(position: usize, first: usize) -> Cell {
    (position as u64 & 0xFFFF_FFFF | (first as u64) << 32).to_le_bytes()
}

/// Where a term starts.
#[inline(always)]
pub(crate) fn position(cell: Cell) -> usize {
    (u64::from_le_bytes(cell) & 0xFFFF_FFFF) as usize
}

/// Where the cells of its parts start.
#[inline(always)]
pub(crate) fn first(cell: Cell) -> usize {
    (u64::from_le_bytes(cell) >> 32) as usize
}
