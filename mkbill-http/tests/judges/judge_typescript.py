"""Types that were generated for TypeScript compile, and a program over them works."""

import os
import shutil
import subprocess
import sys
import tempfile

from judge import check
from seed import Server, seed

document, address, key, router, _ = sys.argv[1:]
made = seed(Server(address, key), int(router.rsplit(":", 1)[1]))
here = os.path.dirname(os.path.abspath(__file__))
modules = os.environ["NODE_PATH"]
folder = tempfile.mkdtemp()
os.symlink(modules, os.path.join(folder, "node_modules"))
shutil.copy(os.path.join(here, "drive.ts"), folder)
with open(os.path.join(folder, "package.json"), "w", encoding="utf-8") as package:
    package.write('{ "type": "module" }')


def run(program, *arguments):
    done = subprocess.run(
        ["node", os.path.join(modules, program), *arguments],
        capture_output=True, text=True, cwd=folder, check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    return done.stdout


with check("types are generated"):
    run("openapi-typescript/bin/cli.js", document, "--output", "api.ts")

with check("a program over the types compiles"):
    run("typescript/bin/tsc", "--strict", "--target", "es2022", "--module", "esnext",
        "--moduleResolution", "bundler", "--lib", "es2022,dom", "--skipLibCheck",
        "drive.ts")

with check("the program works"):
    done = subprocess.run(
        ["node", "drive.js", address, key, made["customer"]],
        capture_output=True, text=True, cwd=folder, check=False,
    )
    print(done.stdout, end="", flush=True)
    assert done.returncode == 0, done.stderr
