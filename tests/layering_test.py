# Reads every #include line and enforces the direction of dependencies, the third-party rules and the sizes of files.
#   python3 tests/layering_test.py [ROOT]      prints every offence; exit code 1 if there is one
import os
import re
import sys

ROOT = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..'))
MAX_LINES = {'.cc': 500, '.h': 250}

# Folders of each area; the longest that fits decides. "api" is what is installed.
AREAS = {
    'api': ['include/tpuc'],
    'support': ['src/support', 'include/tpuc/support'],
    'numerics': ['src/numerics', 'include/tpuc/numerics'],
    'ir': ['src/ir', 'include/tpuc/ir'],
    'rewrite': ['src/rewrite', 'include/tpuc/rewrite'],
    'pass': ['src/pass', 'include/tpuc/pass'],
    'frontend_api': ['include/tpuc/frontend'],      # node_view.h: what import rules see
    'ops': ['src/ops', 'include/tpuc/ops'],
    'passes': ['passes'],
    'frontends': ['frontends'],
    'runtime': ['runtime', 'include/tpuc/runtime'],
    'backend_api': ['include/tpuc/backend'],
    'backend': ['backends'],
    'quant_api': ['include/tpuc/quant'],
    'quant': ['src/quant'],
    'driver': ['src/driver'],
    'cli': ['src/cli'],
    'tests': ['tests'],
    'bench': ['bench'],
    'examples': ['examples'],
    'custom_frontend': ['examples/custom_frontend'],
}
LOW = ['api', 'support', 'numerics']
GRAPH = LOW + ['ir']
OPS = GRAPH + ['frontend_api', 'ops']
ABOVE = OPS + ['rewrite', 'pass', 'passes', 'frontends', 'runtime', 'backend_api', 'quant_api', 'quant', 'driver']
MAY_INCLUDE = {
    'api': [], 'support': ['api'], 'numerics': ['api', 'support'], 'ir': LOW, 'rewrite': GRAPH,
    'pass': GRAPH + ['rewrite', 'quant_api'], 'frontend_api': GRAPH, 'ops': GRAPH + ['frontend_api'],
    'passes': OPS + ['rewrite', 'pass', 'quant_api'], 'frontends': OPS, 'runtime': OPS, 'backend_api': GRAPH,
    'backend': OPS + ['backend_api'], 'quant_api': GRAPH + ['runtime'], 'quant': OPS + ['runtime', 'quant_api'], 'driver': ABOVE + ['backend'],
    'cli': ABOVE + ['backend'], 'tests': ABOVE + ['backend', 'tests'], 'bench': ABOVE + ['backend'], 'examples': ['api'],
    'custom_frontend': OPS,
}
# Third-party header (start of its path) -> the files that may include it.
THIRD_PARTY = {
    r'onnx/|google/protobuf': r'frontends/(onnx|caffe)/',
    r'Eigen/|oneapi/|dnnl': r'(src/ops|runtime)/.*\.cc$',
    r'flatbuffers/|bmodel_generated\.h': r'backends/[^/]+/bmodel/',
    r'nlohmann/': r'(.*/)?(json|table)[^/]*\.cc$|(.*/)?[^/]*_(json|table)\.cc$',
    r'stb/|turbojpeg': r'runtime/image/.*\.cc$',
    r'spdlog/': r'src/support/log\.cc$',
    r'CLI/': r'src/cli/.*\.cc$',
    r'zip\.h': r'(runtime|src/support)/.*npz.*\.cc$',
    r'catch2/': r'.*(_test\.cc|_cases?\.h)$|tests/',
}


def area_of(path):
    fits = [(len(folder), area) for area, folders in AREAS.items() for folder in folders if path.startswith(folder + '/')]
    return max(fits)[1] if fits else None


def find(path, name):
    """The repository's file an #include line means, or None."""
    for base in [os.path.dirname(path), 'include', 'src', '']:
        candidate = os.path.normpath(os.path.join(base, name))
        if os.path.isfile(os.path.join(ROOT, candidate)):
            return candidate
    return None


def offences(path, text):
    lines, area, is_test = text.splitlines(), area_of(path), path.endswith('_test.cc')
    limit = MAX_LINES[os.path.splitext(path)[1]]
    if len(lines) > limit and not (lines and lines[0].startswith('// size:')):
        yield '%d lines, at most %d' % (len(lines), limit)
    if area is None:
        yield 'belongs to no area: add its folder to AREAS or move it'
        return
    if path.endswith('.h') and '#pragma once' not in lines:
        yield 'no #pragma once'
    for number, line in enumerate(lines, 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            if re.match(r'\s*using namespace', line) and path.endswith('.h'):
                yield 'line %d: using namespace in a header' % number
            continue
        name, target = match[2], find(path, match[2])
        for pattern, allowed in THIRD_PARTY.items():
            if re.match(pattern, name) and target is None and not re.match(allowed, path) and not is_test:
                yield 'line %d: %s is only for %s' % (number, name, allowed)
        if target is None:
            continue
        other = area_of(target)
        # A unit test may look sideways (its program links only the areas below, which CMakeLists.txt lists).
        if other != area and other not in MAY_INCLUDE[area] and not is_test:
            yield 'line %d: %s may not include %s (%s)' % (number, area, other, name)
        ours, theirs = re.match(r'backends/([^/]+)/', path), re.match(r'backends/([^/]+)/', target)
        if ours and theirs and ours[1] != theirs[1]:
            yield 'line %d: one backend may not include another' % number


def main():
    count, bad = 0, 0
    for top in ['include', 'src', 'passes', 'frontends', 'backends', 'runtime', 'tests', 'bench', 'examples']:
        for folder, folders, names in os.walk(os.path.join(ROOT, top)):
            folders.sort()
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), ROOT)
                if os.path.splitext(name)[1] not in MAX_LINES:
                    continue
                count += 1
                with open(os.path.join(ROOT, path), encoding='utf-8') as f:
                    for offence in offences(path, f.read()):
                        print('%s: %s' % (path, offence))
                        bad += 1
    print('%d files, %d offences' % (count, bad))
    sys.exit(1 if bad else 0)


main()
