use xapi_model::Call;

/// Cuts a cable.
#[derive(Clone, Debug, Call)]
#[call(name = "Cable.cut", asynchronous)]
pub struct Cut {
    /// Where, in centimetres from its end.
    pub at: i64,
}

fn main() {}
