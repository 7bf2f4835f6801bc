//! Behaviors as pages: a list, and one with the traces that show it.

use crate::domain::behavior::{Behavior, BehaviorKind, BehaviorRole, BehaviorState, ReleaseSeen};
use crate::domain::deployment::ReleaseName;
use crate::engine::behaviors::examples::Example;
use crate::report::behaviors::list::{rate, release, trend};
use crate::report::behaviors::show::{digits, facts, of_all, told};
use crate::report::monitor::number::whole;
use crate::report::release::seconds;

use super::blocks::{Block, Cell, Facts, Page, Table, Tone};
use super::form::Field;
use super::link;

/// The behaviors that are asked for, and how many others there are; `said`: the state, the role and the
/// kind that were asked for.
pub fn behaviors_page(shown: &[&Behavior], others: usize, said: [&str; 3]) -> Page {
    let mut page = Page::new("Behaviors");
    if shown.is_empty() && others == 0 {
        page.note("There are no behaviors; `pointsman behaviors scan` looks for them.");
        return page;
    }
    page.add(form(said));
    let titles = [
        "Behavior", "-State", "-Kind", "-Role", "#Traces", "#Rate", "#Fail", "-Trend", "Release",
    ];
    let mut table = Table::new("the behaviors", &titles);
    for behavior in shown {
        table.pieces(row(behavior));
    }
    page.add(table);
    if others > 0 {
        page.note(&format!(
            "{others} others are not asked for; without a state, those that are dismissed or resolved are \
             left out."
        ));
    }
    page
}

fn form([state, role, kind]: [&str; 3]) -> Block {
    fn choices<T>(all: &'static [(&'static str, T)]) -> Vec<(&'static str, &'static str)> {
        let words = all.iter().map(|(word, _)| (*word, *word));
        std::iter::once(("", "any")).chain(words).collect()
    }
    Block::Form {
        action: "/behaviors".to_owned(),
        fields: vec![
            Field::choice("state", "State", state, &choices(&BehaviorState::ALL)),
            Field::choice("role", "Role", role, &choices(&BehaviorRole::ALL)),
            Field::choice("kind", "Kind", kind, &choices(&BehaviorKind::ALL)),
        ],
        button: "Show",
    }
}

fn row(behavior: &Behavior) -> [Vec<Cell>; 9] {
    let seen = &behavior.seen;
    let id = behavior.id.as_str();
    let name = link::path(&["behaviors", id]);
    let mut named = vec![Cell::link(behavior.title(), name)];
    named.push(Cell::soft(format!(" {id}")));
    [
        named,
        vec![state(behavior)],
        vec![Cell::new(behavior.kind().name())],
        vec![Cell::new(behavior.pattern.role.name())],
        vec![Cell::new(whole(seen.now[0]))],
        vec![Cell::new(rate(seen.now))],
        vec![Cell::new(rate(seen.failed))],
        vec![Cell::code(trend(behavior))],
        behavior.releases.last().map(moved).unwrap_or_default(),
    ]
}

fn state(behavior: &Behavior) -> Cell {
    let tone = match behavior.state() {
        BehaviorState::Dismissed | BehaviorState::Resolved => Tone::Soft,
        _ if behavior.is_urgent() => Tone::Bad,
        _ => Tone::Plain,
    };
    let watched = if behavior.decided.watched {
        ", watched"
    } else {
        ""
    };
    Cell::badge(format!("{}{watched}", behavior.state().name()), tone)
}

/// How a rate moved with a release, with its page.
fn moved(seen: &ReleaseSeen) -> Vec<Cell> {
    let text = release(seen);
    vec![match seen.deployment.parse::<ReleaseName>() {
        Ok(name) => Cell::link(text, link::record(&name)),
        Err(_) => Cell::new(text),
    }]
}

/// One behavior, with spans that show it.
pub fn behavior_page(behavior: &Behavior, examples: &[Example]) -> Page {
    let mut page = Page::new(behavior.title())
        .badge(state(behavior))
        .below([Cell::link("Behaviors", "/behaviors".to_owned())]);
    let mut known = Facts::default();
    known.add("name", Cell::code(behavior.id.as_str()));
    for (name, value) in facts(behavior) {
        if name == "releases" || name.is_empty() {
            continue;
        }
        known.add(name, value);
    }
    page.add(known);
    traces(examples, &mut page);
    releases(behavior, &mut page);
    lanes(behavior, &mut page);
    together(behavior, &mut page);
    history(behavior, &mut page);
    page
}

fn traces(examples: &[Example], page: &mut Page) {
    if examples.is_empty() {
        return;
    }
    page.heading("Traces that show it");
    for example in examples {
        let evidence = &example.evidence;
        let (trace, span) = (&evidence.trace_id, &evidence.span_id);
        page.notes(vec![
            Cell::link(told(example), link::span(trace, span)),
            Cell::new(" in "),
            Cell::link("its trace", link::trace(trace)),
        ]);
        for passage in &example.said {
            let text = passage.text.trim().to_owned();
            page.add(Block::said(passage.source.name(), &[text]));
        }
    }
}

fn releases(behavior: &Behavior, page: &mut Page) {
    if behavior.releases.is_empty() {
        return;
    }
    page.heading("Releases with which it moved");
    let mut table = Table::new(
        "releases with which its rate moved",
        &["Release", "-When", "#Before", "#After", "#p"],
    );
    for seen in &behavior.releases {
        table.pieces([
            moved(seen),
            vec![Cell::new(seconds(seen.at))],
            vec![Cell::new(of_all(seen.before))],
            vec![Cell::new(of_all(seen.after))],
            vec![Cell::new(digits(seen.p))],
        ]);
    }
    page.add(table);
}

fn lanes(behavior: &Behavior, page: &mut Page) {
    if behavior.lanes.is_empty() {
        return;
    }
    page.heading("Lanes");
    let titles = ["Lane", "-State", "#Now", "#Before", "#p", "-Since"];
    let mut table = Table::new("what was seen in each lane", &titles);
    for lane in &behavior.lanes {
        table.row([
            lane.lane.as_deref().unwrap_or("(none)").to_owned(),
            lane.state.name().to_owned(),
            of_all(lane.now),
            of_all(lane.before),
            lane.p.map_or_else(|| "-".to_owned(), digits),
            seconds(lane.first),
        ]);
    }
    page.add(table);
}

fn together(behavior: &Behavior, page: &mut Page) {
    if behavior.together.is_empty() {
        return;
    }
    page.heading("In the same traces");
    let titles = ["Behavior", "#Traces with both", "#With one of them"];
    let mut table = Table::new("behaviors in the same traces", &titles);
    for other in &behavior.together {
        let id = other.behavior.as_str();
        table.row([
            Cell::link(id, link::path(&["behaviors", id])),
            Cell::new(whole(other.both)),
            Cell::new(whole(other.either)),
        ]);
    }
    page.add(table);
}

fn history(behavior: &Behavior, page: &mut Page) {
    if behavior.history.is_empty() {
        return;
    }
    page.heading("Scans");
    let mut table = Table::new(
        "what each scan counted",
        &["-Scanned up to", "Lane", "#Traces"],
    );
    for counted in behavior.history.iter().rev() {
        table.row([
            seconds(counted.until),
            counted.lane.as_deref().unwrap_or("(none)").to_owned(),
            of_all([counted.hits, counted.traces]),
        ]);
    }
    page.add(table);
}
