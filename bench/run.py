#!/usr/bin/env python3
"""Times tpuc on ONNX files: compile, simulate, execute on the host; optionally ONNX Runtime beside it.

usage: run.py [--tpuc PATH] [--precision f16,f32] [--ort FOLDER] [--repeat N] MODEL.onnx ...
Inputs are random (tpuc's --seed). Prints one table; the best of N runs of each command counts.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
import time

ORT_SCRIPT = r"""
const ort = require(process.argv[2] + '/node_modules/onnxruntime-node');
(async () => {
  const s = await ort.InferenceSession.create(process.argv[3], {intraOpNumThreads: 2, graphOptimizationLevel: 'all'});
  const shapes = JSON.parse(process.argv[4]), feeds = {};
  for (const n of s.inputNames) {
    const d = shapes[n], k = d.reduce((a, b) => a * b, 1);
    feeds[n] = new ort.Tensor('float32', Float32Array.from({length: k}, () => Math.random()), d);
  }
  let best = 1e9;
  for (let i = 0; i < 8; i++) { const t = performance.now(); await s.run(feeds); best = Math.min(best, performance.now() - t); }
  console.log(best / 1000);
})();
"""


def timed(command, repeat):
    """(best seconds, peak MB, output) of a command; stops the script when it fails."""
    best, peak, text = 1e9, 0, ''
    for _ in range(repeat):
        start = time.monotonic()
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status):
            sys.exit('%s\n%s' % (' '.join(command), text))
        best, peak = min(best, time.monotonic() - start), max(peak, usage.ru_maxrss / 1024)
    return best, peak, text


def host_seconds(tpuc, model, out):
    """Seconds of one inference on the host, start-up left out: tpuc says them with -v."""
    _, _, text = timed([tpuc, 'run', model, '--seed', '1', '--output', out, '-v'], 3)
    found = re.findall(r'execut\w*\D*([\d.]+) s', text)
    return min(map(float, found)) if found else None


def ort_seconds(folder, model, shapes):
    with tempfile.NamedTemporaryFile('w', suffix='.cjs') as script:
        script.write(ORT_SCRIPT)
        script.flush()
        done = subprocess.run(['node', script.name, folder, model, shapes], capture_output=True, text=True)
    return float(done.stdout) if done.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('models', nargs='+')
    parser.add_argument('--tpuc', default='build/release/tpuc')
    parser.add_argument('--precision', default='f32,f16')
    parser.add_argument('--ort')
    parser.add_argument('--ort-shapes', default='{}', help='JSON: input name to shape')
    parser.add_argument('--repeat', type=int, default=3)
    a = parser.parse_args()
    print('%-24s %-5s %10s %9s %10s %14s' % ('network', 'prec', 'compile s', 'MB', 'simulate s', 'chip cycles'))
    with tempfile.TemporaryDirectory() as tmp:
        for model in a.models:
            name = os.path.basename(model)
            for precision in a.precision.split(','):
                file, out = tmp + '/net.bmodel', tmp + '/out.npz'
                compile_s, mb, _ = timed([a.tpuc, 'compile', model, '-o', file, '--precision', precision], a.repeat)
                simulate_s, _, _ = timed([a.tpuc, 'run', file, '--seed', '1', '--output', out], a.repeat)
                _, _, profile = timed([a.tpuc, 'profile', file], 1)
                cycles = re.search(r'([\d,]+) cycles', profile)
                print('%-24s %-5s %10.2f %9.0f %10.2f %14s' % (name, precision, compile_s, mb, simulate_s, cycles.group(1) if cycles else '-'))
            host_s, _, _ = timed([a.tpuc, 'run', model, '--seed', '1', '--output', tmp + '/h.npz'], a.repeat)
            line = '%-24s host  %10.2f s with start-up' % (name, host_s)
            one = host_seconds(a.tpuc, model, tmp + '/h.npz')
            if one is not None:
                line += ', %.3f s an inference' % one
            if a.ort:
                ort = ort_seconds(a.ort, model, a.ort_shapes)
                line += '; ONNX Runtime %s s an inference' % ('-' if ort is None else '%.3f' % ort)
            print(line)


if __name__ == '__main__':
    main()
