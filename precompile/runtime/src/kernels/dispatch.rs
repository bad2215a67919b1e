//! Which kernels this machine runs: the only place that decides.
