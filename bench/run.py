#!/usr/bin/env python3
"""Times tpuc on ONNX files: compile, simulate, execute on the host; optionally ONNX Runtime beside it.

usage: run.py [--tpuc PATH] [--precision f16,f32] [--ort FOLDER] [--repeat N] MODEL.onnx ...
Floats are random, integers 1. Prints one table; the best of N runs of each command counts. An inference of tpuc is
the first one of its process, that of ONNX Runtime the fastest of eight.
"""
import argparse
import array
import json
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile

ORT_SCRIPT = r"""
const ort = require(process.argv[2] + '/node_modules/onnxruntime-node');
(async () => {
  const s = await ort.InferenceSession.create(process.argv[3], {intraOpNumThreads: 2, graphOptimizationLevel: 'all'});
  const feeds = {}, make = {
    f32: (k) => ['float32', Float32Array.from({length: k}, () => Math.random())],
    i64: (k) => ['int64', BigInt64Array.from({length: k}, () => 1n)],
    i32: (k) => ['int32', Int32Array.from({length: k}, () => 1)]};
  for (const i of JSON.parse(process.argv[4])) {
    const [type, data] = make[i.dtype](i.shape.reduce((a, b) => a * b, 1));
    feeds[i.name] = new ort.Tensor(type, data, i.shape);
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


def inputs_of(tpuc, model):
    """[{name, dtype, shape}] of a model."""
    info = subprocess.run([tpuc, 'info', '--json', model], capture_output=True, text=True, check=True)
    return json.loads(info.stdout)['graphs'][0]['inputs']


def write_inputs(inputs, path):
    """An .npz with an array for each input."""
    kinds = {'f32': ('<f4', 'f'), 'i64': ('<i8', 'q'), 'i32': ('<i4', 'i'), 'bool': ('|b1', 'b'), 'u8': ('|u1', 'B')}
    with zipfile.ZipFile(path, 'w') as archive:
        for i in inputs:
            descr, code = kinds[i['dtype']]
            data = array.array(code, (random.random() if code == 'f' else 1 for _ in range(math.prod(i['shape']))))
            header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (descr, tuple(i['shape']))
            header = header.ljust(117) + '\n'
            start = b'\x93NUMPY\x01\x00' + len(header).to_bytes(2, 'little')
            archive.writestr(i['name'] + '.npy', start + header.encode() + data.tobytes())


def host_seconds(tpuc, model, given, out):
    """Seconds of one inference on the host, start-up left out: tpuc says them with -v."""
    _, _, text = timed([tpuc, 'run', model, '--input', given, '--output', out, '-v'], 3)
    found = re.findall(r'execut\w*\D*([\d.]+) s', text)
    return min(map(float, found)) if found else None


def ort_seconds(folder, model, inputs):
    with tempfile.NamedTemporaryFile('w', suffix='.cjs') as script:
        script.write(ORT_SCRIPT)
        script.flush()
        done = subprocess.run(['node', script.name, folder, model, json.dumps(inputs)], capture_output=True, text=True)
    return float(done.stdout) if done.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('models', nargs='+')
    parser.add_argument('--tpuc', default='build/release/tpuc')
    parser.add_argument('--precision', default='f32,f16')
    parser.add_argument('--ort')
    parser.add_argument('--repeat', type=int, default=3)
    a = parser.parse_args()
    print('%-24s %-5s %10s %9s %10s %14s' % ('network', 'prec', 'compile s', 'MB', 'simulate s', 'chip cycles'))
    with tempfile.TemporaryDirectory() as tmp:
        for model in a.models:
            name, given, inputs = os.path.basename(model), tmp + '/in.npz', inputs_of(a.tpuc, model)
            write_inputs(inputs, given)
            for precision in a.precision.split(','):
                file, out = tmp + '/net.bmodel', tmp + '/out.npz'
                compile_s, mb, _ = timed([a.tpuc, 'compile', model, '-o', file, '--precision', precision], a.repeat)
                simulate_s, _, _ = timed([a.tpuc, 'run', file, '--input', given, '--output', out], a.repeat)
                _, _, profile = timed([a.tpuc, 'profile', file], 1)
                cycles = re.search(r'([\d,]+) cycles', profile)
                print('%-24s %-5s %10.2f %9.0f %10.2f %14s' % (name, precision, compile_s, mb, simulate_s, cycles.group(1) if cycles else '-'))
            host_s, _, _ = timed([a.tpuc, 'run', model, '--input', given, '--output', tmp + '/h.npz'], a.repeat)
            line = '%-24s host  %10.2f s with start-up' % (name, host_s)
            one = host_seconds(a.tpuc, model, given, tmp + '/h.npz')
            if one is not None:
                line += ', %.3f s an inference' % one
            if a.ort:
                ort = ort_seconds(a.ort, model, inputs)
                line += '; ONNX Runtime %s s an inference' % ('-' if ort is None else '%.3f' % ort)
            print(line)


if __name__ == '__main__':
    main()
