//! Lists and fields of the classes beside the network's: tasks, messages, VMs, storage, secrets, subjects and roles.

use xapi_model::{Value, errors};

use crate::fake::{Fake, map, set};
use crate::{fails, prints};

/// One object of each class.
fn world() -> Fake {
    let mut fake = Fake::default();
    let mut add = |class, reference: &str, told: &[(&str, Value)]| fake.add(class, reference, told);
    add(
        "host",
        "OpaqueRef:h",
        &[("uuid", "host-1".into()), ("name_label", "xs-1".into())],
    );
    add(
        "task",
        "OpaqueRef:t",
        &[
            ("uuid", "task-1".into()),
            ("name_label", "Async.Bond.create".into()),
            ("status", "pending".into()),
            ("progress", Value::Float(0.25)),
            ("resident_on", "OpaqueRef:h".into()),
            ("allowed_operations", set(&["cancel", "destroy"])),
            ("other_config", map(&[("applies_to", "x")])),
        ],
    );
    add(
        "message",
        "OpaqueRef:m",
        &[
            ("uuid", "message-1".into()),
            ("name", "NETWORK_DIVERGED".into()),
            ("priority", 1.into()),
            ("cls", "Host".into()),
            ("obj_uuid", "host-1".into()),
            ("body", "two\nlines".into()),
        ],
    );
    add(
        "VM",
        "OpaqueRef:v",
        &[
            ("uuid", "vm-1".into()),
            ("name_label", "db".into()),
            ("power_state", "Running".into()),
        ],
    );
    add(
        "VM",
        "OpaqueRef:vt",
        &[
            ("uuid", "template-1".into()),
            ("name_label", "Debian".into()),
            ("is_a_template", true.into()),
        ],
    );
    add(
        "SR",
        "OpaqueRef:s",
        &[
            ("uuid", "sr-1".into()),
            ("name_label", "Local storage".into()),
            ("type", "ext".into()),
            ("PBDs", set(&["OpaqueRef:p"])),
            ("current_operations", map(&[("OpaqueRef:t", "vdi_create")])),
        ],
    );
    add(
        "PBD",
        "OpaqueRef:p",
        &[
            ("uuid", "pbd-1".into()),
            ("host", "OpaqueRef:h".into()),
            ("SR", "OpaqueRef:s".into()),
            ("device_config", map(&[("device", "/dev/sdb")])),
            ("currently_attached", true.into()),
        ],
    );
    add(
        "VDI",
        "OpaqueRef:d",
        &[
            ("uuid", "vdi-1".into()),
            ("name_label", "disk".into()),
            ("SR", "OpaqueRef:s".into()),
        ],
    );
    add(
        "VBD",
        "OpaqueRef:b",
        &[
            ("uuid", "vbd-1".into()),
            ("VM", "OpaqueRef:v".into()),
            ("VDI", "OpaqueRef:d".into()),
        ],
    );
    add(
        "secret",
        "OpaqueRef:c",
        &[("uuid", "secret-1".into()), ("value", "hush".into())],
    );
    let mut add = |class, reference: &str, told: &[(&str, Value)]| fake.add(class, reference, told);
    add(
        "role",
        "OpaqueRef:r",
        &[
            ("uuid", "role-1".into()),
            ("name_label", "pool-operator".into()),
        ],
    );
    add(
        "role",
        "OpaqueRef:ri",
        &[
            ("uuid", "role-2".into()),
            ("name_label", "pif.plug".into()),
            ("is_internal", true.into()),
        ],
    );
    add(
        "subject",
        "OpaqueRef:u",
        &[
            ("uuid", "subject-1".into()),
            ("subject_identifier", "S-1-5".into()),
            ("other_config", map(&[("subject-name", "LAB\\ann")])),
            ("roles", set(&["OpaqueRef:r", "OpaqueRef:gone"])),
        ],
    );
    fake
}

fn check(line: &str, expected: &str) {
    prints(&mut world(), line, expected);
}

#[test]
fn tasks_and_messages() {
    check(
        "task-list",
        "uuid ( RO)                : task-1\n          name-label ( RO): Async.Bond.create\n    \
         name-description ( RO): \n              status ( RO): pending\n            progress ( RO): 0.250\n\n\n",
    );
    check(
        "task-param-get uuid=task-1 param-name=allowed_operations",
        "Cancel; Destroy\n",
    );
    check(
        "task-param-get uuid=task-1 param-name=resident-on",
        "host-1\n",
    );
    check("task-list status=success", "");
    check(
        "message-list",
        "uuid ( RO)         : message-1\n         name ( RO): NETWORK_DIVERGED\n     priority ( RO): 1\n        \
         class ( RO): Host\n     obj-uuid ( RO): host-1\n    timestamp ( RO): 19700101T00:00:00Z\n         \
         body ( RO): two\nlines\n\n\n",
    );
    check("message-list class=Host --minimal", "message-1\n");
    let mut fake = world();
    prints(&mut fake, "task-param-set uuid=task-1 other-config:a=b", "");
    prints(
        &mut fake,
        "task-param-remove uuid=task-1 param-name=other-config param-key=applies_to",
        "",
    );
    assert_eq!(
        fake.field("OpaqueRef:t", "other_config"),
        map(&[("a", "b")])
    );
    fails(
        &mut fake,
        "task-param-set uuid=task-1 status=success",
        "Error: Field 'status' is read-only.\n",
    );
}

#[test]
fn a_task_is_asked_to_stop() {
    let mut fake = world().answers("task.cancel", Ok(Value::Nil));
    prints(&mut fake, "task-cancel uuid=task-1", "");
    assert!(
        fake.asked
            .contains(&r#"task.cancel "OpaqueRef:t""#.to_owned())
    );
    let error = errors::operation_not_allowed("it has begun to change the host");
    let mut fake = world().answers("task.cancel", Err(error));
    let got = fake.xe("task-cancel uuid=task-1");
    assert!(
        got.err.ends_with(": it has begun to change the host\n"),
        "{}",
        got.err
    );
}

#[test]
fn messages_are_left_and_removed() {
    let mut fake = world()
        .answers("message.create", Ok("OpaqueRef:m".into()))
        .answers("message.destroy_many", Ok(Value::Nil))
        .answers("message.destroy_all", Ok(Value::Nil));
    prints(
        &mut fake,
        "message-create name=N priority=3 body=B host-uuid=host-1",
        "",
    );
    prints(&mut fake, "message-destroy uuids=message-1,message-1", "");
    prints(
        &mut fake,
        "message-destroy-all before=2026-01-31T00:00:00Z priority=3",
        "",
    );
    let own: Vec<&str> = fake
        .asked
        .iter()
        .map(String::as_str)
        .filter(|call| call.starts_with("message.") && !call.contains("get_"))
        .collect();
    assert_eq!(
        own,
        [
            r#"message.create "N" 3 "Host" "host-1" "B""#,
            r#"message.destroy_many ["OpaqueRef:m","OpaqueRef:m"]"#,
            r#"message.destroy_all {before:"20260131T00:00:00Z",priority:"3"}"#,
        ]
    );
}

#[test]
fn machines_and_storage() {
    check(
        "vm-list",
        "uuid ( RO)           : vm-1\n     name-label ( RW): db\n    power-state ( RO): running\n\n\n",
    );
    check("template-list --minimal", "template-1\n");
    check(
        "sr-list",
        "uuid ( RO)                : sr-1\n          name-label ( RW): Local storage\n    \
         name-description ( RW): \n                host ( RO): xs-1\n                type ( RO): ext\n        \
         content-type ( RO): \n\n\n",
    );
    check(
        "sr-param-get uuid=sr-1 param-name=current-operations",
        "VDI.create\n",
    );
    check(
        "pbd-list",
        "uuid ( RO)                  : pbd-1\n             host-uuid ( RO): host-1\n               sr-uuid ( RO): \
         sr-1\n         device-config (MRO): device: /dev/sdb\n    currently-attached ( RO): true\n\n\n",
    );
    check("vdi-list sr-uuid=sr-1 --minimal", "vdi-1\n");
    check("vbd-list vm-uuid=vm-1 vdi-uuid=vdi-1 --minimal", "vbd-1\n");
    check("vbd-list vm-name-label=other", "");
    check(
        "secret-list params=uuid,value",
        "uuid ( RO)     : secret-1\n    value ( RW): hush\n\n\n",
    );
}

#[test]
fn subjects_are_shown_with_the_names_of_their_roles() {
    check(
        "subject-list",
        "uuid ( RO)                  : subject-1\n    subject-identifier ( RO): S-1-5\n          \
         other-config (MRO): subject-name: LAB\\ann\n                 roles (SRO): \
         pool-operator; <not in database>\n\n\n",
    );
    check(
        "subject-list roles:contains=pool-operator --minimal",
        "subject-1\n",
    );
    check(
        "role-list",
        "uuid ( RO)           : role-1\n           name ( RO): pool-operator\n    description ( RO): \n\n\n",
    );
}

#[test]
fn subjects_are_added_and_get_roles() {
    let mut fake = world()
        .answers("auth.get_subject_identifier", Ok("S-1-5".into()))
        .answers("subject.create", Ok("OpaqueRef:u".into()))
        .answers("subject.add_to_roles", Ok(Value::Nil))
        .answers("role.get_by_name_label", Ok(set(&["OpaqueRef:r"])));
    prints(
        &mut fake,
        "subject-add subject-name=LAB\\ann",
        "subject-1\n",
    );
    assert!(
        fake.asked
            .contains(&r#"subject.create {subject_identifier:"S-1-5",other_config:{}}"#.to_owned())
    );
    prints(
        &mut fake,
        "subject-role-add uuid=subject-1 role-name=pool-operator",
        "",
    );
    prints(
        &mut fake,
        "subject-role-add uuid=subject-1 role-uuid=role-1",
        "",
    );
    let given = r#"subject.add_to_roles "OpaqueRef:u" "OpaqueRef:r""#;
    assert_eq!(fake.asked.iter().filter(|call| *call == given).count(), 2);
    let text = "Error: Either role-name or role-uuid must be given\n";
    fails(&mut fake, "subject-role-add uuid=subject-1", text);
    fails(
        &mut fake,
        "subject-role-remove uuid=subject-1 role-name=a role-uuid=b",
        text,
    );
    let mut fake = world().answers("role.get_by_name_label", Ok(set(&[])));
    fails(
        &mut fake,
        "subject-role-add uuid=subject-1 role-name=king",
        "Error: There is no role 'king'\n",
    );
}
