//! Class `blob`.

use super::*;

/// A binary attachment of an object, read and written over HTTP.
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
    /// Size in bytes.
    #[field(DynamicRO)]
    pub size: i64,
    /// True if anybody may read it without a session.
    #[field(RW, default = false)]
    pub public: bool,
    /// When it was last written.
    #[field(StaticRO)]
    pub last_updated: DateTime,
    /// MIME type of its content.
    #[field(StaticRO)]
    pub mime_type: String,
}

/// Removes the attachment with its content.
#[derive(Clone, Debug, Call)]
#[call(name = "blob.destroy", role = PoolOperator, sync)]
pub struct Destroy {
    /// The blob.
    #[param(name = "self")]
    pub this: Ref<Blob>,
}

/// Makes an empty attachment that belongs to no object yet.
#[derive(Clone, Debug, Call)]
#[call(name = "blob.create", out = Ref<Blob>, role = PoolOperator, sync)]
pub struct Create {
    /// MIME type of its content.
    pub mime_type: String,
    /// True to let anybody read it without a session.
    #[param(default = false)]
    pub public: bool,
}
