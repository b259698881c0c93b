#!/usr/bin/env bash
# The installed library as another project meets it: tests/library/installed.sh SOURCE BUILD FOLDER
# Installs BUILD below FOLDER, moves it elsewhere, and there: the names that the shared library shows, the examples built
# by CMake and by pkg-config, each picture's age from the program, from C++ and from C; training from code.
set -euo pipefail
source=$(realpath "$1") build=$(realpath "$2")
rm -rf "$3" && mkdir -p "$3"
folder=$(realpath "$3")
cd "$folder"
export XDG_CACHE_HOME=$folder/cache
cmake --install "$build" --prefix "$folder/first" >install.log
mv first prefix
prefix=$folder/prefix
lib=$(dirname "$(find "$prefix" -name 'libagewise.so')")

fail() { echo "FAILED: $*"; exit 1; }

nm -D --defined-only "$lib/libagewise.so" | awk '$2 != "A" {print $3}' | LC_ALL=C sort -u >symbols.txt
LC_ALL=C sort "$source/tests/library/symbols.txt" | diff - symbols.txt || fail "libagewise.so shows other names than tests/library/symbols.txt"
[ "$(readlink "$lib/libagewise.so")" = libagewise.so.0 ] || fail "libagewise.so is no link to libagewise.so.0"
grep -rq "$folder/first" "$prefix" && fail "something installed knows where it was installed first"

cmake -S "$source/examples" -B examples -G Ninja -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_CXX_FLAGS="-std=c++20 -Wall -Wextra -Werror" \
  -DCMAKE_C_FLAGS="-std=c11 -Wall -Wextra -Wpedantic -Werror" >cmake.log 2>&1 || { cat cmake.log; exit 1; }
cmake --build examples >>cmake.log 2>&1 || { cat cmake.log; exit 1; }
PKG_CONFIG_PATH=$lib/pkgconfig
export PKG_CONFIG_PATH
# shellcheck disable=SC2046
cc -std=c11 "$source/examples/estimate.c" $(pkg-config --cflags --libs agewise) -Wl,-rpath,"$lib" -o by_pkg_config

pictures=("$source"/tests/image/pictures/{rgb.jpg,rgb.png,truncated.png})
real=$source/../shared/data/fairface.tar
if [ -e "$real" ]; then
  mapfile -t names < <(tar tf "$real" 2>/dev/null | grep '\.jpg$' | head -n 5)
  tar xf "$real" "${names[@]}"
  pictures+=("${names[@]/#/$folder/}")
else
  echo "no real faces: $real is not there"
fi
faces=0
for picture in "${pictures[@]}"; do
  [ -e "$picture" ] || continue
  "$prefix/bin/agewise" predict --json "$picture" >predict.json 2>/dev/null || true
  wanted=$(python3 -c '
import json
for face in json.load(open("predict.json")):
    age = face["age"]
    print("%.3f" % age if age is not None else face.get("reason") or "unreadable")')
  for program in examples/estimate examples/estimate_c ./by_pkg_config; do
    told=$("$program" "$picture")
    [ "$wanted" = unreadable ] && [ -n "$told" ] && continue
    [ "$told" = "$wanted" ] || fail "$program says of $picture: $told; predict: $wanted"
  done
  faces=$((faces + $(grep -c '"score"' predict.json || true)))
done
echo "the same answers of ${#pictures[@]} pictures, $faces faces"

# Three frames of noise: they are read to the end, whatever is found in them.
head -c $((3 * 64 * 48 * 3)) /dev/urandom | examples/frames 64 48
examples/frames 0 0 2>/dev/null && fail "frames of no pixels"

# A store, a run and its figures from code: grey pictures that are brighter the older, their ages in a table.
python3 - <<'PYTHON'
import pathlib, struct
pathlib.Path("drawn").mkdir()
with open("labels.csv", "w") as labels:
    labels.write("file,age\n")
    for i in range(120):
        age = 20 + i % 60
        labels.write(f"{i}.bmp,{age}\n")
        pixels = bytes([3 * age + i // 60]) * (16 * 16 * 3)
        head = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 54 + len(pixels), 0, 0, 54, 40, 16, 16, 1, 24, 0, len(pixels), 0, 0, 0, 0)
        pathlib.Path(f"drawn/{i}.bmp").write_bytes(head + pixels)
PYTHON
examples/train labels.csv drawn trained >train.txt 2>&1 || fail "training from code: $(cat train.txt)"
grep -q "^epoch 3 of 3: " train.txt || fail "no third epoch: $(cat train.txt)"
"$prefix/bin/agewise" evaluate trained/run --json --report evaluated.html >evaluated.json
python3 -c '
import json, re
told = re.search("^([0-9.]+) years off on average", open("train.txt").read(), re.MULTILINE)[1]
assert float(told) == round(json.load(open("evaluated.json"))["all"]["model"]["mae"], 3), told' || fail "other figures than evaluate: $(cat train.txt)"
examples/train labels.csv drawn trained >again.txt 2>&1 || fail "a second time: $(cat again.txt)"
grep -q "^epoch" again.txt && fail "a finished run was trained again: $(cat again.txt)"
mv "$prefix/share/agewise" hidden
examples/estimate "${pictures[0]}" 2>error.txt && fail "an estimate without a model"
grep -q "install the package agewise-model-compact" error.txt || fail "no word of the missing model: $(cat error.txt)"
mv hidden "$prefix/share/agewise"
echo "installed, moved, found: fine"
