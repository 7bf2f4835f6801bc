//! `pointsman completions`.

use clap_complete::{Shell, generate};

use crate::cli::command_line;
use crate::cli::exit::Exit;
use crate::cli::ui::Ui;

/// Print what completes commands and options in a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  pointsman completions bash > ~/.local/share/bash-completion/completions/pointsman
  pointsman completions zsh > \"${fpath[1]}/_pointsman\"
  pointsman completions fish > ~/.config/fish/completions/pointsman.fish
  pointsman completions powershell >> $PROFILE")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Runs the command.
pub fn run(ui: &mut Ui, args: &CompletionsArgs) -> Exit {
    let mut script = Vec::new();
    generate(args.shell, &mut command_line(), "pointsman", &mut script);
    ui.text(String::from_utf8_lossy(&script));
    Exit::Success
}
