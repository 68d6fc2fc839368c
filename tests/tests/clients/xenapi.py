"""What the Python bindings `XenAPI`, as their registry has them, see of a lab's host.

Arguments: `network ADDRESS PASSWORD` on the lab's network, or `local` in the host. Any failure ends the program.
"""

import sys
import threading
import urllib.error
import urllib.request
import xmlrpc.client

import XenAPI

MEMBERS = ["eth1", "eth2"]


def login(address, *credentials):
    session = XenAPI.Session("http://%s" % address)
    session.login_with_password(*credentials)
    assert session.handle.startswith("OpaqueRef:"), session.handle
    return session


def details(call, *params):
    """Failure.details of a call that must fail."""
    try:
        value = call(*params)
    except XenAPI.Failure as failure:
        return failure.details
    raise AssertionError("it answered %r" % (value,))


def value_of(result):
    """What the result of a task holds: it is the text of an XML-RPC value."""
    (value,), _ = xmlrpc.client.loads("<params><param>%s</param></params>" % result)
    return value


def by_device(api):
    pifs = api.PIF.get_all_records().items()
    return {pif["device"]: ref for ref, pif in pifs if pif["physical"]}


def new_network(api, label):
    return api.network.create({"name_label": label, "name_description": "", "MTU": "1500", "other_config": {}})


def finished(api, task):
    """Asks for the task until it is finished, as clients without events do."""
    while api.task.get_status(task) == "pending":
        assert 0.0 <= api.task.get_progress(task) <= 1.0
    record = api.task.get_record(task)
    api.task.destroy(task)
    return record


class Listener(threading.Thread):
    """Follows event.from over a connection of its own."""

    def __init__(self, session, classes):
        super().__init__(daemon=True)
        self.session, self.classes = session, classes
        self.seen, self.changed, self.broken = {}, threading.Condition(), None
        first = session.xenapi.event_from(classes, "", 5.0)
        self.token = first["token"]
        self.take(first["events"])
        self.start()

    def take(self, events):
        with self.changed:
            for event in events:
                assert event["class"] == event["class"].lower() and isinstance(event["id"], str), event
                assert ("snapshot" in event) == (event["operation"] != "del"), event
                self.seen.setdefault(event["ref"], []).append(event)
            self.changed.notify_all()

    def run(self):
        try:
            while True:
                batch = self.session.xenapi.event_from(self.classes, self.token, 30.0)
                assert batch["token"] >= self.token, batch["token"]
                self.token = batch["token"]
                assert isinstance(batch["valid_ref_counts"]["bond"], int), batch["valid_ref_counts"]
                self.take(batch["events"])
        except XenAPI.Failure as failure:
            self.end(failure.details)
        except Exception as why:  # The thread that waits has to hear of it.
            self.end(repr(why))

    def end(self, why):
        with self.changed:
            self.broken = why
            self.changed.notify_all()

    def wait(self, what, is_so):
        def there():
            assert self.broken is None, self.broken
            return is_so()

        with self.changed:
            assert self.changed.wait_for(there, 30), "not heard of: %s; heard %r" % (what, self.seen)

    def operations(self, ref):
        return [event["operation"] for event in self.seen.get(ref, [])]

    def last(self, ref, field):
        snapshots = [event["snapshot"] for event in self.seen.get(ref, []) if "snapshot" in event]
        return snapshots[-1][field] if snapshots else None


def logins(address, password):
    for rest in [(), ("1.0",), ("2.23", "tests of the bindings")]:
        session = login(address, "root", password, *rest)
        assert session.API_version == "2.23", session.API_version
        session.xenapi.session.logout()
    refused = XenAPI.Session("http://%s/" % address)
    why = details(refused.login_with_password, "root", "wrong", "2.23", "tests")
    assert why[:2] == ["SESSION_AUTHENTICATION_FAILED", "root"] and len(why) == 3, why


def a_bond(session, of_events):
    api = session.xenapi
    listener = Listener(of_events, ["Bond", "PIF", "network", "task"])
    api.PIF.scan(api.session.get_this_host(session.handle))
    nics = by_device(api)
    network = new_network(api, "bonded from Python")
    members = [nics[device] for device in MEMBERS]
    task = getattr(api, "Async").Bond.create(network, members, "", "active-backup")
    record = finished(api, task)
    assert record["status"] == "success", record
    bond = value_of(record["result"])
    got = api.Bond.get_record(bond)
    assert sorted(got["slaves"]) == sorted(members) and got["mode"] == "active-backup", got
    listener.wait("the bond", lambda: "add" in listener.operations(bond))
    listener.wait("its PIF", lambda: "add" in listener.operations(got["master"]))
    listener.wait("its members", lambda: all(listener.last(nic, "bond_slave_of") == bond for nic in members))

    # The same by event: the task's own end is heard of.
    task = getattr(api, "Async").Bond.destroy(bond)
    listener.wait("the end of the task", lambda: listener.last(task, "status") == "success")
    listener.wait("the bond's end", lambda: listener.operations(bond)[-1] == "del")
    listener.wait("its PIF's end", lambda: listener.operations(got["master"])[-1] == "del")
    listener.wait("the members' freedom", lambda: all(
        listener.last(nic, "bond_slave_of") == "OpaqueRef:NULL" for nic in members))
    again = finished(api, getattr(api, "Async").Bond.destroy(bond))
    assert (again["status"], again["error_info"]) == ("failure", ["HANDLE_INVALID", "Bond", bond]), again
    api.task.destroy(task)
    api.network.destroy(network)
    listener.wait("the network's end", lambda: listener.operations(network)[-1] == "del")


def errors(api):
    nics = by_device(api)
    network = new_network(api, "errors")
    nobody = "OpaqueRef:00000000-0000-0000-0000-000000000000"
    uuid = "00000000-0000-0000-0000-000000000000"
    cases = [
        (api.PIF.get_record, (nobody,), ["HANDLE_INVALID", "PIF", nobody]),
        (api.PIF.get_by_uuid, (uuid,), ["UUID_INVALID", "PIF", uuid]),
        (api.PIF.plug, (), ["MESSAGE_PARAMETER_COUNT_MISMATCH", "PIF.plug", "1", "0"]),
        (api.PIF.fly, (nobody,), ["MESSAGE_METHOD_UNKNOWN", "PIF.fly"]),
        (api.Bond.create, (network, [], "", "lacp"), ["PIF_BOND_NEEDS_MORE_MEMBERS"]),
        (api.Bond.create, (network, [nics["eth1"]], "nonsense", "lacp"), ["MAC_INVALID", "nonsense"]),
        (api.PIF.reconfigure_ip, (nics["eth1"], "Static", "300.0.0.1", "255.255.255.0", "", ""),
         ["INVALID_IP_ADDRESS_SPECIFIED", "IP"]),
        (api.host.call_plugin, (api.host.get_all()[0], "nobody", "does", {}), ["XENAPI_MISSING_PLUGIN", "nobody"]),
        (api.event_from, (["*"], "nonsense", 1.0), ["EVENT_FROM_TOKEN_PARSE_FAILURE", "nonsense"]),
    ]
    for call, params, expected in cases:
        assert details(call, *params) == expected, (expected, details(call, *params))
    api.network.add_to_other_config(network, "k", "v")
    twice = details(api.network.add_to_other_config, network, "k", "v")
    assert twice == ["MAP_DUPLICATE_KEY", "network", "other_config", network, "k"], twice
    api.network.destroy(network)


def no_figures(session, address):
    """There are none yet, and who asks for them hears that at once."""
    url = "http://%s/rrd_updates?session_id=%s&start=0&host=true&json=true" % (address, session.handle)
    try:
        urllib.request.urlopen(url, timeout=30)
        raise AssertionError("there are figures")
    except urllib.error.HTTPError as why:
        assert why.code == 404, why


def a_lost_session(session, other):
    """The bindings log in again by themselves when the server does not know their session."""
    lost = session.handle
    other.session.logout(lost)
    assert len(session.xenapi.PIF.get_all()) >= 4
    assert session.handle != lost, "it is the same session still"


def main():
    if sys.argv[1] == "local":
        for credentials in [("root", "", "", "XSConsole"), ("", ""), ("nobody", "wrong", "1.0")]:
            session = XenAPI.xapi_local()
            session.login_with_password(*credentials)
            assert len(session.xenapi.PIF.get_all_records()) >= 4
            assert session.xenapi.session.get_is_local_superuser(session.handle) is True
            session.xenapi.session.logout()
        return
    _, _, address, password = sys.argv
    logins(address, password)
    session = login(address, "root", password, "2.23", "tests")
    a_bond(session, login(address, "root", password))
    errors(session.xenapi)
    no_figures(session, address)
    a_lost_session(session, login(address, "root", password))
    session.logout()


main()
