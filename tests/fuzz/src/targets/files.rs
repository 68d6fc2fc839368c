//! Files that other programs and people write.

use std::path::Path;

use xapi::settings::Settings;
use xapi_conf::inventory::Inventory;
use xapi_conf::trigger;
use xapi_net::kernel::Resolver;

pub(super) fn files(bytes: &[u8]) {
    inventory(bytes);
    // What a trigger asks for is what the daemon would read again.
    if let Ok((asked, _)) = trigger::parse(bytes) {
        let (again, warnings) = trigger::parse(asked.text().as_bytes()).expect("our own text");
        assert_eq!((again, warnings), (asked, Vec::new()));
    }
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(settings) = Settings::parse(text, Path::new("xapi.toml")) {
        let config = settings.limits.config();
        assert!(config.limits.depth <= 100 && config.head >= 1024);
    }
    let resolver = Resolver::parse(text);
    let again = Resolver::parse(&resolver.text());
    assert_eq!(again.servers, resolver.servers);
}

/// What was set is read, and what was not set stays.
fn inventory(bytes: &[u8]) {
    let directory = tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a directory");
    let path = directory.path().join("inventory");
    std::fs::write(&path, bytes).expect("a file");
    let Ok(mut inventory) = Inventory::read(&path) else {
        return;
    };
    let other = inventory.get("MANAGEMENT_ADDRESS_TYPE").map(str::to_owned);
    inventory.set("MANAGEMENT_INTERFACE", "xapi2");
    inventory.write().expect("the file can be written");
    let read = Inventory::read(&path).expect("our own file");
    assert_eq!(read.get("MANAGEMENT_INTERFACE"), Some("xapi2"));
    assert_eq!(read.get("MANAGEMENT_ADDRESS_TYPE"), other.as_deref());
}
