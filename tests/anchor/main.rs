//! Anchors: timestamps of heads, by an authority that openssl plays, and what openssl says of them.

mod authority;
mod token;
