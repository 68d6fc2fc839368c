//! Nonsense from the wire at every network call, over the unix socket and TCP, in XML-RPC and JSON-RPC: the error that
//! clients expect, in bounded time and memory, and nothing is lost.

mod bodies;
mod calls;
mod send;
mod values;
