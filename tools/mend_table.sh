#!/usr/bin/env bash
# What was wrong with the article's scripts: starts from seed-as-published and mends one thing at a time, on real faces.
#   tools/mend_table.sh LABELS.csv PICTURES.tar [EPOCHS 20] [PICTURES 10000]
# prints a Markdown table. Labels and pictures are UTKFace's, or others with the columns `file` and `age`. The rows are
# shuffled first, so that "ordered" splits them as it splits IMDB-WIKI, which is not sorted by age, and a `split` column
# is left out, because it would win over the recipe's rule. Two of the scripts' defects such labels cannot show: there
# are no second faces to require, and no dates of birth to make ages of.
set -euo pipefail
labels=${1:?labels} pictures=${2:?pictures} epochs=${3:-20} count=${4:-10000}
agewise=${AGEWISE:-"$(dirname "$0")/../build/release/agewise"}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Without quoted commas in them; `group`, where there is one, keeps copies of a picture in one part.
kept=$(head -1 "$labels" | tr -d '\r' | tr ',' '\n' | grep -nxE 'file|age|group' | cut -d: -f1 | paste -sd,)
{
  head -1 "$labels" | cut -d, -f"$kept"
  tail -n +2 "$labels" | cut -d, -f"$kept" | sort -R --random-source=<(yes)
} > "$work/labels.csv"

prepare() {  # STORE RULE
  "$agewise" prepare "$work/$1" --labels "$work/labels.csv" --pictures "$pictures" --limit "$count" \
    --recipe seed-as-published --set screen.second_face=ignore --set "split.rule=$2" > /dev/null
}
prepare ordered.db ordered
prepare random.db random

row() {  # NAME STORE RECIPE [--set KEY=VALUE]…
  local name=$1 store=$2 recipe=$3
  shift 3
  "$agewise" train "$work/run" --data "$work/$store" --recipe "$recipe" --set "train.epochs=$epochs" "$@" > /dev/null
  "$agewise" evaluate "$work/run" --split test |
    awk -v name="$name" '$1 == "all" { printf "| %s | %s | %s | %s | %s |\n", name, $3, $4, $5, $6 }'
  rm -rf "$work/run"
}

echo "| settings; each row keeps the fixes of the rows above | accuracy, % | majority class, % | MAE, years | MAE of the mean age |"
echo "|---|---|---|---|---|"
row "as published" ordered.db seed-as-published
row "pictures split at random" random.db seed-as-published
row "no dropout when testing" random.db seed-as-published --set predict.dropout=false
row "running statistics when testing" random.db seed-as-published \
  --set predict.dropout=false --set predict.batch_statistics=false
row "ε of the whitening 0.1 instead of 0" random.db seed-as-published \
  --set predict.dropout=false --set predict.batch_statistics=false --set whiten.epsilon=0.1
row "initial weights and constants of today: the recipe \`seed\`" random.db seed
row "no whitening, pixels to -1 … 1" random.db seed \
  --set whiten.method=none --set network.scale=0.0078125 --set "network.mean=[128]"
