#!/usr/bin/env bash
# clang-tidy (.clang-tidy) on the sources that changed since the commit BASE (default: the last one that is more than a
# day older than HEAD, else all). tidy-changed.sh [BASE]
set -euo pipefail
cd "$(dirname "$0")/.."
head_time=$(git show -s --format=%ct HEAD)
base=${1:-$(git rev-list -1 --before=$((head_time - 86400)) HEAD)}
if [ -n "$base" ]; then files=$(git diff --name-only --diff-filter=d "$base" -- '*.cpp'); else files=$(git ls-files '*.cpp'); fi
files=$(grep -E '^(agewise|app|tests|bench)/' <<<"$files" || true)
[ -n "$files" ] || { echo "no source changed"; exit 0; }
cmake --preset tidy >/dev/null
xargs -P "$(nproc)" -n 1 clang-tidy-14 -p build/tidy --quiet <<<"$files" 2> >(grep -v 'warnings generated\|warning generated\|Suppressed\|Use -header-filter' >&2)
echo "clang-tidy: $(wc -l <<<"$files") files clean"
