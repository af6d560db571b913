#!/usr/bin/env python3
# Prints how time and memory of tpuc grow with the number of nodes, and its memory for a model with large weights.
#   scale.py --tpuc build/release/tpuc [--nodes 10000,100000,1000000] [--weights MEBIBYTES]
# A chain and a wide graph of each size are imported, optimised and printed; ratios are to the size before. Weights lie
# in external data; memory is the process's largest resident set, in MiB, and of that what is no page of a mapped file.
import argparse
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def make(kind, size, path):
    subprocess.run([sys.executable, HERE + '/make_graph.py', kind, str(size), path], check=True)


def own_mib(pid):
    """MiB of a process that are no pages of mapped files, now."""
    try:
        with open('/proc/%d/status' % pid) as f:
            return sum(int(line.split()[1]) for line in f if line.startswith('RssAnon')) / 1024
    except OSError:
        return 0


def measure(command):
    """Wall seconds, processor seconds, MiB and own MiB (looked up every 5 ms) of a command that must succeed."""
    start, own, ended = time.monotonic(), 0, 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while ended == 0:
        time.sleep(0.005)
        own = max(own, own_mib(process.pid))
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit('%s failed: %d' % (' '.join(command), process.returncode))
    return time.monotonic() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, own


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--tpuc', required=True)
    parser.add_argument('--nodes', default='10000,100000,1000000')
    parser.add_argument('--weights', type=int, default=0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        model, out = folder + '/m.onnx', folder + '/m.out'
        print('%-6s %9s %9s %9s %9s   ratios of time, memory' % ('graph', 'nodes', 'seconds', 'cpu s', 'MiB'))
        for kind in ('chain', 'wide'):
            before = None
            for size in (int(n) for n in args.nodes.split(',')):
                make(kind, size, model)
                now = measure([args.tpuc, 'import', model, '-o', out + '.tpuir', '--quiet'])
                ratio = '%.1f  %.1f' % (now[1] / before[1], now[2] / before[2]) if before else ''
                print('%-6s %9d %9.2f %9.2f %9.0f   %s' % ((kind, size) + now[:3] + (ratio,)), flush=True)
                before = now
        if args.weights:
            make('big', args.weights, model)
            uses = [['import', model, '-o', out + '.tpuir'], ['check', model]]
            uses += [['compile', model, '-o', out, '--precision', p] for p in ('f16', 'f32')]
            for use in uses:
                now = measure([args.tpuc] + use + ['--quiet'])
                what = use[0] + (' to ' + use[-1] if use[0] == 'compile' else '')
                print('weights of %d MiB, %s: %.1f s, %.1f cpu s, %.0f MiB (%.2f of the weights), own %.0f MiB' %
                      ((args.weights, what) + now[:3] + (now[2] / args.weights, now[3])), flush=True)


if __name__ == '__main__':
    main()
