//! The kernel parts against the running kernel, in network namespaces that the tests make.
//! They need root, iproute2, dnsmasq, and fail where those are missing.

mod addresses;
mod announcements;
mod changes;
mod dhcp;
mod lab;
mod links;
mod offload;
mod probes;
