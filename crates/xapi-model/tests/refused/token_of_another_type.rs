use xapi_model::{Field, Pif, Wire};

fn set<T: Wire>(_field: Field<Pif, T>, _value: T) {}

fn main() {
    set(Pif::MTU, "jumbo".to_owned());
}
