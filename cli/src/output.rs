//! Standard output that a closed pipe ends quietly: `fixpoint inspect m.fxp | head` is no failure.
//!
//! Every command prints its results through [`out!`], never through `println!`.

use std::{
    fmt::Arguments,
    io::{self, Write as _},
    process,
};

/// What a shell reports for a program that its closed output ended (128 + SIGPIPE).
const CLOSED_PIPE: i32 = 141;

/// As `println!`, but nobody reading ends the program instead of panicking.
macro_rules! out {
    ($($argument:tt)*) => {
        $crate::output::line(format_args!($($argument)*))
    };
}
pub(crate) use out;

/// Writes a line to standard output; ends the program if that can't be done.
pub(crate) fn line(arguments: Arguments<'_>) {
    let Err(error) = writeln!(io::stdout(), "{arguments}") else {
        return;
    };
    if error.kind() != io::ErrorKind::BrokenPipe {
        // A full disk under a redirection: what was asked for is not there.
        eprintln!("fixpoint: can't write to standard output: {error}");
        process::exit(1);
    }
    process::exit(CLOSED_PIPE);
}
