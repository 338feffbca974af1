"""Telling a person how far the making of a base is."""

from sandbox_server.builder.base_steps import Steps


def test_stages_are_named() -> None:
    said = _read(["I: running apt-get update...", "I: cleaning package lists and apt cache..."])
    assert said == ["reading Debian's package lists", "cleaning up"]


def test_packages_are_counted() -> None:
    lines = [
        "I: installing remaining packages inside the chroot...",
        "0 upgraded, 30 newly installed, 0 to remove",
    ]
    said = _read([*lines, *(f"Unpacking package-{number} (1.0) ..." for number in range(30))])
    assert said[1:] == ["unpacking 25 of 30 packages", "unpacking 30 of 30 packages"]


def test_each_stage_counts_anew() -> None:
    once = ["0 upgraded, 1 newly installed", "Get:1 http://mirror/ package"]
    assert _read([*once, "I: installing essential packages...", *once]) == [
        "downloading 1 of 1 packages",
        "installing the system",
        "downloading 1 of 1 packages",
    ]


def test_the_end_is_kept_for_an_error() -> None:
    steps = Steps(lambda _: None)
    for number in range(100):
        steps.read(f"line {number}")
    assert steps.tail.splitlines()[-1] == "line 99"
    assert len(steps.tail.splitlines()) == 20


def _read(lines: list[str]) -> list[str]:
    said: list[str] = []
    steps = Steps(said.append)
    for line in lines:
        steps.read(line)
    return said
