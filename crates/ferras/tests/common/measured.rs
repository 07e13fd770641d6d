//! What reading a file costs: bytes that are held at a time, and the processor's time.
use cpu_time::ProcessTime;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// Keeps the most bytes that were held at a time.
struct Counting;
static HELD: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all calls are handed to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let held = HELD.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(held, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        HELD.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(p, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;
/// Memory is counted for one test at a time.
pub static ALONE: Mutex<()> = Mutex::new(());

/// A second; more for an unoptimised build, and for one that fuzzing counts each branch of.
const LONGEST: Duration = Duration::from_secs(match (cfg!(fuzzing), cfg!(debug_assertions)) {
    (true, _) => 3,
    (_, true) => 10,
    _ => 1,
});

/// What reading a file of `length` bytes gives; fails if that took too much.
pub fn measured<T>(length: usize, what: &dyn Fn() -> String, read: impl FnOnce() -> T) -> T {
    let (before, begun) = (HELD.load(Relaxed), ProcessTime::now());
    MOST.store(before, Relaxed);
    let result = read();
    let most = MOST.load(Relaxed).saturating_sub(before);
    // The rule is for small files; large ones may take more in proportion.
    let bound = (64 << 20) * length.div_ceil(1 << 20).max(1);
    assert!(most < bound, "{}: took {most} bytes", what());
    assert!(begun.elapsed() < LONGEST, "{}: took {:?}", what(), begun.elapsed());
    result
}

/// How many damaged copies are tried of each file.
pub fn mutations() -> u64 {
    let count = std::env::var("FERRAS_MUTATIONS").ok().and_then(|n| n.parse().ok());
    count.unwrap_or(300)
}

/// A number that looks random; the same in every run.
pub fn next(state: &mut u64) -> usize {
    // Steele, Lea and Flood's SplitMix64.
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) as usize >> 1
}
