//! `get_all_records_where`: what the database finds is what a look at every record finds.

use xapi_model::{Network, Pif, Value};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

/// PIFs of the host: five NICs and a bond.
const PIFS: usize = 6;

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % sides as u64).expect("small")
    }
}

/// A random expression over fields of PIF and values that some of them have.
fn expression(dice: &mut Dice, depth: usize, texts: &[String]) -> String {
    const FIELDS: [&str; 12] = [
        "device",
        "MAC",
        "MTU",
        "VLAN",
        "management",
        "network",
        "uuid",
        "_ref",
        "other_config",
        "physical",
        "ip_configuration_mode",
        "bond_slave_of",
    ];
    let sides = if depth == 0 { 4 } else { 8 };
    match dice.roll(sides) {
        0 => ["true", "false"][dice.roll(2)].to_owned(),
        1 => format!(
            "\"{}\" = field \"{}\"",
            texts[dice.roll(texts.len())],
            FIELDS[dice.roll(12)]
        ),
        2 => {
            // A pair that fits: the last texts are six values of each PIF, in this order.
            let fields = ["_ref", "uuid", "device", "MAC", "network", "bond_slave_of"];
            let part = dice.roll(6);
            let pif = texts.len() - 6 * (1 + dice.roll(PIFS));
            format!("field \"{}\" = \"{}\"", fields[part], texts[pif + part])
        }
        3 => format!(
            "field \"{}\" = \"{}\"",
            FIELDS[dice.roll(12)],
            texts[dice.roll(texts.len())]
        ),
        4 => format!(
            "field \"{}\"=field \"{}\"",
            FIELDS[dice.roll(12)],
            FIELDS[dice.roll(12)]
        ),
        5 => format!("(not {})", expression(dice, depth - 1, texts)),
        at => {
            let word = if at == 6 { "and" } else { "or" };
            format!(
                "({}) {word} ({})",
                expression(dice, depth - 1, texts),
                expression(dice, depth - 1, texts)
            )
        }
    }
}

#[test]
fn what_the_database_finds_is_what_a_look_at_every_record_finds() {
    let host = SimHost::new(5);
    let network = host.new_network("n");
    host.bond(&network, &["eth3", "eth4"], "active-backup")
        .unwrap();
    let mut texts: Vec<String> = [
        "true",
        "false",
        "1500",
        "-1",
        "01500",
        "()",
        "",
        "OpaqueRef:NULL",
        "Static",
        "static",
        "None",
        "nonsense",
    ]
    .map(str::to_owned)
    .to_vec();
    for (reference, pif) in host.all::<Pif>() {
        texts.extend([
            reference.as_str().to_owned(),
            pif.uuid,
            pif.device,
            pif.mac,
            pif.network.as_str().to_owned(),
            pif.bond_slave_of.as_str().to_owned(),
        ]);
    }
    let seed = std::process::id().into();
    let mut dice = Dice(seed);
    let mut some = 0;
    for _ in 0..3_000 {
        let text = expression(&mut dice, 3, &texts);
        let ask = |text: &str| host.call("PIF.get_all_records_where", vec![Value::from(text)]);
        let found = ask(&text).unwrap_or_else(|why| panic!("{text}: {why:?}"));
        // Behind `not` nothing is asked of the database.
        let looked = ask(&format!("not (not ({text}))")).unwrap();
        assert_eq!(found, looked, "seed {seed}: {text}");
        some += usize::from(
            found
                .as_struct()
                .is_some_and(|rows| !rows.is_empty() && rows.len() < 6),
        );
    }
    assert!(some > 200, "only {some} expressions told rows apart");
}

#[test]
fn a_field_that_does_not_exist_is_an_error_when_a_row_is_compared_and_only_then() {
    let host = SimHost::new(1);
    for text in [
        "field \"nonsense\"=\"x\"",
        "field \"uuid\"=\"none\" and field \"nonsense\"=\"x\" or field \"nonsense\"=\"y\"",
    ] {
        let refused = host
            .call("PIF.get_all_records_where", vec![Value::from(text)])
            .unwrap_err();
        assert_eq!(
            (
                refused.code.as_str(),
                refused.params[0].as_str(),
                refused.params[1].as_str()
            ),
            ("INTERNAL_ERROR", "missing field", "nonsense"),
            "{text}"
        );
        assert_eq!(
            host.call("VBD.get_all_records_where", vec![Value::from(text)])
                .unwrap(),
            Value::Struct(vec![])
        );
    }
}

#[test]
fn the_expressions_that_clients_send_find_what_they_mean() {
    let host = SimHost::new(3);
    let count = |class: &str, text: &str| {
        let found = host
            .call(
                &format!("{class}.get_all_records_where"),
                vec![Value::from(text)],
            )
            .unwrap();
        found.as_struct().unwrap().len()
    };
    assert_eq!(count("PIF", "field \"management\"=\"true\""), 1);
    assert_eq!(count("VM", "field \"is_control_domain\"=\"true\""), 1);
    assert_eq!(count("PIF", "true"), 3);
    assert_eq!(
        count(
            "network",
            "field \"name__label\"=\"Host internal management network\" or field \"bridge\"=\"xenbr0\""
        ),
        2
    );
    let (network, row) = host.all::<Network>().remove(0);
    let by_uuid = format!("field \"uuid\"=\"{}\"", row.uuid);
    let found = host
        .call(
            "network.get_all_records_where",
            vec![Value::from(by_uuid.as_str())],
        )
        .unwrap();
    let record = host
        .call("network.get_record", vec![text(&network)])
        .unwrap();
    assert_eq!(
        found,
        Value::Struct(vec![(network.as_str().to_owned(), record)])
    );
    let mtus: Vec<_> = (1480..1520)
        .map(|mtu| format!("field \"MTU\"=\"{mtu}\""))
        .collect();
    assert_eq!(count("PIF", &mtus.join(" or ")), 3);
    // Hundreds of them in one expression, as clients with many objects send.
    let many: Vec<_> = (0..2_000)
        .map(|n| format!("field \"uuid\"=\"{n}\""))
        .chain([by_uuid])
        .collect();
    assert_eq!(count("network", &many.join(" or ")), 1);
}
