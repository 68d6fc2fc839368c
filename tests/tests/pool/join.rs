//! A host joins the pool of another: both are simulated, and what the link would carry is a value.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use xapi_core::pool::dowry::Dowry;
use xapi_core::pool::inherit::inherit;
use xapi_core::pool::join::{JoinPlan, Other, admit, ask, plan};
use xapi_core::{Origin, topology};
use xapi_db::Read;
use xapi_model::{
    ApiError, Bond, Certificate, Class, Host, HostMetrics, Network, Pif, Pool, Ref, Sr, Value, Vm,
    VmPowerState,
};
use xapi_net::agent::Request;
use xapi_tests::SimHost;
use xapi_tests::sim_host::text;

/// What a host would bring along, as it comes over the link.
fn dowry(host: &SimHost) -> Dowry {
    let view = host.core().view().unwrap();
    let dowry = Dowry::of(&view, &host.host()).unwrap();
    serde_json::from_str(&serde_json::to_string(&dowry).unwrap()).unwrap()
}

fn planned(pool: &SimHost, host: &SimHost) -> JoinPlan {
    plan(&pool.core().view().unwrap(), &dowry(host), false).unwrap()
}

/// The host joins, and joins again as if it had not heard that it has: nothing must come of that.
fn join(pool: &SimHost, host: &SimHost) -> Ref<Host> {
    let dowry = dowry(host);
    let store = &pool.core().store;
    let made = store.change(|draft| admit(draft, &dowry, false)).unwrap();
    let draft = store.draft().unwrap();
    assert_eq!(admit(&draft, &dowry, false).unwrap(), made);
    assert!(draft.is_empty(), "again: {:?}", draft.edits());
    made
}

/// Makes a simulated host what the pool's rows say of it; gives the steps that this took.
fn converge(pool: &SimHost, host: &SimHost, reference: &Ref<Host>) -> usize {
    let topology = topology::of_host(&pool.core().view().unwrap(), reference).unwrap();
    let outcome = host
        .core()
        .agent
        .converge(Request::what_can(topology.clone()));
    let outcome = outcome.unwrap();
    assert!(outcome.left_out.is_empty(), "{:?}", outcome.left_out);
    let again = host.core().agent.plan(Request::what_can(topology)).unwrap();
    assert_eq!(again, []);
    outcome.steps
}

/// A host's PIFs in the pool's rows: device and VLAN, bridge and address.
fn pifs(pool: &SimHost, host: &Ref<Host>) -> Vec<String> {
    let view = pool.core().view().unwrap();
    let mut lines = Vec::new();
    for pif in view.find(Pif::HOST, host).unwrap() {
        let row = view.get(&pif).unwrap();
        let bridge = view.field(&row.network, Network::BRIDGE).unwrap();
        let tag = if row.vlan < 0 {
            String::new()
        } else {
            format!(".{}", row.vlan)
        };
        lines.push(
            format!("{}{tag} {bridge} {}", row.device, row.ip)
                .trim()
                .to_owned(),
        );
    }
    lines.sort();
    lines
}

fn vlan(host: &SimHost, device: &str, tag: i64, network: &Ref<Network>) {
    let params = vec![text(&host.pif(device)), Value::Int(tag), text(network)];
    host.call("VLAN.create", params).unwrap();
}

fn edit(host: &SimHost, by: impl Fn(&xapi_db::Draft) -> Result<(), ApiError>) {
    host.core().store.change(by).unwrap();
}

#[test]
fn a_hosts_nics_are_on_the_pools_networks_and_its_own_network_is_as_it_was() {
    let (pool, host) = (SimHost::new(2), SimHost::another(3, 2));
    let this = join(&pool, &host);
    assert_eq!(
        pifs(&pool, &this),
        ["eth0 xenbr0 172.16.0.11", "eth1 xenbr1", "eth2 xenbr2"]
    );
    let both = pool.get(&pool.network("xenbr1"));
    assert_eq!(both.pifs.len(), 2);
    assert_eq!(
        pool.get(&pool.network("xenapi")).name_label,
        "Host internal management network"
    );
    let row = pool.get(&this);
    assert_eq!(row.uuid, host.get(&host.host()).uuid);
    assert!(pool.get(&row.control_domain).is_control_domain);
    assert_eq!(row.certificates.len(), 2);
    assert!(!pool.get(&row.metrics).live, "nobody has heard of it yet");
    converge(&pool, &host, &this);
}

#[test]
fn bonds_and_vlans_like_the_pools_are_on_its_networks_and_others_get_new_bridges() {
    let (pool, host) = (SimHost::new(6), SimHost::another(6, 2));
    let [nas, tagged] = ["NAS", "five"].map(|label| pool.new_network(label));
    pool.bond(&nas, &["eth1", "eth2"], "active-backup").unwrap();
    vlan(&pool, "bond0", 5, &tagged);
    // Other names, other bridges: xapi0 is a VLAN here and a bond there.
    let [own, mine, bonded, odd] =
        ["own", "mine", "storage", "odd"].map(|label| host.new_network(label));
    vlan(&host, "eth5", 9, &own);
    host.bond(&bonded, &["eth2", "eth1"], "balance-slb")
        .unwrap();
    vlan(&host, "bond0", 5, &mine);
    host.bond(&odd, &["eth3", "eth4"], "balance-slb").unwrap();
    let plan = planned(&pool, &host);
    assert_eq!(plan.blockers, []);
    let says = |line: &str| assert!(plan.steps.iter().any(|step| step == line), "{plan:?}");
    says("network storage (xapi2) becomes NAS (xapi0): it is a bond of the same NICs");
    says("network mine (xapi1) becomes five (xapi1): it is the same VLAN");
    says("network own (xapi0) is new to the pool, with the bridge xapi4 in place of xapi0");
    says("network odd (xapi3) is new to the pool");
    let this = join(&pool, &host);
    let lines = pifs(&pool, &this);
    for line in [
        "bond0 xapi0",
        "bond0.5 xapi1",
        "eth5.9 xapi4",
        "bond1 xapi3",
    ] {
        assert!(
            lines.iter().any(|found| found == line),
            "no {line}: {lines:?}"
        );
    }
    converge(&pool, &host, &this);
}

#[test]
fn networks_of_one_name_become_one_if_they_are_alike_and_no_other_has_the_name() {
    let (pool, host) = (SimHost::new(2), SimHost::another(3, 2));
    let theirs = pool.new_network("private");
    for _ in 0..2 {
        pool.new_network("twice");
    }
    pool.new_network("tagged");
    host.new_network("private");
    host.new_network("twice");
    // The pool's of this name has no PIF, and is not what this one is.
    let tagged = host.new_network("tagged");
    vlan(&host, "eth2", 9, &tagged);
    let plan = planned(&pool, &host);
    let about = |name: &str| -> Vec<&String> {
        let steps = plan.steps.iter();
        steps.filter(|step| step.contains(name)).collect()
    };
    assert!(
        about("private")[0].ends_with(": it has the same name"),
        "{plan:?}"
    );
    for other in ["twice", "tagged"] {
        assert!(about(other)[0].contains("is new to the pool"), "{plan:?}");
    }
    join(&pool, &host);
    let named = |label: &str| -> Vec<_> {
        let all = pool.all::<Network>().into_iter();
        let named = all.filter(|(_, row)| row.name_label == label);
        named.map(|(network, _)| network).collect()
    };
    assert_eq!(named("private"), [theirs]);
    assert_eq!((named("twice").len(), named("tagged").len()), (3, 2));
}

#[test]
fn a_host_that_has_joined_takes_over_the_pools_bonds_with_its_own_address_and_machines() {
    let (pool, host) = (SimHost::new(4), SimHost::another(4, 2));
    let mgt = pool.new_network("MGT");
    pool.bond(&mgt, &["eth0", "eth3"], "active-backup").unwrap();
    let vm = host.new_vm("guest", &[]);
    let mac = [("MAC", Value::from("02:16:3e:00:00:01"))];
    let vif = host.new_vif(&vm, "0", &host.network("xenbr3"), &mac);
    let this = join(&pool, &host);
    let config = &pool.core().config;
    let took = pool
        .core()
        .store
        .change(|draft| inherit(draft, config, &this))
        .unwrap();
    assert_eq!(took.alerts, Vec::<String>::new());
    let lines = pifs(&pool, &this);
    assert!(
        lines.contains(&"bond0 xapi0 172.16.0.11".to_owned()),
        "{lines:?}"
    );
    assert_eq!(pool.get(&vm).name_label, "guest");
    assert_eq!(pool.get(&vif).network, pool.network("xenbr3"));
    converge(&pool, &host, &this);
}

#[test]
fn all_that_keeps_a_host_out_is_told_at_once_in_xapis_order() {
    let (pool, host) = (SimHost::new(2), SimHost::another(3, 2));
    let (ours, theirs) = (host.host(), pool.host());
    let network = host.new_network("mgmt");
    edit(&host, |draft| {
        for (pool, _) in draft.all::<Pool>()? {
            draft.set(&pool, Pool::HA_ENABLED, true)?;
            draft.set(&pool, Pool::TLS_VERIFICATION_ENABLED, true)?;
        }
        draft.insert(Host {
            name_label: "stranger".to_owned(),
            ..Host::blank()
        })?;
        draft.insert(Vm {
            name_label: "busy one".to_owned(),
            power_state: VmPowerState::Running,
            ..Vm::blank()
        })?;
        let cpu = BTreeMap::from([("vendor".to_owned(), "Another".to_owned())]);
        draft.set(&ours, Host::CPU_INFO, cpu)?;
        let sr = draft.insert(Sr {
            name_label: "NFS".to_owned(),
            shared: true,
            ..Sr::blank()
        })?;
        draft.insert(xapi_model::Pbd {
            host: ours.clone(),
            sr,
            ..xapi_model::Pbd::blank()
        })?;
        draft.set(&ours, Host::API_VERSION_MINOR, 99)?;
        draft.set(&ours, Host::EXTERNAL_AUTH_TYPE, "AD".to_owned())
    });
    vlan(&host, "eth1", 7, &network);
    edit(&host, |draft| {
        for (pif, row) in draft.all::<Pif>()? {
            draft.set(&pif, Pif::MANAGEMENT, row.vlan == 7)?;
            if row.vlan == 7 {
                draft.set(&pif, Pif::IP, "172.16.0.10".to_owned())?;
            }
        }
        Ok(())
    });
    edit(&pool, |draft| {
        for (pool, _) in draft.all::<Pool>()? {
            let upgrade =
                BTreeMap::from([("rolling_upgrade_in_progress".to_owned(), String::new())]);
            draft.set(&pool, Pool::OTHER_CONFIG, upgrade)?;
        }
        draft.set(&theirs, Host::NAME_LABEL, "master".to_owned())
    });
    let plan = planned(&pool, &host);
    let codes: Vec<_> = plan.blockers.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "HA_IS_ENABLED",
            "JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS",
            "JOINING_HOST_CANNOT_HAVE_RUNNING_VMS",
            "HOSTS_NOT_HOMOGENEOUS",
            "JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS",
            "POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH",
            "POOL_JOINING_EXTERNAL_AUTH_MISMATCH",
            "POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION",
            "POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH",
            "NOT_SUPPORTED_DURING_UPGRADE",
            "OPERATION_NOT_ALLOWED",
        ]
    );
    let name = host.get(&host.host()).name_label;
    for blocker in &plan.blockers {
        assert!(blocker.text.contains(&name), "{}", blocker.text);
    }
    let vlan = &plan.blockers[5];
    assert_eq!(vlan.params, ["7", "-1"]);
    assert!(vlan.text.contains("VLAN 7 of eth1"), "{}", vlan.text);
    let address = &plan.blockers[10].text;
    assert!(
        address.contains("172.16.0.10") && address.contains("master"),
        "{address}"
    );
    assert_eq!(plan.refusal().unwrap().code, "HA_IS_ENABLED");
    let generation = pool.core().store.generation();
    let dowry = dowry(&host);
    let refused = pool.core().store.change(|draft| admit(draft, &dowry, true));
    assert_eq!(refused.unwrap_err().code, "HA_IS_ENABLED");
    assert_eq!(pool.core().store.generation(), generation);
}

/// The pool of another simulated host, with no link between.
struct Beside<'a>(&'a SimHost);

impl Other for Beside<'_> {
    fn plan(&self, dowry: &Dowry, force: bool) -> Result<JoinPlan, ApiError> {
        plan(&self.0.core().view()?, dowry, force)
    }

    fn take(&self, dowry: &Dowry, force: bool) -> Result<(), ApiError> {
        let store = &self.0.core().store;
        store.change(|draft| admit(draft, dowry, force).map(drop))
    }
}

#[test]
fn whoever_asks_for_the_plan_alone_gets_all_of_it_and_nothing_happens() {
    let (pool, host) = (SimHost::new(2), SimHost::another(2, 2));
    let (running, stays) = (host.new_vm("runs", &[]), host.new_vm("stays", &[]));
    edit(&host, |draft| {
        draft.set(&running, Vm::POWER_STATE, VmPowerState::Running)
    });
    let asked = |wish: &str| {
        let origin = Origin {
            other_config: vec![(wish.to_owned(), "true".to_owned())],
            ..Origin::default()
        };
        ask(host.core(), &origin, false, &Beside(&pool))
    };
    let planned = asked("http:plan-only").unwrap_err();
    assert_eq!(planned.code, "NETWORK_PLAN");
    let line = |text: &str| planned.params.iter().any(|line| line == text);
    let name = host.get(&host.host()).name_label;
    assert!(line(&format!(
        "cannot join: {name}: machines are not off: runs (JOINING_HOST_CANNOT_HAVE_RUNNING_VMS)"
    )));
    assert!(line("machine stays comes along"), "{planned}");
    assert_eq!(
        asked("none").unwrap_err().code,
        "JOINING_HOST_CANNOT_HAVE_RUNNING_VMS"
    );
    assert_eq!(pool.all::<Host>().len(), 1);
    edit(&host, |draft| {
        draft.set(&running, Vm::POWER_STATE, VmPowerState::Halted)
    });
    asked("none").unwrap();
    assert_eq!(pool.all::<Host>().len(), 2);
    assert_eq!(pool.get(&stays).name_label, "stays");
}

#[test]
fn a_host_that_is_unlike_the_others_is_taken_by_force_alone() {
    let (pool, host) = (SimHost::new(1), SimHost::another(1, 2));
    let this = host.host();
    let cpu = BTreeMap::from([("vendor".to_owned(), "Another".to_owned())]);
    edit(&host, |draft| draft.set(&this, Host::CPU_INFO, cpu.clone()));
    let dowry = dowry(&host);
    let view = pool.core().view().unwrap();
    let refusal = plan(&view, &dowry, false).unwrap().refusal().unwrap();
    assert_eq!(refusal.code, "HOSTS_NOT_HOMOGENEOUS");
    assert_eq!(plan(&view, &dowry, true).unwrap().refusal(), None);
}

#[test]
fn a_host_cannot_join_itself_nor_as_another_that_the_pool_knows() {
    let (pool, host) = (SimHost::new(1), SimHost::another(1, 2));
    let itself = planned(&pool, &SimHost::new(1));
    assert_eq!(
        itself.refusal().unwrap().params[0].split(';').next(),
        Some("Host cannot become slave of itself")
    );
    join(&pool, &host);
    // The same UUID, and a certificate that the pool has not seen.
    let imposter = SimHost::another(1, 2);
    edit(&imposter, |draft| {
        for (certificate, _) in draft.all::<Certificate>()? {
            draft.set(
                &certificate,
                Certificate::FINGERPRINT_SHA256,
                "AB:CD".to_owned(),
            )?;
        }
        Ok(())
    });
    let refusal = planned(&pool, &imposter).refusal().unwrap();
    assert!(
        refusal.params[0].starts_with("Host is already part of a pool"),
        "{refusal}"
    );
}

#[test]
fn a_host_that_comes_again_has_its_rows_refreshed_and_machines_stay_the_pools() {
    let (pool, host) = (SimHost::new(3), SimHost::another(3, 2));
    let vm = host.new_vm("guest", &[]);
    let this = join(&pool, &host);
    edit(&pool, |draft| {
        draft.set(&vm, Vm::NAME_LABEL, "the pool's now".to_owned())
    });
    let bonded = host.new_network("bonded");
    host.bond(&bonded, &["eth1", "eth2"], "balance-slb")
        .unwrap();
    assert_eq!(join(&pool, &host), this);
    assert_eq!(pool.get(&vm).name_label, "the pool's now");
    assert!(pifs(&pool, &this).contains(&"bond0 xapi0".to_owned()));
    assert_eq!(pool.all::<Host>().len(), 2);
    let (bond, _) = host.all::<Bond>().remove(0);
    host.call("Bond.destroy", vec![text(&bond)]).unwrap();
    join(&pool, &host);
    assert_eq!(pifs(&pool, &this).len(), 3);
}

/// A dowry as JSON: its rows with their fields.
fn rows(dowry: &mut Json) -> &mut Vec<Json> {
    dowry["rows"].as_array_mut().unwrap()
}

fn of_class<'j>(dowry: &'j mut Json, class: &str) -> &'j mut Json {
    let found = rows(dowry).iter_mut().find(|row| row["class"] == class);
    found.unwrap_or_else(|| panic!("no {class}"))
}

fn set(row: &mut Json, field: &str, value: Json) {
    let fields = row["act"]["Insert"].as_array_mut().unwrap();
    let found = fields.iter_mut().find(|pair| pair[0] == field);
    found.unwrap_or_else(|| panic!("no {field}"))[1] = value;
}

#[test]
fn a_dowry_with_anything_wrong_in_it_is_refused_whole() {
    let (pool, host) = (SimHost::new(2), SimHost::another(3, 2));
    let [tagged, bonded] = ["tagged", "bonded"].map(|label| host.new_network(label));
    vlan(&host, "eth0", 7, &tagged);
    host.bond(&bonded, &["eth1", "eth2"], "balance-slb")
        .unwrap();
    let vm = host.new_vm("guest", &[]);
    let mac = [("MAC", Value::from("02:16:3e:00:00:01"))];
    host.new_vif(&vm, "0", &bonded, &mac);
    let whole = serde_json::to_value(dowry(&host)).unwrap();
    let master = pool.host();
    let theirs = master.as_str();
    let some = "OpaqueRef:3b6d8a1e-0000-4000-8000-00000000dead";
    type Spoil<'a> = (&'a str, Box<dyn Fn(&mut Json) + 'a>);
    let spoil = |class: &'static str, field: &'static str, value: Json| -> Spoil<'_> {
        (
            field,
            Box::new(move |json| set(of_class(json, class), field, value.clone())),
        )
    };
    let cases: Vec<Spoil<'_>> = vec![
        spoil("PIF", "host", some.into()),
        spoil("PIF", "host", theirs.into()),
        spoil("PIF", "network", "OpaqueRef:NULL".into()),
        spoil("PIF", "device", "../../etc".into()),
        spoil("PIF", "MAC", "none".into()),
        spoil("PIF", "VLAN", 5000.into()),
        spoil("PIF", "physical", "perhaps".into()),
        spoil("PIF", "ip_configuration_mode", "Magic".into()),
        spoil("network", "bridge", "a bridge; rm -rf".into()),
        spoil("VLAN", "tag", 4095.into()),
        spoil("VLAN", "tagged_PIF", some.into()),
        spoil("Bond", "primary_slave", "OpaqueRef:NULL".into()),
        spoil("host", "uuid", "me".into()),
        spoil("host", "control_domain", "OpaqueRef:NULL".into()),
        spoil("Certificate", "host", "OpaqueRef:NULL".into()),
        spoil("VIF", "MAC", "x".into()),
        spoil("VIF", "device", "-1".into()),
        spoil("host", "name_description", "x".repeat(1 << 20).into()),
        (
            "a class",
            Box::new(|json| of_class(json, "PIF")["class"] = "session".into()),
        ),
        (
            "a field",
            Box::new(|json| {
                let fields = of_class(json, "PIF")["act"]["Insert"]
                    .as_array_mut()
                    .unwrap();
                fields.push(serde_json::json!(["magic", 1]));
            }),
        ),
        (
            "a view",
            Box::new(|json| {
                let fields = of_class(json, "Bond")["act"]["Insert"]
                    .as_array_mut()
                    .unwrap();
                fields.push(serde_json::json!(["slaves", []]));
            }),
        ),
        (
            "an edit",
            Box::new(|json| of_class(json, "PIF")["act"] = "Destroy".into()),
        ),
        (
            "a reference",
            Box::new(|json| of_class(json, "host_metrics")["reference"] = "me".into()),
        ),
        (
            "two hosts",
            Box::new(|json| {
                let mut other = of_class(json, "host").clone();
                other["reference"] = some.into();
                rows(json).push(other);
            }),
        ),
        (
            "twice",
            Box::new(|json| {
                let again = of_class(json, "PIF").clone();
                rows(json).push(again);
            }),
        ),
        (
            "no host",
            Box::new(|json| rows(json).retain(|row| row["class"] != "host")),
        ),
        (
            "many",
            Box::new(|json| {
                let one = of_class(json, "host_metrics").clone();
                rows(json).extend(vec![one; 3]);
            }),
        ),
    ];
    let generation = pool.core().store.generation();
    for (what, spoil) in cases {
        let mut json = whole.clone();
        spoil(&mut json);
        assert_ne!(json, whole, "{what}");
        let dowry: Dowry = serde_json::from_value(json).unwrap();
        let error = pool
            .core()
            .store
            .change(|draft| admit(draft, &dowry, false));
        match error {
            Ok(_) => panic!("{what} is taken"),
            Err(error) => assert_eq!(
                (error.code.as_str(), error.params[0].as_str()),
                ("INVALID_VALUE", "dowry"),
                "{what}: {error}"
            ),
        }
        assert_eq!(pool.core().store.generation(), generation, "{what}");
    }
}

#[test]
fn a_row_that_is_anothers_in_the_pool_is_refused_whole() {
    let (pool, host) = (SimHost::new(2), SimHost::another(2, 2));
    let theirs = pool.pif("eth0");
    let mine = host.pif("eth1");
    let text = serde_json::to_string(&dowry(&host)).unwrap();
    // Every row of the host says of its PIF that it is the master's.
    let dowry: Dowry = serde_json::from_str(&text.replace(mine.as_str(), theirs.as_str())).unwrap();
    let generation = pool.core().store.generation();
    let error = pool
        .core()
        .store
        .change(|draft| admit(draft, &dowry, false))
        .unwrap_err();
    assert_eq!(error.params[0], "dowry", "{error}");
    assert_eq!(pool.core().store.generation(), generation);
}

#[test]
fn whatever_is_in_a_dowry_nothing_panics_and_what_is_taken_holds_together() {
    let (pool, host) = (SimHost::new(2), SimHost::another(3, 2));
    let [tagged, bonded] = ["tagged", "bonded"].map(|label| host.new_network(label));
    vlan(&host, "eth0", 7, &tagged);
    host.bond(&bonded, &["eth1", "eth2"], "balance-slb")
        .unwrap();
    let whole = serde_json::to_value(dowry(&host)).unwrap();
    let texts = ["", "OpaqueRef:NULL", "\u{1}<&>", "7"];
    let mut step = 0;
    let mut taken = 0;
    for at in 0..whole["rows"].as_array().unwrap().len() {
        let fields = whole["rows"][at]["act"]["Insert"].as_array().unwrap().len();
        for field in (at % 7..fields).step_by(7) {
            step += 1;
            let mut json = whole.clone();
            let value = &mut json["rows"][at]["act"]["Insert"][field][1];
            // Mostly of the kind that is there, which gets further than any other.
            *value = match value {
                Json::Bool(it) => Json::Bool(!*it),
                Json::Number(_) => [-1, 0, i64::MAX][step % 3].into(),
                Json::String(_) => texts[step % texts.len()].into(),
                Json::Array(_) => serde_json::json!(["x"]),
                _ => Json::Null,
            };
            let dowry: Dowry = serde_json::from_value(json).unwrap();
            let draft = pool.core().store.draft().unwrap();
            if let Ok(this) = admit(&draft, &dowry, false) {
                taken += 1;
                topology::wished(&draft, &this).unwrap();
            }
        }
    }
    assert!(step > 60 && taken > 5 && taken < step, "{taken} of {step}");
}

#[test]
fn an_ejected_hosts_rows_go_and_what_is_the_pools_stays() {
    let (pool, host) = (SimHost::new(3), SimHost::another(3, 2));
    let vm = host.new_vm("guest", &[]);
    let mac = [("MAC", Value::from("02:16:3e:00:00:01"))];
    let vif = host.new_vif(&vm, "0", &host.network("xenbr2"), &mac);
    let [bonded, tagged] = ["bonded", "tagged"].map(|label| host.new_network(label));
    host.bond(&bonded, &["eth1", "eth2"], "balance-slb")
        .unwrap();
    vlan(&host, "bond0", 7, &tagged);
    let before: Vec<_> = pool
        .seen()
        .into_iter()
        .filter(|line| !line.starts_with("net "))
        .collect();
    let classes = |pool: &SimHost| {
        let view = pool.core().view().unwrap();
        let stored = xapi_model::MODEL
            .iter()
            .filter(|class| class.stored && !class.volatile);
        let all: BTreeMap<_, _> = stored
            .map(|class| (class.name, view.refs(class).unwrap().len()))
            .collect();
        all
    };
    let counts = classes(&pool);
    let this = join(&pool, &host);
    edit(&pool, |draft| draft.set(&vm, Vm::AFFINITY, this.clone()));
    edit(&pool, |draft| {
        xapi_core::pool::eject::may_be_ejected(draft, &this)?;
        xapi_core::pool::eject::forget(draft, &this)
    });
    assert!(pool.get(&vm).affinity.is_null());
    assert_eq!(pool.get(&vif).network, bonded);
    let after = pool.seen().into_iter();
    let after: Vec<_> = after
        .filter(|line| !line.starts_with("net ") && !line.contains("guest"))
        .collect();
    assert_eq!(after, before);
    let now = classes(&pool);
    let more: Vec<_> = now
        .iter()
        .filter(|(class, count)| counts[*class] != **count)
        .collect();
    let names: Vec<_> = more.iter().map(|(class, _)| **class).collect();
    assert_eq!(names, ["VIF", "VM", "VM_metrics", "network"], "{more:?}");
    // It may come again, with nothing.
    join(&pool, &SimHost::another(3, 2));
}

#[test]
fn what_forbids_to_eject_and_to_destroy_a_host() {
    use xapi_core::pool::eject::{may_be_destroyed, may_be_ejected};
    let (pool, host) = (SimHost::new(1), SimHost::another(1, 2));
    let this = join(&pool, &host);
    let metrics = pool.get(&this).metrics;
    let view = || pool.core().view().unwrap();
    let code = |result: Result<(), ApiError>| result.unwrap_err().code;
    assert_eq!(
        code(may_be_ejected(&view(), &pool.host())),
        "HOST_CANNOT_DESTROY_SELF"
    );
    assert_eq!(
        code(may_be_destroyed(&view(), &pool.host())),
        "HOST_IS_LIVE"
    );
    may_be_destroyed(&view(), &this).unwrap();
    edit(&pool, |draft| draft.set(&metrics, HostMetrics::LIVE, true));
    assert_eq!(code(may_be_destroyed(&view(), &this)), "HOST_IS_LIVE");
    may_be_ejected(&view(), &this).unwrap();
    edit(&pool, |draft| {
        draft.set(&metrics, HostMetrics::LIVE, false)?;
        draft.insert(Vm {
            power_state: VmPowerState::Running,
            resident_on: this.clone(),
            ..Vm::blank()
        })?;
        Ok(())
    });
    assert_eq!(
        may_be_ejected(&view(), &this).unwrap_err().params,
        ["VM resident on host"]
    );
    assert_eq!(
        code(may_be_destroyed(&view(), &this)),
        "HOST_HAS_RESIDENT_VMS"
    );
    edit(&pool, |draft| {
        let (pool, _) = draft.all::<Pool>()?.remove(0);
        draft.set(&pool, Pool::HA_ENABLED, true)
    });
    assert_eq!(code(may_be_ejected(&view(), &this)), "HA_IS_ENABLED");
    assert_eq!(code(may_be_destroyed(&view(), &this)), "HA_IS_ENABLED");
}

#[test]
fn a_host_that_is_gone_is_destroyed_with_all_that_was_its_own() {
    let (pool, host) = (SimHost::new(2), SimHost::another(2, 2));
    let seen = pool.seen();
    let this = join(&pool, &host);
    let destroy = || pool.call("host.destroy", vec![text(&this)]);
    let metrics = pool.get(&this).metrics;
    edit(&pool, |draft| draft.set(&metrics, HostMetrics::LIVE, true));
    let refused = destroy().unwrap_err();
    assert_eq!(
        (refused.code.as_str(), &*refused.params),
        ("HOST_IS_LIVE", &[this.as_str().to_owned()][..])
    );
    edit(&pool, |draft| draft.set(&metrics, HostMetrics::LIVE, false));
    destroy().unwrap();
    assert_eq!(pool.seen(), seen);
    assert_eq!(destroy().unwrap_err().code, "HANDLE_INVALID");
    assert_eq!(pool.all::<Certificate>().len(), 2);
}

#[test]
fn a_host_that_leaves_keeps_its_management_on_the_primary_nic_of_its_bond() {
    use xapi_core::pool::eject::leaving;
    let host = SimHost::another(3, 2);
    let bonded = host.new_network("bonded");
    let plain = leaving(&host.core().view().unwrap(), &host.host()).unwrap();
    host.bond(&bonded, &["eth2", "eth0"], "active-backup")
        .unwrap();
    let leaving = leaving(&host.core().view().unwrap(), &host.host()).unwrap();
    assert_eq!(leaving, plain, "the bond has the address of eth0");
    assert_eq!(
        leaving.trigger.text(),
        "DEVICE=eth0\nMODE=static\nIP=172.16.0.11\nNETMASK=255.255.255.224\nGATEWAY=172.16.0.1\n\
         MODE_V6=static\nIPV6=fd00:172:16::11/64\nGATEWAY_V6=fd00:172:16::1\n"
    );
}
