//! Files that were broken at random, and always in the same way: each is a seed to which a few things
//! happened that editors, merges, transports and attackers do to files.

/// Text that means something to one of our formats, or to whoever reads it.
const WORDS: [&str; 64] = [
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"",
    "'",
    "`",
    ":",
    ": ",
    "- ",
    ",",
    "=",
    "#",
    "|",
    "|2-\n",
    ">",
    "&a ",
    "*a",
    "!!binary ",
    "!t ",
    "<<: ",
    "? ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "[[",
    "]]",
    "\"\"\"",
    "'''",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "{% raw %}",
    "{% include \"a\" %}",
    "{{ x|format(1) }}",
    "\\",
    "\\u0000",
    "\\ud800",
    "\\x",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "    ",
    "\0",
    "\u{1b}[2J",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "\u{2028}",
    "é",
    "😀",
    "null",
    "~",
    "true",
    "0x",
    "-",
    "1e999",
    "99999999999999999999",
    "2026-02-30T25:61:61Z",
];

/// Bytes that no text has.
const NO_TEXT: [&[u8]; 5] = [b"\x80", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f"];

/// Makes broken files out of whole ones. The same number gives the same files everywhere.
pub(crate) struct Mutator(u64);

impl Mutator {
    /// Begins with a number.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number, by `SplitMix64`.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let number = self.next() % (end.max(1) as u64);
        usize::try_from(number).expect("it is below a size")
    }

    /// A seed to which one to four things happened. `others` are files of the same sort.
    pub(crate) fn broken(&mut self, seed: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..=self.below(4) {
            self.hurt(&mut bytes, others);
        }
        bytes
    }

    fn hurt(&mut self, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
        let at = self.below(bytes.len() + 1);
        match self.below(13) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
            1 if at < bytes.len() => bytes[at] = self.next().to_le_bytes()[0],
            2 => drop(bytes.drain(at..self.end_of(bytes, at, 40))),
            3 => {
                let piece = bytes[at..self.end_of(bytes, at, 80)].to_vec();
                bytes.splice(at..at, piece);
            }
            4 => bytes.truncate(at),
            5 => drop(bytes.splice(at..at, self.word())),
            6 => {
                let end = self.end_of(bytes, at, 12);
                bytes.splice(at..end, self.word());
            }
            7 => {
                let times = self.below(3_000);
                let word = self.word().repeat(times);
                bytes.splice(at..at, word);
            }
            8 => self.graft(bytes, others),
            9 => self.swap_lines(bytes),
            10 => self.change_a_line(bytes, |_| Vec::new()),
            11 => self.change_a_line(bytes, |line| [b"  ".as_slice(), line].concat()),
            _ => self.change_a_line(bytes, |line| line.trim_ascii_start().to_vec()),
        }
    }

    fn end_of(&mut self, bytes: &[u8], at: usize, longest: usize) -> usize {
        (at + 1 + self.below(longest)).min(bytes.len())
    }

    fn word(&mut self) -> Vec<u8> {
        let index = self.below(WORDS.len() + NO_TEXT.len());
        match index.checked_sub(WORDS.len()) {
            None => WORDS[index].into(),
            Some(index) => NO_TEXT[index].to_vec(),
        }
    }

    /// The beginning of one file with the end of another.
    fn graft(&mut self, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
        let Some(other) = others.get(self.below(others.len())) else {
            return;
        };
        bytes.truncate(self.below(bytes.len() + 1));
        bytes.extend_from_slice(&other[self.below(other.len() + 1)..]);
    }

    fn swap_lines(&mut self, bytes: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = lines(bytes);
        let (one, other) = (self.below(lines.len()), self.below(lines.len()));
        if !lines.is_empty() {
            lines.swap(one, other);
        }
        *bytes = lines.concat();
    }

    fn change_a_line(&mut self, bytes: &mut Vec<u8>, change: impl Fn(&[u8]) -> Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = lines(bytes);
        let index = self.below(lines.len());
        if let Some(line) = lines.get_mut(index) {
            *line = change(line);
        }
        *bytes = lines.concat();
    }
}

/// The lines with their ends.
fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n');
    lines.map(<[u8]>::to_vec).collect()
}
