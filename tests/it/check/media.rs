//! What `check` finds about pictures and documents.

use crate::support::Sandbox;
use crate::support::media::{PDF, PNG, SHOWING};

#[test]
fn a_workspace_that_shows_files_has_no_problems_and_no_stray_ones() {
    let sandbox = Sandbox::with_receipts();
    let output = sandbox.pointsman(&["check"]);
    insta::assert_snapshot!(output.succeeds().stdout, @"checked 1 prompt, 1 dataset with 1 row, 1 evaluator and 0 lanes: no problems");
    sandbox.pointsman(&["check", "--at", "HEAD"]).succeeds();
    sandbox.write("prompts/rules.pdf", PDF);
    sandbox.write("datasets/lunch.png", PNG);
    sandbox.write("datasets/photos/lunch.exe", "MZ");
    let output = sandbox.pointsman(&["check"]);
    output.succeeds();
    for path in [
        "prompts/rules.pdf",
        "datasets/lunch.png",
        "datasets/photos/lunch.exe",
    ] {
        output.says(&format!(
            "warning[stray-file]: nothing reads this file\n  --> {path}\n"
        ));
    }
}

#[test]
fn what_is_wrong_with_a_part_is_found_where_it_stands() {
    let part = "{ type: file, path: _media/rules.pdf }";
    for (other, finding) in [
        (
            "{ type: file, path: _media/rule.pdf }",
            "error[missing-media]: there is no `prompts/_media/rule.pdf`",
        ),
        (
            "{ type: image, path: _media/rules.pdf }",
            "error[wrong-media]: `prompts/_media/rules.pdf` holds application/pdf, which is no image",
        ),
        (
            "{ type: file, path: _media/wrong.txt }",
            "error[wrong-media]: `prompts/_media/wrong.txt` holds application/pdf",
        ),
        (
            "{ type: file, path: _media/program.pdf }",
            "error[unknown-media]: what `prompts/_media/program.pdf` holds is of no type",
        ),
        (
            "{ type: file, path: _media/large.txt }",
            "error[unreadable-media]: cannot read `prompts/_media/large.txt`: it is larger than",
        ),
        (
            "{ type: file, path: _media/../receipts.prompt.yml }",
            "error[invalid-media-path]",
        ),
        (
            "{ type: image, path: \"https://example.com/logo.png\" }",
            "addresses are not followed, because nobody pinned what stands there",
        ),
        (
            "{ type: image_url, image_url: { url: \"https://example.com/logo.png\" } }",
            "write `type: image`, and name the file that it shows",
        ),
        (
            "{ type: file }",
            "this part does not say which file it shows",
        ),
        (
            "{ type: file, path: _media/rules.pdf, variable: photo }",
            "this part does not say which file it shows",
        ),
        ("{ type: image, variable: foto }", "did you mean `photo`?"),
        (
            "{ type: file, variable: photo }",
            "error[wrong-type]: the variable `photo` is of type image, not file",
        ),
        (
            "{ type: text, text: \"{{ photo }}\" }",
            "error[media-in-text]: the variable `photo` is no text: its type is image",
        ),
    ] {
        let sandbox = Sandbox::with_receipts();
        sandbox.write("prompts/_media/wrong.txt", PDF);
        sandbox.write("prompts/_media/program.pdf", "MZ\0\0");
        sandbox.write("prompts/_media/large.txt", vec![b'x'; 10 * 1024 * 1024 + 1]);
        sandbox.edit(SHOWING, part, other);
        let output = sandbox.pointsman(&["check"]);
        output.exits(1).says(finding);
        output.says(&format!("--> {SHOWING}:12:"));
        sandbox.pointsman(&["eval"]).exits(2).has_no_result();
    }
}

#[test]
fn only_the_user_shows_files() {
    let sandbox = Sandbox::with_receipts();
    for role in ["system", "developer", "assistant"] {
        let text = sandbox.read(SHOWING);
        sandbox.write(
            SHOWING,
            text.replace("role: user", &format!("role: {role}")),
        );
        sandbox.pointsman(&["check"]).exits(1).says(&format!(
            "error[media-in-role]: a message of the role `{role}` cannot show the model an image"
        ));
        sandbox.write(SHOWING, text);
    }
}

#[cfg(unix)]
#[test]
fn links_are_never_followed() {
    let sandbox = Sandbox::with_receipts();
    sandbox.write("outside.pdf", PDF);
    sandbox.remove("prompts/_media/rules.pdf");
    std::os::unix::fs::symlink(
        sandbox.path().join("outside.pdf"),
        sandbox.path().join("prompts/_media/rules.pdf"),
    )
    .expect("the folder is ours");
    let says = "cannot read `prompts/_media/rules.pdf`: it is a symbolic link";
    sandbox.pointsman(&["check"]).exits(1).says(says);
    sandbox.commit("Link to it");
    sandbox
        .pointsman(&["check", "--at", "HEAD"])
        .exits(1)
        .says(says);
}

#[test]
fn rows_must_name_files_that_are_there_and_fit() {
    let rows = "datasets/receipts.jsonl";
    for (photo, finding) in [
        (
            "dinner.png",
            "error[missing-media]: there is no `datasets/photos/dinner.png`",
        ),
        (
            "rules.pdf",
            "error[wrong-media]: `datasets/photos/rules.pdf` holds application/pdf",
        ),
        ("../receipts.jsonl", "error[invalid-media-path]"),
        (
            "",
            "row `lunch` names no file in `photo`, which the prompt `receipts` shows",
        ),
    ] {
        let sandbox = Sandbox::with_receipts();
        sandbox.write("datasets/photos/rules.pdf", PDF);
        sandbox.edit(rows, "lunch.png", photo);
        let output = sandbox.pointsman(&["check"]);
        output
            .exits(1)
            .says(finding)
            .says(&format!("--> {rows}:1:"));
    }
}

#[test]
fn a_column_of_files_must_be_declared() {
    let sandbox = Sandbox::with_receipts();
    let media = "media: { folder: photos, columns: [photo] }\n";
    sandbox.edit("datasets/receipts.yml", media, "");
    let output = sandbox.pointsman(&["check"]);
    output
        .exits(1)
        .says("error[no-media-column]: the prompt `receipts` shows the file in `photo`")
        .says("--> datasets/receipts.yml\n")
        .says("write `media: { folder: <name>, columns: [photo] }` in the manifest");
    let row = r#"{"id": "a", "vars": {}, "messages": [{"role": "user", "content": [{"type": "image", "path": "lunch.png"}]}]}"#;
    sandbox.write("datasets/receipts.jsonl", row);
    let output = sandbox.pointsman(&["check"]);
    output
        .exits(1)
        .says("error[no-media-folder]: the dataset has no folder of pictures and documents");
}
