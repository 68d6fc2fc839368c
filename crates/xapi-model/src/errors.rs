//! The error codes, with their parameters in wire order and a sentence for people.
//!
//! One constructor a code, so that the number of parameters is the compiler's business. Where the published
//! document and what servers send differ, what they send is declared here. The codes stand in the modules by
//! subject; all constructors are found here: `errors::pif_unmanaged(&pif)`.

use std::fmt;
use std::sync::LazyLock;

use crate::types::TypeError;

/// An error as the wire carries it: a code and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The code, e.g. `PIF_UNMANAGED`.
    pub code: String,
    /// The parameters, in the declared order.
    pub params: Vec<String>,
}

impl ApiError {
    /// An error with a code that only runtime knows, e.g. one that another host answered.
    pub fn new(code: impl Into<String>, params: Vec<String>) -> ApiError {
        ApiError {
            code: code.into(),
            params,
        }
    }

    /// The declaration of this code.
    pub fn desc(&self) -> Option<&'static ErrorDesc> {
        find(&self.code)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.code, self.params.join(", "))
    }
}

impl std::error::Error for ApiError {}

impl From<TypeError> for ApiError {
    fn from(error: TypeError) -> ApiError {
        internal_error(error)
    }
}

/// A declared error code.
#[derive(Debug)]
pub struct ErrorDesc {
    /// The code on the wire.
    pub code: &'static str,
    /// Names of the parameters.
    pub params: &'static [&'static str],
    /// The last parameter may come any number of times.
    pub repeats: bool,
    /// What happened, for people.
    pub doc: &'static str,
}

/// Declares codes: `CODE => constructor(ident: "wire name", …; many ident: "wire name");`.
macro_rules! errors {
    ($(
        #[doc = $doc:literal]
        $code:ident => $make:ident($($param:ident: $name:literal),* $(; many $rest:ident: $rest_name:literal)?);
    )*) => {
        /// The codes of this module.
        pub(super) const TABLE: &[ErrorDesc] = &[$(ErrorDesc {
            code: stringify!($code),
            params: &[$($name,)* $($rest_name)?],
            repeats: repeats!($($rest)?),
            doc: $doc.trim_ascii(),
        }),*];
        $(
            #[doc = $doc]
            pub fn $make(
                $($param: impl fmt::Display,)*
                $($rest: impl IntoIterator<Item = impl fmt::Display>,)?
            ) -> ApiError {
                let params: Vec<String> = vec![$($param.to_string()),*];
                $(let params = params.into_iter().chain($rest.into_iter().map(|one| one.to_string())).collect();)?
                ApiError { code: stringify!($code).to_owned(), params }
            }
        )*
    };
}

/// Whether a declaration has a `many`.
macro_rules! repeats {
    () => {
        false
    };
    ($rest:ident) => {
        true
    };
}

/// Names every module of codes: one left out does not compile, since its constructors are missed.
macro_rules! tables {
    ($($module:ident),*) => {
        $(
            mod $module;
            pub use $module::*;
        )*
        /// All declared codes, sorted.
        pub static ERRORS: LazyLock<Vec<&'static ErrorDesc>> = LazyLock::new(|| {
            let mut all: Vec<&'static ErrorDesc> = [$($module::TABLE),*].into_iter().flatten().collect();
            all.sort_by_key(|desc| desc.code);
            all
        });
    };
}

tables!(
    session,
    network,
    certificate,
    update,
    pool,
    storage,
    host,
    vm
);

/// The declaration of a code.
pub fn find(code: &str) -> Option<&'static ErrorDesc> {
    let at = ERRORS.binary_search_by(|desc| desc.code.cmp(code)).ok()?;
    Some(ERRORS[at])
}
