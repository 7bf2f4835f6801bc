#!/usr/bin/env bash
# Keeps one comment on the pull request up to date: the one of ours that starts with the marker of the
# report. A comment that cannot be written is told, and changes no verdict.
set -euo pipefail

folder=$RUNNER_TEMP/pointsman/gate
comments=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY/issues

skip() {
    echo "::notice title=pointsman::no comment: $1"
    exit 0
}

[[ -n $TOKEN && -n $PULL_REQUEST ]] || exit 0
[[ $PULL_REQUEST =~ ^[0-9]+$ ]] || skip "'$GITHUB_EVENT_NAME' names no pull request"
for program in curl jq; do
    command -v "$program" >/dev/null || skip "there is no '$program' on this machine"
done

# Asks GitHub, and leaves its answer in a file. The token is on no command line.
ask() {
    local method=$1 url=$2
    shift 2
    printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" |
        curl --config - --silent --show-error --retry 3 --max-time 60 --request "$method" \
            --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' \
            --output "$folder/answer" --write-out '%{http_code}' "$@" "$url"
}

# The comment of ours whose first line is, or starts with, the marker: its id and that line.
find_comment() {
    local page status
    for page in {1..30}; do
        status=$(ask GET "$comments/$PULL_REQUEST/comments?per_page=100&page=$page") || return 1
        [[ $status == 200 ]] || return 1
        jq --raw-output --arg author "$AUTHOR" --arg marker "$marker" --argjson whole "$whole" '
            .[] | select(.user.login == $author)
                | [.id, (.body | split("\n")[0] | rtrimstr("\r"))]
                | select(if $whole then .[1] == $marker else (.[1] | startswith($marker)) end)
                | "\(.[0]) \(.[1])"' "$folder/answer" >"$folder/found" || return 1
        if [[ -s $folder/found ]]; then
            head -n 1 "$folder/found"
            return 0
        fi
        [[ $(jq length "$folder/answer") == 100 ]] || return 0
    done
}

report=$folder/report.md
if [[ -s $report ]]; then
    whole=true marker=$(head -n 1 "$report")
elif [[ -n $LANE ]]; then
    whole=true marker="<!-- pointsman:gate lane=$LANE -->"
else
    whole=false marker="<!-- pointsman:gate lane="
fi
found=$(find_comment) || skip "the comments of the pull request cannot be read"

if [[ ! -s $report ]]; then
    # An earlier verdict must not stand beside a head that has none.
    [[ -n $found ]] || exit 0
    report=$folder/comment.md
    { echo "${found#* }" && cat "$folder/no-verdict.md"; } >"$report"
elif [[ -z $found ]] && grep -q '^  "nothing_changed": true,$' "$folder/report.json"; then
    exit 0
fi

jq --null-input --rawfile body "$report" '{body: $body}' >"$folder/body.json"
if [[ -n $found ]]; then
    status=$(ask PATCH "$comments/comments/${found%% *}" --data-binary "@$folder/body.json") || status=none
else
    status=$(ask POST "$comments/$PULL_REQUEST/comments" --data-binary "@$folder/body.json") || status=none
fi
[[ $status == 20[01] ]] || skip "GitHub answered with status $status; a pull request from a fork gets no token that may write"
