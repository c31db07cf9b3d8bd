//! Numbers from records. Pure: records in, numbers out.
