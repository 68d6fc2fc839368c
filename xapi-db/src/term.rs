//! The numbers of terms. Two hosts that begin to decide without having heard of each other must not get the same one: then
//! nobody could tell which of them a replica has followed, nor which of them is to stay.

use uuid::Uuid;

/// A term is a turn of so many numbers, of which each host has one of its own.
const APART: u64 = 1_000_000_000;

/// The term that a host begins as the next one after another: later than that, and of no other host.
pub fn next_term(term: u64, by: &Uuid) -> u64 {
    let own = u64::try_from(by.as_u128() % u128::from(APART)).unwrap_or(0);
    (term / APART + 1) * APART + own
}

/// A few bits of a term, which differ between a term and the next one.
pub fn mark_of_term(term: u64) -> u8 {
    let turn = (term / APART) & 0xf;
    let own = term & 0xf;
    u8::try_from(turn << 4 | own).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::{APART, mark_of_term, next_term};

    #[test]
    fn each_host_begins_a_later_term_of_its_own() {
        let (one, other) = (Uuid::from_u128(7), Uuid::from_u128(8));
        let mut last = 3;
        for _ in 0..40 {
            let (a, b) = (next_term(last, &one), next_term(last, &other));
            assert!(a > last && b > last && a != b, "{a} {b} {last}");
            assert_ne!(mark_of_term(a), mark_of_term(last));
            assert_ne!(mark_of_term(a), mark_of_term(b));
            assert!(next_term(a, &other) > b && next_term(b, &one) > a);
            last = a;
        }
        assert!(next_term(0, &Uuid::from_u128(u128::MAX)) < 2 * APART);
    }
}
