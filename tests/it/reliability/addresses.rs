//! Addresses that nobody named, and those at which no server can be: a provider there is sent no byte.

use std::net::TcpListener;

use serde_json::json;

use crate::gate::pull_request::PullRequest;
use crate::support::Sandbox;
use crate::support::model_server::{ModelServer, Reply};
use crate::support::run::{Run, RunOutput};
use crate::support::strace::can_trace;

/// The key of the provider.
const KEY: &str = "sk-canary-5f0c7e2a9b";

/// Spellings of addresses that nobody named: of this machine, which listens at `PORT`, of private networks, of
/// metadata services, and of no server at all. Receivers of webhooks are held against the same.
fn spellings(port: u16) -> Vec<String> {
    let spellings: Vec<String> =
        serde_json::from_str(include_str!("addresses.json")).expect("it is JSON");
    let spellings = spellings.into_iter();
    let more = [
        "http://127.0.0.1:PORT/api.example.com",
        "http://api.example.com@127.0.0.1:PORT",
        "http://2130706433:PORT",
        "http://[::ffff:127.0.0.1]:PORT",
    ];
    let all = spellings.chain(more.map(str::to_owned));
    all.map(|it| it.replace("PORT", &port.to_string()))
        .collect()
}

/// A listener on loopback that can be asked whether anybody came.
fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener.set_nonblocking(true).expect("it can be asked");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, port)
}

/// The settings of a provider at an address.
fn provider_at(address: &str) -> String {
    format!(
        "[providers.local]\nkind = \"openai\"\nbase_url = {}\nkey_env = \"MODEL_KEY\"\nmax_attempts = 1\ntimeout = \"2s\"\n",
        json!(address)
    )
}

/// What an evaluation connected to, with the key in its environment, and how it ended.
fn connections(sandbox: &Sandbox, hosts: Option<&str>) -> (RunOutput, Vec<String>) {
    let with_key = |run: Run| {
        let run = run.env("MODEL_KEY", KEY);
        match hosts {
            Some(hosts) => run.env("POINTSMAN_PROVIDER_HOSTS", hosts),
            None => run,
        }
    };
    let (run, log) = sandbox.connected_by(with_key, &["eval"]);
    let lines = log
        .lines()
        .filter(|line| line.contains("sa_family=AF_INET"));
    (run, lines.map(str::to_owned).collect())
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs this wants the figures: `cargo test -- --nocapture`"
)]
fn a_provider_at_an_address_that_nobody_named_is_sent_no_byte_however_it_is_spelt() {
    let sandbox = Sandbox::with_workspace();
    if !can_trace(&sandbox) {
        return;
    }
    sandbox.edit("prompts/triage.prompt.yml", "echo/echo", "local/small");
    let (listener, port) = listener();
    let spellings = spellings(port);
    for (number, address) in spellings.iter().enumerate() {
        sandbox.write("pointsman.toml", provider_at(address));
        let hosts = ["api.example.com", ""][number % 2];
        let (run, connections) = connections(&sandbox, Some(hosts));
        run.exits(2);
        assert_eq!(connections, [""; 0], "{address}");
        assert!(listener.accept().is_err(), "{address}");
    }
    println!(
        "{} spellings of addresses that no variable names: an evaluation connected to none",
        spellings.len()
    );
}

#[test]
fn a_provider_where_no_server_can_be_is_sent_no_byte_whatever_the_environment_says() {
    let sandbox = Sandbox::with_workspace();
    if !can_trace(&sandbox) {
        return;
    }
    sandbox.edit("prompts/triage.prompt.yml", "echo/echo", "local/small");
    let special = [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "[::ffff:169.254.169.254]",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "0.0.0.0",
        "0",
        "[::]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.0.192",
    ];
    for host in special {
        sandbox.write("pointsman.toml", provider_at(&format!("https://{host}/v1")));
        for hosts in [None, Some(host)] {
            let (run, connections) = connections(&sandbox, hosts);
            run.exits(2);
            run.says("special address");
            assert_eq!(connections, [""; 0], "{host}");
        }
    }
}

#[test]
fn hosts_that_the_environment_names_are_the_only_ones_and_nothing_names_none() {
    let (listener, port) = listener();
    let sandbox = Sandbox::with_workspace();
    sandbox.edit("prompts/triage.prompt.yml", "echo/echo", "local/small");
    sandbox.write(
        "pointsman.toml",
        provider_at(&format!("http://127.0.0.1:{port}")),
    );
    let evaluates = |hosts: &str| {
        let run = sandbox.command(&["eval"]).env("MODEL_KEY", KEY);
        run.env("POINTSMAN_PROVIDER_HOSTS", hosts).run()
    };
    evaluates("").exits(2).tells("POINTSMAN_PROVIDER_HOSTS");
    evaluates("api.example.com/v1")
        .exits(2)
        .tells("`POINTSMAN_PROVIDER_HOSTS` is wrong");
    assert!(listener.accept().is_err());
    listener
        .set_nonblocking(false)
        .expect("it can be waited for");
    let asked = std::thread::spawn(move || listener.accept().is_ok());
    evaluates(&format!("api.example.com, 127.0.0.1:{port}")).exits(9);
    assert!(asked.join().expect("somebody came"));
}

#[test]
fn a_pull_request_that_changes_the_address_of_a_provider_has_no_byte_sent_there() {
    let server = ModelServer::start(|_, call| Reply::says(call.last_message()));
    let (listener, port) = listener();
    let base = PullRequest::base();
    base.write("pointsman.toml", provider_at(&server.base_url()));
    base.edit("prompts/triage.prompt.yml", "echo/echo", "local/small");
    base.commit("Ask a server");
    let spellings = [
        format!("http://127.0.0.1:{port}/v1"),
        format!("http://localhost:{port}/v1"),
        format!("https://[::1]:{port}/v1"),
    ];
    for address in spellings {
        let before = server.calls().len();
        let request = PullRequest::to(&base);
        request
            .sandbox
            .write("pointsman.toml", provider_at(&address));
        request.improve_prompt();
        request.sandbox.commit("Ask elsewhere");
        let gate = request.sandbox.command(&["gate", "--base", "main"]);
        let run = gate.env("MODEL_KEY", KEY).run();
        assert!(matches!(run.code, Some(0..=9)), "{}", run.transcript());
        assert!(!run.transcript().contains(KEY), "{address}");
        assert!(
            listener.accept().is_err(),
            "{address}: {}",
            run.transcript()
        );
        assert!(server.calls().len() > before, "the base's server is asked");
    }
}
