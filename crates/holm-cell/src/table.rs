//! `SerialTable`: from an actor's serial to the actor.
//!
//! Slots lie in segments that double in size and never move, so that finding one takes no lock;
//! each slot has a lock of its own, held for a clone. Free serials are in one list.

use std::{error::Error, fmt, sync::OnceLock};

use crate::{
    serial::Serial,
    sync::{Mutex, lock},
};

/// Slots of the first segment: a node with few actors keeps the table under 2 KiB.
const FIRST_SEGMENT: u32 = 64;
const SEGMENTS: usize = 21;
/// Serials in use at once, at most: 134,217,664, some 3 GiB of slots. One more is refused with
/// [`TableFull`].
pub const SERIALS_MAX: u32 = FIRST_SEGMENT * ((1 << SEGMENTS) - 1);

/// Finds values, such as actors, by serial.
pub struct SerialTable<V> {
    segments: [OnceLock<Box<[Slot<V>]>>; SEGMENTS],
    free: Mutex<Free>,
}

type Slot<V> = Mutex<Entry<V>>;

struct Entry<V> {
    /// Of the value, or of the last one.
    generation: u32,
    value: Option<V>,
}

/// The serials that can be given out.
#[derive(Default)]
struct Free {
    /// The next serials of the slots that were used and are free. The last is taken first: its
    /// slot is the likeliest to be in a cache.
    used: Vec<Serial>,
    /// The first slot that was never used.
    next: u32,
    /// Serials given out and not returned.
    in_use: u32,
}

/// The table holds [`SERIALS_MAX`] serials; nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFull;

impl fmt::Display for TableFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all {SERIALS_MAX} serials are in use")
    }
}

impl Error for TableFull {}

impl<V: Clone> SerialTable<V> {
    /// An empty table, without any slot.
    pub fn new() -> Self {
        Self { segments: [const { OnceLock::new() }; SEGMENTS], free: Mutex::new(Free::default()) }
    }

    /// Takes a serial for a value that is still to be made.
    ///
    /// # Errors
    /// [`TableFull`].
    pub fn reserve(&self) -> Result<Vacant<'_, V>, TableFull> {
        let mut free = lock(&self.free);
        let serial = match free.used.pop() {
            Some(serial) => serial,
            None if free.next == SERIALS_MAX => return Err(TableFull),
            None => {
                let index = free.next;
                let (segment, offset) = place(index);
                if offset == 0 {
                    self.segments[segment].get_or_init(|| new_segment(segment));
                }
                free.next += 1;
                Serial::first(index)
            }
        };
        free.in_use += 1;
        Ok(Vacant { table: self, serial })
    }

    /// The value of a serial, if it is there.
    #[inline]
    pub fn get(&self, serial: Serial) -> Option<V> {
        let entry = lock(self.slot(serial)?);
        if entry.generation == serial.generation() { entry.value.clone() } else { None }
    }

    /// Takes the value out; the serial is never given out again.
    pub fn remove(&self, serial: Serial) -> Option<V> {
        let mut entry = lock(self.slot(serial)?);
        if entry.generation != serial.generation() {
            return None;
        }
        let value = entry.value.take()?;
        drop(entry);
        self.release(serial);
        Some(value)
    }

    fn release(&self, serial: Serial) {
        let mut free = lock(&self.free);
        free.in_use -= 1;
        // A slot after its last generation is retired.
        free.used.extend(serial.next());
    }

    /// Serials in use, reserved ones included.
    pub fn len(&self) -> usize {
        lock(&self.free).in_use as usize
    }

    /// Whether [`SerialTable::len`] is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All values with their serials, by slot. What is filled or removed meanwhile may be in it
    /// or not.
    pub fn snapshot(&self) -> Vec<(Serial, V)> {
        self.scan(0, usize::MAX).0
    }

    /// All values of the `max` slots from `from` on, and the slot to go on from: 0 after the last.
    pub fn scan(&self, from: u32, max: usize) -> (Vec<(Serial, V)>, u32) {
        let (slots, len) = {
            let free = lock(&self.free);
            (free.next, free.in_use)
        };
        let end = u32::try_from(max).map_or(slots, |max| from.saturating_add(max).min(slots));
        let mut all = Vec::with_capacity((end.saturating_sub(from)).min(len) as usize);
        for first in (from..end).map(Serial::first) {
            let Some(slot) = self.slot(first) else { break };
            let entry = lock(slot);
            if let Some(value) = &entry.value {
                all.push((first.with_generation(entry.generation), value.clone()));
            }
        }
        (all, if end < slots { end } else { 0 })
    }

    #[inline]
    fn slot(&self, serial: Serial) -> Option<&Slot<V>> {
        let (segment, offset) = place(serial.index());
        self.segments.get(segment)?.get()?.get(offset)
    }
}

impl<V: Clone> Default for SerialTable<V> {
    fn default() -> Self {
        Self::new()
    }
}

/// The segment of a slot and the offset in it: segment `n` begins at index
/// `FIRST_SEGMENT * (2^n - 1)`.
#[inline]
const fn place(index: u32) -> (usize, usize) {
    let nth = index as u64 + FIRST_SEGMENT as u64;
    let segment = nth.ilog2() - FIRST_SEGMENT.ilog2();
    (segment as usize, (nth - ((FIRST_SEGMENT as u64) << segment)) as usize)
}

fn new_segment<V>(segment: usize) -> Box<[Slot<V>]> {
    let slots = (FIRST_SEGMENT as usize) << segment;
    (0..slots).map(|_| Mutex::new(Entry { generation: 0, value: None })).collect()
}

/// A serial whose value is still to come; until then [`SerialTable::get`] finds nothing.
/// Dropped, it gives the slot back; the serial itself is not used again, since somebody may
/// have seen it.
#[must_use = "dropped, it gives the slot back"]
pub struct Vacant<'a, V: Clone> {
    table: &'a SerialTable<V>,
    serial: Serial,
}

impl<V: Clone> Vacant<'_, V> {
    /// The serial that the value will have.
    pub fn serial(&self) -> Serial {
        self.serial
    }

    /// Puts the value in and returns its serial.
    pub fn fill(self, value: V) -> Serial {
        let serial = self.serial;
        let Some(slot) = self.table.slot(serial) else {
            unreachable!("a serial was given out before its segment was made");
        };
        *lock(slot) = Entry { generation: serial.generation(), value: Some(value) };
        std::mem::forget(self);
        serial
    }
}

impl<V: Clone> Drop for Vacant<'_, V> {
    fn drop(&mut self) {
        self.table.release(self.serial);
    }
}

impl<V: Clone> fmt::Debug for Vacant<'_, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Vacant").field(&self.serial).finish()
    }
}

impl<V: Clone> fmt::Debug for SerialTable<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SerialTable").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn segments_cover_every_index_once() {
        assert_eq!(place(0), (0, 0));
        assert_eq!(place(63), (0, 63));
        assert_eq!(place(64), (1, 0));
        assert_eq!(place(191), (1, 127));
        assert_eq!(place(192), (2, 0));
        assert_eq!(place(SERIALS_MAX - 1), (SEGMENTS - 1, (64 << (SEGMENTS - 1)) - 1));
        assert_eq!(place(SERIALS_MAX).0, SEGMENTS);
    }

    #[test]
    fn a_full_table_refuses() {
        let table = SerialTable::<u8>::new();
        lock(&table.free).next = SERIALS_MAX;
        assert_eq!(table.reserve().map(|vacant| vacant.serial()), Err(TableFull));
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn a_slot_is_retired_after_its_last_generation() {
        let table = SerialTable::new();
        drop(table.reserve());
        let last = Serial::first(0).with_generation(u32::MAX);
        lock(&table.free).used = vec![last];
        assert_eq!(table.reserve().map(|vacant| vacant.fill(1)), Ok(last));
        assert_eq!(table.snapshot(), [(last, 1)]);
        assert_eq!(table.remove(last), Some(1));
        assert_eq!(table.reserve().map(|vacant| vacant.serial()), Ok(Serial::first(1)));
    }
}
