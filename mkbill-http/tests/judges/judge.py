"""How a judge says what held: one line for each check, which the caller counts."""

import sys
import traceback
from contextlib import contextmanager


@contextmanager
def check(name):
    try:
        yield
    except Exception:  # noqa: BLE001
        last = traceback.format_exc().strip().splitlines()[-1]
        print(f"FAILED {name}: {last}", flush=True)
        traceback.print_exc(file=sys.stderr)
    else:
        print(f"ok {name}", flush=True)
