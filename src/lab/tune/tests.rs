//! Searches on the adapter.
