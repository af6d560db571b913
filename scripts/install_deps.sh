#!/bin/bash
# Installs what tpuc needs to be built and tested on Debian 12, by apt. The one list of packages; does nothing when all are there.
set -euo pipefail

packages=(
  g++ cmake ninja-build ccache                          # building
  libonnx-dev libprotobuf-dev protobuf-compiler         # reading ONNX
  libflatbuffers-dev flatbuffers-compiler               # reading and writing bmodels
  libeigen3-dev libdnnl-dev libhwy-dev                  # execution on the host, simulator
  libfmt-dev libspdlog-dev nlohmann-json3-dev libcli11-dev
  libzip-dev libxxhash-dev libssl-dev                   # .npz files, hashes
  libturbojpeg0-dev libstb-dev                          # pictures for calibration
  catch2 python3 unzip                                  # tests and the demo (standard library only)
)

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
  as_root=(sudo)
fi
echo "installing: ${missing[*]}"
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
