//! The command line, and what it asks for on this host.

use std::fmt;
use std::path::PathBuf;

use clap::Parser;
use xapi_conf::management::{Field, Management, Texts};
use xapi_conf::pool_conf::PoolRole;
use xapi_conf::trigger::Keep;
use xapi_conf::{inventory, management_conf};
use xapi_reset::{Afterwards, Asked, Host, Refused};

/// Reset the network of this host to one management interface.
///
/// For a host that nobody can reach any more. All bridges, bonds, VLANs and tunnels of this host go; the management
/// interface is made anew from the options; networks, virtual machines and their VIFs stay. The host reboots, and the
/// start of its daemon does the rest. Run it on the host's console, as root.
///
/// Without options the management interface stays on the NIC and VLAN that the installer chose
/// (/etc/firstboot.d/data/management.conf), and asks a DHCP server for its address.
#[derive(Debug, Parser)]
#[command(
    name = "xe-reset-networking",
    version,
    max_term_width = 100,
    after_help = "Exit status: 0 done; 1 not confirmed, or failed; 2 wrong options, and nothing was changed.\n\n\
                  xe-reset-networking --device eth0 --mode static --ip 192.168.0.10 --netmask 255.255.255.0 \
                  --gateway 192.168.0.1 --dns 192.168.0.1"
)]
pub struct Options {
    /// Address of the pool's master, if it has another one now, or if /etc/xensource/pool.conf does not tell that this
    /// host is a slave. Not used on a master.
    #[arg(short, long, value_name = "ADDRESS")]
    pub master: Option<String>,
    /// NIC of the management interface [default: the one that the installer chose].
    #[arg(long, value_name = "NIC")]
    pub device: Option<String>,
    /// How the address of IPv4 comes: none, dhcp or static.
    #[arg(long, value_name = "MODE", default_value = "dhcp")]
    pub mode: String,
    /// How addresses of IPv6 come: none, dhcp, autoconf or static.
    #[arg(long, value_name = "MODE", default_value = "none")]
    pub mode_v6: String,
    /// VLAN of the management interface, 1 to 4094, or 0 for none [default: the one that the installer chose].
    #[arg(long, value_name = "TAG", conflicts_with = "novlan")]
    pub vlan: Option<String>,
    /// No VLAN, whatever the installer chose.
    #[arg(long)]
    pub novlan: bool,
    /// Address of IPv4, with --mode static.
    #[arg(long, value_name = "ADDRESS")]
    pub ip: Option<String>,
    /// Netmask of IPv4, with --mode static.
    #[arg(long, value_name = "NETMASK")]
    pub netmask: Option<String>,
    /// Router of IPv4, with --mode static.
    #[arg(long, value_name = "ADDRESS")]
    pub gateway: Option<String>,
    /// Address of IPv6 with the length of its prefix, with --mode-v6 static.
    #[arg(long, value_name = "ADDRESS/LENGTH")]
    pub ipv6: Option<String>,
    /// Router of IPv6, with --mode-v6 static.
    #[arg(long, value_name = "ADDRESS")]
    pub gateway_v6: Option<String>,
    /// Name servers, separated by commas, with a static mode.
    #[arg(long, value_name = "ADDRESSES")]
    pub dns: Option<String>,
    /// Changes nothing: NICs keep the names that they have with and without it, and so do the rules that name them. It is
    /// written to the trigger.
    #[arg(long)]
    pub keep_interface_name_rules: bool,
    /// Bonds that have nothing to do with management stay, where that is safe.
    #[arg(long)]
    pub keep_bonds: bool,
    /// VLANs that have nothing to do with management stay, where that is safe.
    #[arg(long)]
    pub keep_vlans: bool,
    /// Do not ask whether to go on.
    #[arg(short, long)]
    pub yes: bool,
    /// Start the daemon again in place of the host; virtual machines go on.
    #[arg(long)]
    pub no_reboot: bool,
    /// Tell the steps, and do none.
    #[arg(long)]
    pub dry_run: bool,
    /// Directory under which all files are. Below another than / no service is touched, and nothing reboots.
    #[arg(long, default_value = "/", value_name = "DIRECTORY")]
    pub root: PathBuf,
    /// Print the completion script for a shell and exit.
    #[arg(long, value_name = "SHELL", hide = true)]
    pub completion: Option<clap_complete::Shell>,
    /// Print the manual page and exit.
    #[arg(long, hide = true)]
    pub man: bool,
}

/// What is asked for, and what of the options says nothing beside the others.
pub struct Given {
    /// For the reset.
    pub asked: Asked,
    /// Options that are not used, with the reason.
    pub unused: Vec<String>,
    /// Where the NIC comes from, if not from an option.
    pub device_from: Option<&'static str>,
    /// Whether the VLAN comes from the installer's file.
    pub vlan_from_file: bool,
}

/// Something wrong with the options.
#[derive(Debug)]
pub struct Wrong(String);

impl fmt::Display for Wrong {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Options {
    /// What they ask for on a host, or all that is wrong with them. Nothing is changed.
    pub fn asked(&self, host: &Host) -> Result<Given, Vec<Wrong>> {
        let (texts, device_from) = self.texts(host);
        let mut wrong = Vec::new();
        if !texts.contains_key(&Field::Device) {
            wrong.push(Wrong(format!(
                "--device is missing: neither {} nor {} tells which NIC carries management.{}",
                management_conf::PATH,
                inventory::PATH,
                listed(host)
            )));
        }
        let management = Management::read(&texts);
        for misfit in management.as_ref().err().into_iter().flatten() {
            let said = misfit.field == Field::Device && !texts.contains_key(&Field::Device);
            if !said {
                wrong.push(Wrong(format!("{} {}", option(misfit.field), misfit.wrong)));
            }
        }
        // Who says it on a host whose role nothing tells, or whose role is broken, mends that.
        let is_master = matches!(host.role(), Some(PoolRole::Master));
        if let Some(Err(why)) = self.master.as_deref().map(xapi_conf::management::master) {
            wrong.push(Wrong(format!("--master {why}")));
        }
        let management = match management {
            Ok(management) if wrong.is_empty() => management,
            _ => return Err(wrong),
        };
        let mut unused = self.unused(&management, &texts);
        if self.master.is_some() && is_master {
            unused.push("--master is not used: this host is the master of its pool".to_owned());
        }
        let asked = Asked {
            management,
            master: self.master.clone().filter(|_| !is_master),
            keep: Keep {
                bonds: self.keep_bonds,
                vlans: self.keep_vlans,
                names: self.keep_interface_name_rules,
            },
            afterwards: match self.no_reboot {
                true => Afterwards::RestartDaemon,
                false => Afterwards::Reboot,
            },
        };
        match asked.check(host) {
            Ok(()) => Ok(Given {
                asked,
                unused,
                device_from,
                vlan_from_file: self.vlan.is_none() && !self.novlan,
            }),
            Err(why) => Err(vec![told(&why, device_from)]),
        }
    }

    /// The options as texts of fields, with what the host has by default, and where the NIC is from by default.
    fn texts(&self, host: &Host) -> (Texts, Option<&'static str>) {
        let mut texts = Texts::new();
        let given = [
            (Field::Device, &self.device),
            (Field::Vlan, &self.vlan),
            (Field::Ip, &self.ip),
            (Field::Netmask, &self.netmask),
            (Field::Gateway, &self.gateway),
            (Field::Ipv6, &self.ipv6),
            (Field::GatewayV6, &self.gateway_v6),
            (Field::Dns, &self.dns),
        ];
        for (field, text) in given {
            if let Some(text) = text {
                texts.insert(field, text.clone());
            }
        }
        texts.insert(Field::Mode, self.mode.clone());
        texts.insert(Field::ModeV6, self.mode_v6.clone());
        let mut device_from = None;
        if self.device.is_none()
            && let Some(device) = host.default_device()
        {
            device_from = Some(match host.is_device_installed() {
                true => management_conf::PATH,
                false => inventory::PATH,
            });
            texts.insert(Field::Device, device);
        }
        if self.vlan.is_none()
            && !self.novlan
            && let Some(tag) = host.default_vlan()
        {
            texts.insert(Field::Vlan, tag.to_string());
        }
        (texts, device_from)
    }

    fn unused(&self, management: &Management, texts: &Texts) -> Vec<String> {
        let unused = management.unused(texts).into_iter();
        unused
            .map(|field| {
                let mode = match field {
                    Field::Ipv6 | Field::GatewayV6 => "--mode-v6",
                    _ => "--mode",
                };
                format!("{} is not used without {mode} static", option(field))
            })
            .collect()
    }
}

/// The option that gives a field.
fn option(field: Field) -> &'static str {
    match field {
        Field::Device => "--device",
        Field::Vlan => "--vlan",
        Field::Mode => "--mode",
        Field::Ip => "--ip",
        Field::Netmask => "--netmask",
        Field::Gateway => "--gateway",
        Field::ModeV6 => "--mode-v6",
        Field::Ipv6 => "--ipv6",
        Field::GatewayV6 => "--gateway-v6",
        Field::Dns => "--dns",
    }
}

fn told(why: &Refused, device_from: Option<&'static str>) -> Wrong {
    Wrong(match (why, device_from) {
        (Refused::Misfit(misfit), _) => format!("{} {}", option(misfit.field), misfit.wrong),
        (Refused::Master(why), _) => format!("--master {why}"),
        (Refused::NoNic { .. }, None) => format!("--device {why}"),
        (Refused::NoNic { .. }, Some(file)) => {
            format!("{why}\n({file} names the missing one.) Name one of these with --device")
        }
        (Refused::Impossible(why), _) => why.clone(),
    })
}

fn listed(host: &Host) -> String {
    let lines = host.nics().iter().map(|nic| format!("\n  {nic}"));
    match host.nics().is_empty() {
        true => " This host has no NIC at all".to_owned(),
        false => format!(" This host has{}", lines.collect::<String>()),
    }
}
