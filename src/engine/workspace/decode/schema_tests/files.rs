//! Files that together use every key of their formats.

use serde_json::{Value, json};

pub(super) fn prompts() -> Vec<Value> {
    let messages = json!([{"role": "user", "content": "{{ a }} {{ b }}"}]);
    vec![
        json!({
            "name": "N", "description": "D", "model": "echo/echo",
            "modelParameters": {"temperature": 0},
            "variables": {
                "a": {"type": "string", "description": "A"},
                "b": {"type": "integer", "default": 1},
                "c": {"type": "image"},
            },
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [
                    {"type": "text", "text": "{{ a }} {{ b }}"},
                    {"type": "image", "variable": "c"},
                    {"type": "file", "path": "_media/a.pdf"},
                ]},
            ],
            "responseFormat": "json_schema",
            "jsonSchema": {"name": "s", "strict": true, "schema": {"type": "object"}},
            "tools": [{"type": "function", "function": {
                "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true,
            }}],
            "evals": [{"dataset": "golden", "evaluators": ["short"]}],
        }),
        json!({
            "model": "echo/echo",
            "messages": messages,
            "testData": [{"a": "x", "b": 2, "expected": "x"}],
            "evaluators": [
                {"name": "e", "string": {"equals": "x"}},
                {"string": {"contains": "x"}},
                {"string": {"startsWith": "x"}},
                {"string": {"endsWith": "{{a}}"}},
                {"llm": {
                    "modelId": "echo/echo", "systemPrompt": "s", "prompt": "{{completion}}?",
                    "choices": [{"choice": "yes", "score": 1}, {"choice": "no", "score": 0}],
                }},
                {"uses": "github/fluency"},
            ],
        }),
    ]
}

pub(super) fn evaluators() -> Vec<Value> {
    let script = "return true";
    vec![
        json!({
            "kind": "text", "description": "D", "blocking": false, "operator": "equals", "value": "a",
            "ignoreCase": true, "trim": true,
            "examples": [{"output": "a", "expected": "a", "vars": {"x": 1}, "grade": "pass"}],
        }),
        json!({"kind": "text", "operator": "contains-any", "value": ["a", "b"]}),
        json!({"kind": "text", "operator": "equals", "value": {"column": "expected"}}),
        json!({"kind": "json", "check": "valid"}),
        json!({"kind": "json", "check": "schema", "schema": {"type": "object"}}),
        json!({"kind": "json", "check": "pointer-equals", "pointer": "/a", "value": {"column": "a"}}),
        json!({"kind": "expected", "comparison": "exact"}),
        json!({"kind": "expected", "comparison": "numeric", "tolerance": 0.5}),
        json!({"kind": "expected", "comparison": "set", "separator": ";"}),
        json!({
            "kind": "similarity", "metric": "bleu", "threshold": 0.5, "value": "a", "ignoreCase": true,
        }),
        json!({
            "kind": "similarity", "metric": "embedding", "threshold": 0.5, "value": "a", "model": "a/b",
        }),
        json!({
            "kind": "tool-calls", "calls": ["f", {"name": "g", "arguments": {"x": 1}}],
            "order": "exact", "arguments": "partial", "schema": true,
        }),
        json!({"kind": "tool-calls", "calls": {"column": "calls"}}),
        json!({"kind": "length", "unit": "words", "min": 1, "max": 9}),
        json!({"kind": "latency", "maxMs": 100}),
        json!({"kind": "cost", "maxUsd": 0.01}),
        json!({
            "kind": "llm-judge", "prompt": "judges/a", "scale": {"min": 1, "max": 5}, "threshold": 4,
            "calibration": "graded",
        }),
        json!({"kind": "llm-judge", "prompt": "judges/a", "labels": ["good", "bad"], "pass": ["good"]}),
        json!({
            "kind": "llm-judge", "prompt": "judges/a", "compareWith": {"column": "old"}, "tie": "pass",
        }),
        json!({"kind": "javascript", "script": script, "threshold": 0.5, "timeLimitMs": 100}),
        json!({"kind": "javascript", "file": "grade.js"}),
        json!({
            "kind": "exec", "command": ["grade"], "env": ["HOME"], "timeout": "5s", "concurrency": 2,
            "threshold": 0.5,
        }),
        json!({"kind": "http", "provider": "grader", "threshold": 0.5}),
        json!({"kind": "all", "of": ["short", {"evaluator": "short"}, {"kind": "latency", "maxMs": 1}]}),
        json!({"kind": "any", "of": "short"}),
        json!({"kind": "not", "of": ["short"]}),
        json!({"kind": "weighted", "threshold": 0.5, "of": [
            {"evaluator": "short", "weight": 2},
            {"kind": "latency", "maxMs": 1, "weight": 1},
        ]}),
    ]
}

pub(super) fn lanes() -> Vec<Value> {
    let standard = json!({
        "url_env": "URL", "secret_env": ["SECRET", "NEXT"], "events": ["promote"], "format": "standard",
    });
    vec![json!({
        "description": "D", "order": 2, "from": "staging",
        "gate": {
            "floors": {"short": 0.9}, "repeats": 2, "evidence_max_age": "14d", "margin": 0.05,
            "confidence": 0.95, "judge_kappa": 0.6, "max_latency_p95_ratio": 1.2, "max_cost_ratio": 1.3,
            "on_inconclusive": "approve",
        },
        "approval": {"required": 2, "not_author": true, "allowed_signers": "environments/approvers"},
        "signing": {"allowed_signers": "environments/releasers"},
        "freeze": {"windows": ["Fri 16:00 - Mon 08:00 Europe/Berlin"], "soak": "24h"},
        "watch": {
            "checkpoints": ["1h", "7d"], "max_error_rate_increase": 0.01, "max_latency_p95_ratio": 1.2,
            "max_cost_per_call_ratio": 1.2, "min_score_delta": -0.05,
        },
        "webhook": [standard, {"url_env": "GITHUB", "token_env": "TOKEN", "format": "github"}],
    })]
}

pub(super) fn projects() -> Vec<Value> {
    let server = |kind: &str, address: &str| {
        json!({
            "kind": kind, address: "https://example.com", "key_env": "KEY", "concurrency": 2,
            "max_attempts": 3, "requests_per_minute": 100, "tokens_per_minute": 1000, "timeout": "5s",
        })
    };
    let with = |mut server: Value, more: Value| {
        let Value::Object(more) = more else {
            unreachable!("it is written as one")
        };
        server
            .as_object_mut()
            .expect("it is written as one")
            .extend(more);
        server
    };
    vec![
        json!({
            "schema": 1, "remote": "origin",
            "providers": {
                "openai": with(server("openai", "base_url"), json!({"stream": true, "key_header": "api-key"})),
                "anthropic": server("anthropic", "base_url"),
                "gemini": server("gemini", "base_url"),
                "own": with(server("http", "url"), json!({
                    "body": "{}", "output": "/text", "input_tokens": "/in", "output_tokens": "/out",
                    "key_header": "x-key",
                })),
                "grader": with(server("grader", "url"), json!({"key_header": "x-key"})),
                "program": {
                    "kind": "exec", "command": ["model"], "env": ["HOME"], "concurrency": 1, "timeout": "5s",
                },
            },
            "prices": {"openai/gpt": {
                "input_usd_per_million": 1, "output_usd_per_million": 2,
                "cached_input_usd_per_million": 0.1, "cache_write_usd_per_million": 0.5,
            }},
            "traces": {
                "store": "clickhouse", "url_env": "URL", "user_env": "NAME", "password_env": "PASSWORD",
                "database": "d", "table": "t", "logs_table": "l",
            },
            "redaction": {
                "content": ["input"], "keep": ["a*"], "drop": ["b"], "off": ["phone"], "keys": ["k"],
                "allow": ["x"], "pseudonyms": ["user"], "key_env": "KEY",
                "patterns": {"number": {"regex": "[0-9]+", "validator": "luhn"}},
                "examples": [{"text": "a", "expect": "a"}],
            },
        }),
        json!({"traces": {"store": "files"}, "redaction": {"content": "keep"}}),
    ]
}

pub(super) fn rows() -> Vec<Value> {
    let version = json!({"commit": "c", "fingerprint": "f", "suite": "s", "run": "r"});
    vec![json!({
        "id": "a", "vars": {"x": 1},
        "messages": [
            {"role": "assistant", "content": [{"type": "text", "text": "Hello."}]},
            {"role": "user", "content": "Hi."},
        ],
        "expected": "y", "critical": true, "priority": "advisory", "status": "pending", "tags": ["t"],
        "cluster": "c", "note": "n",
        "source": {
            "kind": "trace", "trace_id": "t", "span_id": "s", "deployment": "d", "commit": "c", "by": "b",
            "at": "t",
        },
        "proof": {
            "prompt": "p", "failed": ["e"], "times": 5, "before": version, "after": version, "by": "b",
            "at": "t",
        },
    })]
}

pub(super) fn alerts() -> Vec<Value> {
    let rule = |condition: &str, limit: Value| {
        json!({
            "description": "D", "owner": "O", "runbook": "R", "user_impact": "U", "view": "slow",
            "where": "status = error", "per": "span", "metric": "error_rate", "statistic": "avg",
            "window": "1h", "minimum": 5, condition: limit,
        })
    };
    vec![
        rule("above", json!(0.1)),
        rule("below", json!(0.1)),
        rule("rises_by", json!("20%")),
        rule("falls_by", json!("20%")),
    ]
}
