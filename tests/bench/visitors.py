"""New visitors at a steady rate, in a process of their own: `python -m tests.bench.visitors PORT HOST PATH RATE`.

Each has a connection of its own. One line a visitor: when the answer had come (monotonic seconds), how long it took
(seconds), the status (0: no answer), and the deployment that answered. Ends when its input ends.
"""

import asyncio
import sys
import time

PATIENCE = 10.0


async def main(port: int, host: str, path: str, rate: float) -> None:
    """Visitors come on time, whether or not those before them have been served."""
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAccept: text/html\r\nConnection: close\r\n\r\n".encode()
    loop = asyncio.get_running_loop()
    over = loop.run_in_executor(None, sys.stdin.read)
    visits: set[asyncio.Task[None]] = set()
    due = loop.time()
    while not over.done():
        visit = asyncio.create_task(_visit(port, request))
        visits.add(visit)
        visit.add_done_callback(visits.discard)
        due += 1 / rate
        await asyncio.sleep(due - loop.time())
    await asyncio.gather(*visits)


async def _visit(port: int, request: bytes) -> None:
    began = time.monotonic()
    try:
        status, deployment = await asyncio.wait_for(_ask(port, request), PATIENCE)
    except (OSError, TimeoutError, ValueError, IndexError):
        status, deployment = 0, "-"
    ended = time.monotonic()
    print(f"{ended:.6f} {ended - began:.6f} {status} {deployment}", flush=False)


async def _ask(port: int, request: bytes) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        lines = (await reader.read()).partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        return int(lines[0].split()[1]), fields.get("x-sandbox-deployment", "-")
    finally:
        writer.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], float(sys.argv[4])))
