//! Bytes made of other bytes.

/// Numbers from a seed: SplitMix64.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Dice {
        Dice(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if there is none.
    pub fn below(&mut self, end: usize) -> usize {
        match end {
            0 => 0,
            end => (self.roll() % end as u64) as usize,
        }
    }

    /// One of several; None of none.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }
}

/// What goes wrong at the edges of numbers, texts and character sets.
const ODD: &[&[u8]] = &[
    b"0",
    b"-1",
    b"4096",
    b"65535",
    b"65536",
    b"2147483648",
    b"4294967295",
    b"9223372036854775807",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"1e309",
    b"nan",
    b"\0",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xef\xbf\xbe",
    b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae",
    b"\r\n",
    b"\r",
    b"\n",
    b"\t",
    b" ",
    b"\\",
    b"\"",
    b"'",
    b"%00",
    b"..",
];

/// Makes inputs of seeds.
#[derive(Debug)]
pub struct Mutator<'a> {
    /// Where chance comes from.
    pub dice: Dice,
    /// Words of the language.
    pub words: &'a [&'a str],
    /// The longest input.
    pub longest: usize,
}

impl Mutator<'_> {
    /// An input made of one of the seeds, seldom of nothing.
    pub fn input(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = match self.dice.below(50) {
            0 => Vec::new(),
            _ => self.dice.one(seeds).cloned().unwrap_or_default(),
        };
        for _ in 0..1 << self.dice.below(5) {
            self.change(&mut input, seeds);
        }
        input.truncate(self.longest);
        input
    }

    fn range(&mut self, of: &[u8]) -> std::ops::Range<usize> {
        let start = self.dice.below(of.len() + 1);
        let most = (of.len() - start).min(1 << self.dice.below(12));
        start..start + self.dice.below(most + 1)
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.dice.below(input.len());
        match self.dice.below(12) {
            0 if !input.is_empty() => input[at] ^= 1 << self.dice.below(8),
            1 if !input.is_empty() => input[at] = self.dice.roll() as u8,
            2 => {
                let range = self.range(input);
                input.drain(range);
            }
            3 => {
                let piece = self.piece();
                let range = self.range(input);
                input.splice(range, piece);
            }
            4 | 5 => {
                let piece = self.piece();
                let at = self.dice.below(input.len() + 1);
                input.splice(at..at, piece);
            }
            6 => self.number(input),
            7 => self.repeat(input),
            8 | 9 => self.splice(input, seeds),
            10 => {
                let (from, to) = (self.range(input), self.dice.below(input.len() + 1));
                let piece = input[from].to_vec();
                input.splice(to..to, piece);
            }
            _ => {
                let end = self.dice.below(input.len() + 1);
                input.truncate(end);
            }
        }
        input.truncate(self.longest);
    }

    /// A word of the language, an odd thing, or a few bytes of chance.
    fn piece(&mut self) -> Vec<u8> {
        match self.dice.below(8) {
            0..=4 if !self.words.is_empty() => self
                .dice
                .one(self.words)
                .map_or(Vec::new(), |word| word.as_bytes().to_vec()),
            7 => (0..self.dice.below(9))
                .map(|_| self.dice.roll() as u8)
                .collect(),
            _ => self.dice.one(ODD).map_or(Vec::new(), |odd| odd.to_vec()),
        }
    }

    /// Another number where there is one, in digits or in bytes.
    fn number(&mut self, input: &mut Vec<u8>) {
        let from = self.dice.below(input.len());
        let digits = input[from..].iter().position(u8::is_ascii_digit);
        let Some(start) = digits
            .map(|digits| from + digits)
            .filter(|_| self.dice.below(3) > 0)
        else {
            let bytes = [0, 1, 0x7f, 0x80, 0xff][self.dice.below(5)];
            let width = 1 << self.dice.below(3);
            for byte in input.iter_mut().skip(from).take(width) {
                *byte = bytes;
            }
            return;
        };
        let end = input[start..]
            .iter()
            .position(|byte| !byte.is_ascii_digit());
        let end = end.map_or(input.len(), |length| start + length);
        let other = ODD[self.dice.below(12)].to_vec();
        input.splice(start..end, other);
    }

    /// A piece many times over.
    fn repeat(&mut self, input: &mut Vec<u8>) {
        let range = self.range(input);
        if range.is_empty() {
            return;
        }
        let room = self.longest.saturating_sub(input.len()) / range.len();
        let most = room.min(1 << self.dice.below(14));
        let times = self.dice.below(most + 1);
        let many = input[range.clone()].repeat(times);
        input.splice(range.end..range.end, many);
    }

    /// A piece of another seed.
    fn splice(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let Some(other) = self.dice.one(seeds).cloned() else {
            return;
        };
        let (from, to) = (self.range(&other), self.range(input));
        input.splice(to, other[from].to_vec());
    }
}
