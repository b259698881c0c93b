#!/usr/bin/env bash
# The library other than installed and shared: tests/library/other_ways.sh SOURCE FOLDER [CMAKE ARGUMENT…]
# As a part of another project's build (FetchContent, and so add_subdirectory), and as a static library that CMake's users
# and pkg-config's link. Compiles the library twice, in FOLDER_part and FOLDER_static: minutes without ccache.
set -euo pipefail
source=$(realpath "$1")
rm -rf "$2" "$2"_part "$2"_static && mkdir -p "$2"
folder=$(realpath "$2")
shift 2
cd "$folder"
fail() { echo "FAILED: $*"; exit 1; }
built() { cmake --build "$@" >build.log 2>&1 || { tail -n 50 build.log; exit 1; }; }

mkdir mine && cat >mine/CMakeLists.txt <<'CMAKE'
cmake_minimum_required(VERSION 3.25)
project(mine LANGUAGES CXX)
include(FetchContent)
FetchContent_Declare(agewise SOURCE_DIR ${AGEWISE})
FetchContent_MakeAvailable(agewise)
add_executable(mine ${AGEWISE}/examples/estimate.cpp)
target_link_libraries(mine PRIVATE agewise::agewise)
CMAKE
cmake -S mine -B "${folder}_part" -G Ninja -DCMAKE_BUILD_TYPE=Release -DAGEWISE="$source" "$@" >cmake.log 2>&1 || { cat cmake.log; exit 1; }
built "${folder}_part"
grep -E "_test|CLI11|beast|serve" "${folder}_part/build.ninja" && fail "more than the library is part of another project's build"
picture=$source/tests/image/pictures/rgb.jpg
[ "$("${folder}_part/mine" "$picture")" = "no face found" ] || fail "a part of another project's build says otherwise"

cmake -S "$source" -B "${folder}_static" -G Ninja -DCMAKE_BUILD_TYPE=Release -DAGEWISE_SHARED=OFF -DAGEWISE_TESTS=OFF "$@" >cmake.log 2>&1 || { cat cmake.log; exit 1; }
built "${folder}_static"
cmake --install "${folder}_static" --prefix "$folder/prefix" >install.log
lib=$(dirname "$(find prefix -name libagewise.a)")
cmake -S "$source/examples" -B examples -G Ninja -DCMAKE_PREFIX_PATH="$folder/prefix" >cmake.log 2>&1 || { cat cmake.log; exit 1; }
built examples
export PKG_CONFIG_PATH=$folder/$lib/pkgconfig
# shellcheck disable=SC2046
cc -std=c11 "$source/examples/estimate.c" $(pkg-config --static --cflags --libs agewise) -Wl,-rpath,/usr/lib/"$(cc -print-multiarch)"/openblas-openmp -o by_pkg_config
cp -r prefix/share/agewise/models . && cp -r models examples
for program in examples/estimate examples/estimate_c ./by_pkg_config; do
  [ "$("$program" "$picture")" = "no face found" ] || fail "$program, linked statically, says otherwise"
  ldd "$program" | grep libagewise && fail "$program is not linked statically"
done
echo "as a subproject and static: fine"
