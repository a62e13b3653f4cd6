//! Any bytes as what a control service sends: an entry, a frame, a delta, a manifest or a shard is
//! refused, or has the one encoding of what it says; a copy of the control state takes what is good
//! and stays where it is otherwise.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tenantguard::control::{
    Delta, Entry, Frame, HistoryId, Manifest, Position, ReplicaKey, ShardWriter,
};
use tenantguard::replica::{Progress, Replica};

fn start() -> Position {
    Position::start(HistoryId::from_bytes([1; 16]))
}

/// A copy at the beginning.
fn empty() -> Replica {
    let mut replica = Replica::new(ReplicaKey::new([7; 16]));
    let manifest = Manifest { position: start(), shards: Vec::new() };
    replica.take_manifest(&manifest.encode()).expect("a good manifest");
    replica.proceed(1).expect("nothing to load");
    replica
}

fn proceed(replica: &mut Replica) -> bool {
    loop {
        match replica.proceed(3) {
            Ok(Progress::More) => {}
            Ok(Progress::Done) => return true,
            Err(_) => return false,
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(entry) = Entry::decode(bytes) {
        let mut again = Vec::new();
        entry.encode(&mut again);
        assert_eq!(again, bytes, "one entry has one encoding");
    }
    if let Ok(manifest) = Manifest::decode(bytes) {
        assert_eq!(manifest.encode(), bytes, "one manifest has one encoding");
    }
    let mut replica = empty();
    let _ = replica
        .take_manifest(bytes)
        .map(|()| replica.wanted().map(|_| replica.take_shard(bytes.to_vec())));
    replica.give_up();
    let _ = replica.take_delta(bytes.to_vec()).is_ok() && proceed(&mut replica);

    // As a frame that the chain vouches for: applied whole, or not at all.
    let mut replica = empty();
    let end = start().after(bytes);
    let delta = Delta::encode(&start(), [(end.hash, bytes)].into_iter());
    replica.take_delta(delta).expect("it begins where the copy stands");
    let is_good = Frame::new(bytes).entries().all(|entry| entry.is_ok());
    assert_eq!(proceed(&mut replica), is_good);
    assert_eq!(replica.position(), Some(if is_good { end } else { start() }));
    replica.forget(tenantguard::time::UnixTime::from_secs(1_800_000_000));

    // As a shard that the manifest vouches for.
    let mut writer = ShardWriter::default();
    let entries: Vec<Entry> = Frame::new(bytes).entries().map_while(Result::ok).collect();
    if entries.iter().all(|entry| writer.push(entry)) {
        let (shard, named) = writer.finish();
        let manifest = Manifest { position: end, shards: vec![named] };
        let mut replica = empty();
        replica.take_manifest(&manifest.encode()).expect("a good manifest");
        replica.take_shard(shard).expect("the shard that it names");
        assert!(proceed(&mut replica));
        assert_eq!(replica.position(), Some(end));
    }
});
