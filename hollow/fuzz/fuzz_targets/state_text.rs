#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hollow_fuzz::state_text(bytes);
});
