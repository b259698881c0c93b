#!/usr/bin/env bash
# Installs the Debian 12 packages that are missing: install-packages.sh build|test|package|mpi|ci
# `test` adds what the tests need to `build`, `package` what packs it, `mpi` what agewise-mpi needs, `ci` the tools of .ci/run. Prints nothing where all are there.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config
  libdnnl-dev libopenblas-openmp-dev liblapacke-dev libhwy-dev
  zlib1g-dev libcsv-dev libarchive-dev libsqlite3-dev libsqlitecpp-dev libxxhash-dev libutf8proc-dev
  libjpeg62-turbo-dev libpng-dev libwebp-dev libheif-dev libtiff-dev libgif-dev libstb-dev liblcms2-dev libexif-dev libcairo2-dev libdlib-dev
  libprotobuf-dev protobuf-compiler libcli11-dev libtomlplusplus-dev nlohmann-json3-dev rapidjson-dev libfmt-dev libjs-chart.js
  libboost-dev libssl-dev)
test=("${build[@]}" libgtest-dev libgmock-dev libbenchmark-dev libgnutls28-dev libmatio-dev)
package=("${build[@]}" dpkg-dev file python3-dev pybind11-dev)
mpi=("${build[@]}" libopenmpi-dev openmpi-bin)
ci=("${test[@]}" "${package[@]}" "${mpi[@]}" iproute2 lintian mandoc nginx-light clang-14 clang-tidy-14 clang-format-14 libomp-14-dev libfuzzer-14-dev libclang-rt-14-dev python3-venv)

case "${1:-}" in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${test[@]}") ;;
  package) wanted=("${package[@]}") ;;
  mpi) wanted=("${mpi[@]}") ;;
  ci) wanted=("${ci[@]}") ;;
  *) sed -n 2,3p "$0"; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

if [ "$(id -u)" = 0 ]; then as_root=()
elif command -v sudo >/dev/null; then as_root=(sudo)
else
  echo "These Debian packages are missing, and installing them needs root or sudo. As root, run:" >&2
  echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
echo "Installing ${#missing[@]} Debian packages (some minutes, depending on the connection): ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -q >"$log" 2>&1 || true  # an old list may do; the install says if not
if ! "${as_root[@]}" apt-get install -y -q --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "apt-get could not install them (its last lines are above); agewise is built on Debian 12." >&2
  exit 1
fi
