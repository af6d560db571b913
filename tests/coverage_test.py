# Checks that nothing in the registries is left untested: every error code is raised somewhere and has a case, every rule
# and every operator occurs in a golden graph or a unit test. Also that the version is the same in both places that need it.
#   python3 tests/coverage_test.py [ROOT]
import os
import re
import sys

ROOT = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), '..'))
FOLDERS = ['include', 'src', 'passes', 'frontends', 'backends', 'runtime', 'tests']


def read_all():
    """Text of every source file by path: (sources, tests)."""
    sources, tests = {}, {}
    for top in FOLDERS:
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            for name in names:
                path = os.path.relpath(os.path.join(folder, name), ROOT)
                if not name.endswith(('.cc', '.h', '.def', '.tpuir', '.case')):
                    continue
                with open(os.path.join(ROOT, path), encoding='utf-8') as f:
                    is_test = name.endswith(('_test.cc', '.tpuir', '.case')) or path.startswith('tests/')
                    (tests if is_test else sources)[path] = f.read()
    return sources, tests


def report(kind, names, text, what):
    missing = [n for n in names if not re.search(r'(?<![\w-])%s(?![\w-])' % re.escape(n), text)]
    for name in missing:
        print('%s %s %s' % (kind, name, what))
    return len(missing)


sources, tests = read_all()
errors_def = sources.pop(os.path.join('include', 'tpuc', 'errors.def'))
codes = ['E' + c for c in re.findall(r'^TPUC_ERROR\((\d+)', errors_def, re.M)]
source_text = re.sub(r'//.*', '', '\n'.join(sources.values()))       # a comment raises nothing
test_text = '\n'.join(tests.values()) + '\n'.join(os.path.basename(p).split('_')[0] for p in tests if p.endswith('.case'))
rules = sorted(set(re.findall(r'return (?:Rule)?\{"([a-z0-9-]+)",', '\n'.join(t for p, t in sources.items() if p.startswith('passes')))))
ops = sorted(set(re.findall(r'kName = "([a-z0-9_]+)"', '\n'.join(t for p, t in sources.items() if p.startswith('src/ops')))))

bad = 0
if codes != sorted(set(codes), key=lambda c: int(c[1:])):
    print('errors.def is not sorted by code, or a code occurs twice')
    bad += 1
bad += report('error', codes, source_text, 'is raised nowhere')
bad += report('error', codes, test_text, 'has no case in tests/errors and no unit test')
bad += report('rule', rules, test_text, 'has no test')
bad += report('operator', ops, test_text, 'has no test')
with open(os.path.join(ROOT, 'CMakeLists.txt'), encoding='utf-8') as f:
    version = re.search(r'project\(tpuc VERSION ([\d.]+)', f.read())[1]
if 'kVersion = "%s"' % version not in sources[os.path.join('include', 'tpuc', 'version.h')]:
    print('version.h does not say %s, as CMakeLists.txt does' % version)
    bad += 1
print('%d errors, %d rules, %d operators; %d gaps' % (len(codes), len(rules), len(ops), bad))
sys.exit(1 if bad else 0)
