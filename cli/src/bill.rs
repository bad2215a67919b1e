//! What a deployment will cost, said to a person before anything is paid.

use crate::output::out;
use anyhow::Result;
use fixpoint_client::{bill::Bill, text::grouped};
use std::io::{self, IsTerminal as _};

/// Says it to a person.
pub(crate) fn announce(bill: &Bill) {
    if bill.missing == 0 {
        eprintln!("all {} chunks are on chain already", bill.chunks);
        return;
    }
    eprintln!(
        "{} of {} chunks to write; at most about {} gas, {} wei at the current price",
        bill.missing,
        bill.chunks,
        grouped(bill.gas),
        grouped(bill.wei),
    );
}

/// What a dry run says.
///
/// # Errors
/// None so far as numbers can be written as JSON.
pub(crate) fn show(bill: &Bill, json: bool) -> Result<()> {
    if json {
        out!("{}", serde_json::to_string_pretty(&bill.to_json())?);
        return Ok(());
    }
    out!("account         {}", bill.account);
    out!("balance         {} wei", grouped(bill.balance_wei));
    out!("chunks          {}, {} to write", bill.chunks, bill.missing);
    out!("gas             at most about {}", grouped(bill.gas));
    out!(
        "cost            {} wei at the current price",
        grouped(bill.wei)
    );
    out!("nothing was paid");
    Ok(())
}

/// Asks whether to pay, if there is a person to ask.
///
/// # Errors
/// The terminal went away.
pub(crate) fn confirmed() -> Result<bool> {
    if !(io::stdin().is_terminal() && io::stderr().is_terminal()) {
        return Ok(true);
    }
    eprint!("pay? [y/N] ");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}
