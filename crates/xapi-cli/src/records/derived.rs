//! A class without a declaration: every field of its descriptor, by rule.
//!
//! Names are the wire's with dashes. A reference is shown as `X-uuid`, and as `X-name-label` where the other class has
//! one; sets and maps that clients may change can be changed by member.

use xapi_model::messages::messages;
use xapi_model::{ClassDesc, FieldDesc, State, Type, classes};

use super::{Column, Kind, Shape, Source};

/// The class under its name on the command line.
pub fn kind(name: &'static str, class: &'static ClassDesc) -> Kind {
    let visible = |field: &&FieldDesc| field.on_wire() && field.state != State::Removed;
    let fields = class.fields.iter().filter(visible);
    let columns: Vec<Column> = fields.flat_map(|field| columns(class, field)).collect();
    // A list shows what tells the objects apart.
    let shown: Vec<&'static str> = if class.field("name_label").is_some() {
        vec!["uuid", "name-label", "name-description"]
    } else {
        Vec::new()
    };
    Kind {
        name,
        class,
        columns,
        narrowed: &[],
        shown: (!shown.is_empty()).then_some(shown),
    }
}

fn columns(class: &'static ClassDesc, field: &'static FieldDesc) -> Vec<Column> {
    let dashed = field.name.replace('_', "-");
    let Type::Ref(other) = field.ty else {
        return match shape(&field.ty) {
            Some(shape) => vec![column(class, dashed, shape, vec![field])],
            None => Vec::new(),
        };
    };
    let base = dashed.to_lowercase();
    let mut made = vec![column(
        class,
        format!("{base}-uuid"),
        Shape::Scalar,
        vec![field],
    )];
    if let Some(label) = classes::class(other).and_then(|other| other.field("name_label")) {
        made.push(column(
            class,
            format!("{base}-name-label"),
            Shape::Scalar,
            vec![field, label],
        ));
    }
    made
}

fn shape(ty: &Type) -> Option<Shape> {
    match ty {
        Type::Record(_) | Type::AnyRecord | Type::EventBatch | Type::Void => None,
        Type::Set(_) => Some(Shape::Set),
        // Maps to objects have no keys to set by hand.
        Type::Map(_, Type::Ref(_) | Type::Record(_)) => Some(Shape::Scalar),
        Type::Map(..) => Some(Shape::Map),
        _ => Some(Shape::Scalar),
    }
}

fn column(
    class: &'static ClassDesc,
    name: String,
    shape: Shape,
    path: Vec<&'static FieldDesc>,
) -> Column {
    let own = match path.as_slice() {
        [field] => Some(field.name),
        _ => None,
    };
    let message = |verb: &str| {
        let message = messages().find(&format!("{}.{verb}_{}", class.name, own?))?;
        (message.params.len() > 1 && message.state != State::Removed).then_some(message)
    };
    let (set, add, remove) = match shape {
        Shape::Scalar => (message("set"), None, None),
        Shape::Set => (message("set"), message("add"), message("remove")),
        Shape::Map => (message("set"), message("add_to"), message("remove_from")),
    };
    // What changes by member is not set as a whole, as in XAPI.
    let set = set.filter(|_| add.is_none());
    let deprecated = path
        .last()
        .is_some_and(|field| field.state == State::Deprecated);
    Column {
        name,
        shape,
        writable: match shape {
            Shape::Scalar => set.is_some(),
            Shape::Set | Shape::Map => add.is_some(),
        },
        source: Source::Path(path),
        wording: None,
        separator: if own == Some("tags") { ", " } else { "; " },
        expensive: false,
        hidden: false,
        deprecated,
        any_case: own == Some("MAC"),
        bytes: false,
        set,
        add,
        remove,
        in_map: None,
    }
}
