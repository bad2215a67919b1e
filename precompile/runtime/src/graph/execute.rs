//! The loop over a plan.
