//! Time and chance, as the state machines are given them.

use std::time::Duration;

/// The time at which something happens to a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// A clock that never jumps.
    pub up: Duration,
    /// Seconds since 1970, for what is kept over restarts.
    pub unix: u64,
}

/// A generator of numbers that need not be secret: message numbers, and delays that keep clients
/// from talking all at once.
#[derive(Debug, Clone)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// SplitMix64.
    pub(super) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// About this long: a tenth more or less.
    pub(super) fn about(&mut self, duration: Duration) -> Duration {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 2);
        let tenth = millis / 10;
        Duration::from_millis(millis - tenth + self.roll() % (2 * tenth + 1))
    }
}

/// 1 s, 2 s, 4 s, … up to a limit.
pub(super) fn doubled(tries: u32, at_most: Duration) -> Duration {
    Duration::from_secs(1u64 << tries.min(20)).min(at_most)
}

/// How long a lease runs and when it's to be prolonged, on the clock that never jumps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) t1: Duration,
    pub(super) t2: Duration,
    pub(super) end: Duration,
    /// The least time between two attempts to prolong.
    pub(super) pause: Duration,
}

impl Term {
    /// A term from `start` on; none for one without end. Servers' ideas of T1 and T2 that make no
    /// sense give way to `fractions` of the length, in thousandths.
    pub(super) fn new(
        start: Duration,
        length: u32,
        t1: u32,
        t2: u32,
        fractions: (u64, u64),
    ) -> Option<Term> {
        if length == u32::MAX {
            return None;
        }
        let (t1, t2) = sensible(length, t1, t2, fractions);
        Some(Term {
            t1: start + Duration::from_secs(u64::from(t1)),
            t2: start + Duration::from_secs(u64::from(t2)),
            end: start + Duration::from_secs(u64::from(length)),
            // RFC 2131 wants 60 s. A lease of two minutes would then be asked for twice in its
            // life; so for those shorter than 20 minutes the time is in proportion.
            pause: Duration::from_secs(u64::from(length / 20).clamp(1, 60)),
        })
    }

    /// Half the time that is left, as the RFCs want it.
    pub(super) fn next_try(&self, now: Duration, until: Duration) -> Duration {
        let half = until.saturating_sub(now) / 2;
        (now + half.max(self.pause)).min(until)
    }
}

/// T1 and T2 with 2 ≤ T1 < T2 < length.
fn sensible(length: u32, t1: u32, t2: u32, fractions: (u64, u64)) -> (u32, u32) {
    if 2 <= t1 && t1 < t2 && t2 < length {
        return (t1, t2);
    }
    let part = |thousandths: u64| {
        u32::try_from(u64::from(length) * thousandths / 1000).unwrap_or(u32::MAX)
    };
    let first = if 2 <= t1 && t1 < part(fractions.1) {
        t1
    } else {
        part(fractions.0)
    };
    (first, part(fractions.1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: (u64, u64) = (500, 875);

    #[test]
    fn times_that_make_no_sense_give_way() {
        assert_eq!(sensible(1000, 0, 0, HALF), (500, 875));
        assert_eq!(sensible(1000, 300, 600, HALF), (300, 600));
        assert_eq!(
            sensible(1000, 300, 0, HALF),
            (300, 875),
            "T1 alone is taken"
        );
        assert_eq!(sensible(1000, 900, 800, HALF), (500, 875));
        assert_eq!(sensible(1000, 300, 1000, HALF), (300, 875));
        assert_eq!(
            sensible(1000, 1, 2, HALF),
            (500, 875),
            "no renewal every second"
        );
        assert_eq!(
            sensible(u32::MAX - 1, u32::MAX, u32::MAX, HALF).1,
            3_758_096_382
        );
        assert_eq!(Term::new(Duration::ZERO, u32::MAX, 1, 2, HALF), None);
    }

    #[test]
    fn about_is_within_a_tenth() {
        let mut dice = Dice::new(7);
        for _ in 0..1000 {
            let about = dice.about(Duration::from_secs(10));
            assert!((9_000..=11_000).contains(&about.as_millis()), "{about:?}");
        }
        assert_eq!(dice.about(Duration::ZERO), Duration::ZERO);
    }
}
