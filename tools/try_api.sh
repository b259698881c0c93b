#!/usr/bin/env bash
# Tries the service against its own OpenAPI document with schemathesis: tools/try_api.sh AGEWISE FOLDER
# FOLDER gets a virtual environment with schemathesis, from PyPI, if AGEWISE_PYPI=1 allows it, and a demo's model. Exits
# with 77 (skipped) where schemathesis is not there.
set -euo pipefail
mkdir -p "$2"
agewise=$(realpath "$1") folder=$(realpath "$2")
cd "$folder"  # where schemathesis leaves its own files
if [ ! -x "$folder/venv/bin/st" ]; then
  if [ "${AGEWISE_PYPI:-0}" != 1 ]; then
    echo "skipped: schemathesis comes from PyPI; set AGEWISE_PYPI=1 to allow fetching it"
    exit 77
  fi
  python3 -m venv "$folder/venv"
  "$folder/venv/bin/pip" install -q 'schemathesis>=4,<5'
fi
[ -d "$folder/demo/run" ] || "$agewise" demo "$folder/demo" --people 100 --epochs 1 >"$folder/demo.log"

"$agewise" --kernels default serve --model "$folder/demo/run" --port 0 >"$folder/serve.log" &
server=$!
trap 'kill $server; wait $server' EXIT
for _ in $(seq 300); do
  url=$(grep -o 'http://[^ ]*' "$folder/serve.log" || true)
  [ -n "$url" ] && break
  sleep 0.1
done
# That a body must be a picture no schema can say: bytes that fit the schema may well be refused.
"$folder/venv/bin/st" run "${url}openapi.json" --url "$url" --max-examples 30 --no-color \
  --checks all --exclude-checks positive_data_acceptance
