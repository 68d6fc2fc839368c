//! Class `Repository`.

use super::*;

/// A source of updates.
#[derive(Clone, Debug, Class)]
#[class(name = "Repository", role = PoolOperator, calls(SetGpgkeyPath, Forget, IntroduceRemotePool, IntroduceBundle, Introduce))]
pub struct Repository {
    /// Unique identifier of the Repository. It never changes.
    #[field(DynamicRO)]
    pub uuid: String,
    /// Name for people. It need not be unique.
    #[field(RW, default = String::new(), client_cert)]
    pub name_label: String,
    /// Notes for people.
    #[field(RW, default = String::new(), client_cert)]
    pub name_description: String,
    /// Address of its packages.
    #[field(StaticRO, default = String::new())]
    pub binary_url: String,
    /// Address of their sources.
    #[field(StaticRO, default = String::new())]
    pub source_url: String,
    /// True if it holds updates, false if it holds the product as first released.
    #[field(StaticRO, default = false)]
    pub update: bool,
    /// Mark of the set of updates that was last fetched.
    #[field(DynamicRO, default = String::new())]
    pub hash: String,
    /// Was true if all hosts had all its updates.
    #[field(DynamicRO, default = false, state = Removed)]
    pub up_to_date: bool,
    /// File of the key that its packages are signed with; empty for the product's own.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub gpgkey_path: String,
    /// Where updates come from.
    #[field(StaticRO, default = RepositoryOrigin::Remote, state = Prototyped)]
    pub origin: RepositoryOrigin,
    /// Certificate of the pool that updates come from.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub certificate: String,
}

/// Where updates come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "origin")]
pub enum RepositoryOrigin {
    /// A server.
    #[wire(name = "remote")]
    Remote,
    /// A file that is uploaded.
    #[wire(name = "bundle")]
    Bundle,
    /// Another pool.
    #[wire(name = "remote_pool")]
    RemotePool,
}

/// Sets the file of the key that its packages are signed with. Refused with INVALID_GPGKEY_PATH.
#[derive(Clone, Debug, Call)]
#[call(name = "Repository.set_gpgkey_path", role = PoolOperator, client_cert, state = Prototyped)]
pub struct SetGpgkeyPath {
    /// The Repository.
    #[param(name = "self")]
    pub this: Ref<Repository>,
    /// The file.
    pub value: String,
}

/// Removes the record. Refused with REPOSITORY_IS_IN_USE.
#[derive(Clone, Debug, Call)]
#[call(name = "Repository.forget", role = PoolOperator, client_cert)]
pub struct Forget {
    /// The Repository.
    #[param(name = "self")]
    pub this: Ref<Repository>,
}

/// Makes another pool known as a source.
#[derive(Clone, Debug, Call)]
#[call(name = "Repository.introduce_remote_pool", out = Ref<Repository>, role = PoolOperator, client_cert, state = Prototyped)]
pub struct IntroduceRemotePool {
    /// Name for people.
    pub name_label: String,
    /// Notes for people.
    pub name_description: String,
    /// Address of the other pool.
    pub binary_url: String,
    /// Certificate that it is known by.
    pub certificate: String,
}

/// Makes a source for bundles that are uploaded. Refused with BUNDLE_REPOSITORY_ALREADY_EXISTS.
#[derive(Clone, Debug, Call)]
#[call(name = "Repository.introduce_bundle", out = Ref<Repository>, role = PoolOperator, client_cert, state = Prototyped)]
pub struct IntroduceBundle {
    /// Name for people.
    pub name_label: String,
    /// Notes for people.
    pub name_description: String,
}

/// Makes a server known as a source. Refused with INVALID_BASE_URL, BLOCKED_REPO_URL and
/// REPOSITORY_ALREADY_EXISTS.
#[derive(Clone, Debug, Call)]
#[call(name = "Repository.introduce", out = Ref<Repository>, role = PoolOperator, client_cert)]
pub struct Introduce {
    /// Name for people.
    pub name_label: String,
    /// Notes for people.
    pub name_description: String,
    /// Address of its packages.
    pub binary_url: String,
    /// Address of their sources.
    pub source_url: String,
    /// True if it holds updates.
    pub update: bool,
    /// File of the key that its packages are signed with; empty for the product's own.
    #[param(default = String::new())]
    pub gpgkey_path: String,
}
