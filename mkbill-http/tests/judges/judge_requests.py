"""Schemathesis asks every operation of the document everything it can think of."""

import json
import os
import subprocess
import sys
import tempfile

from judge import check
from seed import Server, seed

document, address, key, router, seed_number = sys.argv[1:]

# Answers of the server are looked at one by one; a stream of events has no end.
CHECKS = [
    "not_a_server_error", "status_code_conformance", "content_type_conformance",
    "response_headers_conformance", "response_schema_conformance", "ignored_auth",
    "unsupported_method", "allow_header_conformance",
]
ENDLESS = "/api/v1/events/stream"

made = seed(Server(address, key), int(router.rsplit(":", 1)[1]))
folder = tempfile.mkdtemp()
with open(os.path.join(folder, "schemathesis.toml"), "w", encoding="utf-8") as config:
    config.write("[parameters]\n")
    for name, value in made.items():
        config.write(f'"path.{name}" = "{value}"\n')

program = os.path.join(os.path.dirname(sys.executable), "schemathesis")
done = subprocess.run(
    [
        program, "--config-file", os.path.join(folder, "schemathesis.toml"), "run", document,
        "--url", f"http://{address}", "-H", f"Authorization: Bearer {key}",
        "--phases", "examples,coverage,fuzzing", "--checks", ",".join(CHECKS),
        "--exclude-path", ENDLESS, "-n", "3", "--seed", seed_number, "--continue-on-failure",
        "--generation-database", "none", "--no-color", "--warnings", "off",
        "--report", "ndjson", "--report-dir", folder,
    ],
    capture_output=True, text=True, cwd=folder, check=False, timeout=1_200,
)

with check("every answer is described and none is a failure of the server"):
    if done.returncode != 0:
        print(done.stdout[-20_000:], done.stderr[-2_000:], file=sys.stderr)
        raise AssertionError("schemathesis complains; what it says is above")

with check("it asked nearly every operation"):
    with open(document, encoding="utf-8") as file:
        operations = sum(len(item) for item in json.load(file)["paths"].values())
    tested = next(line for line in done.stdout.splitlines() if line.strip().startswith("Tested:"))
    assert int(tested.split(":")[1]) == operations - 1, (tested, operations)
