#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| fixpoint_fuzz_bodies::model_bytes::check(bytes));
