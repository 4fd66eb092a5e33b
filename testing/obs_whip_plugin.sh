#!/usr/bin/env bash
# Builds OBS's own plugin of WHIP for the OBS of a root folder (see OBS30_ROOT in peers.ts): Debian
# leaves it out, as it has no libdatachannel. That comes with a crate, so cargo must be there.
#
#   testing/obs_whip_plugin.sh [ROOT]
set -euo pipefail
root=${1:-${SLUICE_OBS30:-/opt/obs30}}
crate=datachannel-sys@0.23.0

folder=$root/usr/src/obs_whip
rm -rf "$folder"
mkdir -p "$folder/crate/src"
(
  cd "$folder/crate"
  touch src/lib.rs
  printf '[package]\nname = "source"\nversion = "0.0.0"\n[workspace]\n' >Cargo.toml
  cargo add --quiet "$crate"
  cargo vendor --quiet >/dev/null
)
mv "$folder/crate/vendor/datachannel-sys/libdatachannel" "$folder"

chroot "$root" bash -euo pipefail -s <<'SCRIPT'
export DEBIAN_FRONTEND=noninteractive
sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >/etc/apt/sources.list.d/source.list
apt-get update -qq
apt-get install -y -qq --no-install-recommends libobs-dev cmake make g++ pkg-config \
  libssl-dev libcurl4-openssl-dev curl ca-certificates xz-utils >/dev/null
cd /usr/src/obs_whip
url=$(apt-get source --print-uris obs-studio | sed -n "s/^'\([^']*orig.tar.xz\)'.*/\1/p")
curl -sSf "$url" | tar xJ --strip-components=1 --wildcards '*/plugins/obs-webrtc/*'

cmake -S libdatachannel -B build -DCMAKE_BUILD_TYPE=Release -DNO_WEBSOCKET=ON -DNO_EXAMPLES=ON \
  -DNO_TESTS=ON -DCMAKE_POLICY_VERSION_MINIMUM=3.5 >/dev/null
make -s -C build -j"$(nproc)" datachannel >/dev/null
cp -a build/libdatachannel.so* /usr/lib/x86_64-linux-gnu/
ldconfig

cd plugins/obs-webrtc
g++ -std=c++17 -O1 -w -shared -fPIC -DENABLE_HEVC -I/usr/include/obs -I../../libdatachannel/include \
  ./*.cpp -o /usr/lib/x86_64-linux-gnu/obs-plugins/obs-webrtc.so \
  -L../../build -ldatachannel -lobs -lcurl
mkdir -p /usr/share/obs/obs-plugins/obs-webrtc
cp -r data/. /usr/share/obs/obs-plugins/obs-webrtc/
rm -rf /usr/src/obs_whip
SCRIPT
