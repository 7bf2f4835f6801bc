//! Messages of protobuf that hurt whoever reads them: they lie about their length, end too late, or hold more
//! than there is room for.

use super::shapes::Bomb;

/// Messages of protobuf that are no messages, or more of them than there is room for.
pub(super) fn messages(bytes: usize) -> Vec<Bomb> {
    let unit = |name: &str, unit: &[u8]| Bomb {
        name: name.to_owned(),
        bytes: unit.repeat(bytes / unit.len()),
    };
    let mut bombs = vec![
        unit("groups that begin", &[0x0b]),
        unit("groups that end", &[0x0c]),
        unit("numbers without end", &[0xff]),
        unit("fields without a number", &[0]),
        unit("unknown numbers", &[0x78, 1]),
        unit("unknown groups", &[0x7b, 0x7c]),
        unit(
            "a length of 2^63",
            &[0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ),
        unit("a length of 4 GiB", &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]),
        unit("lengths beyond the end", &[0x0a, 0x7f]),
        unit("overlong lengths", &[0x0a, 0x80, 0x80, 0x80, 0x00]),
        unit("resources", &[0x0a, 0]),
    ];
    // In which fields a request holds, one in the other, spans, and these what there can be many of.
    let spans = [1, 2, 2];
    for (name, field) in [("attributes", 9), ("events", 11), ("links", 13)] {
        bombs.push(within(
            name,
            &spans,
            &field_of(field, b"").repeat(bytes / 2),
        ));
    }
    bombs.push(within(
        "scopes",
        &spans[..1],
        &field_of(2, b"").repeat(bytes / 2),
    ));
    bombs.push(within(
        "spans",
        &spans[..2],
        &field_of(2, b"").repeat(bytes / 2),
    ));
    bombs.push(within(
        "attributes with a name",
        &spans,
        &field_of(9, &field_of(1, b"a")).repeat(bytes / 5),
    ));
    bombs.push(within(
        "a text that is no text",
        &spans,
        &field_of(5, &vec![0xff; bytes]),
    ));
    bombs.push(within("a long id", &spans, &field_of(1, &vec![7; bytes])));
    // An attribute (9) whose value (2) is a list (5) of values (1), or a mapping (6) of attributes (1).
    for (name, path) in [("lists", &[5, 1][..]), ("mappings", &[6, 1, 2])] {
        let value = [1, 2, 2, 9, 2];
        let deep = (0..5_000).fold(Vec::new(), |inner, _| in_fields(path, &inner));
        bombs.push(within(&format!("{name} in {name}"), &value, &deep));
        let wide = field_of(1, b"").repeat(bytes / 2);
        bombs.push(within(
            &format!("wide {name}"),
            &[1, 2, 2, 9, 2, path[0]],
            &wide,
        ));
    }
    bombs
}

/// A field that holds bytes.
fn field_of(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length > 0x7f {
        field.push(u8::try_from(length & 0x7f).expect("it is seven bits") | 0x80);
        length >>= 7;
    }
    field.push(u8::try_from(length).expect("it is seven bits"));
    field.extend_from_slice(bytes);
    field
}

/// Bytes within fields, the outermost first.
fn in_fields(fields: &[u8], bytes: &[u8]) -> Vec<u8> {
    let outwards = fields.iter().rev();
    outwards.fold(bytes.to_vec(), |inner, field| field_of(*field, &inner))
}

fn within(name: &str, fields: &[u8], bytes: &[u8]) -> Bomb {
    Bomb {
        name: name.to_owned(),
        bytes: in_fields(fields, bytes),
    }
}
