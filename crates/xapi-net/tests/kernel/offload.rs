//! What a NIC does in place of the processor, as ethtool sees it.

use xapi_net::names::Offload;

use crate::lab::{Namespace, in_a_thread, run};

/// What ethtool shows of a setting: "on", "off", perhaps "[fixed]".
fn shown(device: &str, words: &str) -> String {
    let all = run(&format!("ethtool -k {device}"));
    let line = all.lines().find_map(|line| {
        let (name, value) = line.trim().split_once(": ")?;
        (name == words).then(|| value.to_owned())
    });
    line.unwrap_or_else(|| panic!("ethtool shows no {words}: {all}"))
}

#[test]
fn settings_of_a_nic_are_switched_one_by_one_as_ethtool_sees_them() {
    in_a_thread(|| {
        let host = Namespace::new();
        run("ip link add eth0 type veth peer name p0");
        let kernel = host.kernel();
        for (offload, words) in [
            (Offload::Gro, "generic-receive-offload"),
            (Offload::Gso, "generic-segmentation-offload"),
            (Offload::Tso, "tx-tcp-segmentation"),
            (Offload::Sg, "scatter-gather"),
            (Offload::Tx, "tx-checksumming"),
        ] {
            let other = shown("p0", words);
            for on in [true, false, true, false] {
                kernel.set_offload("eth0", offload, on).unwrap();
                assert_eq!(kernel.offload("eth0", offload).unwrap(), on);
                assert_eq!(
                    shown("eth0", words),
                    if on { "on" } else { "off" },
                    "{offload}"
                );
            }
            kernel.set_offload("eth0", offload, true).unwrap();
            assert_eq!(shown("p0", words), other, "the other end was changed");
        }
    });
}

#[test]
fn a_device_that_cannot_do_it_or_is_not_there_says_so() {
    in_a_thread(|| {
        let host = Namespace::new();
        run("ip link add eth0 type veth peer name p0");
        let kernel = host.kernel();
        let error = kernel.set_offload("eth0", Offload::Lro, true).unwrap_err();
        assert!(!error.is_missing(), "{error}");
        assert_eq!(shown("eth0", "large-receive-offload"), "off [fixed]");
        assert!(!kernel.offload("eth0", Offload::Lro).unwrap());

        // Segments are cut by the NIC only if it also collects them.
        kernel.set_offload("eth0", Offload::Sg, false).unwrap();
        let error = kernel.set_offload("eth0", Offload::Tso, true).unwrap_err();
        assert_eq!(
            error.to_string(),
            "switching tso of eth0 on: the device keeps it as it was"
        );

        let error = kernel.offload("eth9", Offload::Gro).unwrap_err();
        assert!(error.is_missing(), "{error}");
        let error = kernel.set_offload("eth9", Offload::Gro, true).unwrap_err();
        assert_eq!(
            error.to_string(),
            "switching gro of eth9 on: there is no device eth9"
        );
    });
}
