//! Changes that somebody at the console makes.

use xapi_model::Pif;
use xapi_tests::{Lab, agreement, eventually};

use xapi_tests::screen::{PROGRAM, Screen};

/// From the first menu to the summary of another static address on eth0, without IPv6.
fn another_address(screen: &Screen, address: &str) {
    screen.wait_until("the daemon's word", |shown| shown.contains("answers"));
    screen.keys(&["Home", "Down", "Enter", "Enter"]);
    screen.wait_for("Which interface shall carry management?");
    screen.keys(&["Enter"]);
    screen.wait_for("How does it get its address of IPv4?");
    screen.keys(&["s", "Enter"]);
    screen.wait_for("The static address of IPv4");
    screen.text(address);
    screen.keys(&["Enter", "Enter", "Enter"]);
    screen.wait_for("How does it get its address of IPv6?");
    screen.keys(&["Home", "Enter"]);
    screen.wait_for("by commas; empty for none");
    screen.keys(&["Enter"]);
    screen.wait_for("Press <Enter> to apply.");
}

#[test]
fn management_gets_another_address_once_somebody_confirms_it_and_keeps_the_old_one_if_he_does_not()
{
    let lab = Lab::up(&["--nics", "3"]);
    let screen = Screen::console(&lab, (80, 25));
    another_address(&screen, "172.16.0.20");
    screen.keys(&["Enter"]);
    screen.wait_for("The change is in force.");
    let left = |shown: &str| {
        let words = shown.split("It is undone in ").nth(1)?;
        words.split(' ').next()?.parse::<u32>().ok()
    };
    let first = left(&screen.shown()).expect("a countdown");
    assert!((30..=60).contains(&first), "{first}");
    screen.wait_until("the countdown", |shown| {
        left(shown).is_some_and(|left| left < first)
    });
    screen.keys(&["c"]);
    screen.wait_for("Management is on eth0.");
    screen.keys(&["Enter", "Escape"]);
    screen.wait_for("Host Console");
    screen.keys(&["Home"]);
    screen.wait_for("172.16.0.20/27");
    lab.client("ping -c 1 -w 10 172.16.0.20");
    let xen = lab.api("xs-1");
    assert_eq!(xen.management().1.ip, "172.16.0.20");
    agreement::check(&lab, "xs-1", &xen).unwrap();

    another_address(&screen, "172.16.0.22");
    screen.keys(&["Enter"]);
    screen.wait_for("The change is in force.");
    screen.keys(&["u"]);
    screen.wait_for("Nothing was changed.");
    assert_eq!(xen.management().1.ip, "172.16.0.20");
    lab.client("ping -c 1 -w 10 172.16.0.20");
    screen.keys(&["Enter", "Escape"]);
    screen.wait_for("Host Console");
    screen.keys(&["Home"]);

    // The shortest time, and nobody says anything.
    another_address(&screen, "172.16.0.24");
    screen.keys(&["-", "-", "-"]);
    screen.wait_for("after 15 s");
    screen.keys(&["Enter"]);
    screen.wait_for("The change is in force.");
    screen.wait_for("the change was not confirmed");
    assert_eq!(xen.management().1.ip, "172.16.0.20");
    lab.client("ping -c 1 -w 10 172.16.0.20");
}

#[test]
fn management_moves_to_another_nic_and_the_old_one_gives_its_address_up() {
    let lab = Lab::up(&["--nics", "3"]);
    let screen = Screen::console(&lab, (80, 25));
    screen.wait_until("the daemon's word", |shown| shown.contains("answers"));
    screen.keys(&["Down", "Enter", "Enter"]);
    screen.wait_for("Which interface shall carry management?");
    screen.keys(&["Down", "Enter"]);
    screen.wait_for("How does it get its address of IPv4?");
    // DHCP, no IPv6.
    screen.keys(&["Home", "Enter", "Enter"]);
    screen.wait_for("eth0 gives up its addresses");
    screen.keys(&["Enter"]);
    screen.wait_for("The change is in force.");
    screen.keys(&["c"]);
    screen.wait_for("Management is on eth1.");
    let xen = lab.api("xs-1");
    let (_, management) = xen.management();
    assert_eq!(management.device, "eth1");
    let leased = management.ip;
    lab.client(&format!("ping -c 1 -w 10 {leased}"));
    let (old, _) = xen.pif("eth0");
    let before: Pif = xen.session().record(&old).expect("eth0");
    assert_eq!(before.ip, "", "eth0 keeps an address");
    agreement::check(&lab, "xs-1", &xen).unwrap();
}

#[test]
fn name_servers_and_the_hosts_name_are_changed_by_whoever_gives_a_password() {
    let lab = Lab::up(&["--nics", "2"]);
    let script = format!("export LANG=C.UTF-8; {PROGRAM} --url http://127.0.0.1; echo left=$?");
    let screen = Screen::open(&lab, (80, 25), &script);
    screen.wait_for("log in to see what it says");
    screen.keys(&["Down", "Enter", "Down", "Enter"]);
    screen.wait_for("Password");
    screen.keys(&["Enter"]);
    screen.text("wrong");
    screen.keys(&["Enter"]);
    screen.wait_for("User or password are not right.");
    screen.text(&lab.password);
    screen.keys(&["Enter"]);
    screen.wait_for("(logged in)");
    screen.wait_until("the menu", |shown| !shown.contains("Password"));
    screen.keys(&["Home", "Down"]);
    screen.wait_for("Configured on eth0");
    screen.keys(&["Enter"]);
    screen.wait_for("Add a name server");
    screen.keys(&["Enter"]);
    screen.wait_for("Name server  ");
    screen.text("172.16.0.3");
    screen.keys(&["Enter"]);
    screen.wait_for("172.16.0.3 is asked from now on.");
    screen.keys(&["Enter"]);
    let resolver = || lab.exec("xs-1", "cat /etc/resolv.conf");
    eventually("the resolver's file", || {
        let text = resolver();
        text.contains("nameserver 172.16.0.3")
            .then_some(())
            .ok_or(text)
    });
    // Both the kernel and the daemon have it.
    screen.wait_until("the new name server, twice", |shown| {
        shown.matches("172.16.0.3").count() == 2
    });
    screen.keys(&["Enter"]);
    screen.wait_for("Remove 172.16.0.3");
    screen.keys(&["End", "Enter"]);
    screen.wait_for("172.16.0.3 is asked no more.");
    screen.keys(&["Enter"]);
    assert!(!resolver().contains("172.16.0.3"), "{}", resolver());
    screen.keys(&["Down", "Down", "Down"]);
    screen.wait_for("Press <Enter> to change it.");
    screen.keys(&["Enter"]);
    screen.wait_for("letters, digits, hyphens and dots");
    screen.text("not_a_name");
    screen.keys(&["Enter"]);
    screen.wait_for("HOST_NAME_INVALID");
    screen.keys(&["Enter", "Enter"]);
    screen.wait_for("letters, digits, hyphens and dots");
    screen.text("renamed-1");
    screen.keys(&["Enter"]);
    screen.wait_for("This host is called renamed-1.");
    assert_eq!(lab.exec("xs-1", "uname -n"), "renamed-1");
    // The daemon is started anew and knows nobody any more.
    screen.keys(&["Enter"]);
    lab.verb(&["restart", "xs-1"]);
    screen.wait_until("the end of the session", |shown| {
        shown.contains("(not logged in)")
    });
}
