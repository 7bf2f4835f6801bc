//! How SSH spells values (RFC 4251, section 5): keys, the agent's protocol and SSH signatures are
//! all made of these.

/// Reads values off bytes that come from outside.
#[derive(Debug, Clone, Copy)]
pub struct WireReader<'b> {
    rest: &'b [u8],
}

/// The bytes end early, or are not what stands at this place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the SSH data is cut off or malformed")]
pub struct WireError;

impl<'b> WireReader<'b> {
    /// A reader of `bytes`.
    pub fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Some bytes as they are.
    pub fn raw(&mut self, count: usize) -> Result<&'b [u8], WireError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(WireError)?;
        self.rest = rest;
        Ok(taken)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, WireError> {
        Ok(self.raw(1)?[0])
    }

    /// A number of four bytes.
    pub fn number(&mut self) -> Result<u32, WireError> {
        let bytes = self.raw(4)?.try_into().map_err(|_| WireError)?;
        Ok(u32::from_be_bytes(bytes))
    }

    /// Bytes with their length before them.
    pub fn string(&mut self) -> Result<&'b [u8], WireError> {
        let length = usize::try_from(self.number()?).map_err(|_| WireError)?;
        self.raw(length)
    }

    /// A string that is text.
    pub fn text(&mut self) -> Result<&'b str, WireError> {
        std::str::from_utf8(self.string()?).map_err(|_| WireError)
    }

    /// What is left.
    pub fn rest(self) -> &'b [u8] {
        self.rest
    }

    /// Makes sure that nothing is left.
    pub fn finish(self) -> Result<(), WireError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(WireError)
        }
    }
}

/// Writes values.
#[derive(Debug, Clone, Default)]
pub struct WireWriter(Vec<u8>);

impl WireWriter {
    /// Adds bytes as they are.
    #[must_use]
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a number of four bytes.
    #[must_use]
    pub fn number(self, number: u32) -> Self {
        self.raw(&number.to_be_bytes())
    }

    /// Adds bytes with their length before them.
    #[must_use]
    pub fn string(self, bytes: &[u8]) -> Self {
        let length = u32::try_from(bytes.len()).expect("what we sign and send is far below 4 GiB");
        self.number(length).raw(bytes)
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_back_as_they_were_written() {
        let bytes = WireWriter::default()
            .number(7)
            .string(b"abc")
            .raw(b"!")
            .into_bytes();
        assert_eq!(bytes, b"\0\0\0\x07\0\0\0\x03abc!");
        let mut reader = WireReader::new(&bytes);
        assert_eq!(reader.number(), Ok(7));
        assert_eq!(reader.text(), Ok("abc"));
        assert_eq!(reader.byte(), Ok(b'!'));
        assert_eq!(reader.finish(), Ok(()));
    }

    #[test]
    fn a_length_beyond_the_end_is_refused() {
        let mut reader = WireReader::new(b"\xff\xff\xff\xffabc");
        assert_eq!(reader.string(), Err(WireError));
        assert_eq!(WireReader::new(b"\0\0").number(), Err(WireError));
        assert_eq!(WireReader::new(b"x").finish(), Err(WireError));
    }
}
