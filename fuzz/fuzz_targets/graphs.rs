#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fixpoint_fuzz_bodies::graphs::check(bytes));
