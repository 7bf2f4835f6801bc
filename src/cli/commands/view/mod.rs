//! `pointsman view`: the workspace as pages in a browser.

mod behaviors;
mod fault;
mod incidents;
mod lanes;
mod monitor;
mod options;
mod runs;
mod site;
mod traces;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use serde::Serialize;

use crate::adapters::listening::Server;
use crate::adapters::view::view;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::listening::{cannot_listen, runtime, stop_signal};
use crate::cli::ui::Ui;
use crate::report::html::POLICY;

use site::Site;

/// Show the workspace in a browser: lanes, runs, evidence, traces, Monitor, behaviors and incidents
///
/// Serves pages to this machine only, prints the address, and opens nothing by itself. It reads what the
/// other commands read, changes nothing, and loads nothing from anywhere. Ends on SIGINT and SIGTERM, with
/// exit code 0.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman view
  pointsman view --port 8080
  xdg-open \"$(pointsman view --json | jq -r .url)\"")]
pub struct ViewArgs {
    /// Listen at this port of 127.0.0.1; 0 is any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,
}

#[derive(Serialize)]
struct ViewOutput {
    schema: &'static str,
    url: String,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &ViewArgs) -> Result<Exit, CommandError> {
    let site = Arc::new(Site::new(context)?);
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    let failed = |error: std::io::Error| {
        let error = cannot_listen(listen, &error);
        CommandError {
            hints: vec!["name a port that is free with `--port`; 0 is any".to_owned()],
            ..error
        }
    };
    let runtime = runtime(listen)?;
    let served = runtime.block_on(async {
        let stop = stop_signal()?;
        let server = Server::bind(listen).await?;
        announce(ui, &server);
        view(server, site, POLICY, stop).await
    });
    // A page that is still being made is nobody's any more.
    runtime.shutdown_background();
    served.map_err(failed)?;
    ui.note("stopped");
    Ok(Exit::Success)
}

/// Tells where to look.
fn announce(ui: &mut Ui, server: &Server) {
    let url = format!("http://{}", server.address());
    if ui.wants_json() {
        ui.json(&ViewOutput {
            schema: "pointsman/view/v1",
            url,
        });
        return;
    }
    ui.line(url);
    ui.note("open this address in a browser on this machine; Ctrl-C ends it");
}
