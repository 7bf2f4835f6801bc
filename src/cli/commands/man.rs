//! `pointsman man`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

use crate::cli::command_line;
use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Print the manual page of a command, or write those of all
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman man | man -l -
  pointsman man lanes log | man -l -
  pointsman man -o ~/.local/share/man/man1")]
pub struct ManArgs {
    /// The command; where there is none, the page of the program
    #[arg(value_name = "COMMAND", conflicts_with = "output")]
    command: Vec<String>,
    /// Write the pages of all commands into this folder, over those that are there
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
}

/// Runs the command.
pub fn run(context: &Context, ui: &mut Ui, args: &ManArgs) -> Result<Exit, CommandError> {
    let mut program = command_line();
    program.build();
    let Some(folder) = &args.output else {
        let command = find(&program, &args.command)?;
        ui.text(String::from_utf8_lossy(&page(command)));
        return Ok(Exit::Success);
    };
    let folder = context.directory().join(folder);
    let written = write_all(&program, &folder).map_err(|error| {
        CommandError::usage(format!("cannot write to `{}`: {error}", folder.display()))
            .with_hint("name a folder that can be written with `-o`")
    })?;
    ui.line(format_args!(
        "wrote {written} pages to {}",
        folder.display()
    ));
    Ok(Exit::Success)
}

fn find<'c>(program: &'c Command, names: &[String]) -> Result<&'c Command, CommandError> {
    let mut command = program;
    for name in names {
        command = command.find_subcommand(name).ok_or_else(|| {
            let parent = command.get_bin_name().unwrap_or("pointsman");
            CommandError::usage(format!("`{parent}` has no command `{name}`"))
                .with_hint(format!("`{parent} --help` lists those that it has"))
        })?;
    }
    Ok(command)
}

/// Writes the pages of a command and of all below it; how many.
fn write_all(command: &Command, folder: &Path) -> io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let name = command.get_display_name().unwrap_or("pointsman");
    std::fs::write(folder.join(format!("{name}.1")), page(command))?;
    let mut written = 1;
    for below in shown(command) {
        written += write_all(below, folder)?;
    }
    Ok(written)
}

/// The commands below one that people are to know of.
fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    let below = command.get_subcommands();
    below.filter(|it| !it.is_hide_set() && it.get_name() != "help")
}

fn page(command: &Command) -> Vec<u8> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .render(&mut page)
        .expect("memory takes everything");
    page
}
