#!/bin/sh
# Everything that must pass: format, lints, tests, and the suite from the release build.
# Installs what it needs, as far as this machine lets it; what is there already is left alone.
set -eu
cd "$(dirname "$0")/.."

need() { # command, Debian package
    command -v "$1" >/dev/null 2>&1 && return
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "$2"
    else
        echo "error: \`$1\` is missing" >&2
        echo "hint: install it (on Debian: apt-get install $2)" >&2
        exit 1
    fi
}

# SQLite and the TLS library are built from C; the tests run lines of curl and jq, a
# service in Python, and go through the connect flow in a browser.
need cc gcc
need curl curl
need jq jq
need python3 python3
need chromium chromium
need chromedriver chromium-driver
# A toolchain of the minimal profile has neither.
cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt
cargo clippy --version >/dev/null 2>&1 || rustup component add clippy

# A test never writes a snapshot.
export INSTA_UPDATE=no

cargo fmt --all --check
cargo clippy --workspace --all-targets --locked -- -D warnings
# The tests of the program make the whole suite run some two hundred times: optimized, that takes a
# quarter of the time.
cargo test --workspace --exclude rescind --locked
cargo test --release -p rescind --locked
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
# The program that was just tested: `cargo run` would build everything once more, since without tests
# dependencies have other features.
target="${CARGO_TARGET_DIR:-target}"
rescind="$target/release/rescind"
"$rescind" check --strict
"$rescind" check --strict --set connected-accounts-2026-09
# Every seeded bug is found, every allowed behaviour passes, and the committed page says so.
"$rescind" prove --markdown "$target/proof.md"
# What is certain of a proof: not what else a bug fails, which in a race is chance, nor the table that
# is counted from that.
certain() {
    sed 's/\\|/ /g' "$1" | awk -F '|' -v OFS='|' '
        /^## / { section = $0 }
        section == "## Defects" && NF > 6 { $5 = "" }
        section == "## Requirements" && NF > 3 && $4 !~ /^ excluded/ { $3 = $4 = "" }
        { print }'
}
certain docs/proof.md >"$target/proof.committed"
certain "$target/proof.md" >"$target/proof.made"
diff -u "$target/proof.committed" "$target/proof.made"
