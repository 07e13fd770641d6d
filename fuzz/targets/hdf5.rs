#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let _ = ferras::probe::hdf5(bytes);
});
