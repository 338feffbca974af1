"""`python -m tests.bench`: measure, print one table, and write it to docs/benchmarks.md."""

import sys
from importlib import import_module
from pathlib import Path

from tests.bench.table import Row, machine, table

PARTS = ("deploy", "switch", "survival", "instances", "edge", "idle", "sleepers", "wake", "builds")
REPORT = Path(__file__).parents[2] / "docs" / "benchmarks.md"

TEXT = """\
# Benchmarks

Written by `make bench`. What is compared was measured in turn, in one run, on one machine:
{machine}.

{table}

* **Push**: from the start of the command `sandbox deploy`, or `docker build`, until `GET /` answers 200 with the new
  code's words. Same base image, same limits, changed code in every round; the classic builder. At the
  start of each round one container waits in the pool.
* **Promote**: from the API's answer that says it is done, until a new visitor has a page of the other deployment; 0 if
  somebody had it before. Instances of both run already. Visitors come at 200 a second, each on a new connection; 20
  sessions are open all the while and must count on afterwards. A cycle is a promote and a rollback.
* **Sessions**: each hears a tick every second, through promotes, rollbacks, pushes, `kill -9` of the server and reloads
  of the edge, one after the other; then each downloads and uploads twice from its old page.
* **Edge**: `wrk` with 64 connections, in turn through the edge with 10,000 routes and through nginx with nothing but
  `proxy_pass` and as many processes as the edge has threads, to the same upstream.
* **Crashes**: forty sandboxes of one app with one instance each; one after the other is killed. From the kill until a
  new visitor's page comes from another instance, while somebody is on the next one and must not notice.
* **Idle**: one app runs, nobody uses it, no browser has been started. The memory of all processes is added up.
* **Sleepers**: 50 apps with 20 branches each and 3 pushes to each branch, all asleep, nobody uses them. Pages come
  through the edge, one after the other.
* **Wake**: one request, held until the app answers it; and `docker start` of a container with the same app, until
  `GET /` answers 200.
* **Libraries**: the builder alone, without push and start. First: sixty of Debian's R packages, and the same typed as
  `apt-get update && apt-get install` into a container of the same base, which commits nothing. One more: a library of
  sixty-one beside the one of sixty, and `apt-get` with `docker commit` on it. Every package comes from the mirror.
"""


def main(wanted: list[str]) -> None:
    """All parts, or those named; only a whole run is written down."""
    began = machine()
    rows: list[Row] = []
    for part in wanted or PARTS:
        print(f"Measuring: {part} …", flush=True)
        rows += import_module(f"tests.bench.{part}").measure()
    print(table(rows))
    if not wanted:
        REPORT.write_text(TEXT.format(machine=began, table=table(rows)))
        print(f"Written to {REPORT}.")


if __name__ == "__main__":
    main(sys.argv[1:])
