#!/usr/bin/env bash
# The manual pages and completions, as man and the shells read them: tests/packages/manual.sh AGEWISE FOLDER
set -euo pipefail
agewise=$(realpath "$1") folder=$(realpath "$2")
fail() { echo "FAILED: $*"; exit 1; }

# Every command that --help lists has its page, which has every option that the command's own --help lists.
mapfile -t commands < <("$agewise" --help | sed -n '/^Subcommands:/,$s/^  \([a-z]\+\) .*/\1/p')
[ ${#commands[@]} -gt 10 ] || fail "--help lists ${commands[*]}"
for command in "" "${commands[@]}" "bench photographs"; do
  page=$folder/agewise${command:+-${command// /-}}.1.gz
  [ -e "$page" ] || fail "no page $page"
  # shellcheck disable=SC2086
  for option in $("$agewise" $command --help | grep -o '^  -[-a-z0-9,]*' | tr ',' ' '); do
    gzip -dc "$page" | grep -qF -- "\\fB${option//-/\\-}\\fR" || fail "$page has no $option"
  done
done

for page in "$folder"/*.1.gz; do
  if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning "$page" || fail "$page: see above"
  fi
  if command -v groff >/dev/null; then
    said=$(gzip -dc "$page" | groff -man -K utf8 -T utf8 -wall -rLL=78n 2>&1 >/dev/null) || fail "$page: $said"
    [ -z "$said" ] || fail "$page: $said"
  fi
done
command -v mandoc >/dev/null || echo "not checked by mandoc: it is not installed"
command -v groff >/dev/null || echo "not checked by groff: it is not installed"

# What bash offers after the words given, the last of which is being typed.
offered() {
  bash -c '. "$0"; COMP_WORDS=(agewise "$@"); COMP_CWORD=$#; _agewise; printf "%s " "${COMPREPLY[@]}"' "$folder/agewise.bash" "$@"
}
wants() { [ "$1" = "$2" ] || fail "bash offers \"$1\", not \"$2\""; }
wants "$(offered pre)" "predict prepare "
wants "$(offered predict --json)" "--json --jsonl "
wants "$(offered predict --isa avx5)" "avx512 "
wants "$(offered train --keep '')" "all model "
wants "$(offered predict --model '')" " "              # files, which readline adds
wants "$(offered bench --kernels pho)" "photographs "  # of bench a flag, of the program an option with a value
wants "$(offered --threads 2 serve --max-p)" "--max-pixels "

for shell in zsh fish; do
  if command -v $shell >/dev/null; then
    $shell -n "$folder/agewise.$shell" || fail "$shell does not understand agewise.$shell"
  else
    echo "agewise.$shell is not checked: $shell is not installed"
  fi
done
if command -v fish >/dev/null; then
  got=$(fish --no-config -c "source $folder/agewise.fish; complete -C 'agewise predict --js'" | cut -f1 | tr '\n' ' ')
  [ "$got" = "--json --jsonl " ] || fail "fish offers $got"
  got=$(fish --no-config -c "source $folder/agewise.fish; complete -C 'agewise pre'" | cut -f1 | tr '\n' ' ')
  [ "$got" = "predict prepare " ] || fail "fish offers $got"
fi
echo "the pages of ${#commands[@]} commands and three completions: fine"
