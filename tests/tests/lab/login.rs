//! Who gets in, and from where.

use xapi_client::{Client, ClientError, Options, Session, Trust};
use xapi_model::{Host, IpConfigurationMode, host, session};
use xapi_tests::{Lab, Xen};

/// Logs in from the client over TCP, and out again.
fn over_tcp(lab: &Lab, address: &str, password: &str) -> Result<(), ClientError> {
    let options = Options {
        connect_timeout: std::time::Duration::from_secs(2),
        call_timeout: Some(std::time::Duration::from_secs(10)),
        ..Options::default()
    };
    lab.as_client(|| {
        let session = Session::login(
            Client::tcp(address, 80).with(options),
            "root",
            password,
            "tests",
        )?;
        session.logout()
    })
}

#[test]
fn the_right_password_gets_in_over_tcp_and_a_wrong_one_does_not() {
    let lab = Lab::up(&["--nics", "2"]);
    over_tcp(&lab, "172.16.0.10", &lab.password).expect("the right password");
    let wrong = over_tcp(&lab, "172.16.0.10", "wrong").expect_err("a wrong password");
    let error = wrong.api().expect("an error of the API");
    assert_eq!(error.code, "SESSION_AUTHENTICATION_FAILED");
    assert_eq!(
        error.params.first().map(String::as_str),
        Some("root"),
        "{error:?}"
    );
}

/// The same by TLS, with a certificate that is its own authority: it must name the address.
fn over_tls(lab: &Lab, certificate: &str) -> Result<(), ClientError> {
    let trust = Trust::authorities(certificate).expect("a certificate");
    lab.as_client(|| {
        let client = Client::tls("172.16.0.10", 443, trust);
        Session::login(client, "root", &lab.password, "tests")?.logout()
    })
}

#[test]
fn the_network_gets_in_by_tls_and_only_so_when_plain_http_is_kept_to_the_host() {
    let lab = Lab::up(&["--nics", "2"]);
    let xen = lab.api("xs-1");
    let host = xen.all::<Host>().remove(0).0;
    let get = host::GetServerCertificate { host: host.clone() };
    let first = xen.session().invoke(&get).expect("a certificate");
    over_tls(&lab, &first).expect("the certificate of the first start");
    let reset = host::ResetServerCertificate { host };
    xen.session().invoke(&reset).expect("another certificate");
    over_tls(&lab, &first).expect_err("another certificate");
    let second = xen.session().invoke(&get).expect("a certificate");
    over_tls(&lab, &second).expect("the new certificate");
    over_tcp(&lab, "172.16.0.10", &lab.password).expect("plain HTTP");
    lab.exec(
        "xs-1",
        "echo 'plain_http = \"loopback\"' >> /etc/xensource/xapi.toml && service xapi restart",
    );
    over_tls(&lab, &second).expect("the same certificate after a restart");
    let refused = over_tcp(&lab, "172.16.0.10", &lab.password).expect_err("plain HTTP");
    assert!(refused.to_string().contains("403"), "{refused}");
}

#[test]
fn root_changes_the_password_through_pam() {
    let lab = Lab::up(&["--nics", "2"]);
    let xen = lab.api("xs-1");
    let change = session::ChangePassword {
        old_pwd: String::new(),
        new_pwd: "another-Word-4711".to_owned(),
    };
    xen.session()
        .invoke(&change)
        .expect("session.change_password");
    over_tcp(&lab, "172.16.0.10", &change.new_pwd).expect("the new password");
    let old = over_tcp(&lab, "172.16.0.10", &lab.password).expect_err("the old password");
    assert!(old.is("SESSION_AUTHENTICATION_FAILED"), "{old}");
    let log = lab.exec("xs-1", "cat /var/log/audit.log");
    assert!(
        log.contains("'OK' 'API' 'session.change_password'"),
        "{log}"
    );
    assert!(!log.contains(&change.new_pwd), "{log}");
}

#[test]
fn a_host_without_management_answers_its_unix_socket_alone() {
    let lab = Lab::up(&["--nics", "2"]);
    let xen = lab.api("xs-1");
    xen.session()
        .invoke(&host::ManagementDisable {})
        .expect("host.management_disable");
    let refused =
        over_tcp(&lab, "172.16.0.10", &lab.password).expect_err("a login from another machine");
    assert!(refused.api().is_none(), "there was an answer: {refused}");
    assert!(
        Xen::try_login(&lab.socket("xs-1")).is_ok(),
        "the unix socket is dead as well"
    );

    let (eth0, row) = xen.pif("eth0");
    assert!(!row.management && row.currently_attached, "{row:?}");
    xen.session()
        .invoke(&host::ManagementReconfigure { pif: eth0 })
        .expect("host.management_reconfigure");
    over_tcp(&lab, "172.16.0.10", &lab.password).expect("management is back");
}

#[test]
fn management_can_be_given_to_another_interface_that_has_an_address() {
    let lab = Lab::up(&["--nics", "2"]);
    lab.client("ip address add 10.5.0.1/24 dev lab0");
    let xen = lab.api("xs-1");
    let (eth1, row) = xen.pif("eth1");
    assert_eq!(row.ip_configuration_mode, IpConfigurationMode::None);
    let call = host::ManagementReconfigure { pif: eth1.clone() };
    let refused = xen
        .session()
        .invoke(&call)
        .expect_err("an interface without an address");
    assert!(refused.is("PIF_HAS_NO_NETWORK_CONFIGURATION"), "{refused}");
    xen.try_static(&eth1, "10.5.0.2", "255.255.255.0", "")
        .expect("PIF.reconfigure_ip");
    xen.session()
        .invoke(&call)
        .expect("host.management_reconfigure");
    assert_eq!(xen.management().0, eth1);
    over_tcp(&lab, "10.5.0.2", &lab.password).expect("a login at the new address");
    let inventory = lab.exec("xs-1", "cat /etc/xensource-inventory");
    assert!(
        inventory.contains("MANAGEMENT_INTERFACE='xenbr1'"),
        "{inventory}"
    );
}
