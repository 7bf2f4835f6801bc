//! Sorting tickets: keywords with weights, and a few habits that good instructions correct.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::input_is_data;
use crate::words::spaced;

/// The queue of a ticket, as a bare label or in a sentence.
pub(crate) fn answer(instructions: &str, ticket: &str) -> String {
    let queue = choose(instructions, ticket);
    if instructions.contains("exactly one queue name") {
        queue
    } else {
        format!("I would route this to the {queue} queue.")
    }
}

fn choose(instructions: &str, ticket: &str) -> String {
    let orders = ORDER.captures(ticket);
    if let Some(obeyed) = orders.filter(|_| !input_is_data(instructions)) {
        return obeyed[1].to_lowercase();
    }
    let ticket = spaced(&ORDER.replace_all(ticket, " "));
    let asks_for_money = contains_any(&ticket, &MONEY_BACK);
    let has_mishap = contains_any(&ticket, &MISHAPS);
    let known = QUEUES
        .iter()
        .filter(|(queue, _)| instructions.contains(queue));
    let scores = known.map(|(queue, keywords)| {
        let found = keywords.iter().filter(|(needle, _)| holds(&ticket, needle));
        let mut score: u32 = found.map(|(_, weight)| weight).sum();
        if *queue == "billing" && asks_for_money {
            score += 8;
        }
        if *queue == "delivery" && asks_for_money && has_mishap && breaks_tie(instructions) {
            score += 20;
        }
        (score, *queue)
    });
    let mut best = (0, "other");
    for candidate in scores {
        if candidate.0 > best.0 {
            best = candidate;
        }
    }
    best.1.to_owned()
}

/// Whether a line of the instructions says where a demand for money over a parcel goes. Without it
/// a mention of money drowns out what happened to the parcel.
fn breaks_tie(instructions: &str) -> bool {
    instructions
        .lines()
        .any(|line| line.contains("delivery") && line.contains("money"))
}

fn contains_any(ticket: &str, needles: &[&str]) -> bool {
    needles.iter().any(|needle| holds(ticket, needle))
}

/// Whether a word of the spaced text starts with the needle.
fn holds(ticket: &str, needle: &str) -> bool {
    ticket
        .match_indices(needle)
        .any(|(at, _)| ticket[..at].ends_with(' '))
}

/// A sentence that wants to choose the answer itself.
static ORDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?is)(?:\b(?:ignore|disregard|forget|system:|new rules:|ignoriere|oubliez|ignora)[^"]*?)?\b(?:answer|reply with|respond with|antworte mit|répondez|responde)\s+(billing|bug|feature|account|delivery|other)\b"#,
    )
    .expect("the pattern is a constant that the tests compile")
});

const MONEY_BACK: [&str; 5] = [
    "refund ",
    "geld zurück",
    "erstattung",
    "remboursement",
    "reembolso",
];

const MISHAPS: [&str; 12] = [
    "broken",
    "crushed",
    "damaged",
    "late ",
    "lost",
    "perdu",
    "roto",
    "smashed",
    "kaputt",
    "beschädigt",
    "verschollen",
    "verspätet",
];

/// Beginnings of words, with how much they say. A trailing space asks for the whole word.
type Keywords = &'static [(&'static str, u32)];

const QUEUES: [(&str, Keywords); 5] = [
    ("billing", BILLING),
    ("bug", BUG),
    ("feature", FEATURE),
    ("account", ACCOUNT),
    ("delivery", DELIVERY),
];

#[rustfmt::skip]
const BILLING: Keywords = &[
    ("charge", 3), ("invoice", 3), ("vat ", 2), ("price", 2), ("card ", 2), ("pay", 1),
    ("paid", 1), ("bank", 2), ("debit", 3), ("fee ", 2), ("amount", 2), ("receipt", 1),
    ("rechnung", 3), ("abrechnung", 3), ("abgebucht", 4), ("zuschlag", 3),
    ("facture", 3), ("prélev", 4), ("montant", 2), ("devis ", 2),
    ("factura", 3), ("cobr", 4), ("importe", 2),
];

#[rustfmt::skip]
const BUG: Keywords = &[
    ("crash", 5), ("error", 4), ("blank", 3), ("freez", 4), ("bug", 3), ("fails", 3),
    ("reload", 3), ("last release", 3), ("finds nothing", 3), ("screen", 2), ("browser", 2),
    ("fehlermeldung", 5), ("funktioniert", 3), ("update", 2),
    ("erreur", 4), ("plante", 5), ("affiche", 1),
    ("no carga", 4), ("en blanco", 2),
];

#[rustfmt::skip]
const FEATURE: Keywords = &[
    ("could you add", 6), ("can you add", 6), ("would be great", 4), ("planned", 3),
    ("do you plan", 4), ("suggestion", 5), ("option to", 3), ("would save", 2), ("would love", 3),
    ("es wäre schön", 6), ("wünschen uns", 4), ("geplant", 3),
    ("ce serait bien", 6), ("pourriez vous ajouter", 6),
    ("me gustaría", 4), ("previsto", 2),
];

#[rustfmt::skip]
const ACCOUNT: Keywords = &[
    ("account", 3), ("password", 4), ("pasword", 4), ("sign in", 4), ("log in", 4), ("login", 4),
    ("profil", 4), ("email address", 2), ("two factor", 3), ("locked out", 3), ("access ", 1),
    ("passwort", 5), ("benutzerkonto", 5),
    ("mot de passe", 5), ("connecter", 3),
    ("contraseña", 5), ("mi cuenta", 4),
];

#[rustfmt::skip]
const DELIVERY: Keywords = &[
    ("parcel", 2), ("package", 2), ("box ", 1), ("courier", 2), ("driver", 3), ("depot", 2),
    ("locker", 2), ("tracking", 1), ("deliver", 2), ("arrive", 2), ("late ", 3), ("customs", 1),
    ("due ", 2), ("missing", 2), ("crushed", 3), ("damaged", 3), ("ruined", 3), ("smashed", 3),
    ("tm4", 2),
    ("paket", 3), ("sendung", 2), ("zustell", 3), ("geliefert", 3), ("nachbar", 2),
    ("colis", 3), ("livreur", 3), ("livraison", 2), ("suivi", 1),
    ("paquete", 3), ("entrega", 2), ("caja ", 2), ("llegó", 2), ("almacén", 2),
];
