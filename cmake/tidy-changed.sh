#!/usr/bin/env bash
# clang-tidy (.clang-tidy) on sources, those that changed last first. tidy-changed.sh [SECONDS [BASE]]
# BASE: only what changed since that commit; SECONDS: begin no further file after so long. Default: all, however long.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-86400} base=${2:-}
known=$(git ls-files 'agewise/*.cpp' 'app/*.cpp' 'demo/*.cpp' 'bench/*.cpp' 'tests/*.cpp')
files=$({ git diff --name-only HEAD; git log --name-only --format= ${base:+"$base"..HEAD}; } | awk '!seen[$0]++' | { grep -Fx "$known" || true; })
[ -n "$files" ] || { echo "no source changed"; exit 0; }
cmake --preset tidy >/dev/null
cmake --build build/tidy --target generated_headers >/dev/null
done_list=$(mktemp)
trap 'rm -f "$done_list"' EXIT
export done_list deadline=$(($(date +%s) + seconds))
xargs -P "$(nproc)" -n 1 bash -c '
  [ "$(date +%s)" -lt "$deadline" ] || exit 0
  clang-tidy-14 -p build/tidy --quiet "$0" 2> >(grep -v "warnings\? generated\|Suppressed\|Use -header-filter" >&2) || exit 1
  echo "$0" >> "$done_list"' <<<"$files"
echo "clang-tidy: $(wc -l < "$done_list") of $(wc -l <<<"$files") files, clean"
