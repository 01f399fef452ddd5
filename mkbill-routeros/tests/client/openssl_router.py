"""A router's api-ssl by OpenSSL, with a certificate of its own making: argv is the folder of the
Diffie-Hellman parameters, the ciphers, the TLS version and perhaps a file of that folder. Says its
port, then what was negotiated, and lets everybody log in."""
import base64, hashlib, math, os, random, socket, ssl, sys, tempfile


def is_prime(n):
    if math.gcd(n, math.prod(range(3, 2000, 2))) != 1:
        return False
    return all(pow(base, n - 1, n) == 1 for base in (2, 3, 5, 7))


def prime(chance):
    """A prime of 1024 bits; the numbers are random enough for a test and the same every time."""
    n = chance.getrandbits(1024) | 3 << 1022 | 1
    while not is_prime(n) or n % 65537 == 1:
        n += 2
    return n


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8 or 1, "big")
    short = len(body) < 128
    return bytes([tag]) + (size if short else bytes([0x80 | len(size)]) + size) + body


def integer(n):
    return der(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def pem(kind, body):
    return f"-----BEGIN {kind}-----\n{base64.encodebytes(body).decode()}-----END {kind}-----\n"


def identity():
    """Key and certificate of an RSA key with 2048 bits."""
    chance = random.Random(1)
    p, q, e = prime(chance), prime(chance), 65537
    n, d = p * q, pow(e, -1, (p - 1) * (q - 1))
    numbers = (0, n, e, d, p, q, d % (p - 1), d % (q - 1), pow(q, -1, p))
    key = der(0x30, *map(integer, numbers))
    sha256_with_rsa = der(0x30, bytes.fromhex("06092a864886f70d01010b0500"))
    rsa = der(0x30, bytes.fromhex("06092a864886f70d0101010500"))
    name = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(12, b"router.lan"))))
    valid = der(0x30, der(23, b"200101000000Z"), der(23, b"491231235959Z"))
    public = der(0x30, rsa, der(3, b"\0", der(0x30, integer(n), integer(e))))
    version = der(0xA0, integer(2))
    body = der(0x30, version, integer(1), sha256_with_rsa, name, valid, name, public)
    digest = bytes.fromhex("3031300d060960864801650304020105000420") + hashlib.sha256(body).digest()
    padded = b"\0\1" + b"\xff" * (253 - len(digest)) + b"\0" + digest
    signature = pow(int.from_bytes(padded, "big"), d, n).to_bytes(256, "big")
    certificate = der(0x30, body, sha256_with_rsa, der(3, b"\0", signature))
    return pem("RSA PRIVATE KEY", key) + pem("CERTIFICATE", certificate)


folder, ciphers, version = sys.argv[1:4]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
context.set_ciphers(ciphers)
with tempfile.TemporaryDirectory() as place:
    path = os.path.join(place, "identity.pem")
    with open(path, "w") as file:
        file.write(identity())
    context.load_cert_chain(path)
if len(sys.argv) > 4:
    context.load_dh_params(os.path.join(folder, sys.argv[4]))
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
plain, _ = listener.accept()
try:
    stream = context.wrap_socket(plain, server_side=True)
except ssl.SSLError as error:
    print("refused", error.reason, flush=True)
    sys.exit()
print(*stream.cipher(), flush=True)
login = b""
while not login.endswith(b"\0"):
    login += stream.recv(4096)
start = login.index(b".tag=") - 1
tag = login[start:start + 1 + login[start]]
stream.sendall(b"\5!done" + tag + b"\0")
stream.recv(1)
