use xapi_model::Class;

/// A cable.
#[derive(Clone, Debug, Class)]
#[class(name = "Cable")]
pub struct Cable {
    /// How long it is, in centimetres.
    #[field(default = 100)]
    pub length: i64,
}

fn main() {}
