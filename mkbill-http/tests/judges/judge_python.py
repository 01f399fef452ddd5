"""A client that was generated for Python sells vouchers, takes money and reads a statement."""

import os
import subprocess
import sys
import tempfile

from judge import check
from seed import Server, rupiah, seed

document, address, key, router, _ = sys.argv[1:]
made = seed(Server(address, key), int(router.rsplit(":", 1)[1]))
folder = tempfile.mkdtemp()
program = os.path.join(os.path.dirname(sys.executable), "openapi-python-client")
path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
with check("a client is generated"):
    generated = subprocess.run(
        [program, "generate", "--path", document, "--output-path", f"{folder}/mkbill_client",
         "--meta", "none"],
        capture_output=True, text=True, check=False, env={**os.environ, "PATH": path},
    )
    assert generated.returncode == 0, generated.stderr + generated.stdout

sys.path.insert(0, folder)
from mkbill_client import AuthenticatedClient  # noqa: E402
from mkbill_client.api.credit import show_statement  # noqa: E402
from mkbill_client.api.payments import record_payment  # noqa: E402
from mkbill_client.api.voucher_batches import create_batch, show_batch  # noqa: E402
from mkbill_client.api.vouchers import list_vouchers  # noqa: E402
from mkbill_client.models import BatchView, Money, NewBatch, NewPayment, Problem  # noqa: E402

client = AuthenticatedClient(base_url=f"http://{address}", token=key)

with check("every module of the client can be imported"):
    import compileall

    assert compileall.compile_dir(f"{folder}/mkbill_client", quiet=1)

with check("a batch is created once, whatever is repeated"):
    batch = NewBatch(router="rt-05", plan="daily", count=20)
    first = create_batch.sync(client=client, body=batch, idempotency_key="morning")
    again = create_batch.sync(client=client, body=batch, idempotency_key="morning")
    assert isinstance(first, BatchView) and first == again, (first, again)
    shown = show_batch.sync(first.number, client=client)
    assert shown.tally.pending_push == 20, shown

with check("vouchers come page by page"):
    page = list_vouchers.sync(client=client, limit=10)
    rest = list_vouchers.sync(client=client, limit=200, cursor=page.next_cursor)
    assert len(page.items) == 10 and len(rest.items) >= 10, (page, rest)

with check("money pays what is open"):
    money = NewPayment(
        customer=made["customer"], amount=Money.from_dict(rupiah(60_000)), method="cash",
    )
    payment = record_payment.sync(client=client, body=money, idempotency_key="till-1")
    assert not isinstance(payment, Problem), payment

with check("a statement adds up"):
    statement = show_statement.sync(made["customer"], client=client)
    assert not isinstance(statement, Problem), statement
    assert len(statement.lines) >= 3, statement
    moved = sum(line.change.minor for line in statement.lines)
    assert statement.opening.minor + moved == statement.closing.minor, statement

with check("a refusal is a problem with a code"):
    refused = create_batch.sync(client=client, body=NewBatch(router="no", plan="daily", count=1))
    assert isinstance(refused, Problem) and refused.code == "invalid", refused
