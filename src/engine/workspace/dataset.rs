//! Reads the manifests of datasets.

use crate::domain::dataset::{Dataset, DatasetKind, DatasetMedia, RowsFormat};
use crate::domain::finding::Findings;
use crate::domain::id::DatasetId;

use super::decode::Decoder;
use super::document::{Node, Source};
use super::media::is_plain_path;
use super::yaml::parse_yaml;

/// Reads one manifest.
pub fn read_dataset(id: &DatasetId, source: &Source) -> Result<Dataset, Findings> {
    let node = parse_yaml(source)?;
    let mut decoder = Decoder::new(source);
    let dataset = dataset(id, &mut decoder, &node);
    decoder.finish(dataset)
}

fn dataset(id: &DatasetId, decoder: &mut Decoder<'_>, node: &Node) -> Option<Dataset> {
    let mut fields = decoder.fields(node)?;
    let description = fields
        .optional("description")
        .and_then(|node| decoder.text(node));
    let kind = fields
        .required(decoder, "kind")
        .and_then(|node| decoder.word(node, &DatasetKind::ALL));
    let rows = fields
        .required(decoder, "rows")
        .and_then(|node| rows_file(id, decoder, node));
    let cluster = fields
        .optional("cluster")
        .and_then(|node| decoder.text(node));
    let media = fields
        .optional("media")
        .map(|node| media(id, decoder, node));
    let split = fields.optional("split").and_then(|node| decoder.text(node));
    fields.finish(decoder);
    let (rows_path, rows_format) = rows?;
    Some(Dataset {
        id: id.clone(),
        description,
        kind: kind?,
        rows_path,
        rows_format,
        cluster,
        media: match media {
            Some(media) => Some(media?),
            None => None,
        },
        split,
    })
}

/// The folder that manifests name other files from: the one that they stand in.
fn folder_of(id: &DatasetId) -> String {
    let path = id.path();
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.to_owned()
}

/// The folder of pictures and documents stands beside the manifest, and has a plain name.
fn media(id: &DatasetId, decoder: &mut Decoder<'_>, node: &Node) -> Option<DatasetMedia> {
    let mut fields = decoder.fields(node)?;
    let folder_node = fields.required(decoder, "folder");
    let folder = folder_node.and_then(|node| decoder.text(node));
    let columns = match fields.optional("columns") {
        Some(node) => decoder.texts(node),
        None => Some(Vec::new()),
    };
    fields.finish(decoder);
    let (folder, folder_node) = (folder?, folder_node?);
    if !is_plain_path(&folder) {
        decoder.error(
            "invalid-media-path",
            folder_node.span,
            format!("`{folder}` is no folder for pictures and documents"),
            "name a folder beside the manifest",
        );
        return None;
    }
    Some(DatasetMedia {
        folder: format!("{}/{folder}", folder_of(id)),
        columns: columns?,
    })
}

/// The rows stand beside the manifest, in a file with a plain name.
fn rows_file(
    id: &DatasetId,
    decoder: &mut Decoder<'_>,
    node: &Node,
) -> Option<(String, RowsFormat)> {
    let name = decoder.text(node)?;
    let plain = !name.starts_with('.')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let format = match name.rsplit_once('.') {
        Some((stem, "jsonl")) if !stem.is_empty() => Some(RowsFormat::Jsonl),
        Some((stem, "csv")) if !stem.is_empty() => Some(RowsFormat::Csv),
        _ => None,
    };
    let Some(format) = format.filter(|_| plain) else {
        let help = "name a `.jsonl` or `.csv` file that stands beside the manifest";
        decoder.error(
            "invalid-rows-file",
            node.span,
            format!("`{name}` cannot hold rows"),
            help,
        );
        return None;
    };
    Some((format!("{}/{name}", folder_of(id)), format))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_beside_the_manifest_and_nowhere_else() {
        let id = DatasetId::new("support/golden").unwrap();
        let read = |rows: &str| {
            let text = format!("kind: golden\nrows: {rows}\n");
            read_dataset(&id, &Source::new(id.path(), text))
        };
        assert_eq!(
            read("golden.jsonl").unwrap().rows_path,
            "datasets/support/golden.jsonl"
        );
        assert_eq!(read("golden.csv").unwrap().rows_format, RowsFormat::Csv);
        for rows in [
            "../golden.jsonl",
            "/etc/passwd.csv",
            "a/b.csv",
            "golden.json",
            ".jsonl",
            "a\\b.csv",
            "''",
        ] {
            assert!(read(rows).is_err(), "{rows}");
        }
    }

    #[test]
    fn the_folder_of_pictures_stands_beside_the_manifest_and_nowhere_else() {
        let id = DatasetId::new("support/golden").unwrap();
        let read = |folder: &str| {
            let text = format!(
                "kind: golden\nrows: a.csv\nmedia: {{ folder: {folder:?}, columns: photo }}\n"
            );
            read_dataset(&id, &Source::new(id.path(), text))
        };
        let media = read("photos/2026").unwrap().media.unwrap();
        assert_eq!(media.folder, "datasets/support/photos/2026");
        assert_eq!(media.columns, ["photo"]);
        for folder in [
            "..",
            "../photos",
            "/photos",
            "",
            ".",
            "photos/",
            "a\\b",
            ".git",
        ] {
            assert!(read(folder).is_err(), "{folder}");
        }
    }
}
