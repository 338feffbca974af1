"""Variables are encrypted at rest, with a key in a file that only the platform may read."""

import os
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from sandbox_server.errors import SandboxError


class Sealer:
    """Seals and opens values with the key file at `path`, made at its first use with mode 0400."""

    def __init__(self, path: Path) -> None:
        self._fernet = Fernet(_read_or_make(path))

    def seal(self, value: str) -> bytes:
        return self._fernet.encrypt(value.encode())

    def open(self, ciphertext: bytes) -> str:
        """Raises `SandboxError` if the key is not the one that sealed it."""
        try:
            return self._fernet.decrypt(ciphertext).decode()
        except InvalidToken:
            raise SandboxError(
                "A variable cannot be decrypted with this server's key file.",
                "Restore the file `key` in the server's home folder from the backup that belongs to the database.",
            ) from None


def _read_or_make(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(Fernet.generate_key())
        file.flush()
        os.fsync(file.fileno())
    return path.read_bytes()
