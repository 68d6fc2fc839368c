//! Class `blob`.

use super::*;

/// Blob.
#[derive(Clone, Debug, Class)]
#[class(name = "blob", role = PoolOperator, calls(Destroy, Create))]
pub struct Blob {
    /// Unique identifier of the blob. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new())]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new())]
    pub name_description: String,
    /// Size.
    #[field(DynamicRO)]
    pub size: i64,
    /// Public.
    #[field(RW, default = false)]
    pub public: bool,
    /// Last updated.
    #[field(StaticRO)]
    pub last_updated: DateTime,
    /// Mime type.
    #[field(StaticRO)]
    pub mime_type: String,
}

/// Destroy of blob.
#[derive(Clone, Debug, Call)]
#[call(name = "blob.destroy", role = PoolOperator, sync)]
pub struct Destroy {
    /// The blob.
    #[param(name = "self")]
    pub this: Ref<Blob>,
}

/// Create of blob.
#[derive(Clone, Debug, Call)]
#[call(name = "blob.create", out = Ref<Blob>, role = PoolOperator)]
pub struct Create {
    /// Mime type.
    pub mime_type: String,
    /// Public.
    #[param(default = false)]
    pub public: bool,
}
