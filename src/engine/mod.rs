//! WHO runs a call: the CPU with so many threads, or one GPU.
