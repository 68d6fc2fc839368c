//! What tests with machines share: making them, and talking to the guests that they run as.

use crate::{Lab, Xen};
use xapi_model::{Network, Pif, Ref, Vif, Vm};

/// `xe` on the host; what it printed.
#[track_caller]
pub fn xe(lab: &Lab, line: &str) -> String {
    lab.exec("xs-1", &format!("xe {line}"))
}

/// `xe` on the host, refused; what it said.
#[track_caller]
pub fn refused(lab: &Lab, line: &str) -> String {
    lab.exec("xs-1", &format!("! xe {line} 2>&1"))
}

/// A machine with one NIC on a network, off.
pub struct Machine {
    /// What it is called.
    pub name: String,
    /// Its uuid.
    pub uuid: String,
    /// The uuid of its VIF.
    pub vif: String,
}

/// Makes a machine. `parameters` are more of `vm-param-set`'s.
pub fn machine(lab: &Lab, name: &str, network: &str, parameters: &str) -> Machine {
    let set = match parameters {
        "" => String::new(),
        _ => format!("xe vm-param-set uuid=$vm {parameters}"),
    };
    let script = format!(
        "vm=$(xe vm-create name-label={name})
         {set}
         echo $vm $(xe vif-create vm-uuid=$vm network-uuid={network} device=0)"
    );
    let told = lab.exec("xs-1", &script);
    let (uuid, vif) = told.split_once(' ').expect("two uuids");
    Machine {
        name: name.to_owned(),
        uuid: uuid.to_owned(),
        vif: vif.to_owned(),
    }
}

impl Machine {
    /// Starts it.
    pub fn start(&self, lab: &Lab) {
        xe(lab, &format!("vm-start uuid={}", self.uuid));
    }

    /// Runs a script in the namespace of the guest.
    pub fn inside(&self, lab: &Lab, script: &str) -> String {
        lab.exec("xs-1", &self.script(script))
    }

    /// A script for the host that runs one in the namespace of the guest.
    pub fn script(&self, script: &str) -> String {
        let process = format!("/run/xapi/guests/{}/process.json", self.uuid);
        format!(
            "pid=$(grep -o '\"pid\": *[0-9]*' {process} | grep -o '[0-9]*$')
             nsenter -t \"$pid\" -n bash -euc '{script}'"
        )
    }

    /// Gives the guest its address, as the program in it would after its NIC came, and has it speak first: whoever knew
    /// the address under another MAC or at another cable learns the new one.
    pub fn configure(&self, lab: &Lab, address: &str, peer: &str) {
        let script = format!(
            "ip address add {address} dev eth0; ip link set eth0 up; ping -c 2 -i 0.02 -W 2 {peer}"
        );
        self.inside(lab, &script);
    }

    /// The row of its VIF.
    pub fn row(&self, xen: &Xen) -> Vif {
        let all = xen.all::<Vif>().into_iter();
        let mut found = all.filter(|(_, vif)| vif.uuid == self.vif);
        found.next().expect("the VIF").1
    }

    /// The port of its NIC, while it runs.
    pub fn port(&self, xen: &Xen) -> String {
        let vif = self.row(xen);
        let domain = xen.session().field(&vif.vm, Vm::DOMID).expect("a domain");
        format!("vif{domain}.{}", vif.device)
    }

    /// The bridge that its port is on.
    pub fn bridge(&self, lab: &Lab, xen: &Xen) -> String {
        lab.exec("xs-1", &format!("ovs-vsctl port-to-br {}", self.port(xen)))
    }
}

/// The network of a NIC and its uuid.
pub fn network_of(xen: &Xen, device: &str) -> (Ref<Network>, String) {
    let network = xen.pif(device).1.network;
    let uuid = uuid_of(xen, &network);
    (network, uuid)
}

/// The uuid of a network.
pub fn uuid_of(xen: &Xen, network: &Ref<Network>) -> String {
    let uuid = xen.session().field(network, Network::UUID);
    uuid.expect("a network")
}

/// The bridge of a PIF's network.
pub fn bridge_of(xen: &Xen, pif: &Ref<Pif>) -> String {
    let network = xen.session().field(pif, Pif::NETWORK).expect("a network");
    let bridge = xen.session().field(&network, Network::BRIDGE);
    bridge.expect("a bridge")
}
