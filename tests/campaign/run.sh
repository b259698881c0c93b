#!/usr/bin/env bash
# The campaign against what the README promises of files: tests/campaign/run.sh [--long] [BUILD]
# BUILD, build/release by default, holds agewise and libfailing_calls.so (cmake --build BUILD --target agewise
# failing_calls). Prints a table for each part; exits with 1 if a promise was broken.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
long=()
[[ ${1:-} == --long ]] && { long=(--long); shift; }
build=$(realpath "${1:-$here/../../build/release}")
failed=0
for part in kills failing_calls byte_flips; do
  python3 "$here/$part.py" "${long[@]}" --program "$build/agewise" --shim "$build/libfailing_calls.so" || failed=1
done
exit $failed
