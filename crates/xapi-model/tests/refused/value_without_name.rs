use xapi_model::Enum;

/// What a cable is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
#[wire(name = "cable_material")]
pub enum Material {
    /// Two twisted pairs.
    Copper,
}

fn main() {}
