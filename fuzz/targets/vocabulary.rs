#![no_main]
use ferras::probe;
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ferras_fuzz::read(probe::vocabulary, bytes));
