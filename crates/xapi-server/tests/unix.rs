//! Unix sockets: their files, and who may use them.

#[allow(dead_code, reason = "the other test uses the rest")]
mod stand;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use stand::{Client, call, post, server};
use xapi_server::{Config, ListenError, Listener, Server, UnixAccess};

fn listen(server: &Server, path: &Path) -> Result<Listener, ListenError> {
    server.listen_unix(path, UnixAccess::default())
}

fn ask(path: &Path, name: &str) -> String {
    let mut client = Client::new(UnixStream::connect(path).unwrap());
    client.ask(&post("/", "", &call(name, ""))).body
}

#[test]
fn the_local_superuser_is_known_by_the_kernel() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("xcp/xapi");
    let (server, ..) = server(Config::default());
    let listener = listen(&server, &path).unwrap();
    let own = format!(
        "root=true peer=uid {} process {} ",
        nix::unistd::geteuid(),
        std::process::id()
    );
    assert!(
        ask(&path, "origin").contains(&own),
        "{}",
        ask(&path, "origin")
    );
    assert_eq!(listener.path(), Some(path.as_path()));
}

#[test]
fn the_socket_and_its_directory_are_closed_to_others() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("xcp/xapi");
    let (server, ..) = server(Config::default());
    let listener = listen(&server, &path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(
        fs::metadata(path.parent().unwrap()).unwrap().mode() & 0o777,
        0o700
    );
    assert_eq!(
        fs::read_dir(path.parent().unwrap()).unwrap().count(),
        1,
        "something was left beside the socket"
    );
    drop(listener);
    assert!(!path.exists(), "the socket outlives its listener");
}

#[test]
fn a_directory_that_others_can_write_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o777)).unwrap();
    let (server, ..) = server(Config::default());
    let refused = listen(&server, &directory.path().join("xapi"));
    assert!(
        matches!(refused, Err(ListenError::OpenDirectory(_))),
        "{refused:?}"
    );
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("xapi");
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists(), "the stale socket went away by itself");
    let (one, ..) = server(Config::default());
    let listener = listen(&one, &path).unwrap();
    assert!(ask(&path, "echo").contains("Success"));
    let (two, ..) = server(Config::default());
    let refused = listen(&two, &path);
    assert!(matches!(refused, Err(ListenError::InUse(_))), "{refused:?}");
    assert!(ask(&path, "echo").contains("Success"));
    drop(listener);
}

#[test]
fn what_is_no_socket_is_not_touched() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("xapi");
    fs::write(&path, "precious").unwrap();
    let (server, ..) = server(Config::default());
    let refused = listen(&server, &path);
    assert!(
        matches!(refused, Err(ListenError::NoSocket(_))),
        "{refused:?}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[test]
fn a_listener_that_ends_leaves_the_socket_of_its_successor() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("xapi");
    let (one, ..) = server(Config::default());
    let first = listen(&one, &path).unwrap();
    fs::remove_file(&path).unwrap();
    let (two, ..) = server(Config::default());
    let second = listen(&two, &path).unwrap();
    drop(first);
    assert!(ask(&path, "echo").contains("Success"));
    drop(second);
}

#[test]
fn other_users_are_refused_unless_they_are_named() {
    if !nix::unistd::geteuid().is_root() {
        panic!("not run: needs root to be somebody else");
    }
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o711)).unwrap();
    let nobody = 65534;
    for (uids, answers) in [(vec![], false), (vec![1], false), (vec![nobody], true)] {
        let path = directory
            .path()
            .join(format!("xapi{}", uids.len() + usize::from(answers)));
        let (server, ..) = server(Config::default());
        let listener = server
            .listen_unix(&path, UnixAccess { uids: uids.clone() })
            .unwrap();
        // Open to all, so that it is the peer's identity that decides.
        fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
        let request =
            String::from_utf8(post("/", "Connection: close\r\n", &call("origin", ""))).unwrap();
        let script = "import socket,sys,os\n\
                      os.setuid(65534)\n\
                      s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.settimeout(20)\n\
                      try:\n s.sendall(sys.argv[2].encode()); print(s.makefile().read())\n\
                      except ConnectionError: pass\n";
        let output = std::process::Command::new("python3")
            .args(["-c", script])
            .arg(&path)
            .arg(&request)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(
            told.contains("root=false peer=uid 65534"),
            answers,
            "{uids:?}: {told}"
        );
        drop(listener);
    }
}
