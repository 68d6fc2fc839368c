//! Commands of VMs and their NICs: whom selectors mean, what is asked, what is printed.

use xapi_model::{Value, errors};

use crate::calls::calls;
use crate::fake::{Fake, world};
use crate::{fails, prints};

/// A world with two VMs, a template and a control domain; the first VM has a NIC.
fn vms() -> Fake {
    let mut fake = world();
    let rows: [(&'static str, &str, &str, bool, bool); 4] = [
        ("OpaqueRef:v1", "vm-1", "one", false, false),
        ("OpaqueRef:v2", "vm-2", "two", false, false),
        ("OpaqueRef:v3", "vm-3", "stencil", true, false),
        ("OpaqueRef:v0", "vm-0", "domain 0", false, true),
    ];
    for (reference, uuid, name, template, control) in rows {
        let told = [
            ("uuid", uuid.into()),
            ("name_label", name.into()),
            ("is_a_template", template.into()),
            ("is_control_domain", control.into()),
        ];
        fake.add("VM", reference, &told);
    }
    let told = [
        ("uuid", "vif-1".into()),
        ("VM", "OpaqueRef:v1".into()),
        ("device", "0".into()),
        ("network", "OpaqueRef:n2".into()),
        ("MAC", "02:00:00:00:00:01".into()),
    ];
    fake.add("VIF", "OpaqueRef:i1", &told);
    fake
}

#[test]
fn power_commands_are_calls_on_the_vm_that_selectors_name() {
    let cases = [
        (
            "vm-start vm=one",
            "VM.start",
            r#""OpaqueRef:v1" false false"#,
        ),
        (
            "vm-start uuid=vm-2 paused=true --force",
            "VM.start",
            r#""OpaqueRef:v2" true true"#,
        ),
        (
            "vm-start vm=one on=host-1",
            "VM.start_on",
            r#""OpaqueRef:v1" "OpaqueRef:h1" false false"#,
        ),
        (
            "vm-shutdown vm=one",
            "VM.clean_shutdown",
            r#""OpaqueRef:v1""#,
        ),
        (
            "vm-shutdown vm=one --force",
            "VM.hard_shutdown",
            r#""OpaqueRef:v1""#,
        ),
        (
            "vm-reboot name-label=two",
            "VM.clean_reboot",
            r#""OpaqueRef:v2""#,
        ),
        (
            "vm-reboot name-label=two force=true",
            "VM.hard_reboot",
            r#""OpaqueRef:v2""#,
        ),
        ("vm-suspend vm=one", "VM.suspend", r#""OpaqueRef:v1""#),
        (
            "vm-resume vm=one",
            "VM.resume",
            r#""OpaqueRef:v1" false false"#,
        ),
        (
            "vm-resume vm=one on=host-1",
            "VM.resume_on",
            r#""OpaqueRef:v1" "OpaqueRef:h1" false false"#,
        ),
        ("vm-pause vm=one", "VM.pause", r#""OpaqueRef:v1""#),
        ("vm-unpause vm=one", "VM.unpause", r#""OpaqueRef:v1""#),
        (
            "vm-reset-powerstate vm=one --force",
            "VM.power_state_reset",
            r#""OpaqueRef:v1""#,
        ),
    ];
    for (line, message, params) in cases {
        let mut fake = vms().answers(message, Ok(Value::Nil));
        prints(&mut fake, line, "");
        assert_eq!(calls(&fake), [format!("{message} {params}")], "{line}");
    }
    let told =
        "Error: This operation is dangerous and may destroy the disks of the VM; --force does it\n";
    fails(&mut vms(), "vm-reset-powerstate vm=one", told);
}

#[test]
fn sizes_of_memory_are_set_in_the_order_of_the_call_whatever_that_of_the_words() {
    for (line, asked) in [
        (
            "vm-memory-set vm=one memory=512MiB",
            r#"VM.set_memory "OpaqueRef:v1" 536870912"#,
        ),
        (
            "vm-memory-dynamic-range-set vm=one max=2KiB min=1024",
            r#"VM.set_memory_dynamic_range "OpaqueRef:v1" 1024 2048"#,
        ),
        (
            "vm-memory-target-set vm=one target=1MB",
            r#"VM.set_memory_dynamic_range "OpaqueRef:v1" 1048576 1048576"#,
        ),
        (
            "vm-memory-static-range-set vm=one max=2 min=1",
            r#"VM.set_memory_static_range "OpaqueRef:v1" 1 2"#,
        ),
        (
            "vm-memory-limits-set vm=one static-min=1 dynamic-min=2 dynamic-max=3 static-max=4",
            r#"VM.set_memory_limits "OpaqueRef:v1" 1 4 2 3"#,
        ),
    ] {
        let message: &'static str = asked.split(' ').next().unwrap();
        let mut fake = vms().answers(message, Ok(Value::Nil));
        prints(&mut fake, line, "");
        assert_eq!(calls(&fake), [asked], "{line}");
    }
    let told = "Error: Parameter 'memory': expected a size, such as 512MiB, got 'much'\n";
    fails(&mut vms(), "vm-memory-set vm=one memory=much", told);
}

#[test]
fn disks_are_listed_as_drives_with_what_is_in_them() {
    let mut fake = vms();
    let drives = [
        ("OpaqueRef:b1", "vbd-1", "Disk", "OpaqueRef:d1", "0", false),
        ("OpaqueRef:b2", "vbd-2", "CD", "OpaqueRef:NULL", "1", true),
    ];
    for (reference, uuid, ty, vdi, device, empty) in drives {
        let told = [
            ("uuid", uuid.into()),
            ("VM", "OpaqueRef:v1".into()),
            ("VDI", vdi.into()),
            ("type", ty.into()),
            ("userdevice", device.into()),
            ("empty", empty.into()),
        ];
        fake.add("VBD", reference, &told);
    }
    let told = [("uuid", "vdi-1".into()), ("location", "here".into())];
    fake.add("VDI", "OpaqueRef:d1", &told);
    prints(
        &mut fake,
        "vm-disk-list vm=one vbd-params=uuid vdi-params=uuid,location",
        "Disk 0 VBD:\nuuid ( RO)    : vbd-1\n\n\nDisk 0 VDI:\nuuid ( RO)        : vdi-1\n    location ( RO): here\n\n\n",
    );
    prints(
        &mut fake,
        "vm-cd-list vm=one vbd-params=userdevice,empty",
        "CD 0 VBD:\nuserdevice ( RW)    : 1\n         empty ( RO): true\n\n\n",
    );
    prints(&mut fake, "vm-disk-list vm=two", "");
    prints(&mut fake, "vm-disk-list vm=one --minimal", "vdi-1,vbd-1\n");
}

#[test]
fn the_address_of_a_guests_end_is_a_call_and_a_static_one_must_be_said() {
    for (line, asked) in [
        (
            "vif-configure-ipv4 uuid=vif-1 mode=static address=10.0.0.2/24 gateway=10.0.0.1",
            r#"VIF.configure_ipv4 "OpaqueRef:i1" "Static" "10.0.0.2/24" "10.0.0.1""#,
        ),
        (
            "vif-configure-ipv6 uuid=vif-1 mode=None",
            r#"VIF.configure_ipv6 "OpaqueRef:i1" "None" "" """#,
        ),
    ] {
        let message: &'static str = asked.split(' ').next().unwrap();
        let mut fake = vms().answers(message, Ok(Value::Nil));
        prints(&mut fake, line, "");
        assert_eq!(calls(&fake), [asked], "{line}");
    }
    fails(
        &mut vms(),
        "vif-configure-ipv4 uuid=vif-1 mode=static",
        "Error: Required parameter not found: address\n",
    );
    fails(
        &mut vms(),
        "vif-configure-ipv4 uuid=vif-1 mode=magic",
        "Error: Expected 'None', 'Static', 'DHCP', got magic\n",
    );
}

#[test]
fn templates_and_control_domains_are_no_vms_and_several_need_multiple() {
    fails(&mut vms(), "vm-pause vm=stencil", "Error: No VM matches\n");
    fails(&mut vms(), "vm-pause uuid=vm-0", "Error: No VM matches\n");
    let several =
        "Error: Several VMs match; --multiple is required to carry this out on all of them\n";
    fails(&mut vms(), "vm-pause", several);
    let mut fake = vms().answers("VM.pause", Ok(Value::Nil));
    prints(&mut fake, "vm-pause --multiple", "");
    let both = ["VM.pause \"OpaqueRef:v1\"", "VM.pause \"OpaqueRef:v2\""];
    assert_eq!(calls(&fake), both);
}

#[test]
fn a_vm_that_can_start_nowhere_is_told_why() {
    let nowhere = Err(errors::no_hosts_available());
    let disabled = Err(errors::host_disabled("OpaqueRef:h1"));
    let mut fake = vms()
        .answers("VM.start", nowhere)
        .answers("VM.assert_can_boot_here", disabled);
    let got = fake.xe("vm-start vm=one");
    assert!(got.out.lines().count() > 0, "{}", got.out);
    assert!(got.err.contains("No host"), "{}", got.err);
    assert_eq!(got.status, 1);
}

#[test]
fn a_vm_is_made_with_xapis_sizes() {
    let mut fake = vms().answers("VM.create", Ok("OpaqueRef:v1".into()));
    prints(&mut fake, "vm-create name-label=one", "vm-1\n");
    let asked = calls(&fake).join("");
    for member in [
        r#"name_label:"one""#,
        "memory_static_max:268435456",
        "memory_static_min:134217728",
        "VCPUs_max:1",
        r#"actions_after_reboot:"restart""#,
    ] {
        assert!(asked.contains(member), "{asked}");
    }
    let mut fake = vms().answers("VM.destroy", Ok(Value::Nil));
    prints(&mut fake, "vm-destroy uuid=vm-1", "");
    assert_eq!(calls(&fake), [r#"VM.destroy "OpaqueRef:v1""#]);
}

#[test]
fn a_nic_is_made_with_the_mtu_of_its_network() {
    let mut fake = vms().answers("VIF.create", Ok("OpaqueRef:i1".into()));
    let line = "vif-create device=0 network-uuid=network-2 vm-uuid=vm-1";
    prints(&mut fake, line, "vif-1\n");
    let asked = calls(&fake).join("");
    let begins =
        r#"VIF.create {device:"0",network:"OpaqueRef:n2",VM:"OpaqueRef:v1",MAC:"",MTU:1500,"#;
    assert!(asked.starts_with(begins), "{asked}");
    prints(&mut fake, &format!("{line} mac=random"), "vif-1\n");
    let asked = calls(&fake)[1];
    let mac = asked
        .split("MAC:\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert_eq!(mac.len(), 17, "{mac}");
    let first = u8::from_str_radix(&mac[..2], 16).unwrap();
    assert_eq!(first & 3, 2, "{mac} is local and unicast");
    fails(&mut fake, "vif-create device=0 vm-uuid=vm-1", {
        "Required parameter not found: network-uuid\nFor usage run: 'xe help'\n"
    });
}

#[test]
fn nics_are_plugged_moved_and_listed_by_vm() {
    for (line, asked) in [
        ("vif-plug uuid=vif-1", r#"VIF.plug "OpaqueRef:i1""#),
        ("vif-unplug uuid=vif-1", r#"VIF.unplug "OpaqueRef:i1""#),
        (
            "vif-unplug uuid=vif-1 --force",
            r#"VIF.unplug_force "OpaqueRef:i1""#,
        ),
        (
            "vif-move uuid=vif-1 network-uuid=network-2",
            r#"VIF.move "OpaqueRef:i1" "OpaqueRef:n2""#,
        ),
        ("vif-destroy uuid=vif-1", r#"VIF.destroy "OpaqueRef:i1""#),
    ] {
        let message = asked.split(' ').next().unwrap();
        let message: &'static str = message;
        let mut fake = vms().answers(message, Ok(Value::Nil));
        prints(&mut fake, line, "");
        assert_eq!(calls(&fake), [asked], "{line}");
    }
    prints(
        &mut vms(),
        "vm-vif-list vm=one params=uuid,device",
        "uuid ( RO)      : vif-1\n    device ( RO): 0\n\n\n",
    );
    prints(&mut vms(), "vm-vif-list --minimal", "vif-1\n");
    prints(&mut vms(), "vm-vif-list vm=two", "");
}
