//! What an installer leaves on a host before its first start: the files in /etc.
//!
//! They go into the upper layer of the host's /etc before anything is mounted. Root's password alone is set later,
//! inside, by `chpasswd`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::failure::{Doing, Result};
use crate::lab::{GATEWAY, Host, HostName, NETMASK, NicName, Record};

/// Makes the host's directories and writes the files.
pub fn host(host: &Host, record: &Record) -> Result<()> {
    let state = host.state();
    for dir in [
        "etc/upper",
        "etc/work",
        "var/upper",
        "var/work",
        "root/upper",
        "root/work",
        "xcp",
        "logs",
        "control",
    ] {
        let dir = state.join(dir);
        fs::create_dir_all(&dir).doing(|| format!("making {}", dir.display()))?;
    }
    // The roots of the upper layers are what the host sees as /etc, /var and /root.
    mode(&state.join("etc/upper"), 0o755)?;
    mode(&state.join("var/upper"), 0o755)?;
    mode(&state.join("root/upper"), 0o700)?;

    let files = Files {
        etc: &state.join("etc/upper"),
        root: &state.join("root/upper"),
    };
    files.identity(host, record)?;
    files.xensource(host)?;
    files.shell()
}

struct Files<'a> {
    etc: &'a Path,
    root: &'a Path,
}

impl Files<'_> {
    fn identity(&self, host: &Host, record: &Record) -> Result<()> {
        let name = host.name;
        let mut hosts = String::from("127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n");
        for number in 1..=record.hosts {
            let other = HostName::numbered(number);
            hosts.push_str(&format!("{}\t{other}\n", other.address()));
        }
        write(self.etc, "hostname", &format!("{name}\n"))?;
        write(self.etc, "hosts", &hosts)?;
        write(
            self.etc,
            "machine-id",
            &format!("{}\n", random_uuid()?.replace('-', "")),
        )?;
        // On the machine this may be a link into /run, which the host does not share.
        write(self.etc, "resolv.conf", "# The lab has no name server.\n")
    }

    fn xensource(&self, host: &Host) -> Result<()> {
        let address = host.name.address();
        let inventory = [
            ("PRODUCT_BRAND", "xapi-lab".into()),
            ("PRODUCT_NAME", "xapi-lab".into()),
            ("PRODUCT_VERSION", "8.3.0".into()),
            ("PRODUCT_VERSION_TEXT", "8.3".into()),
            ("PRODUCT_VERSION_TEXT_SHORT", "8.3".into()),
            ("BUILD_NUMBER", env!("CARGO_PKG_VERSION").into()),
            ("COMPANY_NAME", "xapi-lab".into()),
            ("COMPANY_NAME_SHORT", "xapi-lab".into()),
            ("BRAND_CONSOLE", "xsconsole".into()),
            ("INSTALLATION_UUID", random_uuid()?),
            ("CONTROL_DOMAIN_UUID", random_uuid()?),
            ("MANAGEMENT_INTERFACE", "xenbr0".into()),
            ("MANAGEMENT_ADDRESS_TYPE", "IPv4".into()),
            ("CURRENT_INTERFACES", "xenbr0".into()),
        ];
        write(self.etc, "xensource-inventory", &quoted(&inventory))?;
        write(self.etc, "xensource/pool.conf", "master")?;
        write(
            self.etc,
            "xensource/xapi.toml",
            "# A lab's NICs are veth devices, which nothing in sysfs tells from a guest's.\nnics = [\"eth[0-9]*\"]\n\
             # Machines run as network namespaces in the host.\nguests.kind = \"namespace\"\nguests.unplug_deadline = 5\n",
        )?;
        write(
            self.etc,
            "pam.d/xapi",
            "auth     required pam_unix.so\naccount  required pam_unix.so\npassword required pam_unix.so\nsession  required pam_permit.so\n",
        )?;
        let management = [
            ("LABEL", NicName::eth(0).to_string()),
            ("MODE", "static".into()),
            ("MODEV6", "none".into()),
            ("IP", address.to_string()),
            ("NETMASK", NETMASK.to_string()),
            ("GATEWAY", GATEWAY.to_string()),
        ];
        write(
            self.etc,
            "firstboot.d/data/management.conf",
            &quoted(&management),
        )
    }

    /// The prompt of the tutorials, and the variables that scripts for these hosts expect.
    fn shell(&self) -> Result<()> {
        let shell =
            "PS1='[\\u@\\h \\W]\\$ '\n. /etc/xensource-inventory\nexport INSTALLATION_UUID\n";
        write(self.etc, "profile.d/xapi-lab.sh", shell)?;
        write(self.root, ".bashrc", shell)?;
        write(
            self.root,
            ".profile",
            "[ -z \"$BASH_VERSION\" ] || . ~/.bashrc\n",
        )
    }
}

fn quoted(pairs: &[(&str, String)]) -> String {
    pairs
        .iter()
        .map(|(key, value)| format!("{key}='{value}'\n"))
        .collect()
}

fn write(root: &Path, name: &str, text: &str) -> Result<()> {
    let path = root.join(name);
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir).doing(|| format!("making {}", dir.display()))?;
    }
    fs::write(&path, text).doing(|| format!("writing {}", path.display()))
}

fn mode(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .doing(|| format!("setting the mode of {}", path.display()))
}

/// A fresh random UUID, from the kernel.
pub fn random_uuid() -> Result<String> {
    let path = "/proc/sys/kernel/random/uuid";
    Ok(fs::read_to_string(path)
        .doing(|| format!("reading {path}"))?
        .trim()
        .to_string())
}
