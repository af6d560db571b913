#!/bin/bash
# The tour: builds tpuc, compiles the example network, runs it on the instruction simulator and tells what happened.
# Installs what it needs; a few minutes the first time, seconds after that. Leaves its files in build/demo.
set -euo pipefail
cd "$(dirname "$0")/.."

model=examples/shapes/shapes.onnx
samples=examples/shapes/samples
out=build/demo
tpuc=build/release/tpuc
kinds=($(awk '{ if (!seen[$2]++) name[$2] = $3 } END { for (i = 0; i in name; i++) print name[i] }' $samples/labels.txt))

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' off=$'\e[0m'; else bold= dim= green= red= off=; fi
step() { printf '\n%s%s%s\n' "$bold" "$1" "$off"; }
size_kib() { echo $((($(stat -c %s "$1") + 1023) / 1024)) KiB; }
# The ten scores in an .npz, one a line (an .npz is a zip of .npy files, whose last bytes are the numbers).
scores() { unzip -p "$1" scores.npy | tail -c 40 | od -An -v -t f4 -w4; }
winner() { scores "$1" | awk 'NR == 1 || $1 > best { best = $1; at = NR - 1 } END { print at }'; }

step "1. Build"
scripts/install_deps.sh
mkdir -p $out
{ cmake --preset release && cmake --build --preset release --target tpuc; } >$out/build.log 2>&1 ||
  { tail -n 40 $out/build.log; echo "the build failed; the whole log is $out/build.log"; exit 1; }
echo "$tpuc is ready."

step "2. The network"
echo "$model ($(size_kib $model)): a small convolutional network, trained to name ten shapes:"
echo "${kinds[*]}"
$tpuc info $model | sed 's/^/   /'

step "3. Compile it for the BM1684X, twice"
for precision in f32 f16; do
  $tpuc compile $model --precision $precision -o $out/shapes_$precision.bmodel --verify $samples/00.npz
  echo "$precision: $out/shapes_$precision.bmodel ($(size_kib $out/shapes_$precision.bmodel))"
done

step "4. Run it: float graph on this machine, bmodels on the simulator of the chip's instructions"
printf '   %-10s %-10s %-10s %-10s %s\n' picture float f32 f16 "f16 scores against float"
total=0 right_float=0 right_f32=0 right_f16=0
while read -r file label name; do
  line=$(printf '   %-10s' "$name")
  for level in float f32 f16; do
    subject=$model
    [ $level = float ] || subject=$out/shapes_$level.bmodel
    $tpuc --quiet run $subject --input $samples/$file --output $out/$level.npz
    at=$(winner $out/$level.npz)
    colour=$green
    if [ "$at" = "$label" ]; then declare "right_$level=$((right_$level + 1))"; else colour=$red; fi
    line+=$(printf ' %s%-10s%s' "$colour" "${kinds[$at]}" "$off")
  done
  cosine=$($tpuc compare $out/f16.npz $out/float.npz | grep -o 'cos[a-z]*[ =:]*[0-9.]*' | head -1)
  echo "$line $dim$cosine$off"
  total=$((total + 1))
done <$samples/labels.txt
echo "   named correctly: float $right_float, f32 $right_f32, f16 $right_f16 of $total"

step "5. How long the chip would take"
$tpuc profile $out/shapes_f16.bmodel | sed 's/^/   /'

step "Where to go next"
cat <<END
   $tpuc dis $out/shapes_f16.bmodel | less        the instructions, with the layers they belong to
   $tpuc compile $model -o x.bmodel --dump d       the graph after every pass, the schedule and the memory maps
   $tpuc check your_model.onnx                     is your own network supported?
   $tpuc --help                                    all commands
   examples/README.md, CONTRIBUTING.md             tpuc as a library; how to add an operator, a rule, an instruction
END
