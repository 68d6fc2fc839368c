//! What many VLANs and many guests' NICs cost: a boot with 800 VLANs, a start that finds all as it should be, a bond that
//! takes everything along; beside the rows of Open vSwitch alone, written by a bare client.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use xapi_db::{Options, Read as _, Store};
use xapi_model::{Bond, BondMode, Class, Network, Pif, Ref, Value, Vif, Vlan, Vm, bond, vlan};
use xapi_net::ovs::ovsdb;
use xapi_tests::sim_host::{vif_record, vm_record};
use xapi_tests::{Lab, Xen, eventually};

use crate::{Outcome, median, row};

/// VLANs of the large host.
const VLANS: i64 = 800;
/// Guests of the large host, and the NICs of each.
const GUESTS: (usize, usize) = (100, 10);
/// Changes of a large host take their time.
const LONG: Duration = Duration::from_secs(600);

/// What runs inside the host, by the word after `--scale`.
pub fn inside(what: &str) -> Outcome<()> {
    match what {
        "rows" => vlan_rows(),
        "bare" => {
            let mut client = ovsdb::Client::new("/run/openvswitch/db.sock");
            for vlans in [10, VLANS] {
                let nics = ["eth2", "eth3"];
                let made = bare(&mut client, Some((vlans, &nics)))?;
                let gone = bare(&mut client, None)?;
                println!("{vlans} {made} {gone}");
            }
            Ok(())
        }
        other => Err(format!("--scale {other}?").into()),
    }
}

/// All figures, on labs of their own.
pub fn scale() -> Outcome<()> {
    let bare = bare_figures()?;
    moderate(bare[0])?;
    large(bare[1])
}

/// Runs this program inside a host of a lab.
fn run_inside(lab: &Lab, what: &str) -> Outcome<String> {
    let program = std::env::current_exe()?;
    let program = program.to_str().ok_or("a path that is no text")?;
    Ok(lab.verb(&["exec", "xs-1", "--", program, "--scale", what]))
}

/// Milliseconds that Open vSwitch takes for a bond with 10 and with 800 VLANs, and to be rid of them.
fn bare_figures() -> Outcome<Vec<(f64, f64)>> {
    let lab = Lab::alone(&["--nics", "4"]);
    for device in ["eth2", "eth3"] {
        let xen = lab.api("xs-1");
        let (pif, _) = xen.pif(device);
        xen.session()
            .call("PIF.unplug", vec![pif.as_str().into()])?;
    }
    let told = run_inside(&lab, "bare")?;
    let figures = told.lines().map(|line| {
        let mut words = line.split(' ').skip(1).map(str::parse);
        match (words.next(), words.next()) {
            (Some(Ok(made)), Some(Ok(gone))) => Ok((made, gone)),
            _ => Err(format!("no figures: {line}").into()),
        }
    });
    figures.collect()
}

/// One transaction that makes a bond with VLANs, or takes it away, and the time until it is so.
fn bare(client: &mut ovsdb::Client, bond: Option<(i64, &[&str])>) -> Outcome<f64> {
    let deadline = Instant::now() + LONG;
    let ops = match bond {
        Some((vlans, nics)) => bare_rows(vlans, nics),
        None => {
            let find = json!({"op": "select", "table": "Bridge", "where": [["name", "==", "bare"]], "columns": ["_uuid"]});
            let uuid = client.transact(vec![find], deadline)?[0]["rows"][0]["_uuid"].clone();
            let mutation = json!([["bridges", "delete", uuid]]);
            vec![
                json!({"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": mutation}),
            ]
        }
    };
    let began = Instant::now();
    client.transact(ops, deadline)?;
    client.nudge(deadline)?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

fn bare_rows(vlans: i64, nics: &[&str]) -> Vec<Json> {
    let mut ports = Vec::new();
    let mut ops = Vec::new();
    let interface = |uuid: &str, name: &str, kind: &str| json!({"op": "insert", "table": "Interface", "uuid-name": uuid, "row": {"name": name, "type": kind}});
    let mut port = |uuid: String, mut row: Json, interfaces: Vec<Json>| {
        row["interfaces"] = json!(["set", interfaces]);
        ports.push(json!(["named-uuid", uuid]));
        json!({"op": "insert", "table": "Port", "uuid-name": uuid, "row": row})
    };
    let members: Vec<_> = nics.iter().map(|nic| json!(["named-uuid", nic])).collect();
    ops.extend(nics.iter().map(|nic| interface(nic, nic, "")));
    let bond = json!({"name": "barebond", "bond_mode": "active-backup"});
    ops.push(port("pbond".to_owned(), bond, members));
    ops.push(interface("local", "bare", "internal"));
    let local = vec![json!(["named-uuid", "local"])];
    ops.push(port("plocal".to_owned(), json!({"name": "bare"}), local));
    for tag in 1..=vlans {
        let (name, uuid) = (format!("bare{tag}"), format!("i{tag}"));
        ops.push(interface(&uuid, &name, "internal"));
        let row = json!({"name": name, "tag": tag, "fake_bridge": true});
        ops.push(port(
            format!("p{tag}"),
            row,
            vec![json!(["named-uuid", uuid])],
        ));
    }
    ops.push(json!({"op": "insert", "table": "Bridge", "uuid-name": "b",
        "row": {"name": "bare", "datapath_type": "netdev", "ports": ["set", ports]}}));
    ops.push(json!({"op": "mutate", "table": "Open_vSwitch", "where": [],
        "mutations": [["bridges", "insert", ["named-uuid", "b"]]]}));
    ops
}

/// Guests with NICs on some networks in turn, running.
fn guests(xen: &Xen, count: usize, nics: usize, networks: &[Ref<Network>]) -> Outcome<()> {
    let mut networks = networks.iter().cycle();
    for guest in 0..count {
        let record = vm_record(&format!("guest {guest}"), &[]);
        let vm = xen.session().call("VM.create", vec![record])?;
        let vm: Ref<Vm> = Ref::new(vm.as_str().unwrap_or_default());
        for device in 0..nics {
            let network = networks.next().ok_or("no network")?;
            let record = vif_record(&vm, &device.to_string(), network, &[]);
            xen.session().call("VIF.create", vec![record])?;
        }
        let no = || Value::Bool(false);
        xen.session()
            .call("VM.start", vec![vm.as_str().into(), no(), no()])?;
    }
    Ok(())
}

/// Bond.create and Bond.destroy over two NICs, in milliseconds.
fn bonded(xen: &Xen, rounds: usize) -> Outcome<(f64, f64)> {
    let network = xen.new_network("bonded");
    let (mut made, mut gone) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let create = xen.bond_call(&network, &["eth1", "eth2"], BondMode::ActiveBackup);
        let began = Instant::now();
        let this: Ref<Bond> = xen.session().invoke(&create)?;
        made.push(began.elapsed());
        let began = Instant::now();
        xen.session().invoke(&bond::Destroy { this })?;
        gone.push(began.elapsed());
    }
    Ok((median(made) / 1e3, median(gone) / 1e3))
}

/// A bond with 10 VLANs and 20 NICs of guests.
fn moderate((made, gone): (f64, f64)) -> Outcome<()> {
    let lab = Lab::alone(&["--nics", "4"]);
    let xen = lab.api("xs-1");
    let (tagged_pif, pif) = xen.pif("eth1");
    let mut networks = vec![pif.network];
    for tag in 1..=10 {
        let network = xen.new_network(&format!("vlan {tag}"));
        networks.push(network.clone());
        xen.session().invoke(&vlan::Create {
            tagged_pif: tagged_pif.clone(),
            tag,
            network,
        })?;
    }
    guests(&xen, 4, 5, &networks)?;
    let ours = bonded(&xen, 5)?;
    let what = "with 10 VLANs and 20 VIFs, rows alone";
    row(&format!("Bond.create {what}"), ours.0, made, "ms");
    row(&format!("Bond.destroy {what}"), ours.1, gone, "ms");
    Ok(())
}

/// In the host, while the daemon is stopped: the rows of many VLANs on eth1.
fn vlan_rows() -> Outcome<()> {
    let store = Store::open(Path::new("/var/lib/xcp/xapi.db"), Options::default())?;
    store.change(|draft| {
        let tagged = draft.all::<Pif>()?.into_iter();
        let mut tagged = tagged.filter(|(_, pif)| pif.device == "eth1" && pif.physical);
        let Some((tagged_pif, tagged)) = tagged.next() else {
            return Err(xapi_model::errors::internal_error("no eth1"));
        };
        for tag in 1..=VLANS {
            let network = draft.insert(Network {
                name_label: format!("vlan {tag}"),
                bridge: format!("xapi{}", 1000 + tag),
                mtu: 1500,
                managed: true,
                ..Network::blank()
            })?;
            let vlan = draft.insert(Vlan {
                tagged_pif: tagged_pif.clone(),
                tag,
                ..Vlan::blank()
            })?;
            let untagged = draft.insert(Pif {
                uuid: String::new(),
                vlan: tag,
                network,
                physical: false,
                mac: "fe:ff:ff:ff:ff:ff".to_owned(),
                vlan_master_of: vlan.clone(),
                bond_master_of: Default::default(),
                ..tagged.clone()
            })?;
            draft.set(&vlan, Vlan::UNTAGGED_PIF, untagged)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The milliseconds of the last convergence that the daemon's log tells of, and its steps.
fn last_convergence(lab: &Lab) -> Outcome<(usize, f64)> {
    let log = lab.verb(&["logs", "xs-1"]);
    let line = log.lines().rev().find(|line| line.contains(" steps in "));
    let line = line.ok_or("no convergence in the log")?;
    let (steps, rest) = line.split_once(" steps in ").ok_or("no steps")?;
    let steps = steps.rsplit(' ').next().unwrap_or_default().parse()?;
    let time = rest.split(',').next().unwrap_or_default();
    let at = time.find(|sign: char| !sign.is_ascii_digit() && sign != '.');
    let (number, unit) = time.split_at(at.unwrap_or(time.len()));
    let number: f64 = number.parse()?;
    let milliseconds = match unit {
        "s" => number * 1e3,
        "ms" => number,
        "µs" => number / 1e3,
        other => return Err(format!("a time in {other:?}").into()),
    };
    Ok((steps, milliseconds))
}

/// 800 VLANs on a NIC, then 1,000 NICs of guests on them, then a bond that takes all along.
fn large((made, gone): (f64, f64)) -> Outcome<()> {
    let lab = Lab::alone(&["--nics", "4"]);
    lab.exec(
        "xs-1",
        "echo change_deadline = 600 >> /etc/xensource/xapi.toml.new; \
         cat /etc/xensource/xapi.toml >> /etc/xensource/xapi.toml.new; \
         mv /etc/xensource/xapi.toml.new /etc/xensource/xapi.toml; service xapi stop",
    );
    run_inside(&lab, "rows")?;
    lab.verb(&["reboot", "xs-1"]);
    let xen = eventually("the host answers", || {
        Xen::patient(&lab.socket("xs-1"), LONG).map_err(|why| why.to_string())
    });
    let xen_of = |xen: &Xen| xen.session().records::<Pif>();
    let plugged = xen_of(&xen)?;
    let plugged = plugged.iter().filter(|(_, pif)| pif.currently_attached);
    println!(
        "{:<58} {:>10}",
        "PIFs plugged after the boot",
        plugged.count()
    );
    let (steps, boot) = last_convergence(&lab)?;
    println!("{:<58} {steps:>10}", "steps of the boot");
    row(
        "boot with 800 VLANs, rows of a bond with as many",
        boot,
        made,
        "ms",
    );
    let networks = xen.session().records::<Network>()?.into_iter();
    let networks = networks.filter(|(_, network)| network.name_label.starts_with("vlan "));
    let networks: Vec<_> = networks.map(|(network, _)| network).collect();
    let began = Instant::now();
    guests(&xen, GUESTS.0, GUESTS.1, &networks)?;
    let each = began.elapsed().as_secs_f64() * 1e3 / GUESTS.0 as f64;
    println!(
        "{:<58} {each:>8.1}ms",
        "VM.create, 10 VIF.create, VM.start, of 100"
    );
    let attached = xen.session().records::<Vif>()?.into_iter();
    let attached = attached.filter(|(_, vif)| vif.currently_attached).count();
    println!("{:<58} {attached:>10}", "VIFs plugged");
    let began = Instant::now();
    lab.verb(&["restart", "xs-1"]);
    let restart = began.elapsed().as_secs_f64() * 1e3;
    let (steps, nothing) = last_convergence(&lab)?;
    println!("{:<58} {steps:>10}", "steps of a start that finds all so");
    println!("{:<58} {nothing:>8.1}ms", "that convergence");
    println!(
        "{:<58} {restart:>8.1}ms",
        "the restart until the host answers"
    );
    let xen = Xen::patient(&lab.socket("xs-1"), LONG)?;
    let ours = bonded(&xen, 1)?;
    let what = "with 800 VLANs and 1,000 VIFs, rows alone";
    row(&format!("Bond.create {what}"), ours.0, made + gone, "ms");
    row(&format!("Bond.destroy {what}"), ours.1, made + gone, "ms");
    Ok(())
}
