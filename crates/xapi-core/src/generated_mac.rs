//! Ethernet addresses that are made of a seed: the same device of the same machine has the same one everywhere, as with
//! XAPI (API facts, 1.3.4).

use md5::{Digest, Md5};
use xapi_net::topology::Mac;

/// The address of the device with that number, of a seed. Local and unicast.
pub fn generated(device: u32, seed: &str) -> Mac {
    let mut hash = Md5::digest(seed);
    for _ in 0..u64::from(device) * 2 {
        hash = Md5::digest(hash);
    }
    let second = Md5::digest(hash);
    let first = (hash[0] | 0x02) & !0x01;
    Mac([first, hash[1], hash[2], hash[3], second[1], second[2]])
}

#[cfg(test)]
mod tests {
    use super::generated;

    #[test]
    fn an_address_follows_from_seed_and_device_alone() {
        let seed = "5d9bd7b5-4a2b-4d39-8b0e-0f1f4d3a2c11";
        let text = |device, seed| generated(device, seed).to_string();
        assert_eq!(text(0, seed), text(0, seed));
        assert_ne!(text(0, seed), text(1, seed));
        assert_ne!(text(0, seed), text(0, "another"));
        // md5("") = d41d8cd98f00b204e9800998ecf8427e, and md5 of those octets = 59adb24ef3cdbe0297f05b395827453f.
        assert_eq!(text(0, ""), "d6:1d:8c:d9:ad:b2");
        for device in 0..50 {
            let mac = generated(device, seed);
            assert!(mac.is_unicast(), "{mac}");
        }
    }
}
