//! Installs clients, with the versions and the contents that the files beside this one pin, once for each such file.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// One installation at a time in this process.
static INSTALLING: Mutex<()> = Mutex::new(());

/// The directory of the scripts and of what they need.
pub fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients")
}

/// The Python bindings: a directory for PYTHONPATH.
pub fn bindings() -> PathBuf {
    let pins = scripts().join("requirements.txt");
    kept("xenapi", &[&pins], |into| {
        let environment = into.join("venv");
        run(Command::new("python3")
            .args(["-m", "venv"])
            .arg(&environment));
        let pip = environment.join("bin/pip");
        let mut pip = Command::new(pip);
        pip.args([
            "install",
            "--quiet",
            "--no-input",
            "--no-cache-dir",
            "--disable-pip-version-check",
        ])
        .args([
            "--no-deps",
            "--require-hashes",
            "--only-binary",
            ":all:",
            "--requirement",
        ])
        .arg(&pins)
        .arg("--target")
        .arg(into.join("lib"));
        run(&mut pip);
        std::fs::remove_dir_all(environment).expect("removing the environment");
    })
    .join("lib")
}

/// The client of Xen Orchestra: a directory with its `node_modules`.
pub fn xen_api() -> PathBuf {
    let pins = ["package.json", "package-lock.json"].map(|name| scripts().join("npm").join(name));
    kept("xen-api", &[&pins[0], &pins[1]], |into| {
        for pin in &pins {
            let copy = into.join(pin.file_name().expect("a name"));
            std::fs::copy(pin, copy).expect("copying what is pinned");
        }
        let mut npm = Command::new("npm");
        npm.args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--no-update-notifier",
        ])
        .arg("--cache")
        .arg(into.join("cache"))
        .current_dir(into);
        run(&mut npm);
        std::fs::remove_dir_all(into.join("cache")).expect("removing npm's cache");
    })
}

/// Installs into a directory below the target directory, unless what the same pins ask for is there. It gets its name
/// when it is whole.
fn kept(name: &str, pins: &[&Path], install: impl FnOnce(&Path)) -> PathBuf {
    let _one = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut hasher = DefaultHasher::new();
    for pin in pins {
        std::fs::read(pin)
            .expect("what is pinned")
            .hash(&mut hasher);
    }
    let tests = std::env::current_exe().expect("our own path");
    // target/PROFILE/deps/clients-…
    let target = tests.ancestors().nth(3).expect("the target directory");
    let all = target.join("clients");
    let whole = all.join(format!("{name}-{:016x}", hasher.finish()));
    if whole.exists() {
        return whole;
    }
    std::fs::create_dir_all(&all).expect("a directory");
    // Gone if the installation fails.
    let begun = tempfile::TempDir::with_prefix_in(format!("{name}-new-"), &all);
    let begun = begun.expect("a directory");
    if let Some((user, group)) = user() {
        for directory in [all.as_path(), begun.path()] {
            std::os::unix::fs::chown(directory, Some(user), Some(group)).expect("giving it away");
        }
    }
    install(begun.path());
    match std::fs::rename(begun.path(), &whole) {
        Ok(()) => drop(begun.keep()),
        // Another run of the tests was faster.
        Err(_) if whole.exists() => {}
        Err(why) => panic!("{}: {why}", whole.display()),
    }
    whole
}

/// Whoever called sudo: installing is not root's business, and what is installed is to be removed by the user.
fn user() -> Option<(u32, u32)> {
    let number = |name: &str| std::env::var(name).ok()?.parse().ok();
    number("SUDO_UID").zip(number("SUDO_GID"))
}

fn run(command: &mut Command) {
    if let Some((user, group)) = user() {
        command.uid(user).gid(group);
    }
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|why| panic!("{:?}: {why}", command.get_program()));
    assert!(
        output.status.success(),
        "{:?} {:?}: {}: is the registry within reach?\n{}{}",
        command.get_program(),
        command.get_args().collect::<Vec<&OsStr>>(),
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
