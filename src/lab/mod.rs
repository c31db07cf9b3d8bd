//! One call many times: verified, measured, swept.
