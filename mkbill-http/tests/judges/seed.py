"""Fills an empty server through its own interface, so that every kind of thing is there."""

import json
import sys
import urllib.error
import urllib.request


class Server:
    """A server, and a key that may do everything."""

    def __init__(self, address, key):
        self.base = f"http://{address}/api/v1"
        self.key = key

    def send(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        request = urllib.request.Request(self.base + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{method} {path}: {error.read().decode()}") from error

    def post(self, path, body=None):
        return self.send("POST", path, {} if body is None else body)


def rupiah(minor):
    return {"minor": minor, "currency": "IDR"}


def seed(server, router_port):
    """Answers what was made, by the names of path variables."""
    router = server.post("/routers", {
        "name": "rt-05", "host": "127.0.0.1", "port": router_port, "security": "plain",
        "username": "admin", "password": "only on loopback",
    })
    server.post("/plans", {
        "name": "daily", "router_profile": "default", "cost": rupiah(3_000), "sell": rupiah(5_000),
        "validity_seconds": 86_400,
    })
    server.post("/plans", {
        "name": "home", "router_profile": "default", "cost": rupiah(50_000), "sell": rupiah(100_000),
        "terms": {"service": "hotspot"},
    })
    server.post("/vendors", {"code": "WARUNG-01", "name": "Warung Bu Sri"})
    batch = server.post("/voucher-batches", {"router": "rt-05", "plan": "daily", "count": 3})
    customer = server.post("/customers", {"name": "Bu Ani", "phone": "0812-3456-7890"})
    subscription = server.post("/subscriptions", {"customer": customer["id"], "plan": "home"})
    invoice = subscription["open_invoices"][0]
    payment = server.post("/payments", {
        "customer": customer["id"], "amount": rupiah(40_000), "method": "cash",
    })
    server.post("/staff", {"username": "budi", "name": "Budi", "role": "operator"})
    server.post("/webhooks", {"url": "https://shop.example/hooks", "events": ["payment.*"]})
    return {
        "router": router["name"], "plan": "home", "vendor": "WARUNG-01", "batch": batch["number"],
        "customer": customer["id"], "subscription": subscription["id"], "invoice": invoice["number"],
        "payment": payment["id"], "staff": "budi",
    }


if __name__ == "__main__":
    address, key, router = sys.argv[1:]
    print(json.dumps(seed(Server(address, key), int(router.rsplit(":", 1)[1]))))
