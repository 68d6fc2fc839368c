use xapi_model::Class;

#[derive(Clone, Debug, Class)]
#[class(name = "Cable")]
pub struct Cable {
    /// Its name in the world.
    #[field(DynamicRO)]
    pub uuid: String,
}

fn main() {}
