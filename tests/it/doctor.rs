//! `pointsman doctor`.

use crate::support::Sandbox;

#[test]
fn the_attributes_of_traces_are_shown_with_the_values_of_each_lane() {
    let sandbox = Sandbox::without_gates();
    sandbox
        .pointsman(&["doctor", "runtime"])
        .succeeds()
        .tells("no lane has a record yet");
    sandbox.promotes("staging");
    sandbox.promotes("production");
    sandbox.reword("better");
    sandbox.promotes("staging");
    let shown = sandbox.pointsman(&["doctor", "runtime", "--json"]).json();
    for (index, lane) in ["production", "staging"].into_iter().enumerate() {
        let show = ["prompt", "show", "triage", "--json", "--at", lane];
        let prompt = sandbox.pointsman(&show).json();
        let fingerprint = prompt["fingerprint"].as_str().expect("a digest");
        let of_lane = &shown["lanes"][index];
        assert_eq!(of_lane["lane"], lane);
        let attributes = &of_lane["prompts"][0]["traceAttributes"];
        assert_eq!(attributes["gen_ai.prompt.name"], "triage");
        assert_eq!(attributes["gen_ai.prompt.version"], fingerprint[..12]);
        assert_eq!(attributes["pointsman.prompt.fingerprint"], fingerprint);
        assert_eq!(attributes["pointsman.lane"], lane);
        assert_eq!(attributes["deployment.environment.name"], lane);
        assert_eq!(
            attributes["pointsman.deployment.id"],
            sandbox.tip(lane).as_str()
        );
    }
}

#[test]
fn one_lane_and_one_prompt_can_be_asked_for() {
    let sandbox = Sandbox::without_gates();
    sandbox.promotes("staging");
    let run = sandbox.pointsman(&["doctor", "runtime", "staging", "triage"]);
    run.succeeds()
        .says("staging #1, triage\n  gen_ai.prompt.name            triage\n");
    let run = sandbox.pointsman(&["doctor", "runtime", "staging", "triag"]);
    run.exits(2)
        .tells("has no prompt `triag`")
        .tells("did you mean `triage`?");
    let run = sandbox.pointsman(&["doctor", "runtime", "production"]);
    run.exits(2).tells("has no records yet");
}
