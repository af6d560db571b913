# Runs the cases of tests/errors: bad inputs, the exact message each must get, and the exit code.
#   python3 tests/errors_test.py TPUC PROTOC ONNX_INCLUDE_DIR [NAME...]      TPUC_BLESS=1 rewrites the expected text: review the diff
# A case is one text file, E<code>_<what>.case, of sections that begin with a line "=== ...":
#   === run: check model.onnx          the arguments of tpuc, in an empty folder; of several runs only the last may fail
#   === exit: 3
#   === file: model.onnx               a file to write first; .onnx is given as protobuf text (onnx.ModelProto), .hex as bytes,
#                                      .npz as lines "NAME DTYPE DIMS VALUE", like "x f32 1x3x8x8 0.5" (every element)
#   === expect                         what tpuc must print on stderr (exactly)
import os
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'errors')
TPUC, PROTOC, ONNX = sys.argv[1:4]
BLESS = os.environ.get('TPUC_BLESS') == '1'


def read_case(path):
    case = {'run': [], 'exit': 0, 'files': {}, 'expect': ''}
    with open(path, encoding='utf-8') as f:
        parts = re.split(r'^=== (\w+)(?:: (.*))?\n', f.read(), flags=re.M)
    for kind, value, body in zip(parts[1::3], parts[2::3], parts[3::3]):
        if kind == 'run':
            case['run'].append(value)
        elif kind == 'exit':
            case['exit'] = int(value)
        elif kind == 'file':
            case['files'][value] = body
        elif kind == 'expect':
            case['expect'] = body
        else:
            sys.exit('%s: no section is called %s' % (path, kind))
    return case


def npy(dtype, dims, value):
    """A .npy file whose elements are all `value`."""
    descr, code = {'f32': ('<f4', 'f'), 'i32': ('<i4', 'i'), 'i64': ('<i8', 'q'), 'u8': ('|u1', 'B')}[dtype]
    shape = [int(d) for d in dims.split('x')]
    count = 1
    for d in shape:
        count *= d
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %r, }" % (descr, tuple(shape))
    header += ' ' * (-(len(header) + 11) % 64) + '\n'
    element = struct.pack('<' + code, float(value) if code == 'f' else int(value))
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header.encode() + element * count


def write_file(folder, name, body):
    if name.endswith('.onnx'):
        command = [PROTOC, '--encode=onnx.ModelProto', '-I' + ONNX, 'onnx/onnx.proto']
        data = subprocess.run(command, input=body.encode(), capture_output=True, check=True).stdout
    elif name.endswith('.npz'):
        with zipfile.ZipFile(os.path.join(folder, name), 'w') as archive:
            for line in body.splitlines():
                key, dtype, dims, value = line.split()
                archive.writestr(key + '.npy', npy(dtype, dims, value))
        return
    elif name.endswith('.hex'):
        name, data = name[:-len('.hex')], bytes.fromhex(re.sub(r'#.*', '', body))
    else:
        data = body.encode()
    with open(os.path.join(folder, name), 'wb') as f:
        f.write(data)


def run_case(path):
    """What is wrong with the case, as text; empty when it passes."""
    case = read_case(path)
    with tempfile.TemporaryDirectory() as folder:
        for name, body in case['files'].items():
            write_file(folder, name, body)
        results = []
        for arguments in case['run']:
            before = sorted(os.listdir(folder))
            results.append(subprocess.run([TPUC] + arguments.split(), cwd=folder, capture_output=True, text=True, timeout=120))
        result = results.pop()
        left = sorted(os.listdir(folder))
    if BLESS:
        with open(path, encoding='utf-8') as f:
            text = f.read()
        text = re.sub(r'^=== exit: .*$', '=== exit: %d' % result.returncode, text, flags=re.M)
        text = text[:text.index('=== expect\n')] + '=== expect\n' + result.stderr
        with open(path, 'w', encoding='utf-8') as f:
            f.write(text)
        return ''
    wrong = [r.stderr for r in results if r.returncode]
    code = os.path.basename(path).split('_')[0]
    if 'error[%s]' % code not in result.stderr:
        wrong.append('no error[%s] is printed' % code)
    if result.returncode != case['exit']:
        wrong.append('exit code %d, expected %d' % (result.returncode, case['exit']))
    if result.stderr != case['expect']:
        wrong.append('printed:\n%s--- expected:\n%s---' % (result.stderr, case['expect']))
    if left != before:
        wrong.append('left files behind: %s' % sorted(set(left) - set(before)))
    return '\n'.join(wrong)


def main():
    wanted = sys.argv[4:]
    paths = [os.path.join(HERE, n) for n in sorted(os.listdir(HERE)) if n.endswith('.case')]
    paths = [p for p in paths if not wanted or any(w in p for w in wanted)]
    bad = 0
    with ThreadPoolExecutor(max_workers=2) as pool:
        for path, wrong in zip(paths, pool.map(run_case, paths)):
            if wrong:
                bad += 1
                print('%s: %s' % (os.path.basename(path), wrong))
    print('%d passed, %d failed' % (len(paths) - bad, bad))
    sys.exit(1 if bad else 0)


main()
