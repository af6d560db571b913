#!/usr/bin/env python3
# Writes synthetic ONNX files that show how tpuc scales, without any library:
#   make_graph.py chain|wide NODES OUT.onnx      a chain of alternating ops, or branches of one op each, summed by a tree
#   make_graph.py big MEBIBYTES OUT.onnx         matrix products with all weights in OUT.onnx.data (external data), in
#                                                matrices of 256 MiB, or of 16 MiB where there are fewer than 512
import os
import random
import struct
import sys

FLOAT, EXTERNAL = 1, 1


def varint(n):
    out = b''
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def number(field, n):
    return varint(field << 3) + varint(n)


def message(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def node(op, inputs, output):
    return message(1, b''.join(message(1, i) for i in inputs) + message(2, output) + message(4, op))


def value(field, name, dims):
    shape = message(2, b''.join(message(1, number(1, d)) for d in dims))
    return message(field, message(1, name) + message(2, message(1, number(1, FLOAT) + shape)))


def tensor(name, dims, data=b'', location=None, offset=0, length=0):
    out = b''.join(number(1, d) for d in dims) + number(2, FLOAT) + message(8, name)
    if location is None:
        return message(5, out + message(9, data))
    for key, text in (('location', location), ('offset', str(offset)), ('length', str(length))):
        out += message(13, message(1, key) + message(2, text))
    return message(5, out + number(14, EXTERNAL))


def write(path, nodes, tensors, inputs, outputs):
    graph = b''.join(nodes) + message(2, 'synthetic') + b''.join(tensors) + inputs + outputs
    with open(path, 'wb') as f:
        f.write(number(1, 8) + message(7, graph) + message(8, number(2, 13)))


def chain(count, path):
    nodes, last = [], 'x'
    for i in range(count):
        op, more = [('Add', ['c']), ('Relu', []), ('Mul', ['d']), ('Sigmoid', [])][i % 4]
        nodes.append(node(op, [last] + more, 'v%d' % i))
        last = 'v%d' % i
    constants = [tensor(n, [4], struct.pack('<4f', *v)) for n, v in (('c', (1, -1, 2, .5)), ('d', (.5, 2, 1, -1)))]
    write(path, nodes, constants, value(11, 'x', [4]), value(12, last, [4]))


def wide(count, path):
    ops = ['Relu', 'Sigmoid', 'Tanh', 'Neg', 'Abs', 'Exp']
    leaves = count // 2
    nodes, level = [], []
    for i in range(leaves):
        # Every leaf differs from the others by its path of operators, so that none is another's duplicate.
        nodes.append(node(ops[i % 6], ['x' if i < 6 else level[i // 6 - 1]], 'l%d' % i))
        level.append('l%d' % i)
    made = leaves
    while len(level) > 1:
        above = []
        for i in range(0, len(level) - 1, 2):
            nodes.append(node('Add', level[i:i + 2], 's%d' % made))
            above.append('s%d' % made)
            made += 1
        level = above + level[len(level) // 2 * 2:]
    write(path, nodes, [], value(11, 'x', [4]), value(12, level[0], [4]))


def big(mebibytes, path):
    side, blob = 8192 if mebibytes >= 512 else 2048, path + '.data'
    count = max(1, (mebibytes << 20) // (side * side * 4))
    nodes, tensors, last = [], [], 'x'
    with open(blob, 'wb') as f:
        for i in range(count):
            f.write(small_floats(i, side * side))
            tensors.append(tensor('w%d' % i, [side, side], None, os.path.basename(blob), i * side * side * 4,
                                  side * side * 4))
            nodes.append(node('MatMul', [last, 'w%d' % i], 'm%d' % i))
            nodes.append(node('Relu', ['m%d' % i], 'v%d' % i))
            last = 'v%d' % i
    write(path, nodes, tensors, value(11, 'x', [1, side]), value(12, last, [1, side]))


def small_floats(seed, count):
    """Floats of about +-2^-6, another block for every seed."""
    block = bytearray(random.Random(seed).randbytes(4 << 16))
    block[3::4] = bytes(0x3c | b & 0x80 for b in block[3::4])
    block[0:4] = struct.pack('<f', 1 / (seed + 64))
    return bytes(block) * (count // (1 << 16))


if __name__ == '__main__':
    kind, size, out = sys.argv[1:4]
    {'chain': chain, 'wide': wide, 'big': big}[kind](int(size), out)
