use xapi_model::Class;

/// A cable.
#[derive(Clone, Debug, Class)]
#[class(name = "Cable")]
pub struct Cable {
    #[field(DynamicRO)]
    pub uuid: String,
}

fn main() {}
