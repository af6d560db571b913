# Compiles every header of include/tpuc by itself: each must include what it uses.
#   python3 tests/headers_test.py COMPILER ROOT
import glob
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

compiler, root = sys.argv[1:3]
headers = sorted(glob.glob(os.path.join(root, 'include/tpuc/**/*.h'), recursive=True))
public = [h for h in headers if os.path.dirname(h).endswith('include/tpuc')]


def check(header):
    # A public header sees nothing but include/; the contracts between folders may use src/ as well.
    include = ['include'] if header in public else ['include', 'src', '.']
    command = [compiler, '-std=c++20', '-fsyntax-only', '-w', '-x', 'c++']
    command += ['-I' + os.path.join(root, i) for i in include] + [header]
    return header, subprocess.run(command, capture_output=True, text=True)


bad = 0
with ThreadPoolExecutor(max_workers=2) as pool:
    for header, result in pool.map(check, headers):
        if result.returncode:
            bad += 1
            print('%s does not compile alone:\n%s' % (os.path.relpath(header, root), result.stderr))
print('%d headers, %d do not compile alone' % (len(headers), bad))
sys.exit(1 if bad or not headers else 0)
