//! `CLASS-list`: columns, filters, empty lines and the minimal form.

use xapi_model::Value;

use crate::fake::{Fake, map, world};
use crate::{check, fails, prints};

#[test]
fn a_list_shows_the_default_fields_of_every_object_in_the_servers_order() {
    check(
        "pif-list",
        "\
uuid ( RO)                  : pif-bond0
                device ( RO): bond0
                   MAC ( RO): 00:16:3E:00:00:0A
    currently-attached ( RO): true
                  VLAN ( RO): -1
          network-uuid ( RO): network-2
             host-uuid ( RO): host-1


uuid ( RO)                  : pif-eth0
                device ( RO): eth0
                   MAC ( RO): 00:16:3e:00:00:0a
    currently-attached ( RO): true
                  VLAN ( RO): -1
          network-uuid ( RO): network-0
             host-uuid ( RO): host-1


uuid ( RO)                  : pif-eth3
                device ( RO): eth3
                   MAC ( RO): 00:16:3e:00:00:0d
    currently-attached ( RO): true
                  VLAN ( RO): -1
          network-uuid ( RO): <not in database>
             host-uuid ( RO): host-1


",
    );
}

#[test]
fn every_field_of_a_pif_has_its_place_flag_and_text() {
    check(
        "pif-list params=all device=eth0",
        "\
uuid ( RO)                       : pif-eth0
                     device ( RO): eth0
                        MAC ( RO): 00:16:3e:00:00:0a
                   physical ( RO): true
                    managed ( RO): true
         currently-attached ( RO): true
                        MTU ( RO): 1500
                       VLAN ( RO): -1
             vlan-master-of ( RO): <not in database>
              vlan-slave-of ( RO): 
             bond-master-of ( RO): 
              bond-slave-of ( RO): bond-0
      sriov-physical-PIF-of ( RO): 
       sriov-logical-PIF-of ( RO): 
       tunnel-access-PIF-of ( RO): 
    tunnel-transport-PIF-of ( RO): 
                 management ( RO): false
               network-uuid ( RO): network-0
         network-name-label ( RO): Pool-wide network associated with eth0
                  host-uuid ( RO): host-1
            host-name-label ( RO): xs-1
      IP-configuration-mode ( RO): None
                         IP ( RO): 
                    netmask ( RO): 
                    gateway ( RO): 
    IPv6-configuration-mode ( RO): None
                       IPv6 ( RO): 
               IPv6-gateway ( RO): 
       primary-address-type ( RO): IPv4
                        DNS ( RO): 
                 properties (MRO): gro: on; lro: off
               capabilities (SRO): sriov; fast
                io_read_kbs ( RO): <expensive field>
               io_write_kbs ( RO): <expensive field>
                    carrier ( RO): true
                  vendor-id ( RO): 
                vendor-name ( RO): Intel, Inc.
                  device-id ( RO): 
                device-name ( RO): 
                      speed ( RO): 1000 Mbit/s
                     duplex ( RO): full
            disallow-unplug ( RW): false
               pci-bus-path ( RO): 0000:02:00.0
               other-config (MRW): defer: yes; key-with:colon: v
       igmp-snooping-status ( RO): unknown


",
    );
}

#[test]
fn columns_stand_in_the_records_order_whatever_the_user_asked_for() {
    check(
        "pif-list params=IP,uuid,network-name-label,nonsense,device management=true",
        "\
uuid ( RO)                  : pif-bond0
                device ( RO): bond0
    network-name-label ( RO): MGT, bonded
                    IP ( RO): 172.16.0.10


",
    );
    // One column alone: what scripts cut with awk '{ print $5 }'.
    check(
        "pif-list host-uuid=host-1 device=eth0 params=uuid",
        "uuid ( RO)    : pif-eth0\n\n\n",
    );
}

#[test]
fn a_list_of_unknown_columns_has_empty_records() {
    check("pif-list params=nonsense device=eth0", "\n\n\n");
    check("pif-list params=nonsense device=eth0 --minimal", "\n");
}

#[test]
fn the_minimal_form_is_the_first_shown_field_of_each_record() {
    check("pif-list --minimal", "pif-bond0,pif-eth0,pif-eth3\n");
    check(
        "pif-list minimal=true params=device,MAC",
        "bond0,eth0,eth3\n",
    );
    check(
        "network-list params=name-label --minimal",
        "MGT\\, bonded,Pool-wide network associated with eth0\n",
    );
    check("pif-list --minimal device=eth9", "\n");
}

#[test]
fn an_empty_list_prints_nothing() {
    check("pif-list device=eth9", "");
    check("vlan-list", "");
    // There is no record to ask for its fields.
    check("vlan-list nonsense=1", "");
    check("pif-list device=eth9 nonsense=1", "");
}

#[test]
fn networks_and_bonds_have_their_widths() {
    check(
        "network-list bridge=xapi2",
        "\
uuid ( RO)                : network-2
          name-label ( RW): MGT, bonded
    name-description ( RW): 
              bridge ( RO): xapi2


",
    );
    check(
        "network-list params=uuid,name-label,bridge",
        "\
uuid ( RO)          : network-2
    name-label ( RW): MGT, bonded
        bridge ( RO): xapi2


uuid ( RO)          : network-0
    name-label ( RW): Pool-wide network associated with eth0
        bridge ( RO): xenbr0


",
    );
    check(
        "bond-list",
        "\
uuid ( RO)      : bond-0
    master ( RO): pif-bond0
    slaves ( RO): pif-eth0; pif-eth3


",
    );
    check(
        "bond-list params=uuid,master,mode",
        "\
uuid ( RO)      : bond-0
    master ( RO): pif-bond0
      mode ( RO): active-backup


",
    );
}

#[test]
fn texts_of_several_lines_are_printed_as_they_are() {
    check(
        "network-list bridge=xenbr0 params=name-description,bridge",
        "name-description ( RW)    : first\nsecond\n              bridge ( RO): xenbr0\n\n\n",
    );
}

#[test]
fn a_dangling_member_of_a_set_is_shown_as_such() {
    check(
        "network-list bridge=xenbr0 params=PIF-uuids",
        "PIF-uuids (SRO)    : pif-eth0; <not in database>\n\n\n",
    );
}

#[test]
fn filters_choose_by_text_key_and_member() {
    for (filter, devices) in [
        ("device=eth0", "eth0"),
        ("device=ETH0", ""),
        ("MAC=00:16:3e:00:00:0a", "bond0,eth0"),
        ("MAC=00:16:3E:00:00:0A", "bond0,eth0"),
        ("physical=true|IP-configuration-mode=None", "eth0,eth3"),
        ("physical=TRUE", ""),
        ("VLAN=-1|management=true", "bond0"),
        ("other-config:defer=yes", "eth0"),
        ("other-config:defer=no", ""),
        ("other-config:missing=", ""),
        ("other-config-defer=yes", "eth0"),
        ("other-config:key-with:colon=v", "eth0"),
        ("other-config-key-with:colon=v", "eth0"),
        ("properties:gro=on", "eth0"),
        ("capabilities:contains=sriov", "eth0"),
        ("capabilities-contains=fast", "eth0"),
        ("capabilities:contains=sri", ""),
        ("bond-slave-of=bond-0", "eth0,eth3"),
        ("network-name-label=MGT, bonded", "bond0"),
        ("network-uuid=<not in database>", "eth3"),
        ("speed=1000 Mbit/s", "eth0"),
        ("other-config=defer: yes; key-with:colon: v", "eth0"),
        ("port=80|username=x|password=y|server=z", "bond0,eth0,eth3"),
    ] {
        let mut words = vec!["pif-list", "params=device", "--minimal"];
        words.extend(filter.split('|'));
        let got = world().words(&words);
        assert_eq!(got.out, format!("{devices}\n"), "{filter} {}", got.err);
    }
}

#[test]
fn an_unknown_filter_is_an_error_while_there_are_records() {
    let mut fake = world();
    fails(
        &mut fake,
        "pif-list nonsense=1",
        "Error: Unknown field 'nonsense'\n",
    );
    fails(
        &mut fake,
        "pif-list capabilities:has=sriov",
        "Error: A set is filtered with 'capabilities:contains=VALUE', not with ':has'\n",
    );
}

#[test]
fn all_shows_what_the_filters_left_out() {
    check(
        "pif-list device=eth0 --all --minimal",
        "pif-bond0,pif-eth0,pif-eth3\n",
    );
}

#[test]
fn a_filter_on_an_expensive_field_asks_for_it() {
    let mut fake = world().answers("host.query_data_source", Ok(Value::Float(2048.0)));
    prints(
        &mut fake,
        "pif-list io_read_kbs=2.000 device=eth0 params=device,io_read_kbs",
        "device ( RO)         : eth0\n    io_read_kbs ( RO): <expensive field>\n\n\n",
    );
}

#[test]
fn lists_of_vms_leave_templates_out_and_lists_of_templates_vms() {
    let mut fake = Fake::default();
    let vm = |fake: &mut Fake, uuid: &str, template: bool, snapshot: bool| {
        let told = [
            ("uuid", uuid.into()),
            ("name_label", uuid.into()),
            ("power_state", "Halted".into()),
            ("is_a_template", template.into()),
            ("is_a_snapshot", snapshot.into()),
        ];
        fake.add("VM", &format!("OpaqueRef:{uuid}"), &told);
    };
    vm(&mut fake, "guest", false, false);
    vm(&mut fake, "template", true, false);
    vm(&mut fake, "snapshot", true, true);
    prints(
        &mut fake,
        "vm-list",
        "uuid ( RO)           : guest\n     name-label ( RW): guest\n    power-state ( RO): halted\n\n\n",
    );
    prints(&mut fake, "template-list --minimal", "template\n");
    prints(&mut fake, "snapshot-list --minimal", "snapshot\n");
}

#[test]
fn tasks_and_tunnels_say_operations_and_maps_as_xapi_does() {
    let mut fake = world();
    fake.add(
        "task",
        "OpaqueRef:t1",
        &[
            ("uuid", "task-1".into()),
            ("progress", Value::Float(0.5)),
            (
                "allowed_operations",
                crate::fake::set(&["cancel", "destroy"]),
            ),
            ("current_operations", map(&[("OpaqueRef:t2", "cancel")])),
        ],
    );
    prints(
        &mut fake,
        "task-list params=progress,allowed_operations,current_operations",
        "progress ( RO)              : 0.500\n    allowed_operations ( RO): Cancel; Destroy\n    \
         current_operations ( RO): Cancel\n\n\n",
    );
    fake.add(
        "tunnel",
        "OpaqueRef:u1",
        &[
            ("uuid", "tunnel-1".into()),
            ("access_PIF", "OpaqueRef:p0".into()),
            ("transport_PIF", "OpaqueRef:NULL".into()),
            ("status", map(&[("active", "true"), ("key", "1")])),
        ],
    );
    prints(
        &mut fake,
        "tunnel-list",
        "\
uuid ( RO)             : tunnel-1
       access-PIF ( RO): pif-eth0
    transport-PIF ( RO): <not in database>
           status ( RO): active: true; key: 1


",
    );
}

#[test]
fn a_list_of_a_thousand_pifs_with_all_fields_is_a_few_calls() {
    let mut fake = world();
    for n in 0..1000 {
        let reference = |what: &str| Value::from(format!("OpaqueRef:{what}{n}"));
        let metrics = [("uuid", format!("metrics-{n}").into())];
        fake.add("PIF_metrics", &format!("OpaqueRef:pm{n}"), &metrics);
        let network = [("uuid", format!("network-{n}").into())];
        fake.add("network", &format!("OpaqueRef:pn{n}"), &network);
        let vlan = [("uuid", format!("vlan-{n}").into())];
        fake.add("VLAN", &format!("OpaqueRef:pv{n}"), &vlan);
        let told = [
            ("uuid", format!("many-{n}").into()),
            ("host", "OpaqueRef:h1".into()),
            ("network", reference("pn")),
            ("metrics", reference("pm")),
            ("VLAN_master_of", reference("pv")),
        ];
        fake.add("PIF", &format!("OpaqueRef:pif{n}"), &told);
    }
    let got = fake.xe("pif-list params=all");
    assert_eq!(got.out.matches("uuid ( RO)                 ").count(), 1003);
    let calls = fake.asked.len();
    assert!(
        calls <= 10,
        "{calls} calls: {:?}",
        &fake.asked[..20.min(calls)]
    );
    fake.asked.clear();
    let got = fake.xe("pif-list params=duplex");
    assert_eq!(got.status, 0);
    let calls = fake.asked.len();
    assert!(
        calls <= 4,
        "{calls} calls: {:?}",
        &fake.asked[..20.min(calls)]
    );
}
