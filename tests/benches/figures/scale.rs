//! What many VLANs and many guests' NICs cost: a boot with 800 VLANs, a start that finds all as it should be, a bond that
//! takes everything along; beside the rows of Open vSwitch alone, written by a bare client.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use xapi_db::{Options, Read as _, Store};
use xapi_model::{Bond, BondMode, Class, Network, Pif, Ref, Value, Vif, Vlan, Vm, bond, vlan};
use xapi_net::kernel::Kernel;
use xapi_net::ovs::ovsdb;
use xapi_tests::sim_host::{vif_record, vm_record};
use xapi_tests::{Lab, Xen, eventually};

use crate::{Outcome, median, row};

/// VLANs of the large host.
const VLANS: i64 = 800;
/// VLANs and guests' NICs of the moderate one.
const FEW_VLANS: i64 = 10;
const VIFS: i64 = 20;
/// Guests of the large host, and the NICs of each.
const GUESTS: (usize, usize) = (100, 10);
/// Changes of a large host take their time.
const LONG: Duration = Duration::from_secs(600);

/// What runs inside the host, by the word after `--scale`.
pub fn inside(what: &str) -> Outcome<()> {
    match what {
        "rows" => vlan_rows(),
        "bare" => {
            let mut client = Bare::new()?;
            for vlans in [FEW_VLANS, VLANS] {
                let (rows, up) = client.make(&[Bridge {
                    vlans,
                    ..Bridge::over("bare", &["eth2", "eth3"])
                }])?;
                let gone = client.put_in_place_of(&["bare"], &[])?;
                println!("{rows} {up} {gone}");
            }
            let (there, back) = client.moved()?;
            println!("{there} {back} 0");
            Ok(())
        }
        other => Err(format!("--scale {other}?").into()),
    }
}

/// All figures, on labs of their own.
pub fn scale() -> Outcome<()> {
    let bare = bare_figures()?;
    let [_, many, moved] = bare.as_slice() else {
        return Err(format!("figures of a bare client: {bare:?}").into());
    };
    moderate((moved[0], moved[1]))?;
    large(*many)
}

/// Runs this program inside a host of a lab.
fn run_inside(lab: &Lab, what: &str) -> Outcome<String> {
    let program = std::env::current_exe()?;
    let program = program.to_str().ok_or("a path that is no text")?;
    Ok(lab.verb(&["exec", "xs-1", "--", program, "--scale", what]))
}

/// Milliseconds that Open vSwitch and the kernel take without us. For a bond with 10 and with 800 VLANs: until the rows
/// are so, until the devices are up too, and to be rid of them. For 10 VLANs and 20 NICs of guests: to move to a bond, and
/// back.
fn bare_figures() -> Outcome<Vec<[f64; 3]>> {
    let lab = Lab::alone(&["--nics", "4"]);
    for device in ["eth2", "eth3"] {
        let xen = lab.api("xs-1");
        let (pif, _) = xen.pif(device);
        xen.session()
            .call("PIF.unplug", vec![pif.as_str().into()])?;
    }
    for guest in 0..VIFS {
        let end = guests_end(guest);
        let made = format!("ip link add {end} up type veth peer bareend{guest}");
        lab.exec("xs-1", &made);
    }
    let told = run_inside(&lab, "bare")?;
    let figures = told.lines().map(|line| {
        let numbers: Result<Vec<f64>, _> = line.split(' ').map(str::parse).collect();
        let numbers = numbers.map_err(|why| format!("{line}: {why}"))?;
        <[f64; 3]>::try_from(numbers).map_err(|_| format!("no figures: {line}").into())
    });
    figures.collect()
}

/// A bridge as a bare client makes it: over a NIC or a bond, with VLANs, and guests' NICs on those in turn.
struct Bridge<'a> {
    name: &'a str,
    nics: &'a [&'a str],
    vlans: i64,
    guests: i64,
}

impl<'a> Bridge<'a> {
    fn over(name: &'a str, nics: &'a [&'a str]) -> Bridge<'a> {
        Bridge {
            name,
            nics,
            vlans: 0,
            guests: 0,
        }
    }

    /// The operations that make its rows, and the reference to it.
    fn rows(&self) -> (Vec<Json>, Json) {
        let (name, mut ops, mut ports) = (self.name, Vec::new(), Vec::new());
        let named = |uuid: &str| json!(["named-uuid", format!("{name}_{uuid}")]);
        let mut port = |uuid: &str, mut row: Json, interfaces: &[(String, &str)]| {
            let of = |at: usize| format!("{uuid}_i{at}");
            let insert = |table: &str, uuid: &str, row: &Json| json!({"op": "insert", "table": table, "uuid-name": format!("{name}_{uuid}"), "row": row});
            for (at, (device, kind)) in interfaces.iter().enumerate() {
                let row = match *kind {
                    "internal" => {
                        json!({"name": device, "type": kind, "mac": MAC, "mtu_request": 1500})
                    }
                    _ => json!({"name": device, "type": kind}),
                };
                ops.push(insert("Interface", &of(at), &row));
            }
            let members: Vec<_> = (0..interfaces.len()).map(|at| named(&of(at))).collect();
            row["interfaces"] = json!(["set", members]);
            ops.push(insert("Port", uuid, &row));
            ports.push(named(uuid));
        };
        let nics: Vec<_> = self
            .nics
            .iter()
            .map(|nic| ((*nic).to_owned(), ""))
            .collect();
        let uplink = match self.nics {
            [nic] => json!({"name": nic}),
            _ => json!({"name": "barebond", "bond_mode": "active-backup"}),
        };
        port("uplink", uplink, &nics);
        let own = [(name.to_owned(), "internal")];
        port("own", json!({"name": name}), &own);
        for tag in 1..=self.vlans {
            let device = format!("bare{tag}");
            let row = json!({"name": device, "tag": tag, "fake_bridge": true});
            port(&format!("v{tag}"), row, &[(device, "internal")]);
        }
        for guest in 0..self.guests {
            let device = guests_end(guest);
            let row = json!({"name": device, "tag": guest % self.vlans + 1});
            port(&format!("g{guest}"), row, &[(device, "")]);
        }
        let row = json!({"name": name, "datapath_type": "netdev", "ports": ["set", ports],
            "other_config": ["map", [["hwaddr", MAC]]]});
        ops.push(json!({"op": "insert", "table": "Bridge", "uuid-name": format!("{name}_b"), "row": row}));
        (ops, named("b"))
    }
}

/// The MAC of all devices: one that has none of its own is made with a random one and then given another.
const MAC: &str = "02:00:00:00:00:01";

fn guests_end(number: i64) -> String {
    format!("barevif{number}")
}

/// Somebody who knows what is there, checks nothing, waits for what must be waited for, and looks at nothing afterwards.
struct Bare {
    client: ovsdb::Client,
    kernel: Kernel,
}

impl Bare {
    fn new() -> Outcome<Bare> {
        Ok(Bare {
            client: ovsdb::Client::new("/run/openvswitch/db.sock"),
            kernel: Kernel::open()?,
        })
    }

    /// Makes bridges in one transaction: milliseconds until that is so, and until their VLANs are up.
    fn make(&mut self, bridges: &[Bridge<'_>]) -> Outcome<(f64, f64)> {
        let began = Instant::now();
        let rows = self.put_in_place_of(&[], bridges)?;
        for tag in bridges.iter().flat_map(|bridge| 1..=bridge.vlans) {
            self.kernel.set_up(&format!("bare{tag}"), true)?;
        }
        Ok((rows, began.elapsed().as_secs_f64() * 1e3))
    }

    /// Takes bridges away and makes others, in one transaction: milliseconds until that is so.
    fn put_in_place_of(&mut self, old: &[&str], new: &[Bridge<'_>]) -> Outcome<f64> {
        let deadline = Instant::now() + LONG;
        let find = |name: &&str| json!({"op": "select", "table": "Bridge", "where": [["name", "==", name]], "columns": ["_uuid"]});
        let found = self
            .client
            .transact(old.iter().map(find).collect(), deadline)?;
        let gone: Vec<_> = found.iter().map(|it| &it["rows"][0]["_uuid"]).collect();
        let (ops, made): (Vec<_>, Vec<_>) = new.iter().map(Bridge::rows).unzip();
        let mut ops = ops.concat();
        let mutations = json!([
            ["bridges", "delete", ["set", gone]],
            ["bridges", "insert", ["set", made]]
        ]);
        ops.push(
            json!({"op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": mutations}),
        );
        let began = Instant::now();
        self.client.transact(ops, deadline)?;
        self.client.nudge(deadline)?;
        Ok(began.elapsed().as_secs_f64() * 1e3)
    }

    /// What a bond with 10 VLANs and 20 NICs of guests takes along, and gives back: milliseconds of each.
    fn moved(&mut self) -> Outcome<(f64, f64)> {
        let full = |name, nics| Bridge {
            vlans: FEW_VLANS,
            guests: VIFS,
            ..Bridge::over(name, nics)
        };
        let before = || {
            [
                full("bareone", &["eth2"]),
                Bridge::over("baretwo", &["eth3"]),
            ]
        };
        self.make(&before())?;
        let (mut there, mut back) = (Vec::new(), Vec::new());
        for _ in 0..5 {
            let began = Instant::now();
            let bond = [full("bare", &["eth2", "eth3"])];
            self.put_in_place_of(&["bareone", "baretwo"], &bond)?;
            self.up()?;
            there.push(began.elapsed());
            let began = Instant::now();
            self.put_in_place_of(&["bare"], &before())?;
            self.up()?;
            back.push(began.elapsed());
        }
        Ok((median(there) / 1e3, median(back) / 1e3))
    }

    fn up(&mut self) -> Outcome<()> {
        for tag in 1..=FEW_VLANS {
            self.kernel.set_up(&format!("bare{tag}"), true)?;
        }
        Ok(())
    }
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
    for tag in 1..=FEW_VLANS {
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
    let what = "with 10 VLANs and 20 VIFs, a bare move";
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

/// The convergences that the daemon's log tells of: their steps and milliseconds.
fn convergences(lab: &Lab) -> Outcome<Vec<(usize, f64)>> {
    let log = lab.verb(&["logs", "xs-1"]);
    let told = log.lines().filter_map(|line| line.split_once(" steps in "));
    told.map(|(before, after)| {
        let steps = before.rsplit(' ').next().unwrap_or_default().parse()?;
        let time = after.split(',').next().unwrap_or_default();
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
    })
    .collect()
}

/// 800 VLANs on a NIC, then 1,000 NICs of guests on them, then a bond that takes all along.
fn large([rows, up, gone]: [f64; 3]) -> Outcome<()> {
    let lab = Lab::alone(&["--nics", "4"]);
    lab.exec(
        "xs-1",
        "echo 'log = \"xapi_net::local=debug,info\"' >> /etc/xensource/xapi.toml.new; \
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
    // What has come of the links meanwhile is looked at afterwards.
    let all = convergences(&lab)?.into_iter();
    let (steps, boot) = all
        .max_by_key(|(steps, _)| *steps)
        .ok_or("no boot in the log")?;
    println!("{:<58} {steps:>10}", "steps of the boot");
    for (baseline, than) in [(rows, "their rows"), (up, "their rows and devices")] {
        row(
            &format!("boot with 800 VLANs, {than}"),
            boot,
            baseline,
            "ms",
        );
    }
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
    let before = convergences(&lab)?.len();
    let began = Instant::now();
    lab.verb(&["restart", "xs-1"]);
    let restart = began.elapsed().as_secs_f64() * 1e3;
    let mut all = convergences(&lab)?.into_iter().skip(before);
    let (steps, nothing) = all.next().ok_or("no start in the log")?;
    println!("{:<58} {steps:>10}", "steps of a start that finds all so");
    println!("{:<58} {nothing:>8.1}ms", "that convergence");
    println!(
        "{:<58} {restart:>8.1}ms",
        "the restart until the host answers"
    );
    let xen = Xen::patient(&lab.socket("xs-1"), LONG)?;
    let ours = bonded(&xen, 1)?;
    let what = "with 800 VLANs and 1,000 VIFs, VLANs alone";
    row(&format!("Bond.create {what}"), ours.0, up + gone, "ms");
    row(&format!("Bond.destroy {what}"), ours.1, up + gone, "ms");
    Ok(())
}
