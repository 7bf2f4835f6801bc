#!/usr/bin/env bash
# Runs the gate and leaves its reports in $RUNNER_TEMP/pointsman/gate. The step succeeds whatever the
# verdict, so that it can be told; a later step ends with the exit code.
set -euo pipefail

folder=$RUNNER_TEMP/pointsman/gate
mkdir -p "$folder"

fail() {
    echo "::error title=pointsman::$1"
    exit 2
}

case $GITHUB_EVENT_NAME in
    pull_request)
        base=${BASE:-refs/remotes/origin/$GITHUB_BASE_REF}
        head=${HEAD:-$PULL_REQUEST_HEAD}
        ;;
    merge_group)
        base=${BASE:-$GROUP_BASE}
        head=${HEAD:-$GROUP_HEAD}
        ;;
    *)
        base=$BASE
        head=${HEAD:-$GITHUB_SHA}
        ;;
esac
[[ -n $base ]] || fail "the input 'base' is needed: nothing is merged on '$GITHUB_EVENT_NAME'"
[[ $RECORDED == true || $RECORDED == false ]] || fail "the input 'recorded' must be true or false"

arguments=("--base=$base" "--head=$head" "--recordings=$RECORDINGS")
[[ $RECORDED == false ]] || arguments+=(--recorded)
[[ -z $LANE ]] || arguments+=("--lane=$LANE")
for output in markdown=report.md json=report.json junit=junit.xml sarif=report.sarif github=annotations; do
    arguments+=("--output=${output%%=*}=$folder/${output#*=}")
done

# What is printed meanwhile may be anybody's words: none of it is a command to the runner.
words=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
code=0
echo "::stop-commands::$words"
(cd "$DIRECTORY" && "$RUNNER_TEMP/pointsman/bin/pointsman" gate "${arguments[@]}") 2>"$folder/talk" || code=$?
cat "$folder/talk"
echo "::$words::"
[[ ! -s $folder/annotations ]] || cat "$folder/annotations"

case $code in
    0) verdict=pass ;;
    1) verdict=fail ;;
    3) verdict=inconclusive ;;
    4) verdict=not-comparable ;;
    6) verdict=nothing-evaluated ;;
    *) verdict= ;;
esac

if [[ ! -s $folder/report.md ]]; then
    # In this element Markdown is not read, and nothing of the text can close it.
    talk=$(sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g' "$folder/talk")
    printf '## pointsman: no verdict (exit code %s)\n\n<pre>\n%s\n</pre>\n' "$code" "$talk" >"$folder/no-verdict.md"
    cat "$folder/no-verdict.md" >>"$GITHUB_STEP_SUMMARY"
else
    cat "$folder/report.md" >>"$GITHUB_STEP_SUMMARY"
fi

{
    echo "verdict=$verdict"
    echo "exit-code=$code"
    for output in markdown=report.md json=report.json junit=junit.xml sarif=report.sarif; do
        file=$folder/${output#*=}
        [[ ! -s $file ]] || echo "${output%%=*}=$file"
    done
} >>"$GITHUB_OUTPUT"
