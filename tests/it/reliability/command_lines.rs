//! Every command as it is typed in a scene where it has something to show.

/// What is typed, a line or more for each command. `{...}` stand for names of the scene.
pub(super) const LINES: &[(&str, &[&str])] = &[
    ("approve", &["production --dry-run --reason {command}"]),
    (
        "behaviors dismiss",
        &["{behavior} --reason {block}", "{behavior} --undo"],
    ),
    ("behaviors label", &["--plan --labeler triage"]),
    ("behaviors list", &[""]),
    (
        "behaviors resolve",
        &["{behavior} --reason {command}", "{behavior} --undo"],
    ),
    (
        "behaviors scan",
        &["--since 12h", "--dry-run --where {command}"],
    ),
    ("behaviors show", &["{behavior}", "{command}"]),
    (
        "behaviors watch",
        &["{behavior} --owner {command} --note {block}", "{behavior}"],
    ),
    ("bisect", &["triage --evaluator no-apology --good HEAD~2"]),
    ("check", &["", "--secrets", "-o sarif=-", "-o github=-"]),
    (
        "dataset add-span",
        &[
            "{trace} --to tickets --prompt triage --note {block} --dry-run",
            "--behavior {behavior} --to tickets",
        ],
    ),
    (
        "dataset export",
        &["tickets -o csv=-", "tickets -o jsonl=-"],
    ),
    (
        "dataset import",
        &[
            "../in/hostile.csv --to tickets",
            "../in/{command} --to tickets",
        ],
    ),
    ("dataset lint", &[""]),
    ("dataset list", &[""]),
    ("dataset prove", &["tickets hostile --before HEAD~1 --yes"]),
    (
        "dataset review",
        &[
            "tickets",
            "tickets --row hostile --note {block} --tag {formula}",
        ],
    ),
    ("dataset show", &["tickets", "{command}"]),
    (
        "diff",
        &["HEAD~2", "staging production --stat", "{command}"],
    ),
    ("doctor integration", &["--since 12h"]),
    ("doctor runtime", &["production --since 12h"]),
    (
        "eval",
        &[
            "",
            "--plan",
            "--slice tag",
            "-o html=-",
            "-o md=-",
            "-o junit=-",
            "-o jsonl=-",
            "-o json=-",
        ],
    ),
    (
        "evaluator calibrate",
        &[
            "no-apology --dataset tickets",
            "{command} --dataset tickets",
        ],
    ),
    ("evaluator list", &[""]),
    ("evaluator test", &["", "{command}"]),
    ("evidence build", &["staging --record {command}", "staging"]),
    (
        "evidence show",
        &[
            "production",
            "production -o html=-",
            "production -o md=-",
            "production -o json=-",
        ],
    ),
    ("evidence sign", &["production --sign-with {key}"]),
    ("evidence verify", &["production"]),
    (
        "export",
        &[
            "production -o ../bundle.json",
            "production -o ../none/{command}",
        ],
    ),
    ("fmt", &["--check", ""]),
    (
        "gate",
        &[
            "--base HEAD~2 --lane staging",
            "--base HEAD~2 --lane staging -o md=-",
            "--base HEAD~2 --lane staging -o junit=-",
            "--base HEAD~2 --lane staging -o sarif=-",
            "--base HEAD~2 --lane staging -o github=-",
            "--base HEAD~2 --lane staging -o gitlab=-",
            "--base {command}",
        ],
    ),
    ("import dotprompt", &["../in/hostile.prompt", "{command}"]),
    ("import humanloop", &["../in/hostile.prompt", "{command}"]),
    ("import promptfoo", &["../in/hostile.yaml", "{command}"]),
    ("import prompty", &["../in/hostile.prompty", "{command}"]),
    ("improve approve", &["triage/1 --yes"]),
    ("improve check", &["triage/1"]),
    ("improve edit", &["triage/1 --from ../better.prompt.yml"]),
    ("improve list", &[""]),
    ("improve show", &["triage/1", "{command}"]),
    (
        "improve start",
        &[
            "--prompt triage --from -",
            "--prompt triage --model echo/echo --focus {command} --plan",
        ],
    ),
    ("improve reject", &["triage/1 --reason {block}"]),
    (
        "incident classify",
        &["{incident} --layer prompt", "{command} --layer prompt"],
    ),
    (
        "incident contain",
        &["{incident} --dry-run --reason {command}"],
    ),
    ("incident list", &["", "--all"]),
    ("incident note", &["{incident} {block}"]),
    ("incident preserve", &["{incident} --to tickets"]),
    (
        "incident open",
        &["{formula} --alert failing", "{command} --window {command}"],
    ),
    (
        "incident show",
        &["{incident}", "{incident} -o html=-", "{incident} -o json=-"],
    ),
    ("incident close", &["{incident} --waive {block}"]),
    ("init", &["", "-C ../new"]),
    ("lanes at", &["now", "{command}"]),
    ("lanes hold", &["staging --yes --reason {command}"]),
    ("lanes list", &[""]),
    ("lanes log", &["production"]),
    ("lanes show", &["production", "staging"]),
    ("lanes unhold", &["staging --yes --reason {command}"]),
    ("lanes verify", &["production"]),
    (
        "monitor",
        &[
            "--since 12h",
            "--since 12h --by route",
            "--since 12h --by tool -o html=-",
            "--since 12h -o json=-",
        ],
    ),
    ("monitor check", &[""]),
    (
        "monitor compare",
        &[
            "--around production#2",
            "--around production#2 --explain error_rate",
        ],
    ),
    (
        "monitor score",
        &["no-apology --since 12h", "says --since 12h"],
    ),
    ("plan", &["", "--lane staging"]),
    (
        "promote",
        &[
            "staging --dry-run --reason {command}",
            "production --yes --reason {command}",
        ],
    ),
    (
        "prompt convert",
        &["triage --to github", "triage --to dotprompt"],
    ),
    ("prompt list", &[""]),
    (
        "prompt render",
        &[
            "triage --var ticket={block}",
            "triage --row tickets:hostile",
        ],
    ),
    ("prompt show", &["triage", "{command}"]),
    (
        "redact test",
        &[
            "../in/hostile.txt",
            "../in/hostile.txt --print",
            "../in/hostile.jsonl",
        ],
    ),
    ("review launch", &["--day 1"]),
    ("review weekly", &[""]),
    (
        "rollback",
        &[
            "production --dry-run --reason {command}",
            "staging --yes --reason {command}",
        ],
    ),
    ("runs compare", &["latest", "{command}"]),
    ("runs fetch", &["", "{command}"]),
    ("runs list", &[""]),
    ("runs push", &["", "{command}"]),
    (
        "runs show",
        &["", "-o html=-", "-o md=-", "-o junit=-", "-o jsonl=-"],
    ),
    ("status", &["", "--all"]),
    (
        "traces export",
        &[
            "-o csv=-",
            "-o jsonl=-",
            "-o otlp=-",
            "-o csv=- --columns name,session,user,tool,input",
        ],
    ),
    ("traces import", &["../in/hostile.jsonl", "{command}", "-"]),
    (
        "traces list",
        &[
            "--since 12h",
            "--since 12h --by span --columns name,session,user,tool,input",
            "--where {command}",
        ],
    ),
    ("traces search", &["zqx --since 12h", "{command}"]),
    ("traces show", &["{trace} --all", "{command}"]),
    ("traces views", &[""]),
    ("webhook deliver", &[""]),
    ("webhook deliveries", &[""]),
    ("webhook redeliver", &["{command}"]),
    ("webhook test", &["staging", "{command}"]),
    ("webhook verify", &["--secret-env SECRET"]),
];

/// The commands that are not run there, and why.
pub(super) const NOT_RUN: &[(&str, &str)] = &[
    ("", "it prints help, which is ours alone"),
    ("completions", "what it prints is ours alone"),
    ("demo", "it plays a workspace of its own"),
    ("help", "it prints help, which is ours alone"),
    ("man", "what it prints is ours alone"),
    ("schema", "what it prints is ours alone"),
    (
        "serve",
        "it goes on until it is stopped; what it answers are records, read by programs",
    ),
    ("traces clickhouse-ddl", "what it prints is ours alone"),
    (
        "traces receive",
        "it goes on until it is stopped; what it takes is what `traces import` takes",
    ),
    (
        "view",
        "it goes on until it is stopped; its pages are walked through beside",
    ),
];

/// What writes a file of the repository, or rows, as they stand there. Into a pipe or a file they come
/// byte by byte; a terminal gets them spelt out.
pub(super) const AS_THEY_STAND: &[&str] = &[
    "dataset export tickets -o csv=-",
    "dataset export tickets -o jsonl=-",
    "incident show {incident}",
    "prompt convert triage --to github",
    "prompt convert triage --to dotprompt",
    "redact test ../in/hostile.txt --print",
];
