//! Class `Repository`.

use super::*;

/// Repository.
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
    /// Binary url.
    #[field(StaticRO, default = String::new())]
    pub binary_url: String,
    /// Source url.
    #[field(StaticRO, default = String::new())]
    pub source_url: String,
    /// Update.
    #[field(StaticRO, default = false)]
    pub update: bool,
    /// Hash.
    #[field(DynamicRO, default = String::new())]
    pub hash: String,
    /// Up to date.
    #[field(DynamicRO, default = false, state = Removed)]
    pub up_to_date: bool,
    /// Gpgkey path.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub gpgkey_path: String,
    /// Origin.
    #[field(StaticRO, default = RepositoryOrigin::Remote, state = Prototyped)]
    pub origin: RepositoryOrigin,
    /// Certificate.
    #[field(StaticRO, default = String::new(), state = Prototyped)]
    pub certificate: String,
}

/// Origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Enum)]
#[wire(name = "origin")]
pub enum RepositoryOrigin {
    /// Remote.
    #[wire(name = "remote")]
    Remote,
    /// Bundle.
    #[wire(name = "bundle")]
    Bundle,
    /// Remote pool.
    #[wire(name = "remote_pool")]
    RemotePool,
}

/// Set gpgkey path of Repository.
#[derive(Clone, Debug, Call)]
#[call(name = "Repository.set_gpgkey_path", role = PoolOperator, client_cert, state = Prototyped)]
pub struct SetGpgkeyPath {
    /// The Repository.
    #[param(name = "self")]
    pub this: Ref<Repository>,
    /// Value.
    pub value: String,
}

/// Forget of Repository.
#[derive(Clone, Debug, Call)]
#[call(name = "Repository.forget", role = PoolOperator, client_cert)]
pub struct Forget {
    /// The Repository.
    #[param(name = "self")]
    pub this: Ref<Repository>,
}

/// Introduce remote pool of Repository.
#[derive(Clone, Debug, Call)]
#[call(name = "Repository.introduce_remote_pool", out = Ref<Repository>, role = PoolOperator, client_cert, state = Prototyped)]
pub struct IntroduceRemotePool {
    /// Name label.
    pub name_label: String,
    /// Name description.
    pub name_description: String,
    /// Binary url.
    pub binary_url: String,
    /// Certificate.
    pub certificate: String,
}

/// Introduce bundle of Repository.
#[derive(Clone, Debug, Call)]
#[call(name = "Repository.introduce_bundle", out = Ref<Repository>, role = PoolOperator, client_cert, state = Prototyped)]
pub struct IntroduceBundle {
    /// Name label.
    pub name_label: String,
    /// Name description.
    pub name_description: String,
}

/// Introduce of Repository.
#[derive(Clone, Debug, Call)]
#[call(name = "Repository.introduce", out = Ref<Repository>, role = PoolOperator, client_cert)]
pub struct Introduce {
    /// Name label.
    pub name_label: String,
    /// Name description.
    pub name_description: String,
    /// Binary url.
    pub binary_url: String,
    /// Source url.
    pub source_url: String,
    /// Update.
    pub update: bool,
    /// Gpgkey path.
    #[param(default = String::new())]
    pub gpgkey_path: String,
}
