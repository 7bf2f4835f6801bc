//! Objects that were read a moment ago. An id names bytes that never change, so what was read once need
//! not be read again: the records of a lane share nearly everything that they hold.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gix::objs::Kind;
use gix::odb::pack::cache::Object;

/// The largest object that is kept, in bytes.
const LARGEST: usize = 64 * 1024;

/// How many bytes one of the two generations takes at most, with what each object takes beside its own.
const GENERATION: usize = 4 * 1024 * 1024;
const BESIDE: usize = 128;

/// Objects that were read a moment ago, shared by all handles of one repository. Cheap to clone.
#[derive(Clone, Default)]
pub(super) struct KeptObjects(Arc<Mutex<Generations>>);

/// What was asked for lately, and what was asked for before that and not since.
#[derive(Default)]
struct Generations {
    young: HashMap<gix::ObjectId, KeptObject>,
    young_bytes: usize,
    old: HashMap<gix::ObjectId, KeptObject>,
}

#[derive(Clone)]
struct KeptObject {
    kind: Kind,
    bytes: Arc<[u8]>,
}

impl KeptObjects {
    /// The size of an object in bytes; absent where it is not kept.
    pub(super) fn size(&self, id: &gix::ObjectId) -> Option<u64> {
        let object = self.lock().find(id)?;
        Some(object.bytes.len() as u64)
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        // A panic elsewhere leaves at worst an object that is not kept.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Object for KeptObjects {
    fn put(&mut self, id: gix::ObjectId, kind: Kind, bytes: &[u8]) {
        if bytes.len() <= LARGEST {
            let bytes = bytes.into();
            self.lock().keep(id, KeptObject { kind, bytes });
        }
    }

    fn get(&mut self, id: &gix::ObjectId, out: &mut Vec<u8>) -> Option<Kind> {
        let object = self.lock().find(id)?;
        out.clear();
        out.extend_from_slice(&object.bytes);
        Some(object.kind)
    }
}

impl Generations {
    fn find(&mut self, id: &gix::ObjectId) -> Option<KeptObject> {
        if let Some(object) = self.young.get(id) {
            return Some(object.clone());
        }
        let object = self.old.remove(id)?;
        self.keep(*id, object.clone());
        Some(object)
    }

    fn keep(&mut self, id: gix::ObjectId, object: KeptObject) {
        let bytes = object.bytes.len() + BESIDE;
        if self.young_bytes + bytes > GENERATION {
            self.old = mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += bytes;
        self.young.insert(id, object);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u32) -> gix::ObjectId {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&number.to_be_bytes());
        gix::ObjectId::from_bytes_or_panic(&bytes)
    }

    /// What is kept of an object, if anything is.
    fn kept(objects: &mut KeptObjects, number: u32) -> Option<(Kind, Vec<u8>)> {
        let mut bytes = b"of another object".to_vec();
        let kind = objects.get(&id(number), &mut bytes)?;
        Some((kind, bytes))
    }

    #[test]
    fn what_was_read_through_one_handle_is_kept_for_all() {
        let mut objects = KeptObjects::default();
        let mut other = objects.clone();
        objects.put(id(1), Kind::Blob, b"one");
        objects.put(id(2), Kind::Tree, b"");
        assert_eq!(kept(&mut other, 1), Some((Kind::Blob, b"one".to_vec())));
        assert_eq!(kept(&mut other, 2), Some((Kind::Tree, Vec::new())));
        assert_eq!(kept(&mut other, 3), None);
        assert_eq!(other.size(&id(1)), Some(3));
        assert_eq!(other.size(&id(3)), None);
    }

    #[test]
    fn a_large_object_is_not_kept() {
        let mut objects = KeptObjects::default();
        objects.put(id(1), Kind::Blob, &vec![0; LARGEST]);
        objects.put(id(2), Kind::Blob, &vec![0; LARGEST + 1]);
        assert_eq!(objects.size(&id(1)), Some(LARGEST as u64));
        assert_eq!(objects.size(&id(2)), None);
    }

    #[test]
    fn what_is_asked_for_again_and_again_outlives_what_is_not_and_memory_is_bounded() {
        let mut objects = KeptObjects::default();
        objects.put(id(0), Kind::Blob, b"the tone of all prompts");
        for number in 1..1_000 {
            objects.put(id(number), Kind::Blob, &vec![0; 40_000]);
            assert!(objects.size(&id(0)).is_some(), "after {number}");
        }
        assert_eq!(objects.size(&id(1)), None);
        assert!(objects.size(&id(999)).is_some());
        let generations = objects.lock();
        let all = generations.young.values().chain(generations.old.values());
        let bytes: usize = all.map(|object| object.bytes.len() + BESIDE).sum();
        assert!(bytes <= 2 * GENERATION, "{bytes}");
    }
}
