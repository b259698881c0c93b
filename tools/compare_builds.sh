#!/usr/bin/env bash
# Whether two builds of the program make the same of the same things, bit for bit:
#   tools/compare_builds.sh OLD_PROGRAM NEW_PROGRAM [WORKDIR]
# prints a line for each file that they made, `same` or `DIFFERENT: …`, and exits with 1 if any differs. WORKDIR, a new
# folder, keeps everything; without it nothing is kept. About two minutes on two cores. Faces are drawn; the recipes are
# tests/golden/934c3ae's. For two builds on one processor: others round otherwise.
set -euo pipefail

# Spellings. All commands and recipes below are written as OLD of commit 934c3ae takes them; where a build names an
# option or a key otherwise, a line of sed for it here translates: each word of a command, each line of a recipe.
old_spelling=''
new_spelling=''
# Of every command.
always=(--threads 2 --kernels default)

old=$(realpath "${1:?old program}") new=$(realpath "${2:?new program}") tools=$(realpath "$(dirname "$0")")
recipes=$tools/../tests/golden/934c3ae
if [[ $# -gt 2 ]]; then
  work=$3
  mkdir "$work"
  work=$(realpath "$work")
else
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
fi
export OMP_WAIT_POLICY=passive  # two cores are not always free

# agewise WORD…: the program of this side with the words as it spells them. What it prints is kept in $log.
agewise() {
  local words=() word
  for word in "${always[@]}" "$@"; do words+=("$(sed "$spelling" <<< "$word")"); done
  "$program" "${words[@]}" 2>> "$log" || { echo "$(basename "$PWD"): agewise $*: exit code $?, see $log" >&2; tail -3 "$log" >&2; return 1; }
}
quiet() { agewise "$@" >> "$log"; }

# draws a collection; the training after it times kernels, and is of no interest.
draw() {
  quiet demo drawn --people 100 --epochs 1
  rm -r drawn/run drawn/faces.db
  # Its first 116 bytes are a text with the time; stores, runs and models keep the file's hash.
  printf '%-116s' 'MATLAB 5.0 MAT-file' | dd of=drawn/wiki.mat conv=notrunc status=none
  mkdir pictures
  tar xf drawn/wiki_crop.tar -C pictures --wildcards '[0-2]*'
}

prepare() {
  for recipe in colour grey; do sed "$spelling" "$recipes/$recipe.toml" > $recipe.toml; done
  quiet info drawn/wiki.mat --list kept.csv
  # A val part, and deviations for some.
  awk -F, -v OFS=, 'NR == 1 { print "file,age,age_sigma,gender,race,person,source,split"; next }
    { print $1, $2, NR % 3 ? "" : 1 + NR % 4, $3, $4, $5, $6, $7 == "test" && NR % 5 ? "val" : $7 }' kept.csv > labels.csv
  agewise prepare found.db --labels labels.csv --pictures - --recipe colour.toml --json < drawn/wiki_crop.tar > found.json
  quiet prepare cut.db --labels drawn/wiki.mat --pictures drawn/wiki_crop.tar --recipe colour.toml --set face.detect=false \
    --set face.crop=true --set face.margin=0.4
  quiet prepare grey.db --labels drawn/wiki.mat --pictures drawn/wiki_crop.tar --recipe grey.toml
  quiet prepare seed.db --labels labels.csv --pictures pictures --recipe seed-as-published --set screen.second_face=ignore
  quiet info found.db --sheet found.png
  for store in found cut grey seed; do agewise info --json $store.db > info-$store.json; done
}

# tiny NAME KEY=VALUE…: an epoch on plain grey faces with other keys.
tiny() {
  local name=$1 key sets=()
  shift
  for key in "$@"; do sets+=(--set "$key"); done
  quiet train "runs/$name" --data grey.db --set whiten.method=none --set network.scale=0.0078125 --set train.epochs=1 "${sets[@]}"
}

train() {
  mkdir runs
  quiet train runs/grey --data grey.db                                       # whitening, dropout, rmsprop
  quiet train runs/colour --data found.db                                    # all augmentations, gender, average, cosine
  quiet train runs/cut --data cut.db --set train.epochs=1 --set network.center_crop=40 --isa avx2
  quiet train runs/resumed --data grey.db --set train.epochs=1
  quiet train runs/resumed --resume --set train.epochs=3                     # the bits of runs/grey
  cmp runs/resumed/last.safetensors runs/grey/last.safetensors || { echo "$(basename "$PWD"): resuming gives different bits" >&2; exit 1; }
  quiet train runs/ensemble --data found.db --set train.epochs=2 --ensemble 2
  quiet train runs/distilled --data found.db --set train.epochs=1 --set train.distillation_weight=0.3 --teacher runs/ensemble
  quiet train runs/from --data found.db --set train.epochs=1 --set 'train.frozen=["conv1", "bn1"]' --from runs/colour
  quiet train runs/features --data found.db --set train.epochs=2 --set 'train.frozen=["conv1", "bn1"]' \
    --set train.features=pool1 --set train.feature_copies=2 --from runs/colour
  quiet train runs/folds --data found.db --set train.epochs=1 --folds 2
  tiny sgd train.optimiser=sgd train.schedule=step train.step_epochs=1 train.weight_decay=0.01
  tiny mean-variance train.loss=mean-variance train.age_cap=2 train.monitor=mae
  tiny expected train.loss=expected-value-l1 predict.point_estimate=argmax train.monitor=loss
  tiny regression train.loss=regression train.monitor=last
  tiny as-published predict.dropout=true predict.batch_statistics=true train.seed=7
  rm -f runs/*/*.png
}

use() {
  quiet calibrate runs/colour --data found.db --coverage 0.6 -o calibrated.safetensors
  quiet calibrate runs/colour --data found.db --coverage 0.6 --half -o half.safetensors
  quiet export runs/mean-variance -o mean-variance.onnx
  quiet export runs/sgd -o sgd.onnx
  quiet export runs/colour -o exported.safetensors
  local model
  for model in calibrated.safetensors half.safetensors runs/{ensemble,grey,cut,regression,mean-variance,features}; do
    # Some of the drawn files are broken: exit code 1.
    agewise predict --json --distribution --model $model pictures > "predict-$(basename $model .safetensors).json" 2>> "$log" || true
  done
  agewise predict --json pictures/0*/*.jpg > predict-bundled.json 2>> "$log" || true
  agewise predict --json --detect --model runs/grey pictures/0*/*.jpg > predict-detect.json 2>> "$log" || true
  agewise evaluate --json calibrated.safetensors --data found.db --split val --report report.html > evaluate-calibrated.json
  agewise evaluate --json runs/ensemble --split train > evaluate-ensemble.json
  agewise evaluate --json runs/grey > evaluate-grey.json
  agewise evaluate --json runs/as-published > evaluate-as-published.json
  agewise info --json calibrated.safetensors > info-calibrated.json
  agewise recipe compact > compact.toml
  agewise recipe seed > seed.toml
}

for side in old new; do
  program=${!side} spelling=${side}_spelling
  spelling=${!spelling} log=$work/$side.log
  mkdir "$work/$side"
  cd "$work/$side"
  # The demo's training remembers what it times; not among the user's own.
  export XDG_CACHE_HOME=$work/cache-$side
  draw
  prepare
  train
  use
done
cd "$work"
python3 "$tools/compare_builds.py" old new
