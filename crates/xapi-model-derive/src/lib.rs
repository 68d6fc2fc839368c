//! The derives of xapi-model: `Class`, `Call`, `Enum`.
