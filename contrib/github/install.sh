#!/usr/bin/env bash
# Installs pointsman into $RUNNER_TEMP/pointsman/bin, for all later steps: the release VERSION, whose
# bytes must be those that SHA256 names, or a build of the files that this script came with. A program
# that an earlier step of the job has put there stays.
#
# Nothing is taken from a cache: whoever opens a pull request can write to it.
set -euo pipefail

root=$RUNNER_TEMP/pointsman
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

fail() {
    echo "::error title=pointsman::$1"
    exit 2
}

# The name of the release for this machine, as `.ci/package` makes it.
target() {
    case "$RUNNER_OS-$RUNNER_ARCH" in
        Linux-X64) echo x86_64-unknown-linux-musl ;;
        Linux-ARM64) echo aarch64-unknown-linux-musl ;;
        macOS-ARM64) echo aarch64-apple-darwin ;;
        *) return 1 ;;
    esac
}

digest() {
    if command -v sha256sum >/dev/null; then
        sha256sum "$1" | cut -d' ' -f1
    else
        shasum -a 256 "$1" | cut -d' ' -f1
    fi
}

download() {
    local name url file=$root/download found
    [[ $VERSION =~ ^[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*$ ]] ||
        fail "the input 'version' must be a version such as 0.1.0"
    [[ ${SHA256,,} =~ ^[0-9a-f]{64}$ ]] ||
        fail "the input 'sha256' must name the 64 digits of the release that 'version' asks for"
    [[ $ACTION_REPOSITORY == */* ]] ||
        fail "it is not known which repository the release is from: leave 'version' out to build it"
    name=pointsman-$(target) ||
        fail "there is no release for this machine: leave 'version' out to build it"
    url=$GITHUB_SERVER_URL/$ACTION_REPOSITORY/releases/download/v$VERSION/$name
    echo "downloading $url"
    curl --fail --silent --show-error --location --retry 3 --max-time 600 --output "$file" "$url" ||
        fail "the release cannot be downloaded from $url"
    found=$(digest "$file")
    [[ $found == "${SHA256,,}" ]] || {
        rm "$file"
        fail "the release is not the one that 'sha256' names: its digest is $found"
    }
    chmod +x "$file"
    mv "$file" "$root/bin/pointsman"
}

# Where cargo is started decides which settings and which toolchain it takes, so that it must not be
# among the files of a pull request.
build() {
    [[ -z $SHA256 ]] || fail "the input 'sha256' needs 'version'"
    command -v cargo >/dev/null ||
        fail "there is no cargo to build pointsman: name a release with 'version' and 'sha256'"
    echo "building the files of this action"
    (cd "$source" && CARGO_TARGET_DIR=$root/target cargo install --locked --quiet --path . --root "$root")
}

mkdir -p "$root/bin"
if [[ ! -x $root/bin/pointsman ]]; then
    if [[ -n $VERSION ]]; then download; else build; fi
fi
"$root/bin/pointsman" --version
echo "$root/bin" >>"$GITHUB_PATH"
