//! `pointsman serve`: lanes over HTTP, for applications that read what is live.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::adapters::git::{GitLanes, Repository};
use crate::adapters::listening::{Server, Token};
use crate::adapters::serve::published::LookError;
use crate::adapters::serve::{Published, serve as answer};
use crate::cli::context::{Context, git_environment};
use crate::cli::env::Environment;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::listening::{cannot_listen, runtime, stop_signal, token};
use crate::cli::ui::{self, Ui};
use crate::domain::id::LaneName;
use crate::domain::period::Period;

/// How often git is looked at here. That is a few refs to read.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Serve what is live in lanes over HTTP
///
/// Applications read a prompt at `/v1/lanes/<lane>/prompts/<id>`, a lane at `/v1/lanes/<lane>`, and
/// hear of changes at `/v1/lanes/<lane>/events`. Where git cannot be read, the last known good is
/// served, and its age shown. Ends on SIGINT and SIGTERM, with exit code 0.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman serve --lane production
  pointsman serve --fetch 30s --listen 0.0.0.0:8080 --token-env LANES_TOKEN")]
pub struct ServeArgs {
    /// Serve this lane; say it again for each; none: every lane
    #[arg(long = "lane", value_name = "LANE")]
    lanes: Vec<LaneName>,
    /// Listen at this address; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Answer only who shows the token in this variable; needed off this machine
    #[arg(long, value_name = "VARIABLE")]
    token_env: Option<String>,
    /// Ask the remote for news this often, for example `30s`; absent: never
    #[arg(long, value_name = "TIME")]
    fetch: Option<Period>,
}

#[derive(Serialize)]
struct ServeOutput {
    schema: &'static str,
    url: String,
    lanes: Vec<LaneName>,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &ServeArgs) -> Result<Exit, CommandError> {
    let token = token(context, args.listen, args.token_env.as_deref())?;
    let fetch_every = args
        .fetch
        .map(|period| Duration::from_secs(period.seconds.unsigned_abs()));
    let lanes = context.lanes()?;
    if fetch_every.is_some() {
        lanes.lanes().look()?;
    }
    let published = Published::new(&lanes, &args.lanes)?;
    if published.lanes().is_empty() {
        return Err(CommandError::usage("no lane has a record yet")
            .with_hint("make the first with `pointsman promote <lane>`"));
    }
    let published = Arc::new(published);
    let watcher = Watcher {
        directory: context.directory().to_owned(),
        environment: context.environment().clone(),
        remote: context.remote()?,
        lanes: args.lanes.clone(),
        fetch_every,
        published: Arc::clone(&published),
    };
    serve(ui, args, published, token, watcher)
}

fn serve(
    ui: &mut Ui,
    args: &ServeArgs,
    published: Arc<Published>,
    token: Option<Token>,
    watcher: Watcher,
) -> Result<Exit, CommandError> {
    let failed = |error: std::io::Error| cannot_listen(args.listen, &error);
    let runtime = runtime(args.listen)?;
    runtime.block_on(async {
        let stop = stop_signal().map_err(failed)?;
        let server = Server::bind(args.listen).await.map_err(failed)?;
        announce(ui, &server, &published);
        // It ends with the process: what it waits for, git or the network, may take long.
        std::thread::spawn(move || watcher.watch());
        answer(server, published, token, stop).await.map_err(failed)
    })?;
    ui.note("stopped");
    Ok(Exit::Success)
}

/// Tells where to ask, and for what.
fn announce(ui: &mut Ui, server: &Server, published: &Published) {
    let url = format!("http://{}", server.address());
    let lanes = published.lanes();
    if ui.wants_json() {
        ui.json(&ServeOutput {
            schema: "pointsman/serve/v1",
            url,
            lanes,
        });
        return;
    }
    ui.line(url);
    let names: Vec<&str> = lanes.iter().map(LaneName::as_str).collect();
    ui.note(format!("serving {}", names.join(", ")));
}

/// Looks at git for as long as the server runs, with a repository of its own.
struct Watcher {
    directory: PathBuf,
    environment: Environment,
    remote: Option<String>,
    lanes: Vec<LaneName>,
    fetch_every: Option<Duration>,
    published: Arc<Published>,
}

impl Watcher {
    /// Where the remote is asked, only its answer confirms what is served.
    fn watch(&self) {
        let every = self.fetch_every.unwrap_or(LOOK_EVERY).max(LOOK_EVERY);
        loop {
            std::thread::sleep(every);
            if let Some(trouble) = self.look() {
                ui::print_warning(&format!("{trouble}; the last known good is served"));
            }
        }
    }

    /// Looks once; what went wrong, if it is new. The repository is opened each time, so that one
    /// which was moved away and back is found again.
    fn look(&self) -> Option<String> {
        let environment = match git_environment(&self.environment) {
            Ok(environment) => environment,
            Err(error) => return self.published.failed(LookError::Git(error.message)),
        };
        let repository = match Repository::discover(&self.directory, environment) {
            Ok(repository) => repository,
            Err(error) => return self.published.failed(LookError::Git(error.to_string())),
        };
        let lanes = match GitLanes::new(&repository, self.remote.clone()) {
            Ok(lanes) => lanes,
            Err(error) => return self.published.failed(error),
        };
        if self.fetch_every.is_some()
            && let Err(error) = lanes.look()
        {
            return self.published.failed(error);
        }
        self.published.look(&lanes, &self.lanes)
    }
}

impl From<LookError> for CommandError {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Lane(error) => error.into(),
            error => Self::usage(error.to_string())
                .with_hint("`pointsman lanes list` shows the lanes and where they are"),
        }
    }
}
