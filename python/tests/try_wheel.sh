#!/usr/bin/env bash
# The Python module from its wheel in a fresh virtual environment: python/tests/try_wheel.sh SOURCE BUILD FOLDER
# The wheel packs the library that BUILD has. Exits with 77 (skipped) where AGEWISE_PYPI=1 does not allow to fetch from
# PyPI what builds and tests it.
set -euo pipefail
source=$(realpath "$1") build=$(realpath "$2")
if [ "${AGEWISE_PYPI:-0}" != 1 ]; then
  echo "skipped: scikit-build-core, numpy, pandas, pillow, tqdm, mypy and pytest come from PyPI; set AGEWISE_PYPI=1 to allow fetching them"
  exit 77
fi
mkdir -p "$3"
folder=$(realpath "$3")
cd "$folder"
rm -rf prefix wheel wheel_build venv pictures
cmake --install "$build" --prefix "$folder/prefix" >install.log
python3 -m venv tools
tools/bin/pip install -q 'scikit-build-core>=0.10,<1' ninja
tools/bin/pip wheel -q --no-deps --no-build-isolation -w wheel "$source" -C build-dir="$folder/wheel_build" \
  -C cmake.define.AGEWISE_INSTALLED=ON -C cmake.define.CMAKE_PREFIX_PATH="$folder/prefix" -C cmake.define.CMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
tools/bin/pip wheel -q --no-deps --no-build-isolation -w wheel "$source/python/model-compact"
python3 -m venv venv
venv/bin/pip install -q wheel/agewise*.whl pytest numpy pandas pillow tqdm mypy
rm -rf prefix  # what was installed must not be needed

mkdir pictures
cp "$source"/tests/image/pictures/rgb.{jpg,png} pictures
real=$source/../shared/data/fairface.tar
if [ -e "$real" ]; then
  mapfile -t names < <(tar tf "$real" 2>/dev/null | grep '\.jpg$' | head -n 20)
  tar xf "$real" --transform 's|.*/||' -C pictures "${names[@]}"
else
  echo "no real faces: $real is not there"
fi
cp "$source"/python/tests/test_*.py .
AGEWISE_PROGRAM=$build/agewise AGEWISE_PICTURES=$folder/pictures venv/bin/python -m pytest -q -p no:cacheprovider .
