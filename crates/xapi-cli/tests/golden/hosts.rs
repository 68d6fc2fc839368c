//! Commands of hosts and pools, certificates, sessions and secrets: what they ask, say and want to know first.

use xapi_model::{ApiError, Value, errors};

use crate::calls::{asks, calls};
use crate::fake::{Fake, map, set, world};
use crate::{fails, prints};

/// A world with a pool.
fn pool() -> Fake {
    let mut fake = world();
    let told = [("uuid", "pool-1".into()), ("master", "OpaqueRef:h1".into())];
    fake.add("pool", "OpaqueRef:pool", &told);
    fake.answers("pool.get_all", Ok(set(&["OpaqueRef:pool"])))
}

#[test]
fn what_cannot_be_undone_is_asked_about() {
    for (line, message) in [
        ("host-forget uuid=host-1", "host.destroy"),
        ("host-declare-dead uuid=host-1", "host.declare_dead"),
        ("pool-eject host-uuid=host-1", "pool.eject"),
    ] {
        let done = format!("{message} \"OpaqueRef:h1\"");
        let mut fake = world().answers(message, Ok(Value::Nil));
        fake.user.types = [" YES "].into();
        let got = fake.xe(line);
        assert!(
            got.out.starts_with("WARNING: ") && got.out.contains("Type 'yes' to continue\n"),
            "{}",
            got.out
        );
        assert_eq!((got.err.as_str(), got.status), ("", 0));
        assert_eq!(calls(&fake), [&done]);
        // Anything else is no, and no failure.
        fake.asked.clear();
        fake.user.types = ["y"].into();
        let got = fake.xe(line);
        assert!(
            got.out.ends_with("You typed: 'y'. Nothing was done.\n"),
            "{}",
            got.out
        );
        assert_eq!((got.status, calls(&fake).len()), (0, 0));
        // Nobody to ask is one.
        let got = fake.xe(line);
        assert_eq!(
            (got.err.as_str(), got.status),
            ("Error: nobody can be asked here\n", 1)
        );
        let got = fake.xe(&format!("{line} --force"));
        assert_eq!(got.status, 0);
        assert!(!got.out.contains("WARNING"), "{}", got.out);
        assert_eq!(calls(&fake), [&done]);
    }
}

#[test]
fn leaving_a_pool_names_the_disks_that_are_lost() {
    let mut fake = world().answers("pool.eject", Ok(Value::Nil));
    for (sr, disk) in [
        ("OpaqueRef:local", "vdi-1"),
        ("OpaqueRef:shared", "vdi-2"),
        ("OpaqueRef:far", "vdi-3"),
    ] {
        let told = [
            ("uuid", disk.into()),
            ("name_label", "disk".into()),
            ("SR", sr.into()),
        ];
        fake.add("VDI", &format!("OpaqueRef:{disk}"), &told);
    }
    for (at, host, sr) in [
        ("OpaqueRef:a", "OpaqueRef:h1", "OpaqueRef:local"),
        ("OpaqueRef:b", "OpaqueRef:h1", "OpaqueRef:shared"),
        ("OpaqueRef:c", "OpaqueRef:h2", "OpaqueRef:shared"),
        ("OpaqueRef:d", "OpaqueRef:h2", "OpaqueRef:far"),
    ] {
        fake.add("PBD", at, &[("host", host.into()), ("SR", sr.into())]);
    }
    fake.user.types = ["yes"].into();
    let got = fake.xe("pool-eject host-uuid=host-1");
    let tail = "These VDIs will be destroyed:\nVDI: vdi-1 (disk)\nType 'yes' to continue\nThe host will restart as the \
                master of a pool of its own in 10.000 seconds.\n";
    assert!(got.out.ends_with(tail), "{}", got.out);
}

#[test]
fn joining_a_pool_says_when_and_tells_of_a_master_that_cannot_be_reached() {
    let line = "pool-join master-address=10.0.0.1 master-username=root master-password=x";
    let mut fake = world().answers("pool.join", Ok(Value::Nil));
    prints(
        &mut fake,
        line,
        "The host will restart its agent and join the pool in 10.000 seconds.\n",
    );
    // A server that knows nothing of plans does it at once.
    let called = r#"pool.join "10.0.0.1" "root" "x""#;
    assert_eq!(calls(&fake), ["careful plan-only=true", called, "careful "]);
    let mut fake = world().answers("pool.join_force", Ok(Value::Nil));
    assert_eq!(fake.xe(&format!("{line} force=true")).status, 0);
    // What comes of it is told first.
    let plan = ApiError::new(
        "NETWORK_PLAN",
        vec!["network a becomes b: it is the same VLAN".to_owned()],
    );
    let mut fake = world()
        .once("pool.join", Err(plan))
        .answers("pool.join", Ok(Value::Nil));
    let got = fake.xe(line);
    assert_eq!(got.err, "network a becomes b: it is the same VLAN\n");
    assert!(got.out.starts_with("The host will restart"), "{}", got.out);
    let twice = ["careful plan-only=true", called, "careful ", called];
    assert_eq!(calls(&fake), twice);
    // Whoever cannot join reads all that keeps him from it, and the error of the first.
    let plan = ApiError::new(
        "NETWORK_PLAN",
        vec![
            "cannot join: xs-2: machines are not off: a (JOINING_HOST_CANNOT_HAVE_RUNNING_VMS)"
                .to_owned(),
            "cannot join: xs-2 is in a cluster (CLUSTERING_ENABLED)".to_owned(),
        ],
    );
    let refused = ApiError::new("JOINING_HOST_CANNOT_HAVE_RUNNING_VMS", vec![]);
    let mut fake = world()
        .once("pool.join", Err(plan))
        .answers("pool.join", Err(refused));
    let got = fake.xe(line);
    assert_eq!((got.out.as_str(), got.status), ("", 1));
    assert!(
        got.err.contains("xs-2: machines are not off: a") && got.err.contains("in a cluster"),
        "{}",
        got.err
    );
    let refused = ApiError::new("POOL_JOINING_HOST_CONNECTION_FAILED", vec![]);
    let mut fake = world().answers("pool.join", Err(refused));
    let got = fake.xe(line);
    assert_eq!(
        (got.out.lines().count(), got.err.as_str(), got.status),
        (2, "", 0)
    );
}

#[test]
fn an_emergency_is_answered_by_the_host_itself() {
    let mut fake = world().answers("pool.emergency_reset_master", Ok(Value::Nil));
    prints(
        &mut fake,
        "pool-emergency-reset-master master-address=10.0.0.1",
        "The host will restart its agent as a member of 10.0.0.1 in 10.000 seconds.\n",
    );
    assert!(fake.asked[0].ends_with(" Host"), "{:?}", fake.asked);
    let mut fake = pool().answers("pool.emergency_transition_to_master", Ok(Value::Nil));
    prints(
        &mut fake,
        "pool-emergency-transition-to-master",
        "The host is the master already; --force does it all the same.\n",
    );
    assert!(calls(&fake).is_empty());
    prints(
        &mut fake,
        "pool-emergency-transition-to-master --force",
        "The host will restart its agent as the master in 10.000 seconds.\n",
    );
    // Whatever the reason is that a host has no master to ask.
    for why in [
        errors::host_is_slave("10.0.0.1"),
        errors::host_in_emergency_mode(),
        errors::host_still_booting(),
        errors::host_broken(),
        errors::host_its_own_slave(),
        errors::host_has_no_management_ip(),
        errors::host_unknown_to_master("a host"),
        errors::host_master_cannot_talk_back("10.0.0.2"),
        errors::host_xapi_version_higher_than_coordinator("99.0.0"),
    ] {
        let code = why.code.clone();
        let mut fake = world()
            .answers("pool.get_all", Err(why))
            .answers("pool.emergency_transition_to_master", Ok(Value::Nil));
        let got = fake.xe("pool-emergency-transition-to-master");
        assert_eq!(got.status, 0, "{code}: {}", got.err);
        assert_eq!(calls(&fake), ["pool.emergency_transition_to_master "]);
    }
    let mut fake = world().answers("host.emergency_ha_disable", Ok(Value::Nil));
    let got = fake.xe("host-emergency-ha-disable");
    assert!(got.err.contains("--force"), "{}", got.err);
    prints(&mut fake, "host-emergency-ha-disable --force soft=true", "");
    assert_eq!(calls(&fake), ["host.emergency_ha_disable true"]);
}

#[test]
fn certificates_are_files_of_the_user() {
    let mut fake = world().answers("host.install_server_certificate", Ok(Value::Nil));
    fake.user.files = vec![("c.pem", "CERT"), ("k.pem", "KEY"), ("chain.pem", "CHAIN")];
    let line = "host-server-certificate-install certificate=c.pem private-key=k.pem";
    prints(&mut fake, line, "");
    prints(
        &mut fake,
        &format!("{line} certificate-chain=chain.pem host=xs-1"),
        "",
    );
    assert_eq!(
        calls(&fake),
        [
            r#"host.install_server_certificate "OpaqueRef:h1" "CERT" "KEY" """#,
            r#"host.install_server_certificate "OpaqueRef:h1" "CERT" "KEY" "CHAIN""#,
        ]
    );
    fails(
        &mut fake,
        "host-server-certificate-install certificate=c.pem private-key=none.pem",
        "Error: Cannot read none.pem: no such file\n",
    );
    for (command, message) in [
        ("pool-install-ca-certificate", "pool.install_ca_certificate"),
        ("pool-certificate-install", "pool.install_ca_certificate"),
        ("pool-crl-install", "pool.crl_install"),
    ] {
        let mut fake = world().answers(message, Ok(Value::Nil));
        fake.user.files = vec![("/etc/ca.pem", "CA")];
        prints(&mut fake, &format!("{command} filename=/etc/ca.pem"), "");
        assert_eq!(calls(&fake), [format!(r#"{message} "ca.pem" "CA""#)]);
    }
    let mut fake = pool().answers("pool.install_trusted_certificate", Ok(Value::Nil));
    fake.user.files = vec![("ca.pem", "CA")];
    prints(
        &mut fake,
        "pool-install-trusted-certificate filename=ca.pem ca=true",
        "",
    );
    prints(
        &mut fake,
        "pool-install-trusted-certificate filename=ca.pem ca=no uuid=pool-1",
        "",
    );
    assert_eq!(
        calls(&fake),
        [
            r#"pool.install_trusted_certificate "OpaqueRef:pool" true "CA" []"#,
            r#"pool.install_trusted_certificate "OpaqueRef:pool" false "CA" []"#,
        ]
    );
    let mut fake = world().answers("host.get_server_certificate", Ok("-----BEGIN".into()));
    prints(&mut fake, "host-get-server-certificate", "-----BEGIN\n");
    asks(
        ("pool.crl_list", set(&["a", "b"])),
        "pool-crl-list",
        "pool.crl_list ",
        "a\nb\n",
    );
    asks(
        ("host.reset_server_certificate", Value::Nil),
        "host-reset-server-certificate host=xs-1",
        r#"host.reset_server_certificate "OpaqueRef:h1""#,
        "",
    );
    asks(
        ("pool.uninstall_ca_certificate", Value::Nil),
        "pool-uninstall-ca-certificate name=ca.pem --force",
        r#"pool.uninstall_ca_certificate "ca.pem" true"#,
        "",
    );
}

#[test]
fn what_is_of_the_pool_needs_no_uuid() {
    let mut fake = pool().answers("pool.enable_ssh", Ok(Value::Nil));
    prints(&mut fake, "pool-enable-ssh", "");
    assert_eq!(calls(&fake), [r#"pool.enable_ssh "OpaqueRef:pool""#]);
    let mut fake = pool().answers("pool.enable_external_auth", Ok(Value::Nil));
    prints(
        &mut fake,
        "pool-enable-external-auth auth-type=AD service-name=lab.example config:user=admin",
        "",
    );
    assert_eq!(
        calls(&fake),
        [r#"pool.enable_external_auth "OpaqueRef:pool" {user:"admin"} "lab.example" "AD""#]
    );
}

#[test]
fn what_is_fetched_goes_into_a_file_with_the_session() {
    let mut fake = world();
    prints(&mut fake, "audit-log-get filename=log", "");
    prints(
        &mut fake,
        "audit-log-get filename=log since=2026-01-31T00:00:00Z",
        "",
    );
    prints(&mut fake, "pool-dump-database file-name=/tmp/db", "");
    prints(
        &mut fake,
        "host-get-system-status filename=s output=zip",
        "",
    );
    assert_eq!(
        fake.user.fetched,
        [
            "log <- /audit_log?session_id=OpaqueRef:session",
            "log <- /audit_log?session_id=OpaqueRef:session&since=2026-01-31T00%3A00%3A00Z",
            "/tmp/db <- /pool/xmldbdump?session_id=OpaqueRef:session",
            "s <- /system-status?session_id=OpaqueRef:session&output=zip",
        ]
    );
    fails(
        &mut fake,
        "host-get-system-status filename=s output=rar",
        "Error: Expected 'tar.bz2', 'tar', 'zip', got rar\n",
    );
}

#[test]
fn sessions_and_secrets() {
    let mut fake = world()
        .answers(
            "session.get_all_subject_identifiers",
            Ok(set(&["S-1", "S-2"])),
        )
        .answers("session.logout_subject_identifier", Ok(Value::Nil));
    prints(
        &mut fake,
        "session-subject-identifier-list",
        "subject-identifier ( RO)    : S-1\n\n\nsubject-identifier ( RO)    : S-2\n\n\n",
    );
    prints(
        &mut fake,
        "session-subject-identifier-list --minimal",
        "S-1,S-2\n",
    );
    prints(&mut fake, "session-subject-identifier-logout-all", "");
    let logouts = fake
        .asked
        .iter()
        .filter(|call| call.starts_with("session.logout_subject"));
    assert_eq!(logouts.count(), 2);
    let mut fake = world().answers("secret.create", Ok("OpaqueRef:s".into()));
    fake.add("secret", "OpaqueRef:s", &[("uuid", "secret-1".into())]);
    prints(
        &mut fake,
        "secret-create value=x other-config:a=b",
        "secret-1\n",
    );
    assert_eq!(
        calls(&fake),
        [r#"secret.create {value:"x",other_config:{a:"b"}}"#]
    );
    asks(
        ("session.change_password", Value::Nil),
        "user-password-change old=a new=b",
        r#"session.change_password "a" "b""#,
        "",
    );
}

#[test]
fn plugins_get_words_and_files() {
    let mut fake = world().answers("host.call_plugin", Ok("done".into()));
    fake.user.files = vec![("f", "TEXT")];
    prints(
        &mut fake,
        "host-call-plugin host-uuid=host-1 plugin=p fn=f args:a=b args:c:file=f",
        "done\n",
    );
    assert_eq!(
        calls(&fake),
        [r#"host.call_plugin "OpaqueRef:h1" "p" "f" {a:"b",c:"TEXT"}"#]
    );
}

#[test]
fn what_a_host_says_of_itself() {
    let vms = Value::Struct(vec![(
        "OpaqueRef:v1".to_owned(),
        set(&["VM_LACKS_FEATURE", "OpaqueRef:v1"]),
    )]);
    let mut fake = world().answers("host.get_vms_which_prevent_evacuation", Ok(vms));
    fake.add(
        "VM",
        "OpaqueRef:v1",
        &[("uuid", "vm-1".into()), ("name_label", "db".into())],
    );
    prints(
        &mut fake,
        "host-get-vms-which-prevent-evacuation uuid=host-1",
        "uuid ( RO)          : vm-1\n    name-label ( RW): db\n        reason ( RO): VM_LACKS_FEATURE,OpaqueRef:v1\n\n\n",
    );
    let mut fake = Fake::default();
    let info = map(&[("cpu_count", "4"), ("features", "1fc9-22")]);
    fake.add(
        "host",
        "OpaqueRef:h1",
        &[("uuid", "host-1".into()), ("cpu_info", info)],
    );
    prints(&mut fake, "host-get-cpu-features", "1fc9-22\n");
    prints(
        &mut fake,
        "host-cpu-info",
        "cpu_count    : 4\n     features: 1fc9-22\n\n\n",
    );
    let mut fake = world().answers("host.query_data_source", Ok(Value::Float(0.5)));
    prints(
        &mut fake,
        "host-data-source-query data-source=cpu0",
        "0.500\n",
    );
}

#[test]
fn how_careful_a_change_is_to_be_goes_with_its_calls() {
    let mut fake = world().answers("network.destroy", Ok(Value::Nil));
    let got = fake.xe("network-destroy uuid=network-0 --confirm-within=60 --no-rollback");
    assert_eq!(got.status, 0, "{}", got.err);
    assert_eq!(fake.asked[0], "careful confirm-within=60 no-rollback=true");
    assert_eq!(
        got.err,
        "A change on the path of management is undone after 60 s unless somebody says 'xe host-network-confirm' on another terminal.\n"
    );
    fake.asked.clear();
    fake.xe("network-destroy uuid=network-0");
    assert!(!fake.asked.iter().any(|asked| asked.starts_with("careful")));
}

#[test]
fn the_plan_of_a_command_is_its_result() {
    let plan = ApiError::new("NETWORK_PLAN", vec!["one".to_owned(), "two".to_owned()]);
    let mut fake = world().answers("network.destroy", Err(plan));
    let got = fake.xe("network-destroy uuid=network-0 --plan-only");
    assert_eq!((got.out.as_str(), got.status), ("one\ntwo\n", 0));
    let got = fake.xe("network-destroy uuid=network-0 --plan-only --json");
    assert_eq!((got.out.as_str(), got.status), ("[\"one\",\"two\"]\n", 0));
}

#[test]
fn joining_a_pool_can_be_planned_by_a_word_of_its_own() {
    let plan = ApiError::new(
        "NETWORK_PLAN",
        vec![
            "cannot join: machines are not off".to_owned(),
            "step".to_owned(),
        ],
    );
    let mut fake = world().answers("pool.join", Err(plan));
    let line = "pool-join master-address=10.0.0.1 master-username=root master-password=x --plan";
    prints(&mut fake, line, "cannot join: machines are not off\nstep\n");
    assert_eq!(fake.asked[0], "careful plan-only=true plan-as=data");
    // It is no word of other commands.
    fake.asked.clear();
    fake.xe("network-destroy uuid=network-0 --plan");
    assert!(!fake.asked.iter().any(|asked| asked.starts_with("careful")));
}

#[test]
fn a_bond_on_every_host_prints_the_uuids_of_the_bonds() {
    let told = r#"{"bonds":[{"host":"xs-1","uuid":"b-1"},{"host":"xs-2","uuid":"b-2","missing":["eth3"]}],"without":["xs-3"]}"#;
    let mut fake = pool().answers("host.call_plugin", Ok(told.into()));
    let line =
        "pool-bond-create network-uuid=n devices=eth0,eth3 mode=lacp properties:lacp-time=fast";
    let got = fake.xe(line);
    assert_eq!((got.out.as_str(), got.status), ("b-1\nb-2\n", 0));
    assert_eq!(
        got.err,
        "xs-2 has no eth3: its bond has fewer members.\n\
         Not made on hosts that are not there or have none of these NICs: xs-3.\n"
    );
    let called = calls(&fake);
    for part in [
        "OpaqueRef:h1",
        "\"pool-bond\"",
        "eth0,eth3",
        "properties:lacp-time",
    ] {
        assert!(called[0].contains(part), "{called:?}");
    }
    let got = fake.xe(&format!("{line} --json"));
    assert!(got.out.contains("\"without\":[\"xs-3\"]"), "{}", got.out);
    fails(
        &mut pool(),
        "pool-bond-create network-uuid=n",
        "Required parameter not found: devices\nFor usage run: 'xe help'\n",
    );
}

#[test]
fn what_slaves_take_over_is_listed_by_host_and_what_fails_is_a_failure() {
    let told = r#"[{"host":"xs-2","steps":["one","two"],"alerts":["three"],"dropped":[]}]"#;
    let mut fake = pool().answers("host.call_plugin", Ok(told.into()));
    prints(
        &mut fake,
        "pool-sync-networks",
        "xs-2: one\nxs-2: two\nxs-2: not done: three\n",
    );
    let nothing = r#"[{"host":"xs-2","steps":[],"alerts":[],"dropped":[]}]"#;
    let mut fake = pool().answers("host.call_plugin", Ok(nothing.into()));
    prints(
        &mut fake,
        "pool-sync-networks host-uuid=u",
        "The hosts have the master's network: there is nothing to do.\n",
    );
    assert!(
        calls(&fake)[0].contains("{host:\"u\"}"),
        "{:?}",
        calls(&fake)
    );
    let failed = r#"[{"host":"xs-2","error":"HOST_OFFLINE"},{"host":"xs-3","steps":["one"]}]"#;
    let mut fake = pool().answers("host.call_plugin", Ok(failed.into()));
    let got = fake.xe("pool-sync-networks");
    assert_eq!(got.out, "xs-2: failed: HOST_OFFLINE\nxs-3: one\n");
    assert_eq!(
        (got.err.as_str(), got.status),
        ("Error: Not done on xs-2\n", 1)
    );
}

#[test]
fn a_change_that_waits_is_confirmed_or_undone_through_the_hosts_own_plugin() {
    let mut fake = world().answers("host.call_plugin", Ok("true".into()));
    for (line, undo) in [
        ("host-network-confirm uuid=host-1", "false"),
        ("host-network-confirm uuid=host-1 undo=true", "true"),
    ] {
        fake.asked.clear();
        let got = fake.xe(line);
        assert_eq!((got.out.as_str(), got.status), ("", 0), "{}", got.err);
        let called = calls(&fake);
        assert!(
            called[0].contains("\"xapi-network\" \"confirm\""),
            "{called:?}"
        );
        assert!(called[0].contains(undo), "{called:?}");
    }
    let mut fake = world().answers("host.call_plugin", Ok("[]".into()));
    let got = fake.xe("host-network-plan uuid=host-1");
    assert_eq!(
        got.out,
        "The network is what the database says: there is nothing to do.\n"
    );
    assert_eq!(fake.xe("host-network-plan uuid=host-1 --json").out, "[]\n");
}
