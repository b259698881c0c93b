#!/usr/bin/env bash
# The Debian packages of a build, looked into and used without being installed: tests/packages/packages.sh SOURCE BUILD FOLDER
# Exits with 77 (skipped) where there are no tools to pack with.
set -euo pipefail
source=$(realpath "$1") build=$(realpath "$2")
rm -rf "$3" && mkdir -p "$3"
folder=$(realpath "$3")
cd "$folder"
fail() { echo "FAILED: $*"; exit 1; }
for tool in dpkg-deb dpkg-shlibdeps file; do
  command -v $tool >/dev/null || { echo "skipped: there is no $tool (apt-get install dpkg-dev file)"; exit 77; }
done

cpack --config "$build/CPackConfig.cmake" -B "$folder" -D CPACK_DEBIAN_COMPRESSION_TYPE=gzip >cpack.log 2>&1 || { cat cpack.log; exit 1; }
[ ! -e /etc/agewise ] || [ -e /usr/bin/agewise ] || fail "packing wrote to /etc"
for package in agewise libagewise0 libagewise-dev agewise-model-compact agewise-model-permissive; do
  deb=$(echo "$package"_*.deb)
  [ -e "$deb" ] || fail "no package $package"
  dpkg-deb --fsys-tarfile "$deb" | tar t | grep -v '/$' | sort >"$package.files"
  for what in copyright changelog.gz; do
    grep -qx "./usr/share/doc/$package/$what" "$package.files" || fail "$package has no $what"
  done
  dpkg-deb -x "$deb" root
done
[ -z "$(sort ./*.files | uniq -d)" ] || fail "in two packages: $(sort ./*.files | uniq -d)"

has() { grep -q "^\./$2\$" "$1.files" || fail "$1 has no $2"; }
has agewise usr/bin/agewise
has agewise etc/agewise/serve.toml
has agewise usr/lib/systemd/system/agewise.service
has agewise usr/share/man/man1/agewise-predict.1.gz
has agewise usr/share/bash-completion/completions/agewise
has agewise usr/share/zsh/vendor-completions/_agewise
has agewise usr/share/fish/vendor_completions.d/agewise.fish
has agewise usr/share/doc/agewise/docs/serve.md
has libagewise0 'usr/lib/.*/libagewise.so.0'
has libagewise-dev 'usr/lib/.*/libagewise.so'
has libagewise-dev 'usr/lib/.*/cmake/agewise/agewiseConfig.cmake'
has agewise-model-compact usr/share/agewise/models/compact.safetensors
has agewise-model-permissive usr/share/agewise/models/permissive.safetensors
grep -l models/compact.safetensors ./*.files | grep -v model-compact && fail "the research-only model is in a package that may be used freely"
depends=$(dpkg-deb -f agewise_*.deb Depends)
for one in libc6 libdnnl2 libopenblas0-openmp; do
  [[ $depends == *$one* ]] || fail "agewise does not depend on $one: $depends"
done
[ "$(dpkg-deb --ctrl-tarfile agewise_*.deb | tar xO ./conffiles)" = /etc/agewise/serve.toml ] || fail "serve.toml is no conffile"

export XDG_CACHE_HOME=$folder/cache
picture=$source/tests/image/pictures/rgb.jpg
root/usr/bin/agewise predict "$picture" >predict.txt 2>&1 || fail "predict: $(cat predict.txt)"
root/usr/bin/agewise serve --config root/etc/agewise/serve.toml --token-file /nowhere >serve.txt 2>&1 && fail "a token from nowhere"
grep -q '^agewise: /nowhere: ' serve.txt || fail "the installed serve.toml is not understood: $(cat serve.txt)"
mv root/usr/share/agewise/models/compact.safetensors hidden
root/usr/bin/agewise predict --model permissive "$picture" >predict.txt 2>&1 || fail "predict with the permissive model: $(cat predict.txt)"
root/usr/bin/agewise predict "$picture" >predict.txt 2>&1 && fail "an estimate without a model"
grep -q 'install the package agewise-model-compact' predict.txt || fail "no word of the model's package: $(cat predict.txt)"
mv hidden root/usr/share/agewise/models/compact.safetensors
if [ -e "$(echo python3-agewise_*.deb)" ]; then
  dpkg-deb -x python3-agewise_*.deb root
  minor=$(/usr/bin/python3 -c 'import sys; print(sys.version_info.minor)')
  depends=$(dpkg-deb -f python3-agewise_*.deb Depends)
  [[ $depends == *"python3 (>= 3.$minor~), python3 (<< 3.$((minor + 1)))"* ]] || fail "python3-agewise runs with other Pythons than its own: $depends"
  age=$(LD_LIBRARY_PATH=$(dirname root/usr/lib/*/libagewise.so.0) PYTHONPATH=root/usr/lib/python3/dist-packages \
    /usr/bin/python3 -c 'import agewise, sys; print(agewise.estimate(sys.argv[1]).reason, agewise.Estimator("permissive").notes["licence"])' "$picture")
  [ -n "$age" ] || fail "the Python module"
else
  echo "no python3-agewise: this build has not AGEWISE_PYTHON"
fi

if command -v systemd-analyze >/dev/null; then
  mkdir units && cp root/usr/lib/systemd/system/agewise.* units
  sed -i "s|/usr/bin/agewise|$folder/root/usr/bin/agewise|" units/agewise.service
  said=$(SYSTEMD_LOG_LEVEL=warning systemd-analyze verify --man=no units/agewise.service units/agewise.socket 2>&1) || fail "systemd-analyze: $said"
  [ -z "$said" ] || fail "systemd-analyze: $said"
else
  echo "the units are not verified: there is no systemd-analyze"
fi
if command -v lintian >/dev/null; then
  # Whoever packs gives an address (docs/packages.md); a test has none.
  lintian --fail-on error --suppress-tags root-in-contact,bogus-mail-host,bogus-mail-host-in-debian-changelog ./*.deb 2>&1 |
    grep -v 'running with root privileges' || [ "${PIPESTATUS[0]}" = 0 ] || fail "lintian: see above"
else
  echo "not checked by lintian: it is not installed"
fi
echo "$(find . -maxdepth 1 -name '*.deb' | wc -l) packages: fine"
