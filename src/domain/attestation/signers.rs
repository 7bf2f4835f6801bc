//! Whom a policy trusts to sign: the keys of an `allowed_signers` file, as OpenSSH writes them, and
//! the people behind them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::envelope::Envelope;
use super::key::{KeyId, PublicKey};

/// One line of an `allowed_signers` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedSigner {
    /// Who holds the key: addresses of one person.
    pub principals: Vec<String>,
    /// The key.
    pub key: PublicKey,
    /// When the key starts to count; absent: always did.
    pub valid_after: Option<Timestamp>,
    /// When it ends to count; absent: never.
    pub valid_before: Option<Timestamp>,
    /// Whether the key may sign for us; a line can confine it to other uses.
    pub for_us: bool,
}

/// The keys that a policy trusts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedSigners {
    signers: Vec<AllowedSigner>,
    /// For each signer the person that it is.
    people: Vec<Person>,
}

/// Somebody who can sign. Lines that share an address or a key are one person, however many keys
/// and addresses that person has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person(usize);

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Distrust {
    /// Nobody trusts the key.
    #[error("key {0} is not among the allowed signers")]
    UnknownKey(KeyId),
    /// The key is trusted for other things, or at other times.
    #[error("key {0} is not allowed to sign here at {1}")]
    NotAllowed(KeyId, Timestamp),
    /// The key did not make the signature.
    #[error("the signature is not one that key {0} made of this")]
    Forged(KeyId),
}

impl AllowedSigners {
    /// The keys of some lines.
    pub fn new(signers: Vec<AllowedSigner>) -> Self {
        let mut people: Vec<Person> = (0..signers.len()).map(Person).collect();
        let mut first: BTreeMap<String, usize> = BTreeMap::new();
        for (index, signer) in signers.iter().enumerate() {
            let addresses = signer.principals.iter().map(|name| name.to_lowercase());
            for name in addresses.chain([signer.key.id().as_str().to_owned()]) {
                let earlier = *first.entry(name).or_insert(index);
                let (one, other) = (people[earlier], people[index]);
                for person in &mut people {
                    if *person == one.max(other) {
                        *person = one.min(other);
                    }
                }
            }
        }
        Self { signers, people }
    }

    /// How many people can sign.
    pub fn people(&self) -> usize {
        let mut people = self.people.clone();
        people.sort_unstable();
        people.dedup();
        people.len()
    }

    /// Who made an envelope: the first signature that counts at all of these times.
    pub fn verify(
        &self,
        envelope: &Envelope,
        times: &[Timestamp],
    ) -> Result<(Person, &AllowedSigner), Distrust> {
        let mut distrust = None;
        for signature in envelope.signatures() {
            match self.trusted(&signature.key, times) {
                Ok((person, signer)) if envelope.is_signed_by(&signer.key) => {
                    return Ok((person, signer));
                }
                Ok(_) => distrust = Some(Distrust::Forged(signature.key.clone())),
                Err(why) => distrust = distrust.or(Some(why)),
            }
        }
        Err(distrust.expect("an envelope has at least one signature"))
    }

    /// Whether a key counts at all of these times, and whose it is.
    pub fn trusted(
        &self,
        key: &KeyId,
        times: &[Timestamp],
    ) -> Result<(Person, &AllowedSigner), Distrust> {
        let known = self.signers.iter().zip(&self.people);
        let mut of_key = known
            .filter(|(signer, _)| signer.key.id() == *key)
            .peekable();
        if of_key.peek().is_none() {
            return Err(Distrust::UnknownKey(key.clone()));
        }
        let counts = |signer: &AllowedSigner, time: &Timestamp| {
            signer.valid_after.is_none_or(|start| *time >= start)
                && signer.valid_before.is_none_or(|end| *time < end)
        };
        let mut allowed = of_key
            .filter(|(signer, _)| signer.for_us && times.iter().all(|time| counts(signer, time)));
        if let Some((signer, person)) = allowed.next() {
            return Ok((*person, signer));
        }
        let time = times.last().copied().unwrap_or_default();
        Err(Distrust::NotAllowed(key.clone(), time))
    }

    /// Whether an address is one of this person's.
    pub fn is_address_of(&self, person: Person, address: &str) -> bool {
        let mut known = self.signers.iter().zip(&self.people);
        known.any(|(signer, other)| {
            let mut names = signer.principals.iter();
            *other == person && names.any(|name| name.eq_ignore_ascii_case(address))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signer as _, SigningKey};

    fn secret(seed: u8) -> SigningKey {
        SigningKey::from_bytes(&[seed; 32])
    }

    fn signer(seed: u8, principals: &[&str]) -> AllowedSigner {
        AllowedSigner {
            principals: principals.iter().map(|&name| name.to_owned()).collect(),
            key: PublicKey::new(secret(seed).verifying_key().to_bytes()).unwrap(),
            valid_after: None,
            valid_before: None,
            for_us: true,
        }
    }

    fn envelope(seed: u8) -> Envelope {
        let key = signer(seed, &[]).key;
        let signature = secret(seed).sign(&Envelope::message(b"{}")).to_bytes();
        Envelope::new(b"{}".to_vec(), &key, signature)
    }

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn lines_that_share_an_address_or_a_key_are_one_person() {
        let signers = AllowedSigners::new(vec![
            signer(1, &["ada@example.com"]),
            signer(2, &["ada@work.example"]),
            signer(3, &["bea@example.com"]),
            signer(4, &["Ada@example.com", "ada@work.example"]),
            signer(3, &["bea@work.example"]),
        ]);
        assert_eq!(signers.people(), 2);
        let (ada, _) = signers.verify(&envelope(2), &[]).unwrap();
        assert!(signers.is_address_of(ada, "ADA@example.com"));
        assert!(!signers.is_address_of(ada, "bea@example.com"));
    }

    #[test]
    fn a_key_counts_between_its_times_and_for_its_uses_only() {
        let (start, end) = (time("2026-01-01T00:00:00Z"), time("2026-02-01T00:00:00Z"));
        let confined = AllowedSigner {
            valid_after: Some(start),
            valid_before: Some(end),
            ..signer(1, &["ada@example.com"])
        };
        let elsewhere = AllowedSigner {
            for_us: false,
            ..signer(2, &["bea@example.com"])
        };
        let signers = AllowedSigners::new(vec![confined, elsewhere]);
        let counts = |at: &str| signers.verify(&envelope(1), &[time(at)]).is_ok();
        assert!(counts("2026-01-01T00:00:00Z") && counts("2026-01-31T23:59:59Z"));
        assert!(!counts("2025-12-31T23:59:59Z") && !counts("2026-02-01T00:00:00Z"));
        assert!(matches!(
            signers.verify(&envelope(2), &[]),
            Err(Distrust::NotAllowed(..))
        ));
        assert!(matches!(
            signers.verify(&envelope(3), &[]),
            Err(Distrust::UnknownKey(_))
        ));
    }

    #[test]
    fn a_signature_under_the_name_of_a_trusted_key_is_forged() {
        let signers = AllowedSigners::new(vec![signer(1, &["ada@example.com"])]);
        let bytes = secret(2).sign(&Envelope::message(b"{}")).to_bytes();
        let forged = Envelope::new(b"{}".to_vec(), &signer(1, &[]).key, bytes);
        assert!(matches!(
            signers.verify(&forged, &[]),
            Err(Distrust::Forged(_))
        ));
    }
}
