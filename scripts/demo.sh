#!/bin/bash
# The tour: builds tpuc, compiles the example network, runs it on the instruction simulator and tells what happened.
# Installs what it needs; a few minutes the first time, seconds after that. Leaves its files in build/demo.
set -euo pipefail
cd "$(dirname "$0")/.."

model=examples/shapes/shapes.onnx
samples=examples/shapes/samples
pictures=examples/shapes
out=build/demo
tpuc=build/release/tpuc
kinds=($(awk '{ name[$2] = $3 } END { for (i = 0; i in name; i++) print name[i] }' $samples/labels.txt))

if [ -t 1 ]; then bold=$'\e[1m' green=$'\e[32m' red=$'\e[31m' off=$'\e[0m'; else bold='' green='' red='' off=''; fi
step() { printf '\n%s%s%s\n' "$bold" "$1" "$off"; }
indent() { sed 's/^/   /'; }
kib() { echo "$((($(stat -c %s "$1") + 1023) / 1024)) KiB"; }
# The last COUNT numbers of an array in an .npz, one a line: an .npz is a zip of .npy files, which end with the numbers.
floats() { unzip -p "$1" "$2.npy" | tail -c $((4 * $3)) | od -An -v -t f4 -w4; }
winner() { floats "$1" scores 10 | awk 'NR == 1 || $1 > best { best = $1; at = NR - 1 } END { print at }'; }
run() { $tpuc --quiet run "$1" --input "$2" --output "$3" "${@:4}"; }
operators() { $tpuc info "$1" | awk '/^ +[0-9]+  [a-z]/ { printf "%s%s %s", (n++ ? ", " : "      "), $1, $2 } END { print "" }'; }
similarity() { $tpuc compare "$1" "$2" --tolerance "${3:-0.99,0.9}" | grep -o 'cosine [0-9.]*' | head -n 1; }

# A 3x48x48 picture in characters, dark to bright.
draw() {
  floats "$1" image 6912 | awk '
    { value[NR - 1] = $1 }
    END {
      for (y = 0; y < 12; y++) for (x = 0; x < 24; x++) {
        sum = 0
        for (c = 0; c < 3; c++) for (j = 0; j < 4; j++) for (i = 0; i < 2; i++) sum += value[(c * 48 + y * 4 + j) * 48 + x * 2 + i]
        grey[y, x] = sum
        if (x + y == 0 || sum < low) low = sum
        if (x + y == 0 || sum > high) high = sum
      }
      for (y = 0; y < 12; y++) {
        line = "   "
        for (x = 0; x < 24; x++) line = line substr(" .:-=+*#%@", 1 + int(9.99 * (grey[y, x] - low) / (high - low)), 1)
        print line
      }
    }'
}

build() { cmake --preset release && cmake --build --preset release --target tpuc; }

name_pictures() {
  local file label name line level at colour subject alike
  local -A right=([float]=0 [f32]=0 [f16]=0 [int8]=0)
  local total=0
  printf '   %-10s  %-10s %-10s %-10s %-10s %s\n' 'picture of' float f32 f16 int8 'int8 against float'
  while read -r file label name; do
    line=$(printf '   %-10s ' "$name")
    for level in float f32 f16 int8; do
      subject=$model
      [ $level = float ] || subject=$out/shapes_$level.bmodel
      run $subject "$samples/$file" $out/$level.npz
      at=$(winner $out/$level.npz)
      colour=$red
      if [ "$at" = "$label" ]; then colour=$green right[$level]=$((right[$level] + 1)); fi
      line+=$(printf ' %s%-10s%s' "$colour" "${kinds[$at]}" "$off")
    done
    alike=$(similarity $out/int8.npz $out/float.npz 0.9,0.5) || { echo "$line differs: a bug, please report it"; exit 1; }
    echo "$line $alike"
    total=$((total + 1))
  done <$samples/labels.txt
  echo "   named correctly: float ${right[float]}, f32 ${right[f32]}, f16 ${right[f16]}, int8 ${right[int8]} of $total"
}

# What each precision costs and gives: all test pictures on the simulator, the file, the predicted time.
compare_precisions() {
  local precision file top1 cycles
  printf '   %-6s %18s %12s %18s\n' '' 'of 100 pictures' 'file' 'predicted time'
  for precision in f32 f16 int8; do
    file=$out/shapes_$precision.bmodel
    top1=$($tpuc eval $file --data $pictures/test --calibration $out/shapes.calib.json --task classification \
      --labels $pictures/test/labels.txt | awk '{ print 100 * $2 }')
    cycles=$($tpuc profile $file | awk 'NR == 1 { print $5 }')
    printf '   %-6s %12d right %12s %11d cycles\n' $precision "$top1" "$(kib $file)" "$cycles"
  done
}

step "1. Build tpuc"
scripts/install_deps.sh
mkdir -p $out
echo "   compiling; the log is $out/build.log"
build >$out/build.log 2>&1 || { tail -n 40 $out/build.log; echo "the build failed: see $out/build.log"; exit 1; }
echo "   $tpuc is ready."

step "2. The network: $model, $(kib $model), trained to name ten shapes"
$tpuc import $model -o $out/shapes.tpuir >/dev/null
echo "   as it was exported:"
operators $model
echo "   after tpuc's rewrite rules (BatchNorm is folded into the convolutions, x * sigmoid(x) becomes silu, ...):"
operators $out/shapes.tpuir
run $model $samples/00.npz $out/float.npz
echo "   tpuc's float result against PyTorch's: $(similarity $out/float.npz $samples/00_expected.npz)"

step "3. Compile it for the BM1684X"
echo "   For 8-bit integers tpuc must know the range of every tensor: it looks at 100 pictures."
$tpuc --quiet calibrate $model --data $pictures/calib --mean 127.5,127.5,127.5 --scale 0.015625,0.015625,0.015625 \
  -o $out/shapes.calib.json
for precision in f32 f16 int8; do
  $tpuc --quiet compile $model --precision $precision --calibration $out/shapes.calib.json -o $out/shapes_$precision.bmodel
  echo "   $precision: $out/shapes_$precision.bmodel, $(kib $out/shapes_$precision.bmodel) of instructions and packed weights"
done

step "4. Run it on the simulator of the chip's instructions"
echo "   This picture ..."
draw $samples/04.npz
run $out/shapes_f16.bmodel $samples/04.npz $out/f16.npz
echo "   ... is, says the bmodel: ${kinds[$(winner $out/f16.npz)]}. And the first $(wc -l <$samples/labels.txt) test pictures:"
name_pictures
run $out/shapes_f16.bmodel $samples/04.npz $out/other.npz --order random
run $out/shapes_f16.bmodel $samples/04.npz $out/f16.npz
cmp -s <(floats $out/f16.npz scores 10) <(floats $out/other.npz scores 10) &&
  echo "   The chip's two engines run side by side; in another legal order they give the same bits."

step "5. What each precision gives, and what it costs"
compare_precisions

step "6. Where the time goes (f16)"
$tpuc profile $out/shapes_f16.bmodel >$out/profile.txt
head -n 3 $out/profile.txt | indent
echo "   the five slowest layers:"
awk 'NR > 5 { printf "%6d cycles  %4.1f %%  bound by %-8s %-12s %s\n", $4, $5, $NF, $2, $1 }' $out/profile.txt | sort -nr | head -n 5 | indent

step "Where to go next"
next() { printf '   %-66s %s\n' "$1" "$2"; }
next "$tpuc profile $out/shapes_f16.bmodel" "time of every layer"
next "$tpuc dis $out/shapes_f16.bmodel | less" "the instructions, and the layers they belong to"
next "$tpuc compile $model --dump DIR -o X" "the graph after every pass, schedule, memory maps"
next "$tpuc check your_model.onnx" "can your own network be compiled?"
next "$tpuc --help" "all commands"
next "README.md, examples/README.md, CONTRIBUTING.md" "tpuc as a library; how to extend it"
