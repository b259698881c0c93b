#!/usr/bin/env bash
# Makes the files in 934c3ae/ with the program of that commit:
#   tests/golden/make_934c3ae.sh PROGRAM OUT
# PROGRAM is build/release/agewise of commit 934c3ae, OUT a new folder. Two recipes lie in 934c3ae/; all faces are drawn
# ones. Whatever program comes later must read these files: they stay as they are, and this script is run again only to
# see how they came about. On one kind of processor everything in OUT comes out the same each time, but for the seconds
# in the logs, the step at which run/ is stopped, the paths in run.json, and the time in the header of the drawn wiki.mat,
# whose hash is kept.
set -euo pipefail
program=$(realpath "${1:?program}") out=${2:?folder to make} recipes=$(realpath "$(dirname "$0")/934c3ae")
mkdir "$out"
out=$(realpath "$out")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export XDG_CACHE_HOME=$work/cache OMP_WAIT_POLICY=passive

# AVX2, which every processor that the program runs on has; one thread; kernels that are not timed.
plain() { "$program" --threads 1 --isa avx2 --kernels default "$@"; }

plain demo drawn --people 100 --epochs 1 > demo.txt
labels=drawn/wiki.mat pictures=drawn/wiki_crop.tar

# Labels with a val part, and with a deviation for one row in three. Two rows more that come to nothing.
plain info "$labels" --list kept.csv > /dev/null
awk -F, -v OFS=, '
  NR == 1 { print "file,age,age_sigma,gender,race,person,source,split"; next }
  { print $1, $2, NR % 3 ? "" : 1 + NR % 4, $3, NR % 2 ? "drawn" : "", $5, $6, $7 == "test" && NR % 5 ? "val" : $7 }
  END { print "99/old.jpg,140,,male,,Old One,wiki,train"; print "99/lost.jpg,40,,male,,Lost One,wiki,train" }' \
  kept.csv > labels.csv
plain prepare colour.db --labels labels.csv --pictures "$pictures" --recipe "$recipes/colour.toml" > /dev/null
plain prepare grey.db --labels "$labels" --pictures "$pictures" --recipe "$recipes/grey.toml" > /dev/null

# One network and two members, long enough to tell the young from the old; then another that learns of the two, stopped
# within its third epoch.
plain train single-run --data colour.db --recipe "$recipes/colour.toml" --set train.epochs=20 > /dev/null
plain train ensemble-run --data colour.db --recipe "$recipes/colour.toml" --set train.epochs=20 --ensemble 2 > /dev/null
teach=(--data colour.db --recipe "$recipes/colour.toml" --teacher ensemble-run --set train.teacher_weight=0.3 --set train.batch=2)

# The step of the epoch at which a checkpoint stands.
step_of() {
  python3 -c 'import json, sys
data = open(sys.argv[1], "rb").read()
header = json.loads(data[8:8 + int.from_bytes(data[:8], "little")])
print(json.loads(header["__metadata__"]["train.state"])["step"])' "$1"
}
# Interrupts process $1 when the log has two epochs and it has then computed for $2 ms more: whatever else the computer does.
interrupt() {
  python3 -c 'import os, signal, sys, time
process, more = int(sys.argv[1]), 1e6 * float(sys.argv[2])
def computed(): return int(open(f"/proc/{process}/schedstat").read().split()[0])
def epochs():
    try: return open("run/log.jsonl").read().count("\n")
    except OSError: return 0
try:
    while epochs() < 2: computed(), time.sleep(.001)
    end = computed() + more
    while computed() < end: time.sleep(.001)
    os.kill(process, signal.SIGINT)
except (OSError, IndexError): pass' "$1" "$2"
}
for try in {1..40}; do
  rm -rf run
  "$program" --threads 1 --isa avx2 --kernels default train run "${teach[@]}" > /dev/null 2>&1 &
  interrupt $! $((15 + 5 * try))  # the first ms draw the plots
  wait $! || true
  if [[ $(wc -l < run/log.jsonl) == 2 && $(step_of run/last.safetensors) -gt 0 ]]; then break; fi
  echo "try $try: stopped between two epochs, or too late" >&2
  if ((try == 40)); then exit 1; fi
done

# Whitened, two epochs of three.
plain train grey-run --data grey.db --set train.epochs=2 > /dev/null

# An ensemble stopped after its first member, as a Ctrl-C there leaves it.
plain train series-run --data colour.db --recipe "$recipes/colour.toml" --ensemble 2 > /dev/null
rm -r series-run/member-02 series-run/best.safetensors

plain calibrate single-run --data colour.db --coverage 0.6 -o single.safetensors \
  --notes <(echo "licence: drawn faces only") > /dev/null
plain calibrate single-run --data colour.db --coverage 0.6 --half -o half.safetensors > /dev/null
cp ensemble-run/best.safetensors ensemble.safetensors

# A face upright, one a little turned, one turned more that reaches out of its picture, and one that is not found.
mkdir pictures
for name in 41/1441_1952-09-15_1992 06/1406_1953-12-14_1997 25/1525_1931-06-19_1983 46/1546_1953-02-11_1990; do
  tar xf "$pictures" -C pictures --strip-components 1 "$name.jpg"
done

for run in run grey-run series-run series-run/member-01; do
  mkdir -p "$out/$run"
  for file in recipe.toml run.json series.json log.jsonl {last,best,whiten}.safetensors faces.{f32,key} taught.{f32,key}; do
    if [[ -e $run/$file ]]; then cp "$run/$file" "$out/$run/"; fi
  done
done
cp -r "$recipes"/*.toml ./*.db {single,half,ensemble}.safetensors pictures "$out"

# What the program says of all this. Long tables are left out.
cd "$out"
mkdir expected
shorter() {
  python3 -c 'import json, sys
told = json.load(sys.stdin)
if isinstance(told, dict):
    for name in sys.argv[1:]: told.pop(name, None)
json.dump(told, sys.stdout, indent=1, ensure_ascii=False)
print()' "$@"
}
for store in colour grey; do
  plain info --json $store.db | shorter > expected/info-$store.json
done
for model in single half ensemble grey-run run; do
  data=colour.db part=val
  if [[ $model == grey-run ]]; then data=grey.db part=test; fi
  file=$model
  if [[ -e $model.safetensors ]]; then file=$model.safetensors; fi
  plain predict --json --model "$file" pictures | shorter > "expected/predict-$model.json"
  plain evaluate --json --split $part "$file" --data $data --report "$work/report.html" |
    shorter classes confusion by_age by_age_group groups worst > "expected/evaluate-$model.json"
done
plain info --json single.safetensors | shorter classes > expected/info-single.json

# The logs of the runs as they end where nothing stops them.
for run in run grey-run series-run; do
  cp -r $run "$work/resumed-$run"
  data=colour.db
  if [[ $run == grey-run ]]; then data=grey.db; fi
  plain train "$work/resumed-$run" --resume --data $data --set train.epochs=3 > /dev/null
done
cp "$work/resumed-run/log.jsonl" expected/log-run.jsonl
cp "$work/resumed-grey-run/log.jsonl" expected/log-grey-run.jsonl
cp "$work/resumed-series-run/member-02/log.jsonl" expected/log-series-run-member-02.jsonl
plain evaluate --json --split val "$work/resumed-series-run" --data colour.db |
  shorter classes confusion by_age by_age_group groups worst > expected/evaluate-resumed-series-run.json
