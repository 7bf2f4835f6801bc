//! What the user types: parsing, running, and turning results into exit codes.

pub mod arguments;
pub mod commands;
pub mod context;
mod endless;
pub mod env;
pub mod error;
pub mod evaluation;
pub mod exit;
pub mod gate;
pub mod helper;
pub mod intake;
pub mod limits;
pub mod listening;
pub mod meaning;
pub mod new_files;
pub mod output;
pub mod outputs;
pub mod pipelines;
pub mod promotion;
pub mod record;
pub mod sample;
pub mod schemas;
pub mod selection;
pub mod shell;
pub mod signing;
pub mod ui;
pub mod watching;
pub mod webhooks;

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser};

use commands::Command;
use context::Context;
use env::Environment;
use error::CommandError;
use exit::Exit;
use ui::{ColorWhen, Ui};

/// Prompt release discipline on nothing but your git repository.
///
/// Prompts, datasets, evaluators and release lanes are files; a lane is a git ref; a release moves
/// it only when the evaluation that its policy demands was shown for exactly these bytes.
#[derive(Debug, Parser)]
#[command(name = "pointsman", version, arg_required_else_help = true)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options that every command takes.
#[derive(Debug, Clone, clap::Args)]
pub struct GlobalArgs {
    /// Run as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// Print the result as JSON, in a documented and versioned shape
    #[arg(long, global = true)]
    pub json: bool,
    /// Print results and errors only
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: ColorWhen,
}

/// Runs the program on the process's own arguments and environment.
pub fn main() -> ExitCode {
    let environment = Environment::of_process();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            };
            ui::print_usage(&error);
            return exit.into();
        }
    };
    let mut ui = Ui::new(&environment, &cli.global);
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| run(&cli, environment, &mut ui)));
    match outcome {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(error)) => {
            ui.report_error(&error);
            error.exit.into()
        }
        Err(_) => Exit::Bug.into(),
    }
}

fn run(cli: &Cli, environment: Environment, ui: &mut Ui) -> Result<Exit, CommandError> {
    install_panic_message();
    endless::watch();
    let context = Context::new(environment, &cli.global)?;
    cli.command.run(&context, ui)
}

/// A panic is a bug of ours: say so in words that a user can act on.
fn install_panic_message() {
    std::panic::set_hook(Box::new(|info| {
        ui::print_bug(&format!("{info}"));
    }));
}

/// The command line as data, for help, references and completions.
pub fn command_line() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_formed() {
        super::command_line().debug_assert();
    }
}
