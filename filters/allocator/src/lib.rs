//! The filter's allocator: what is small stands side by side with others of its size, whatever holes
//! large things leave.
//!
//! A request needs some dozens of small allocations for a fraction of a millisecond, and in between
//! the proxy uses its caches for other things. So each line of memory that a request touches is waited
//! for, and there should be few of them. The system's allocator puts small things into the holes that
//! fit best, which after a copy of a million revocations was loaded are all over megabytes of memory.
//!
//! A guest has one thread, and where there are more this cannot be a program's allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr;

/// The sizes of which things are kept together, in bytes, each a multiple of [`ALIGN`].
const SIZES: [usize; 12] = [16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024];
/// The alignment of everything small.
const ALIGN: usize = 16;
/// How much is taken from the system at a time for one size, in bytes.
const CHUNK: usize = 8 * 1024;
/// The place in [`SIZES`] for each number of [`ALIGN`]s.
const PLACES: [u8; SIZES[SIZES.len() - 1] / ALIGN + 1] = places();

const fn places() -> [u8; SIZES[SIZES.len() - 1] / ALIGN + 1] {
    let mut places = [0; SIZES[SIZES.len() - 1] / ALIGN + 1];
    let (mut units, mut place) = (0, 0);
    while units < places.len() {
        if units * ALIGN > SIZES[place as usize] {
            place += 1;
        }
        places[units] = place;
        units += 1;
    }
    places
}

/// What is free of one size.
#[derive(Debug)]
struct Shelf {
    /// The first of those that were given back; each holds the address of the next.
    returned: Cell<*mut u8>,
    /// What was never used of the last chunk.
    rest: Cell<(*mut u8, usize)>,
}

/// An allocator for programs with one thread.
#[derive(Debug)]
pub struct SideBySide {
    shelves: [Shelf; SIZES.len()],
}

/// The guest's: whoever links this crate allocates by it.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
#[global_allocator]
static GUEST: SideBySide = SideBySide::new();

// SAFETY: there is one thread where this is compiled.
#[cfg(all(target_family = "wasm", not(target_feature = "atomics")))]
unsafe impl Sync for SideBySide {}

impl Default for SideBySide {
    fn default() -> Self {
        Self::new()
    }
}

impl SideBySide {
    /// An allocator that has nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { shelves: [const { Shelf::empty() }; SIZES.len()] }
    }

    /// Where what is of this layout is kept; `None` if the system keeps it.
    fn shelf(&self, layout: Layout) -> Option<(&Shelf, usize)> {
        if layout.align() > ALIGN {
            return None;
        }
        let place = usize::from(*PLACES.get(layout.size().div_ceil(ALIGN))?);
        Some((self.shelves.get(place)?, *SIZES.get(place)?))
    }
}

impl Shelf {
    const fn empty() -> Self {
        Self { returned: Cell::new(ptr::null_mut()), rest: Cell::new((ptr::null_mut(), 0)) }
    }

    /// Something of this size, which is the shelf's.
    fn take(&self, size: usize) -> *mut u8 {
        let first = self.returned.get();
        if !first.is_null() {
            // SAFETY: what was returned is at least 16 bytes, aligned by as many, nobody's, and holds
            // the address that `give_back` has written.
            self.returned.set(unsafe { first.cast::<*mut u8>().read() });
            return first;
        }
        let (mut start, mut left) = self.rest.get();
        if left < size {
            let Ok(chunk) = Layout::from_size_align(CHUNK, ALIGN) else { return ptr::null_mut() };
            // SAFETY: the layout is not empty.
            (start, left) = (unsafe { System.alloc(chunk) }, CHUNK);
            if start.is_null() {
                return start;
            }
        }
        // SAFETY: `left` bytes from `start` on are in one chunk and nobody's, and `size` is no more.
        self.rest.set((unsafe { start.add(size) }, left - size));
        start
    }

    /// Takes back what [`take`](Self::take) gave.
    ///
    /// # Safety
    /// It is of this shelf, and nobody uses it any more.
    unsafe fn give_back(&self, thing: *mut u8) {
        // SAFETY: it is at least 16 bytes, aligned by as many, and nobody's.
        unsafe { thing.cast::<*mut u8>().write(self.returned.get()) };
        self.returned.set(thing);
    }
}

// SAFETY: what is given out is a part of a chunk that no other part overlaps, as long as its size,
// which the layout's does not exceed, and aligned by 16, which the layout's alignment does not exceed;
// or it is the system's. Which of the two follows from the layout alone, and so does the shelf.
unsafe impl GlobalAlloc for SideBySide {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match self.shelf(layout) {
            Some((shelf, size)) => shelf.take(size),
            // SAFETY: the caller's layout.
            None => unsafe { System.alloc(layout) },
        }
    }

    unsafe fn dealloc(&self, thing: *mut u8, layout: Layout) {
        match self.shelf(layout) {
            // SAFETY: the caller has it from `alloc` with this layout, so from this shelf.
            Some((shelf, _)) => unsafe { shelf.give_back(thing) },
            // SAFETY: the same, so from the system.
            None => unsafe { System.dealloc(thing, layout) },
        }
    }

    unsafe fn realloc(&self, thing: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller vouches for the size, rounded up to the layout's alignment.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (self.shelf(layout), self.shelf(new)) {
            // SAFETY: the system's before and after.
            (None, None) => unsafe { System.realloc(thing, layout, size) },
            (Some((_, before)), Some((_, after))) if before == after => thing,
            _ => {
                // SAFETY: the caller's size is not 0.
                let moved = unsafe { self.alloc(new) };
                if !moved.is_null() {
                    // SAFETY: both are as long as the smaller layout, and they do not overlap.
                    unsafe { ptr::copy_nonoverlapping(thing, moved, size.min(layout.size())) };
                    // SAFETY: the caller has it from here with this layout.
                    unsafe { self.dealloc(thing, layout) };
                }
                moved
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 1).unwrap()
    }

    /// Something of the allocator's, filled with a byte that nothing else has at the time.
    struct Thing {
        start: *mut u8,
        layout: Layout,
        fill: u8,
    }

    impl Thing {
        fn new(allocator: &SideBySide, layout: Layout, fill: u8) -> Self {
            // SAFETY: the layout is not empty.
            let start = unsafe { allocator.alloc(layout) };
            assert!(!start.is_null() && start.addr() % layout.align() == 0, "{layout:?}");
            // SAFETY: it is that long.
            unsafe { start.write_bytes(fill, layout.size()) };
            Self { start, layout, fill }
        }

        fn is_intact(&self, size: usize) -> bool {
            // SAFETY: `new` and `resize` have filled that much.
            (0..size).all(|at| unsafe { self.start.add(at).read() } == self.fill)
        }

        fn resize(&mut self, allocator: &SideBySide, size: usize) {
            let kept = size.min(self.layout.size());
            // SAFETY: it is from there with this layout, and the size is not 0.
            self.start = unsafe { allocator.realloc(self.start, self.layout, size) };
            self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
            assert!(self.is_intact(kept), "{:?}", self.layout);
            // SAFETY: it is that long now.
            unsafe { self.start.write_bytes(self.fill, size) };
        }

        fn free(self, allocator: &SideBySide) {
            assert!(self.is_intact(self.layout.size()), "{:?}", self.layout);
            // SAFETY: it is from there with this layout.
            unsafe { allocator.dealloc(self.start, self.layout) };
        }
    }

    #[test]
    fn nothing_overlaps_and_nothing_is_lost_whatever_comes_and_goes() {
        let (allocator, mut things, mut word) = (SideBySide::new(), Vec::new(), 7_u64);
        let mut random = |below: usize| {
            word = word.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            usize::try_from(word >> 40).unwrap() % below
        };
        for nth in 0..20_000_u32 {
            let most = [8, 64, 1_100, 40_000][random(4)];
            let size = 1 + random(most);
            match random(5) {
                0..=2 => {
                    let layout = Layout::from_size_align(size, 1 << random(6)).unwrap();
                    things.push(Thing::new(&allocator, layout, nth.to_le_bytes()[0]));
                }
                3 if !things.is_empty() => {
                    let at = random(things.len());
                    things[at].resize(&allocator, size);
                }
                _ if !things.is_empty() => {
                    let thing: Thing = things.swap_remove(random(things.len()));
                    thing.free(&allocator);
                }
                _ => {}
            }
        }
        assert!(things.len() > 1_000);
        things.into_iter().for_each(|thing| thing.free(&allocator));
    }

    #[test]
    fn what_is_of_a_size_stands_side_by_side_and_its_place_is_taken_again() {
        let allocator = SideBySide::new();
        for (place, size) in SIZES.into_iter().enumerate() {
            let least = place.checked_sub(1).map_or(1, |before| SIZES[before] + 1);
            let three = [least, size, size].map(|size| Thing::new(&allocator, layout(size), 1));
            let [first, second, third] = three.each_ref().map(|thing| thing.start.addr());
            assert_eq!([second, third], [first + size, first + 2 * size], "{size}");
            let [one, two, _three] = three;
            one.free(&allocator);
            two.free(&allocator);
            let again = [(); 2].map(|()| Thing::new(&allocator, layout(size), 2).start.addr());
            assert_eq!(again, [second, first], "{size}");
        }
    }

    #[test]
    fn what_is_large_or_strictly_aligned_is_the_systems() {
        let allocator = SideBySide::new();
        for (size, align) in [(SIZES[SIZES.len() - 1] + 1, 1), (16, 32), (1, 4096)] {
            let layout = Layout::from_size_align(size, align).unwrap();
            assert!(allocator.shelf(layout).is_none(), "{layout:?}");
            Thing::new(&allocator, layout, 1).free(&allocator);
        }
    }
}
