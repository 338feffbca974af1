"""Waiting for a page, in the same way for everything that is compared."""

import http.client
import time

PAUSE = 0.02
PATIENCE = 60.0


def first_page(address: str, port: int, host: str, words: str) -> float:
    """The moment (monotonic seconds) at which `GET /` answered 200 with these words in it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if _shows(address, port, host, words):
            return time.monotonic()
        time.sleep(PAUSE)
    raise TimeoutError(f"http://{host}/ at {address}:{port} never showed {words!r}.")


def _shows(address: str, port: int, host: str, words: str) -> bool:
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/", headers={"Host": host, "Accept": "text/html"})
        answer = connection.getresponse()
        return answer.status == 200 and words.encode() in answer.read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
