"""Servers on 127.0.0.1 for what happens between a client and its store: silence, dribbling, nonsense, TLS."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Listener:
    """Gives each connection to `serve` in a thread; counts them, and closes them all at the end."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._serve = serve
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self._connections: list[socket.socket] = []
        self._peers: list[object] = []
        self._came = threading.Condition()
        self.released = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, peer = self._socket.accept()
                with self._came:
                    self._connections.append(connection)
                    self._peers.append(peer)
                    self._came.notify_all()
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            self._serve(connection)

    def accepted(self) -> int:
        """How many connections were made before this call: they are taken in order, one more comes last."""
        with socket.create_connection(("127.0.0.1", self.port)) as last, self._came:
            mine = last.getsockname()
            assert self._came.wait_for(lambda: mine in self._peers, timeout=30)
            return self._peers.index(mine)

    def close(self) -> None:
        """End the listening and every connection."""
        self.released.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._connections:
            connection.close()
        self._thread.join(5)


@contextmanager
def listener(serve: Callable[[socket.socket], None]) -> Iterator[Listener]:
    """A running Listener."""
    running = Listener(serve)
    try:
        yield running
    finally:
        running.close()


@contextmanager
def silent() -> Iterator[Listener]:
    """Takes connections and never says a word."""
    done = threading.Event()
    try:
        with listener(lambda _: done.wait(30) and None) as running:
            yield running
    finally:
        done.set()


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and localhost, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "certificate.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return public, private


@contextmanager
def tls_in_front_of(port: int, public: Path, private: Path) -> Iterator[Listener]:
    """Speaks TLS and passes on to `port`: the bundled Valkey was built without it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)

    def serve(raw: socket.socket) -> None:
        with (
            context.wrap_socket(raw, server_side=True) as client,
            socket.create_connection(("127.0.0.1", port)) as server,
        ):
            while data := client.recv(1 << 16):
                server.sendall(data)
                client.sendall(server.recv(1 << 16))

    with listener(serve) as running:
        yield running
