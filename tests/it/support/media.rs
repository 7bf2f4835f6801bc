//! A workspace whose prompt shows a document of its own and a picture that each row names.

use super::Sandbox;

/// The start of a PNG file, which is all that is looked at; not UTF-8.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\xff\xfe";

/// [`PNG`], as `base64` prints it.
pub(crate) const PNG_BASE64: &str = "iVBORw0KGgoAAAANSUhEUv/+";

/// [`PNG`], as `sha256sum` prints it.
pub(crate) const PNG_SHA256: &str =
    "044dbe64b84ec81c26e4b498bed689fadef7c13d77b7394fd658e17783cd184a";

/// The start of a PDF file.
pub(crate) const PDF: &[u8] = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n";

/// [`PDF`], as `base64` prints it.
pub(crate) const PDF_BASE64: &str = "JVBERi0xLjcKJeLjz9MK";

/// The prompt that shows them.
pub(crate) const SHOWING: &str = "prompts/receipts.prompt.yml";

const PROMPT: &str = r#"model: echo/echo
variables:
  currency: { type: string }
  photo: { type: image }
messages:
  - role: system
    content: Read receipts.
  - role: user
    content:
      - { type: text, text: "In {{ currency }}?" }
      - { type: image, variable: photo }
      - { type: file, path: _media/rules.pdf }
evals:
  - dataset: receipts
    evaluators: [total]
"#;

const DATASET: &str = "kind: golden
rows: receipts.jsonl
media: { folder: photos, columns: [photo] }
";

const ROWS: &str = r#"{"id": "lunch", "vars": {"currency": "EUR", "photo": "lunch.png"}, "expected": "12"}
"#;

const TOTAL: &str = "kind: expected
comparison: exact
";

impl Sandbox {
    /// A repository with one commit: the workspace of receipts alone.
    pub(crate) fn with_receipts() -> Self {
        let sandbox = Self::new();
        sandbox.write("pointsman.toml", "schema = 1\n");
        sandbox.write_receipts();
        sandbox.commit("Add the receipts");
        sandbox
    }

    /// Adds the prompt, its dataset and its evaluator to a workspace.
    pub(crate) fn write_receipts(&self) {
        self.write(SHOWING, PROMPT);
        self.write("prompts/_media/rules.pdf", PDF);
        self.write("datasets/receipts.yml", DATASET);
        self.write("datasets/receipts.jsonl", ROWS);
        self.write("datasets/photos/lunch.png", PNG);
        self.write("evaluators/total.yml", TOTAL);
    }
}
