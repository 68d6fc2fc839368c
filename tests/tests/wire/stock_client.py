"""What Python's own xmlrpc.client, which the XenAPI bindings are made of, sees of a daemon.

Arguments: the port on loopback, the path of the unix socket. The daemon is on a simulated host with four NICs,
management on eth0, password "secret".
"""

import http.client
import socket
import sys
import time
import xmlrpc.client


class UnixConnection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(sys.argv[2])


class UnixTransport(xmlrpc.client.Transport):
    def make_connection(self, host):
        return UnixConnection(host)


class Failure(Exception):
    pass


class Session:
    """The few lines of the bindings that matter here."""

    def __init__(self, proxy, *login):
        self.proxy = proxy
        self.ref = self.answer(proxy.session.login_with_password(*login))

    @staticmethod
    def answer(reply):
        assert set(reply) in ({"Status", "Value"}, {"Status", "ErrorDescription"}), reply
        if reply["Status"] == "Success":
            return reply["Value"]
        raise Failure(reply["ErrorDescription"])

    def call(self, name, *params):
        method = self.proxy
        for part in name.split("."):
            method = getattr(method, part)
        return self.answer(method(self.ref, *params))

    def fails(self, name, *params):
        try:
            value = self.call(name, *params)
        except Failure as why:
            return why.args[0]
        raise AssertionError("%s answered %r" % (name, value))


def polled(session, task):
    for _ in range(1000):
        if session.call("task.get_status", task) != "pending":
            break
        time.sleep(0.01)
    record = session.call("task.get_record", task)
    session.call("task.destroy", task)
    assert session.fails("task.get_record", task) == ["HANDLE_INVALID", "task", task]
    return record


def one_round(session, label):
    session.call("PIF.scan", session.call("host.get_all")[0])
    pifs = session.call("PIF.get_all_records")
    assert len(pifs) == 4, pifs
    by_device = {pif["device"]: ref for ref, pif in pifs.items()}
    for ref, pif in pifs.items():
        assert ref.startswith("OpaqueRef:") and len(ref) == 46, ref
        # Integers are strings, truth values are not.
        assert pif["MTU"] == "1500" and pif["VLAN"] == "-1", pif
        assert pif["managed"] is True and pif["bond_slave_of"] == "OpaqueRef:NULL", pif
        assert pif["properties"] == {"gro": "on"} and pif["bond_master_of"] == [], pif
        assert len(pif) == 35 and "device_name" not in pif, sorted(pif)
    assert pifs[by_device["eth0"]]["management"] is True
    metrics = session.call("PIF_metrics.get_record", pifs[by_device["eth0"]]["metrics"])
    assert metrics["io_read_kbs"] == 0.0 and isinstance(metrics["io_read_kbs"], float), metrics
    date = metrics["last_updated"]
    assert isinstance(date, xmlrpc.client.DateTime), date
    assert len(date.value) == 18 and date.value[8] == "T" and date.value[17] == "Z", date

    record = {"name_label": label, "name_description": "", "MTU": "9000", "other_config": {}}
    network = session.call("network.create", record)
    assert session.call("network.get_MTU", network) == "9000"
    assert session.call("network.get_by_name_label", label) == [network]
    members = [by_device["eth1"], by_device["eth2"]]
    bond = session.call("Bond.create", network, members, "", "active-backup")
    got = session.call("Bond.get_record", bond)
    assert sorted(got["slaves"]) == sorted(members) and got["mode"] == "active-backup", got
    assert got["links_up"] == "2", got
    assert session.fails("PIF.plug", members[0]) == ["CANNOT_PLUG_BOND_SLAVE", members[0]]
    assert session.fails("network.destroy", network) == ["NETWORK_CONTAINS_PIF", got["master"]]

    task = session.call("Async.Bond.destroy", bond)
    done = polled(session, task)
    assert done["status"] == "success" and done["progress"] == 1.0, done
    assert done["result"] == "<value></value>" and done["error_info"] == [], done
    assert done["name_label"] == "Async.Bond.destroy" and done["type"] == "<none/>", done
    assert done["finished"].value >= done["created"].value > "2026", done
    assert session.fails("Bond.get_record", bond) == ["HANDLE_INVALID", "Bond", bond]

    again = polled(session, session.call("Async.Bond.destroy", bond))
    assert again["status"] == "failure" and again["progress"] == 1.0, again
    assert again["error_info"] == ["HANDLE_INVALID", "Bond", bond], again

    made = polled(session, session.call("Async.network.create", dict(record, name_label=label + "2")))
    assert made["status"] == "success", made
    (ref,), _ = xmlrpc.client.loads("<params><param>%s</param></params>" % made["result"])
    assert session.call("network.get_name_label", ref) == label + "2"

    # As npm's client and the bindings set an entry of a map.
    session.call("network.remove_from_other_config", network, "k")
    session.call("network.add_to_other_config", network, "k", "<&\u00e9\n>")
    assert session.call("network.get_other_config", network) == {"k": "<&\u00e9\n>"}
    twice = session.fails("network.add_to_other_config", network, "k", "v")
    assert twice == ["MAP_DUPLICATE_KEY", "network", "other_config", network, "k"], twice
    where = session.call("network.get_all_records_where", 'field "name__label"="%s"' % label)
    assert list(where) == [network], where
    for ref in (network, ref):
        assert session.call("network.destroy", ref) == ""


def main():
    tcp = xmlrpc.client.ServerProxy("http://127.0.0.1:%s" % sys.argv[1], allow_none=True)
    unix = xmlrpc.client.ServerProxy("http://_var_lib_xcp_xapi/", UnixTransport(), allow_none=True)
    try:
        Session(tcp, "root", "wrong", "2.23", "tests")
        raise AssertionError("a wrong password was taken")
    except Failure as why:
        code, user, text = why.args[0]
        assert (code, user) == ("SESSION_AUTHENTICATION_FAILED", "root") and "wrong" not in text
    logins = [
        (tcp, ("root", "secret")),
        (tcp, ("root", "secret", "1.0")),
        (tcp, ("root", "secret", "2.23", "tests")),
        (unix, ("root", "", "", "XSConsole")),
        (unix, ("", "")),
    ]
    for number, (proxy, login) in enumerate(logins):
        session = Session(proxy, *login)
        one_round(session, "round %d" % number)
        assert session.call("session.logout") == ""
        assert session.fails("PIF.get_all") == ["SESSION_INVALID", session.ref]
    names = tcp.system.listMethods()
    assert "Bond.create" in names and "PIF.get_all_records" in names and "event.from" in names
    alive = getattr(tcp, "system.isAlive:tests")("hello")
    assert alive == {"Status": "Success", "Value": "hello"}, alive


main()
