"""The calls that the SDKs of C#, Go and Java make, and programs over them, as the bytes they send: JSON-RPC 1.0 and 2.0.

Arguments: the host's address, root's password. The SDKs themselves need toolchains that these tests do without; what
they send, and what they take apart of the answers, was read from their sources.
"""

import http.client
import json
import sys

ADDRESS, PASSWORD = sys.argv[1:]
NULL = "OpaqueRef:NULL"


class Refused(Exception):
    pass


class Sdk:
    """A connection as the SDK keeps it, and the form of its requests."""

    def __init__(self, version, content_type, agent):
        self.version, self.id = version, 0
        self.headers = {"Content-Type": content_type, "User-Agent": agent, "Accept": "application/json"}
        self.connection = http.client.HTTPConnection(ADDRESS, 80, timeout=60)
        self.session = None

    def raw(self, method, *params):
        self.id += 1
        request = {"id": self.id, "method": method, "params": list(params)}
        if self.version == "2.0":
            request["jsonrpc"] = "2.0"
        self.connection.request("POST", "/jsonrpc", json.dumps(request), self.headers)
        response = self.connection.getresponse()
        assert response.status == 200, response.status
        assert response.getheader("Content-Type") == "application/json", response.getheaders()
        answer = json.loads(response.read())
        assert answer["id"] == self.id, answer
        if self.version == "1.0":
            assert set(answer) == {"id", "result", "error"}, answer
            if answer["error"] is not None:
                assert answer["result"] is None, answer
                raise Refused(answer["error"])
        else:
            assert set(answer) in ({"jsonrpc", "id", "result"}, {"jsonrpc", "id", "error"}), answer
            if "error" in answer:
                error = answer["error"]
                assert isinstance(error["code"], int), error
                raise Refused([error["message"]] + error["data"])
        return answer["result"]

    def login(self, *credentials):
        self.session = self.raw("session.login_with_password", *credentials)
        assert self.session.startswith("OpaqueRef:")

    def call(self, method, *params):
        return self.raw(method, self.session, *params)

    def refused(self, method, *params):
        try:
            value = self.call(method, *params)
        except Refused as why:
            return why.args[0]
        raise AssertionError("%s answered %r" % (method, value))

    def polled(self, method, *params):
        """An asynchronous call as XenCenter follows it, by the task's record."""
        task = self.call("Async." + method, *params)
        self.call("task.add_to_other_config", task, "XenCenterUUID", "0f0f")
        while True:
            record = self.call("task.get_record", task)
            if record["status"] != "pending":
                break
        assert record["other_config"]["XenCenterUUID"] == "0f0f", record
        self.call("task.destroy", task)
        if record["status"] == "failure":
            raise Refused(record["error_info"])
        assert record["progress"] == 1, record
        return record["result"]


def reference(result):
    prefix, suffix = "<value>", "</value>"
    assert result.startswith(prefix) and result.endswith(suffix), result
    return result[len(prefix):-len(suffix)]


def nic(sdk, device):
    pifs = sdk.call("PIF.get_all_records").items()
    return next(ref for ref, pif in pifs if pif["device"] == device and pif["VLAN"] == -1)


def c_sharp():
    # Version 1.0 until the version of the API is known; four parameters first.
    old = Sdk("1.0", "application/json", "XenCenter/8.2.0")
    old.login("root", PASSWORD, "2.21", "XenCenter/8.2.0")
    pools = old.call("pool.get_all_records")
    (pool,) = pools.values()
    host = old.call("host.get_record", pool["master"])
    assert (host["API_version_major"], host["API_version_minor"]) >= (2, 8), host
    try:
        old.raw("host.get_record", "OpaqueRef:nobody", pool["master"])
        raise AssertionError("a session that nobody has was taken")
    except Refused as why:
        assert why.args[0] == ["SESSION_INVALID", "OpaqueRef:nobody"], why

    sdk = Sdk("2.0", "application/json", "XenCenter/8.2.0")
    sdk.session = old.session
    if not sdk.call("session.get_is_local_superuser", sdk.session):
        sdk.call("session.get_subject", sdk.session)
        sdk.call("session.get_auth_user_sid", sdk.session)
    assert isinstance(sdk.call("session.get_rbac_permissions", sdk.session), list)
    assert "pool-admin" in {role["name_label"] for role in sdk.call("role.get_all_records").values()}
    # The first fill: all objects in one answer, with fields and classes that only some clients know.
    first = sdk.call("event.from", ["*"], "", 30.0)
    classes = {event["class"] for event in first["events"]}
    assert {"pool", "host", "pif", "network", "vm", "pif_metrics", "role", "task"} - classes <= {"task"}, classes
    assert all(event["operation"] == "add" and event["snapshot"] for event in first["events"])
    assert all(isinstance(event["timestamp"], str) for event in first["events"])
    events = Sdk("2.0", "application/json", "XenCenter/8.2.0")
    events.session = sdk.session
    assert isinstance(sdk.call("host.get_servertime", pool["master"]), str)

    network = reference(sdk.polled("network.create", {
        "name_label": "from C#", "name_description": "", "MTU": 1500, "tags": [], "assigned_ips": {},
        "other_config": {"XenCenterCreateInProgress": "true"}, "uuid": "", "PIFs": [], "VIFs": [], "bridge": "",
        "managed": True, "blobs": {}, "default_locking_mode": "unlocked", "purpose": [], "allowed_operations": [],
        "current_operations": {}}))
    sdk.call("network.remove_from_other_config", network, "XenCenterCreateInProgress")
    members = [nic(sdk, "eth1"), nic(sdk, "eth2")]
    properties = {"hashing_algorithm": "tcpudp_ports"}
    bond = reference(sdk.polled("Bond.create", network, members, "", "lacp", properties))
    record = sdk.call("Bond.get_record", bond)
    assert record["mode"] == "lacp" and record["properties"]["hashing_algorithm"] == "tcpudp_ports", record
    token, heard = first["token"], []
    while not any(event["ref"] == bond for event in heard):
        batch = events.call("event.from", ["*"], token, 30.0)
        token, heard = batch["token"], heard + batch["events"]
    sdk.call("PIF.add_to_other_config", record["master"], "management_purpose", "Storage")
    sdk.polled("PIF.reconfigure_ip", record["master"], "Static", "10.9.0.2", "255.255.255.0", "", "")
    assert sdk.call("PIF.get_currently_attached", record["master"]) is True
    sdk.call("PIF.set_disallow_unplug", record["master"], True)
    assert sdk.refused("PIF.unplug", record["master"]) == ["PIF_DOES_NOT_ALLOW_UNPLUG", record["master"]]
    sdk.call("PIF.set_disallow_unplug", record["master"], False)
    sdk.polled("host.management_reconfigure", nic(sdk, "eth0"))
    sdk.polled("Bond.destroy", bond)
    sdk.call("network.destroy", network)
    sdk.call("session.logout")


def go():
    sdk = Sdk("2.0", "application/json; charset=utf-8", "XenAPI/2.0")
    sdk.login("root", PASSWORD, "1.0", "terraform")
    # The version of the API, then the version of the software: without it the SDK gives up.
    (pool,) = sdk.call("pool.get_all")
    master = sdk.call("pool.get_record", pool)["master"]
    host = sdk.call("host.get_record", master)
    assert isinstance(host["API_version_major"], int) and host["software_version"]["xapi"], host
    for date in (host["last_software_update"], sdk.call("host_metrics.get_record", host["metrics"])["last_updated"]):
        assert len(date) == 18 and date[8] == "T" and date.endswith("Z"), date
    # The provider of Terraform.
    network = sdk.call("network.create", {"name_label": "from Go", "name_description": "", "MTU": 1500,
                                          "other_config": {}, "bridge": "", "managed": True, "tags": []})
    uuid = sdk.call("network.get_record", network)["uuid"]
    assert sdk.call("network.get_by_uuid", uuid) == network
    sdk.call("network.set_name_label", network, "from Terraform")
    sdk.call("network.set_name_description", network, "nothing to see")
    sdk.call("network.set_MTU", network, 1600)
    sdk.call("network.set_other_config", network, {"automatic": "false"})
    assert sdk.call("network.get_all_records")[network]["MTU"] == 1600
    assert sdk.call("Bond.get_all_records") == {}
    pif = nic(sdk, "eth3")
    record = sdk.call("PIF.get_record", pif)
    assert sdk.call("PIF.get_by_uuid", record["uuid"]) == pif
    assert sdk.call("PIF_metrics.get_carrier", sdk.call("PIF.get_metrics", pif)) is True
    sdk.call("PIF.set_other_config", pif, {"management_purpose": "Storage"})
    sdk.call("PIF.reconfigure_ip", pif, "DHCP", "", "", "", "")
    assert sdk.call("PIF.get_IP", pif).startswith("172.16.0."), sdk.call("PIF.get_record", pif)
    sdk.call("PIF.reconfigure_ip", pif, "None", "", "", "", "")
    sdk.call("PIF.set_other_config", pif, {})
    sdk.call("network.destroy", network)
    assert sdk.refused("network.get_record", network) == ["HANDLE_INVALID", "network", network]
    sdk.call("session.logout")


def java():
    sdk = Sdk("2.0", "application/json", "Java/17")
    sdk.login("root", PASSWORD, "2.21")
    # CloudStack looks at a host and finds its networks by the traffic's label.
    (host,) = sdk.call("host.get_all")
    assert sdk.call("host.get_by_uuid", sdk.call("host.get_uuid", host)) == host
    assert sdk.call("host.get_enabled", host) is True
    for pif in sdk.call("host.get_PIFs", host):
        record = sdk.call("PIF.get_record", pif)
        if record["management"]:
            assert record["VLAN"] == -1 and record["bond_slave_of"] == NULL, record
    # A whole record, of which two fields were set.
    network = sdk.call("network.create", {
        "uuid": "", "name_label": "cloud-private", "name_description": "", "allowed_operations": [],
        "current_operations": {}, "VIFs": [], "PIFs": [], "MTU": 0, "other_config": {}, "bridge": "", "blobs": {},
        "tags": ["cloud"]})
    assert sdk.call("network.get_by_name_label", "cloud-private") == [network]
    record = sdk.call("network.get_record", network)
    assert (record["PIFs"], record["tags"], record["MTU"]) == ([], ["cloud"], 1500), record
    assert sdk.call("network.get_bridge", network) == record["bridge"] != ""
    assert sdk.call("network.get_other_config", network) == {}
    failed = sdk.refused("host.call_plugin", host, "vmops", "setupServer", {"gw": "172.16.0.1"})
    assert failed == ["XENAPI_MISSING_PLUGIN", "vmops"], failed
    agents = sdk.call("host.get_tracked_user_agents", host)
    assert agents["XenCenter"] == "8.2.0" and agents["Java"] == "17", agents
    sdk.call("network.destroy", network)
    sdk.call("session.logout")


c_sharp()
go()
java()
