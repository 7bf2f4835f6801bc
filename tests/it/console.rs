//! What README.md, the pages in `docs/` and the transcripts in `tests/cmd/` show on a console is
//! what happens. `UPDATE=1 cargo test --test it console` writes down what happens.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::console::{Played, play};
use crate::support::source::{root, update_is_wanted};

#[test]
fn what_the_pages_show_on_a_console_is_what_happens() {
    let pages = pages();
    let mut wrong = String::new();
    for page in &pages {
        let text = fs::read_to_string(page).expect("the page was listed a moment ago");
        let played = play(&text);
        let name = page
            .strip_prefix(root())
            .expect("pages stand below the root");
        if update_is_wanted() {
            fs::write(page, &played.corrected).expect("the repository can be written to");
        } else {
            wrong.push_str(&complaints(name, &played));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_page_that_shows_something_else_is_found() {
    let page =
        "# Page\n\n```console\n$ echo one; exit 3\n? 3\ntwo\n\n$ echo three\nt[..]ree\n```\n";
    let played = play(page);
    assert_eq!(played.commands, 2);
    let lines: Vec<usize> = played.differences.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [4]);
    assert_eq!(
        played.corrected,
        "# Page\n\n```console\n$ echo one; exit 3\n? 3\none\n\n$ echo three\nt[..]ree\n```\n"
    );
    let wrong_code = play("```console\n$ exit 4\n? 5\n```\n");
    assert!(
        wrong_code.differences[0]
            .1
            .contains("exit code 4 instead of 5")
    );
}

#[test]
fn blocks_of_one_page_go_on_where_the_last_one_ended() {
    let page = "```console\n$ echo text > file\n```\n\n```sh\n$ false\n```\n\n```console\n$ cat \\\n> file\ntext\n```\n";
    let played = play(page);
    assert_eq!(played.commands, 2);
    assert!(played.differences.is_empty(), "{:?}", played.differences);
    assert_eq!(played.corrected, page);
}

/// What is wrong with a page, for people.
fn complaints(name: &Path, played: &Played) -> String {
    let name = name.display();
    let must_show = !name.to_string().starts_with("docs");
    if must_show && played.commands == 0 {
        return format!("{name}: no console block: this page must show commands that run\n");
    }
    let complaint = |(line, text): &(usize, String)| format!("{name}:{line}: {text}\n");
    played.differences.iter().map(complaint).collect()
}

/// README.md (once it is written), the documentation and the transcripts.
fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for folder in ["docs", "tests/cmd"] {
        let entries = fs::read_dir(root().join(folder))
            .into_iter()
            .flatten()
            .flatten();
        pages.extend(entries.map(|entry| entry.path()));
    }
    pages.push(root().join("README.md"));
    pages.retain(|page| page.extension().is_some_and(|ending| ending == "md") && page.exists());
    pages.sort();
    pages
}
