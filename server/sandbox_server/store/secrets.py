"""Variables are encrypted at rest, with a key in a file that only the platform may read."""

import hashlib
import hmac
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from sandbox_server.errors import SandboxError
from sandbox_server.store.once import read_or_make


class Sealer:
    """Seals and opens values with the key file at `path`, made at its first use with mode 0400."""

    def __init__(self, path: Path) -> None:
        key = read_or_make(path, Fernet.generate_key)
        self._fernet = Fernet(key)
        self._key = key.strip()

    def derive(self, purpose: str) -> str:
        """A secret of 32 hexadecimal digits that only this server can make, and can always make again."""
        return hmac.new(self._key, purpose.encode(), hashlib.sha256).hexdigest()[:32]

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
