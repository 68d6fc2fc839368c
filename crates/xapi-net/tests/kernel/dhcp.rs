//! The DHCP clients against a real dnsmasq.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use xapi_net::kernel::dhcp::{Begin, Client, Config4, Config6, Event, Lease, Lease4, Lease6, Loss};
use xapi_net::kernel::{Kernel, Mac};

use crate::lab::{Namespace, Process, SOON, in_a_thread, run, wait_for, wait_until};

const MAC: Mac = Mac([2, 0, 0, 0, 0, 0x0a]);

/// A host with two NICs, eth0 and eth1, of one MAC (eth1 is down), at a switch with a router at
/// 172.16.0.1 and fd00::1, which may run a DHCP server.
struct Site {
    switch: Namespace,
    host: Namespace,
    kernel: Kernel,
    folder: tempfile::TempDir,
    server: Option<Process>,
}

impl Site {
    fn new() -> Site {
        let switch = Namespace::new();
        run("ip link add br0 type bridge");
        run("ip addr add 172.16.0.1/27 dev br0");
        run("ip addr add fd00::1/64 dev br0 nodad");
        run("ip link set br0 up");
        let host = Namespace::new();
        let mut kernel = host.kernel();
        for name in ["eth0", "eth1"] {
            run(&format!(
                "ip link add {name} address {MAC} type veth peer name p-{name} netns {}",
                switch.path()
            ));
            switch.within(|| run(&format!("ip link set p-{name} master br0 up")));
        }
        kernel.set_up("eth0", true).unwrap();
        wait_until("eth0 has a carrier", || {
            kernel.link("eth0").unwrap().unwrap().carrier
        });
        Site {
            switch,
            host,
            kernel,
            folder: tempfile::tempdir().unwrap(),
            server: None,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts the server anew, with what its log and its leases tell kept.
    fn serve(&mut self, options: &[&str]) {
        self.server = None;
        let log = format!("--log-facility={}", self.file("log").display());
        let leases = format!("--dhcp-leasefile={}", self.file("leases").display());
        let mut arguments = vec![
            "dnsmasq",
            "--keep-in-foreground",
            "--conf-file=/dev/null",
            "--port=0",
            "--user=root",
            "--pid-file=",
            "--interface=br0",
            "--bind-dynamic",
            "--log-dhcp",
            "--no-ping",
            &log,
            &leases,
        ];
        arguments.extend(options);
        let before = self.log().matches("DHCP, ").count();
        self.server = Some(self.switch.within(|| Process::start(&arguments)));
        wait_until("the server is there", || {
            self.log().matches("DHCP, ").count() > before
        });
    }

    fn serve_ipv4(&mut self) {
        self.serve(&[
            "--dhcp-range=172.16.0.20,172.16.0.25,120",
            "--dhcp-option=option:dns-server,172.16.0.1",
            "--dhcp-option=option:domain-name,example.org",
            "--dhcp-option=option:mtu,1400",
        ]);
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.file("log")).unwrap_or_default()
    }

    /// How often the server saw this.
    fn seen(&self, what: &str) -> usize {
        self.log().matches(what).count()
    }

    fn leases(&self) -> String {
        std::fs::read_to_string(self.file("leases")).unwrap()
    }

    fn client4(&self, device: &str, begin: Begin<Lease4>) -> (Client, Receiver<Event>) {
        let config = Config4 {
            mac: MAC,
            client_id: None,
            host_name: Some("xs-1".to_owned()),
            routers: true,
            dns: true,
            suggested: None,
            seed: 42,
        };
        let (sender, events) = channel();
        let report = move |event| drop(sender.send(event));
        (
            self.host
                .within(|| Client::start4(device, config, begin, report).unwrap()),
            events,
        )
    }

    fn client6(&self, device: &str, begin: Begin<Lease6>) -> (Client, Receiver<Event>) {
        let config = Config6 {
            mac: MAC,
            duid: Config6::duid_of(MAC),
            dns: true,
            seed: 42,
        };
        let (sender, events) = channel();
        let report = move |event| drop(sender.send(event));
        (
            self.host
                .within(|| Client::start6(device, config, begin, report).unwrap()),
            events,
        )
    }

    /// Puts a leased address on a device, as the agent would.
    fn put(&mut self, device: &str, lease: &Lease4) {
        self.kernel
            .add_address(device, IpAddr::V4(lease.address), lease.prefix)
            .unwrap();
        self.host
            .within(|| run(&format!("ip route replace 172.16.0.0/27 dev {device}")));
    }

    /// Moves everything from eth0 to eth1.
    fn change_over(&mut self) {
        self.kernel.set_up("eth0", false).unwrap();
        self.kernel.set_up("eth1", true).unwrap();
        let kernel = &mut self.kernel;
        wait_until("eth1 has a carrier", || {
            kernel.link("eth1").unwrap().unwrap().carrier
        });
    }
}

fn acquired(events: &Receiver<Event>) -> Lease {
    wait_for(events, SOON, |event| match event {
        Event::Acquired(lease) => Some(lease.clone()),
        _ => None,
    })
}

fn renewed(events: &Receiver<Event>, within: Duration) -> Lease {
    wait_for(events, within, |event| match event {
        Event::Renewed(lease) => Some(lease.clone()),
        _ => None,
    })
}

fn v4(lease: Lease) -> Lease4 {
    match lease {
        Lease::V4(lease) => lease,
        Lease::V6(lease) => panic!("{lease:?}"),
    }
}

fn v6(lease: Lease) -> Lease6 {
    match lease {
        Lease::V6(lease) => lease,
        Lease::V4(lease) => panic!("{lease:?}"),
    }
}

#[test]
fn a_lease_is_acquired_with_its_terms_and_prolonged_by_unicast() {
    in_a_thread(|| {
        let mut site = Site::new();
        site.serve_ipv4();
        let (client, events) = site.client4("eth0", Begin::Fresh);
        let lease = v4(acquired(&events));
        assert_eq!(client.lease(), Some(lease.clone().into()));
        let router = Ipv4Addr::new(172, 16, 0, 1);
        assert!((20..=25).contains(&lease.address.octets()[3]), "{lease:?}");
        assert_eq!(
            (lease.prefix, lease.server, lease.seconds),
            (27, router, 120)
        );
        assert_eq!(
            (&lease.routers[..], &lease.dns[..]),
            (&[router][..], &[router][..])
        );
        assert_eq!(
            (lease.domains.as_slice(), lease.mtu),
            (&["example.org".to_owned()][..], Some(1400))
        );
        assert_eq!(lease.broadcast, Some(Ipv4Addr::new(172, 16, 0, 31)));
        assert!(
            site.leases().contains("xs-1"),
            "the server knows our name: {}",
            site.leases()
        );

        site.put("eth0", &lease);
        client.renew();
        let again = v4(renewed(&events, SOON));
        assert_eq!(again.address, lease.address);
        assert_eq!(site.seen("DHCPDISCOVER"), 1);
        assert_eq!(site.seen("DHCPREQUEST(br0) "), 2);
        assert_eq!(
            site.seen("client provides name: xs-1"),
            site.seen("DHCPREQUEST(br0) ") + 1
        );
    });
}

#[test]
fn a_lease_is_prolonged_by_itself_when_the_server_said() {
    in_a_thread(|| {
        let mut site = Site::new();
        site.serve(&[
            "--dhcp-range=172.16.0.20,172.16.0.25,120",
            "--dhcp-option=option:T1,5",
            "--dhcp-option=option:T2,60",
        ]);
        let (_client, events) = site.client4("eth0", Begin::Fresh);
        let lease = v4(acquired(&events));
        assert_eq!((lease.t1, lease.t2), (5, 60));
        site.put("eth0", &lease);
        assert_eq!(v4(renewed(&events, SOON)).address, lease.address);
    });
}

#[test]
fn a_lease_goes_on_on_another_device_without_a_search() {
    in_a_thread(|| {
        let mut site = Site::new();
        site.serve_ipv4();
        let (client, events) = site.client4("eth0", Begin::Fresh);
        let lease = v4(acquired(&events));
        drop(client);
        assert!(
            site.leases().contains(&lease.address.to_string()),
            "it must not be given back"
        );
        site.change_over();
        let (_client, events) = site.client4("eth1", Begin::With(lease.clone()));
        let again = v4(renewed(&events, SOON));
        assert_eq!(again.address, lease.address);
        assert_eq!(site.seen("DHCPDISCOVER"), 1, "only the first time");
    });
}

#[test]
fn a_lease_that_the_server_refuses_is_lost_and_another_acquired() {
    in_a_thread(|| {
        let mut site = Site::new();
        site.serve_ipv4();
        let (client, events) = site.client4("eth0", Begin::Fresh);
        let lease = v4(acquired(&events));
        drop(client);
        let foreign = Lease4 {
            address: Ipv4Addr::new(10, 9, 9, 9),
            ..lease.clone()
        };
        let (_client, events) = site.client4("eth0", Begin::With(foreign.clone()));
        let lost = wait_for(&events, SOON, |event| match event {
            Event::Lost {
                lease,
                why: Loss::Refused,
            } => Some(lease.clone()),
            _ => None,
        });
        assert_eq!(lost, foreign.into());
        assert_eq!(v4(acquired(&events)).address, lease.address);
    });
}

#[test]
fn a_lease_is_kept_while_the_server_is_gone_and_confirmed_when_it_is_back() {
    in_a_thread(|| {
        let mut site = Site::new();
        site.serve_ipv4();
        let (client, events) = site.client4("eth0", Begin::Fresh);
        let lease = v4(acquired(&events));
        drop(client);
        site.server = None;
        let (client, events) = site.client4("eth0", Begin::With(lease.clone()));
        wait_for(&events, SOON, |event| match event {
            Event::Unconfirmed(kept) => {
                assert_eq!(*kept, lease.clone().into());
                Some(())
            }
            _ => None,
        });
        assert_eq!(client.lease(), Some(lease.clone().into()));
        site.serve_ipv4();
        client.renew();
        assert_eq!(v4(renewed(&events, SOON)).address, lease.address);
    });
}

#[test]
fn a_lease_is_given_back_only_on_demand() {
    in_a_thread(|| {
        let mut site = Site::new();
        site.serve_ipv4();
        let (client, events) = site.client4("eth0", Begin::Fresh);
        let lease = v4(acquired(&events));
        site.put("eth0", &lease);
        client.release();
        wait_until("the server took it back", || {
            !site.leases().contains(&lease.address.to_string())
        });
        assert!(
            events.recv().is_err(),
            "the client has ended and said nothing"
        );
    });
}

#[test]
fn a_client_goes_on_when_its_device_is_made_anew() {
    in_a_thread(|| {
        let mut site = Site::new();
        site.serve_ipv4();
        let (client, events) = site.client4("eth0", Begin::Fresh);
        let lease = v4(acquired(&events));
        let index = site.kernel.link("eth0").unwrap().unwrap().index;
        run("ip link del eth0");
        client.renew();
        run(&format!(
            "ip link add eth0 address {MAC} type veth peer name p-eth0 netns {}",
            site.switch.path()
        ));
        site.switch
            .within(|| run("ip link set p-eth0 master br0 up"));
        site.kernel.set_up("eth0", true).unwrap();
        wait_until("eth0 has a carrier", || {
            site.kernel.link("eth0").unwrap().unwrap().carrier
        });
        assert_ne!(site.kernel.link("eth0").unwrap().unwrap().index, index);
        site.put("eth0", &lease);
        // The first may find the old socket still open, and learn that it's dead.
        client.renew();
        client.renew();
        assert_eq!(v4(renewed(&events, SOON)).address, lease.address);
    });
}

#[test]
fn a_lease_is_acquired_on_a_bridge_of_the_userspace_switch() {
    in_a_thread(|| {
        let mut site = Site::new();
        site.serve_ipv4();
        // Checksums that a card was to compute pass through such a switch as they are.
        let database = site.file("conf.db").display().to_string();
        run(&format!(
            "ovsdb-tool create {database} /usr/share/openvswitch/vswitch.ovsschema"
        ));
        let socket = site.file("db.sock").display().to_string();
        let control = format!("--unixctl={}", site.file("ovsdb.ctl").display());
        let _ovsdb = Process::start(&[
            "ovsdb-server",
            &format!("--remote=punix:{socket}"),
            &control,
            &database,
        ]);
        wait_until("the database is there", || {
            std::path::Path::new(&socket).exists()
        });
        let vsctl = |arguments: &str| run(&format!("ovs-vsctl --db=unix:{socket} {arguments}"));
        vsctl("--no-wait init");
        let control = format!("--unixctl={}", site.file("vswitchd.ctl").display());
        let _vswitchd = Process::start(&["ovs-vswitchd", &format!("unix:{socket}"), &control]);
        vsctl(&format!(
            "--timeout=20 add-br xenbr0 -- set bridge xenbr0 datapath_type=netdev other_config:hwaddr={MAC} \
             -- add-port xenbr0 eth0"
        ));
        site.kernel.set_up("xenbr0", true).unwrap();
        let link = site.kernel.link("xenbr0").unwrap().unwrap();
        assert_eq!((link.kind.as_deref(), link.mac), (Some("tun"), Some(MAC)));

        let (client, events) = site.client4("xenbr0", Begin::Fresh);
        let lease = v4(acquired(&events));
        site.put("xenbr0", &lease);
        client.renew();
        assert_eq!(v4(renewed(&events, SOON)).address, lease.address);
    });
}

#[test]
fn a_missing_device_is_told_at_once() {
    in_a_thread(|| {
        let _host = Namespace::new();
        let config = Config6 {
            mac: MAC,
            duid: Config6::duid_of(MAC),
            dns: true,
            seed: 42,
        };
        let error = Client::start6("eth9", config, Begin::Fresh, |_| {}).unwrap_err();
        assert!(error.is_missing(), "{error}");
        assert!(
            error.to_string().starts_with("starting DHCP on eth9: "),
            "{error}"
        );
    });
}

#[test]
fn an_ipv6_lease_is_acquired_prolonged_and_goes_on_on_another_device() {
    in_a_thread(|| {
        let mut site = Site::new();
        site.serve(&[
            "--dhcp-range=fd00::100,fd00::1ff,64,120",
            "--dhcp-option=option6:dns-server,[fd00::1]",
            "--dhcp-option=option6:domain-search,example.org",
        ]);
        let (client, events) = site.client6("eth0", Begin::Fresh);
        let lease = v6(acquired(&events));
        let address = lease.addresses[0].address;
        assert_eq!(address.segments()[0], 0xfd00, "{lease:?}");
        assert_eq!(
            (lease.seconds(), lease.domains.as_slice()),
            (120, &["example.org".to_owned()][..])
        );
        assert_eq!(
            lease.dns,
            ["fd00::1".parse::<std::net::Ipv6Addr>().unwrap()]
        );
        client.renew();
        assert_eq!(v6(renewed(&events, SOON)).addresses[0].address, address);
        drop(client);
        site.change_over();
        let solicited = site.seen("DHCPSOLICIT");
        let (client, events) = site.client6("eth1", Begin::With(lease.clone()));
        assert_eq!(v6(renewed(&events, SOON)).addresses[0].address, address);
        assert_eq!(site.seen("DHCPSOLICIT"), solicited);
        assert_eq!(site.seen("DHCPCONFIRM"), 1);
        assert!(site.leases().contains(&address.to_string()));
        client.release();
        wait_until("the server took it back", || {
            !site.leases().contains(&address.to_string())
        });
    });
}
