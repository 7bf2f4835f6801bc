//! `pointsman traces receive`.

use std::net::SocketAddr;
use std::sync::mpsc::sync_channel;

use serde::Serialize;

use crate::adapters::listening::Server;
use crate::adapters::receive::{self, MOST_WAITING, TurnedAway};
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::intake::intake;
use crate::cli::listening::{cannot_listen, runtime, stop_signal, token};
use crate::cli::ui::Ui;
use crate::domain::untrusted::Untrusted;
use crate::engine::traces::receive::{ReceiveReport, Round, receive};
use crate::report::counter::Counter;
use crate::report::json;
use crate::report::traces_import::render_receive;
use crate::report::traces_receive_json::{ListeningV1, ReceivedV1, StoppedV1};

/// Receive traces and scores from applications
///
/// Takes what SDKs and collectors of OpenTelemetry export over HTTP (OTLP as protobuf or JSON), takes out
/// what redaction says, and stores the rest below the git directory. A request is acknowledged when what
/// it holds is on disk; one that is sent again is stored once. Point an application here with
/// `OTEL_EXPORTER_OTLP_ENDPOINT`.
///
/// Ends on SIGINT and SIGTERM, with exit code 0, and says what came in. With --json, each event is a line.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman traces receive
  pointsman traces receive --listen 127.0.0.1:0 --json
  pointsman traces receive --listen 0.0.0.0:4318 --token-env TRACES_TOKEN")]
pub(super) struct ReceiveArgs {
    /// Listen at this address; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4318")]
    listen: SocketAddr,
    /// Take requests only from who shows the token in this variable; needed off this machine
    #[arg(long, value_name = "VARIABLE")]
    token_env: Option<String>,
}

/// Runs the command.
pub(super) fn run(
    context: &Context,
    ui: &mut Ui,
    args: &ReceiveArgs,
) -> Result<Exit, CommandError> {
    let token = token(context, args.listen, args.token_env.as_deref())?;
    let intake = intake(context)?;
    let failed = |error: std::io::Error| cannot_listen(args.listen, &error);
    let runtime = runtime(args.listen)?;
    let (server, stop) = runtime
        .block_on(async { Ok((Server::bind(args.listen).await?, stop_signal()?)) })
        .map_err(failed)?;
    let mut sink = context.trace_sink()?;
    announce(ui, &server);
    let (sender, deliveries) = sync_channel(MOST_WAITING);
    let turned_away = TurnedAway::default();
    let mut listener = Listener::new(ui);
    let (ended, mut report) = std::thread::scope(|scope| {
        let counter = turned_away.clone();
        let serving = scope.spawn(move || {
            // What is left of connections ends with the runtime, and with it the last of the senders.
            runtime.block_on(receive::receive(server, sender, counter, token, stop))
        });
        let report = receive(&deliveries, intake, &mut sink, &mut |round| {
            listener.hear(ui, round);
        });
        match serving.join() {
            Ok(ended) => (ended, report),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    });
    drop(listener);
    report.turned_away = turned_away.count();
    let rolled = sink.roll();
    tell(ui, &report);
    ended.map_err(failed)?;
    rolled?;
    Ok(Exit::Success)
}

/// Says where to send requests.
fn announce(ui: &mut Ui, server: &Server) {
    let url = format!("http://{}", server.address());
    if ui.wants_json() {
        line(ui, &ListeningV1::new(&url));
        return;
    }
    ui.line(&url);
    ui.note(format_args!(
        "receiving traces and logs; for an application: OTEL_EXPORTER_OTLP_ENDPOINT={url}"
    ));
}

fn tell(ui: &mut Ui, report: &ReceiveReport) {
    if ui.wants_json() {
        line(ui, &StoppedV1::new(report));
    } else {
        ui.text(render_receive(report));
    }
    if report.taken.read.unpriced > 0 {
        ui.note("price models under `[prices.\"<provider>/<model>\"]` in `pointsman.toml`");
    }
}

/// Prints a line of JSON.
fn line(ui: &mut Ui, value: &impl Serialize) {
    ui.text(json::line(value));
}

/// Hears what comes in while it comes.
struct Listener {
    counter: Option<Counter>,
    spans: u64,
    in_trouble: bool,
}

impl Listener {
    fn new(ui: &Ui) -> Self {
        Self {
            counter: ui.shows_progress().then(Counter::new),
            spans: 0,
            in_trouble: false,
        }
    }

    fn hear(&mut self, ui: &mut Ui, round: &Round) {
        self.spans += round.written.spans;
        if let Some(counter) = &self.counter {
            counter.show_stored(round.bytes, self.spans);
        }
        if ui.wants_json() {
            line(ui, &ReceivedV1::new(round));
        }
        // Told once: whoever sends goes on trying, for as long as it lasts.
        if let Some(trouble) = &round.trouble
            && !self.in_trouble
        {
            let message = Untrusted(&trouble.message);
            ui.warn(format_args!(
                "{message}; what comes in is refused until it can be stored"
            ));
        }
        self.in_trouble = round.trouble.is_some();
    }
}
