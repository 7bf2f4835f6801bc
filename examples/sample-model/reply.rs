//! Drafting replies: one template a queue, filled with what the ticket gives.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::json;

use crate::words::spaced;

/// A reply as JSON, or as the bare text of a mail.
pub(crate) fn answer(instructions: &str, input: &str, json: bool) -> String {
    let ticket = Ticket::read(input);
    let body = body(instructions, &ticket);
    if !json {
        return body;
    }
    let subject = match ticket.queue {
        "billing" => "Your payment",
        "bug" => "The fault that you reported",
        "feature" => "Your suggestion",
        "account" => "Your account",
        "delivery" => "Your parcel",
        _ => "Your message",
    };
    let needs_human = instructions.contains("needs_human") && ticket.is_grave();
    json!({"subject": subject, "body": body, "needs_human": needs_human}).to_string()
}

struct Ticket<'a> {
    customer: &'a str,
    queue: &'a str,
    text: &'a str,
}

impl<'a> Ticket<'a> {
    /// Reads the headers and the text after the first empty line.
    fn read(input: &'a str) -> Self {
        let (headers, text) = input.split_once("\n\n").unwrap_or(("", input));
        let header = |name: &str| {
            let mut lines = headers.lines();
            lines
                .find_map(|line| line.strip_prefix(name))
                .unwrap_or("")
                .trim()
        };
        Self {
            customer: header("Customer:"),
            queue: header("Queue:"),
            text,
        }
    }

    /// The first parcel, invoice or case number.
    fn reference(&self) -> Option<&'a str> {
        static REFERENCE: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\b(?:TM\d{8}|INV-\d{5}|CASE-\d{4})\b")
                .expect("the pattern is a constant that the tests compile")
        });
        REFERENCE.find(self.text).map(|found| found.as_str())
    }

    fn is_grave(&self) -> bool {
        const GRAVE: [&str; 8] = [
            " lawyer",
            " police",
            " stole",
            " injur",
            " bleed",
            " newspaper",
            " anwalt",
            " avocat",
        ];
        let text = spaced(self.text);
        GRAVE.iter().any(|word| text.contains(word))
    }
}

fn body(instructions: &str, ticket: &Ticket<'_>) -> String {
    let greeting = match ticket.customer {
        name if instructions.contains("by name") && !name.is_empty() => format!("Hello {name},"),
        _ => "Hello,".to_owned(),
    };
    let subject = match ticket.reference() {
        Some(reference) if instructions.contains("repeat the reference") => reference,
        _ => "your request",
    };
    let apology = if instructions.contains("do not apologise") {
        ""
    } else {
        " We are very sorry for the trouble."
    };
    let next = match ticket.queue {
        "billing" => {
            "Our billing team checks the payment and writes to you within two working days"
        }
        "bug" => "Our developers look into the fault and write to you by the end of tomorrow",
        "feature" => "We read every idea on Thursday and tell you whether we take it up",
        "account" => "We check the settings of your account and write to you within a day",
        "delivery" => "The depot looks for the parcel today and writes to you by tomorrow noon",
        _ => "The right colleague reads your message and answers within three days",
    };
    format!(
        "{greeting}\n\nthank you for writing to us about {subject}.{apology} {next}.\n\n\
         Kind regards\nTallowmere Support"
    )
}
