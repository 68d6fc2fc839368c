//! Calls that concern all hosts of a pool. Hosts that others than the daemon's own are rows here: nobody can reach them.

use serde_json::Value as Json;
use xapi_core::Origin;
use xapi_db::Read;
use xapi_model::{
    ApiError, BondMode, Host, HostMetrics, IpConfigurationMode, Message, Network, Pif, Pool,
    PrimaryAddressType, Ref, Value, errors,
};
use xapi_net::sim::{Fault, FaultKind};
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

use crate::stage::Stage;

/// A function of the plugin that every host has.
fn plugin(
    host: &SimHost,
    wishes: &[(&str, &str)],
    function: &str,
    args: &[(&str, &str)],
) -> Result<Json, ApiError> {
    let wishes = wishes.iter();
    let origin = Origin {
        other_config: wishes
            .map(|(key, value)| (format!("http:{key}"), (*value).to_owned()))
            .collect(),
        ..Origin::default()
    };
    let args = args.iter();
    let args = args.map(|(name, value)| ((*name).to_owned(), Value::from(*value)));
    let params = vec![
        Value::from(host.session()),
        text(&host.host()),
        Value::from("xapi-network"),
        Value::from(function),
        Value::Struct(args.collect()),
    ];
    let told = host.api().call(&origin, "host.call_plugin", params)?;
    Ok(serde_json::from_str(told.as_str().unwrap()).unwrap())
}

fn fail_next(host: &SimHost) {
    let mut world = host.handle.world();
    world.fault = Some(Fault {
        at: world.steps,
        kind: FaultKind::Refuse,
    });
}

#[test]
fn a_slave_takes_over_its_masters_network_when_it_is_told_to() {
    let stage = Stage::new(4, 4);
    let host = &stage.host;
    let [bonded, tagged] = ["bonded", "tagged"].map(|label| host.new_network(label));
    stage.master_bonds(&bonded, &["eth0", "eth3"], BondMode::ActiveBackup);
    stage.master_tags(&tagged, "bond0", 7);
    let this = host.get(&host.host());
    let seen = host.seen();
    let plan = plugin(host, &[("plan-only", "true")], "pool-sync", &[]).unwrap();
    assert_eq!(host.seen(), seen, "it was only planned");
    let told = plugin(host, &[], "pool-sync", &[]).unwrap();
    assert_eq!(plan, told);
    assert_eq!(told[0]["host"], this.name_label.as_str());
    assert_eq!(
        told[0]["steps"],
        serde_json::json!([
            "bond0 on bonded is made of eth0, eth3, active-backup",
            "VLAN 7 of bond0 is made on tagged"
        ])
    );
    assert_eq!(host.diverged(), Vec::<String>::new());
    let again = plugin(host, &[], "pool-sync", &[("host", this.uuid.as_str())]).unwrap();
    assert_eq!(again[0]["steps"], serde_json::json!([]));
}

#[test]
fn what_a_slave_cannot_take_over_is_an_alert() {
    let stage = Stage::new(2, 3);
    let network = stage.host.new_network("bonded");
    stage.master_bonds(&network, &["eth1", "eth2"], BondMode::BalanceSlb);
    for _ in 0..2 {
        let told = plugin(&stage.host, &[], "pool-sync", &[]).unwrap();
        let text = told[0]["alerts"][0].as_str().unwrap().to_owned();
        let messages = stage.host.all::<Message>().into_iter();
        let told = messages.filter(|(_, message)| message.name == "POOL_NETWORK_NOT_INHERITED");
        let bodies: Vec<_> = told.map(|(_, message)| message.body).collect();
        assert_eq!(bodies, [text], "once");
    }
}

#[test]
fn a_bond_is_made_on_every_host_by_the_names_of_the_masters_nics() {
    let host = SimHost::new(4);
    let network = host.new_network("bonded");
    let uuid = host.get(&network).uuid;
    let args = [
        ("network", uuid.as_str()),
        ("devices", "eth0, eth3"),
        ("mode", "lacp"),
        ("properties:lacp-time", "fast"),
    ];
    let plan = plugin(&host, &[("plan-only", "true")], "pool-bond", &args).unwrap_err();
    assert_eq!(plan.code, "NETWORK_PLAN");
    let name = host.get(&host.host()).name_label;
    assert!(
        plan.params
            .iter()
            .all(|line| line.starts_with(&format!("{name}: ")))
    );
    assert!(host.all::<xapi_model::Bond>().is_empty());
    let made = plugin(&host, &[], "pool-bond", &args).unwrap();
    let (_, bond) = host.all::<xapi_model::Bond>().remove(0);
    assert_eq!(made["bonds"][0]["uuid"], bond.uuid.as_str());
    assert_eq!(made["bonds"][0]["device"], "bond0");
    assert_eq!(bond.mode, BondMode::Lacp);
    assert_eq!(bond.properties["lacp-time"], "fast");
    assert_eq!(bond.slaves.len(), 2);
    assert_eq!(host.get(&host.pif("bond0")).ip, "172.16.0.10");
}

#[test]
fn a_bond_on_every_host_refuses_what_it_must() {
    let host = SimHost::new(4);
    let uuid = host.get(&host.new_network("bonded")).uuid;
    let with = |name: &'static str, value: &'static str| {
        let mut args = vec![
            ("network", uuid.as_str()),
            ("devices", "eth1,eth2"),
            ("mode", "balance-slb"),
        ];
        args.retain(|(key, _)| *key != name);
        args.push((name, value));
        plugin(&host, &[], "pool-bond", &args).unwrap_err()
    };
    let code = |error: ApiError| error.code;
    assert_eq!(code(with("network", "nobody")), "UUID_INVALID");
    assert_eq!(
        with("devices", "eth1,eth9"),
        errors::invalid_value("devices", "eth9")
    );
    assert_eq!(with("devices", ""), errors::invalid_value("devices", ""));
    assert_eq!(with("mode", "fast"), errors::invalid_value("mode", "fast"));
    assert_eq!(code(with("properties:lacp-time", "fast")), "INVALID_VALUE");
    assert!(host.all::<xapi_model::Bond>().is_empty());
    let confirm = plugin(&host, &[("plan-only", "true")], "confirm", &[]);
    assert_eq!(code(confirm.unwrap_err()), "OPERATION_NOT_ALLOWED");
}

#[test]
fn a_host_that_cannot_be_reached_keeps_a_change_of_all_from_the_others() {
    let stage = Stage::new(3, 3);
    let host = &stage.host;
    let uuid = host.get(&host.new_network("bonded")).uuid;
    let seen = host.seen();
    let args = [
        ("network", uuid.as_str()),
        ("devices", "eth1,eth2"),
        ("mode", ""),
    ];
    let refused = plugin(host, &[], "pool-bond", &args).unwrap_err();
    assert_eq!(refused, errors::host_offline(&stage.master));
    assert_eq!(host.seen(), seen);
    // One that is known to be down gets it at its start.
    let metrics = host.get(&stage.master).metrics;
    stage.edit(|draft| draft.set(&metrics, HostMetrics::LIVE, false));
    let made = plugin(host, &[], "pool-bond", &args).unwrap();
    assert_eq!(made["without"], serde_json::json!(["master"]));
    assert_eq!(made["bonds"][0]["members"].as_array().unwrap().len(), 2);
}

#[test]
fn a_host_with_some_of_the_nics_has_them_in_its_bond_and_its_operator_is_told_of_the_others() {
    let stage = Stage::new(2, 3);
    let host = &stage.host;
    let network = host.new_network("bonded");
    let metrics = host.get(&stage.master).metrics;
    stage.edit(|draft| draft.set(&metrics, HostMetrics::LIVE, false));
    let uuid = host.get(&network).uuid;
    let args = [
        ("network", uuid.as_str()),
        ("devices", "eth1,eth2"),
        ("mode", ""),
    ];
    let made = plugin(host, &[], "pool-bond", &args).unwrap();
    assert_eq!(made["bonds"][0]["members"], serde_json::json!(["eth1"]));
    assert_eq!(made["bonds"][0]["missing"], serde_json::json!(["eth2"]));
    let messages = host.all::<Message>().into_iter();
    let told = messages.filter(|(_, message)| message.name == "POOL_NETWORK_NOT_INHERITED");
    let bodies: Vec<_> = told.map(|(_, message)| message.body).collect();
    let body = "the bond on bonded has 1 of the 2 members that were asked for: there is no eth2";
    assert_eq!(bodies, [body]);
}

/// A host of which eth1 could be the management interface, beside another with PIFs on the same networks.
fn two() -> Stage {
    let stage = Stage::new(2, 2);
    let this = stage.host.host();
    stage.edit(|draft| {
        for (pool, _) in draft.all::<Pool>()? {
            draft.set(&pool, Pool::MASTER, this.clone())?;
        }
        Ok(())
    });
    for (pif, ip) in [
        (stage.mine("eth1"), "10.1.0.1"),
        (stage.masters("eth1"), "10.1.0.2"),
    ] {
        stage.address(&pif, ip);
    }
    stage
}

#[test]
fn management_of_all_hosts_is_refused_in_xapis_order() {
    type Spoil = fn(&Stage, &Ref<Network>) -> ApiError;
    let cases: [(&str, Spoil); 6] = [
        ("high availability", |stage, _| {
            let (pool, _) = stage.host.all::<Pool>().remove(0);
            stage.edit(|draft| draft.set(&pool, Pool::HA_ENABLED, true));
            errors::ha_is_enabled()
        }),
        ("no PIF", |stage, network| {
            let pif = stage.masters("eth1");
            let other = stage.host.new_network("other");
            stage.edit(|draft| draft.set(&pif, Pif::NETWORK, other.clone()));
            errors::pif_not_present(&stage.master, network)
        }),
        ("another family", |stage, _| {
            let pifs = stage.host.get(&stage.host.network("xenbr1")).pifs;
            let hosts: Vec<_> = stage
                .host
                .all::<Host>()
                .into_iter()
                .map(|(host, _)| host)
                .collect();
            // The first host's counts.
            let second = pifs
                .iter()
                .find(|pif| stage.host.get(*pif).host == hosts[1])
                .unwrap()
                .clone();
            stage.edit(|draft| {
                draft.set(&second, Pif::PRIMARY_ADDRESS_TYPE, PrimaryAddressType::IPv6)
            });
            errors::pif_incompatible_primary_address_type(&second)
        }),
        ("a dead host", |stage, _| {
            let metrics = stage.host.get(&stage.master).metrics;
            stage.edit(|draft| draft.set(&metrics, HostMetrics::LIVE, false));
            errors::host_offline(&stage.master)
        }),
        ("a host without a link", |stage, _| {
            errors::host_offline(&stage.master)
        }),
        ("an unknown network", |stage, _| {
            let nobody = Ref::<Network>::new("OpaqueRef:3b6d8a1e-0000-4000-8000-00000000dead");
            let error = stage
                .host
                .call("pool.management_reconfigure", vec![text(&nobody)]);
            assert_eq!(
                error.unwrap_err(),
                errors::handle_invalid("network", &nobody)
            );
            errors::host_offline(&stage.master)
        }),
    ];
    for (what, spoil) in cases {
        let stage = two();
        let network = stage.host.network("xenbr1");
        let expected = spoil(&stage, &network);
        let seen = stage.host.seen();
        let refused = stage
            .host
            .call("pool.management_reconfigure", vec![text(&network)]);
        assert_eq!(refused.unwrap_err(), expected, "{what}");
        assert_eq!(stage.host.seen(), seen, "{what}");
    }
}

#[test]
fn management_of_the_only_host_moves_to_its_pif_on_the_network() {
    let host = SimHost::new(2);
    let network = host.network("xenbr1");
    let error = host
        .call("pool.management_reconfigure", vec![text(&network)])
        .unwrap_err();
    assert_eq!(
        error,
        errors::pif_has_no_network_configuration(host.pif("eth1"))
    );
    let words = ["Static", "10.1.0.1", "255.255.255.0", "10.1.0.254", ""].map(Value::from);
    let params = std::iter::once(text(&host.pif("eth1")))
        .chain(words)
        .collect();
    host.call("PIF.reconfigure_ip", params).unwrap();
    host.call("pool.management_reconfigure", vec![text(&network)])
        .unwrap();
    let management = |device: &str| host.get(&host.pif(device)).management;
    assert_eq!((management("eth0"), management("eth1")), (false, true));
    assert_eq!(
        host.get(&host.pif("eth1")).ip_configuration_mode,
        IpConfigurationMode::Static
    );
    assert_eq!(host.diverged(), Vec::<String>::new());
}

#[test]
fn igmp_snooping_is_the_pools_and_as_before_if_a_host_refuses() {
    let host = SimHost::new(2);
    let (pool, _) = host.all::<Pool>().remove(0);
    let set = |value| {
        host.call(
            "pool.set_igmp_snooping_enabled",
            vec![text(&pool), Value::Bool(value)],
        )
    };
    let status = || {
        let shown = host.get(&host.pif("eth0")).igmp_snooping_status.to_string();
        (host.get(&pool).igmp_snooping_enabled, shown)
    };
    let before = status();
    fail_next(&host);
    assert_eq!(
        set(true).unwrap_err(),
        errors::could_not_update_igmp_snooping_everywhere()
    );
    assert_eq!(status().0, before.0);
    assert_eq!(host.diverged(), Vec::<String>::new());
    set(true).unwrap();
    assert_eq!(status(), (true, "enabled".to_owned()));
    assert_eq!(host.diverged(), Vec::<String>::new());
    set(false).unwrap();
    assert_eq!(status(), (false, "disabled".to_owned()));
    let this = host.host();
    let store = &host.core().store;
    store
        .change(|draft| draft.set(&this, Host::SOFTWARE_VERSION, Default::default()))
        .unwrap();
    assert_eq!(set(true).unwrap_err(), errors::openvswitch_not_active());
}
