"""A small CRAN-like repository: packages written here, in a folder, served on loopback, as badly as a test wants."""

import base64
import gzip
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Package:
    """A source package with one function, `NAME.hello()`, that says its name and version."""

    name: str
    version: str = "1.0.0"
    imports: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """Path in the package → text, beside or instead of what every package has."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Further fields of its DESCRIPTION."""

    @property
    def file(self) -> str:
        return f"{self.name}_{self.version}.tar.gz"

    @property
    def description(self) -> dict[str, str]:
        needs = {"Imports": ", ".join(self.imports)} if self.imports else {}
        return {
            "Package": self.name,
            "Version": self.version,
            "Title": "A Package of the Tests",
            "Description": "Says its name.",
            "Author": "Ada",
            "Maintainer": "Ada <ada@example.org>",
            "License": "MIT",
            **needs,
            **self.fields,
        }


CODE = Package(
    "native",
    files={
        "NAMESPACE": "useDynLib(native)\nexport(native.twice)\n",
        "R/hello.R": "native.twice <- function(x) .Call('C_twice', as.double(x), PACKAGE = 'native')\n",
        "src/twice.c": "#include <Rinternals.h>\n"
        "SEXP C_twice(SEXP x) { return ScalarReal(2 * asReal(x)); }\n",
    },
    fields={"NeedsCompilation": "yes"},
)
BROKEN = Package(
    "broken",
    files={"src/broken.c": '#include <not_there_at_all.h>\nint broken(void) { return "no number" }\n'},
    fields={"NeedsCompilation": "yes"},
)
CAST = (
    Package("kettle", "1.0.0"),
    Package("kettle", "1.1.0"),
    Package("kettle", "1.10.0"),
    Package("alpha", imports=("beta (>= 1.0)",)),
    Package("beta", imports=("gamma",)),
    Package("gamma"),
    CODE,
    BROKEN,
)
"""Several versions of one, a chain alpha → beta → gamma, one with C code, one that does not compile."""


def make_repository(folder: Path, packages: Sequence[Package] = CAST) -> Path:
    """The newest of each in src/contrib, the others in Archive; the same packages give the same bytes."""
    newest: dict[str, Package] = {}
    for package in sorted(packages, key=_age):
        newest[package.name] = package
    contrib = folder / "src" / "contrib"
    contrib.mkdir(parents=True, exist_ok=True)
    for package in packages:
        current = newest[package.name] is package
        target = contrib if current else contrib / "Archive" / package.name
        target.mkdir(parents=True, exist_ok=True)
        (target / package.file).write_bytes(archive_of(package))
    index = "\n".join(_entry(package) for _, package in sorted(newest.items())).encode()
    (contrib / "PACKAGES").write_bytes(index)
    (contrib / "PACKAGES.gz").write_bytes(gzip.compress(index, mtime=0))
    return folder


def archive_of(package: Package, top: str = "") -> bytes:
    """`top`: another name for its folder."""
    return tarball({f"{top or package.name}/{path}": text for path, text in files_of(package).items()})


def files_of(package: Package) -> dict[str, str]:
    name = package.name
    return {
        "DESCRIPTION": dcf(package.description),
        "NAMESPACE": f"export({name}.hello)\n",
        "R/hello.R": f'{name}.hello <- function() "{name} {package.version}"\n',
        **package.files,
    }


def tarball(files: Mapping[str, str | bytes]) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, buffer, mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as tar:
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def dcf(fields: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def md5_of(package: Package) -> str:
    return hashlib.md5(archive_of(package)).hexdigest()


class Server(ThreadingHTTPServer):
    """`wrong`: a part of a path → what is done there instead of a good answer:

    "500", "404", "hang", "drip", "short" (less comes than was said), "long" (more), "damage",
    "login" (basic or bearer, with the password "secret"), or "to URL" (a redirect).
    """

    daemon_threads = True
    # A thread that waits for a client that is gone must not hold the test.
    block_on_close = False

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.wrong: dict[str, str] = {}
        self.asked: list[str] = []
        """Paths, in order."""
        self.headers: list[dict[str, str]] = []
        """Of each request, names in small letters."""
        self.over = threading.Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are what these tests are about."""


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    with Server(folder) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        wrong = next((how for part, how in self.server.wrong.items() if part in self.path), "")
        # As a proxy it is asked with the whole address.
        path = urlsplit(self.path).path
        file = self.server.folder / path.strip("/")
        if wrong.startswith("to "):
            self._answer(302, b"", {"Location": wrong.removeprefix("to ")})
        elif wrong.isdigit():
            self._answer(int(wrong), b"trouble")
        elif wrong == "login" and not self._known():
            self._answer(401, b"who are you?")
        elif wrong == "hang":
            self.server.over.wait()
        elif not file.is_file():
            self._answer(404, b"not here")
        else:
            self._send(file, wrong)

    def log_message(self, *words: object) -> None:
        pass

    def _known(self) -> bool:
        kind, _, word = self.headers.get("Authorization", "").partition(" ")
        return word == "secret" if kind == "Bearer" else base64.b64decode(word).endswith(b":secret")

    def _send(self, file: Path, wrong: str) -> None:
        data = file.read_bytes()
        tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if self.headers.get("If-None-Match") == tag:
            self._answer(304, b"", {"ETag": tag})
        elif wrong == "short":
            self._answer(200, data[: len(data) // 2], {"Content-Length": str(len(data))})
        elif wrong == "long":
            self._answer(200, data, {"Content-Length": str(len(data) // 2)})
        elif wrong == "damage":
            self._answer(200, data[:-8] + bytes(8))
        elif wrong == "drip":
            self._drip(data)
        else:
            self._answer(200, data, {"ETag": tag})

    def _answer(self, status: int, data: bytes, headers: Mapping[str, str] | None = None) -> None:
        told = {"Content-Length": str(len(data)), **(headers or {})}
        self.send_response(status)
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = told["Content-Length"] != str(len(data))

    def _drip(self, data: bytes) -> None:
        """One byte at a time, each soon enough."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        for byte in data:
            if self.server.over.wait(0.05):
                return
            self.wfile.write(bytes([byte]))


def _entry(package: Package) -> str:
    wanted = ("Package", "Version", "Depends", "Imports", "LinkingTo", "License", "NeedsCompilation")
    fields = {name: value for name, value in package.description.items() if name in wanted}
    return dcf({**fields, "MD5sum": md5_of(package)})


def _age(package: Package) -> list[int]:
    return [int(part) for part in package.version.replace("-", ".").split(".")]
