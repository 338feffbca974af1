from pathlib import Path

import pytest

from sandbox_server.domain.config import AppConfig, parse, reference, stored
from sandbox_server.errors import BadConfig

ROOT = Path(__file__).parents[3]


def test_it_works() -> None:
    config = parse('name = "sales"\nmemory = "1.5GiB"\ncpus = 2\n[smoke]\ntimeout = 5\nwait_for = "#map"\n')
    assert (config.name, config.memory, config.cpus) == ("sales", 1536 * 1024 * 1024, 2.0)
    assert (config.smoke.timeout, config.smoke.wait_for) == (5.0, "#map")


def test_everything_is_optional() -> None:
    assert parse("") == AppConfig()
    assert parse("").smoke.timeout is None


@pytest.mark.parametrize(
    ("text", "size"), [("512m", 512), ("512 MiB", 512), ("1GB", 1024), ("1g", 1024), ("2T", 2 << 20)]
)
def test_memory_is_read_as_people_write_it(text: str, size: int) -> None:
    assert parse(f'memory = "{text}"').memory == size * 1024 * 1024


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('memry = "1g"', "unknown key `memry`; did you mean `memory`?"),
        ("[smoke]\ntimout = 5", "unknown key `smoke.timout`; did you mean `timeout`?"),
        ("memory = 1024", "`memory`: write it as text with a unit"),
        ('memory = "1k"', "`memory`: R needs"),
        ('memory = "-1g"', "`memory`: write it"),
        ('name = "Sales"', "`name`: An app cannot be called 'Sales'"),
        ('timezone = "Mars/Base"', "`timezone`: no such time zone"),
        ('timezone = "../etc/passwd"', "`timezone`: no such time zone"),
        ("cpus = 0", "`cpus`:"),
        ('cpus = "2"', "`cpus`:"),
        ("cpus = nan", "`cpus`:"),
        ('include = ["../x"]', "`include`: '../x' must lie below"),
        ('path = "/srv"', "`path`: '/srv' must lie below"),
        ("smoke = 1", "`smoke`:"),
        ('r = "latest"', "`r`:"),
        ('kind = "shinyapp"', "`kind`:"),
        ('entry = "../app.R"', "`entry`: '../app.R' must lie below"),
        ('dependencies = "loose"', "`dependencies`:"),
        ('system_packages = ["libgdal-dev; reboot"]', "`system_packages`:"),
        ('system_packages = ["-o"]', "`system_packages`:"),
        ('addons = ["fortran"]', "`addons`:"),
        ("a = 1\nb = ?", "line 2"),
        ("a = " + "[" * 5000, "is not TOML"),
    ],
)
def test_impossible_wishes_name_the_key_or_the_line(text: str, expected: str) -> None:
    with pytest.raises(BadConfig) as caught:
        parse(text)
    assert expected in caught.value.message


def test_the_page_about_it_is_up_to_date() -> None:
    assert (ROOT / "docs" / "sandbox-toml.md").read_text() == reference()


def test_every_key_is_described() -> None:
    assert all(field.description for field in AppConfig.model_fields.values())


def test_what_was_stored_reads_as_it_was() -> None:
    written = parse('memory = "1.5GiB"\ntimezone = "Asia/Tokyo"\n[smoke]\ntimeout = 5\n')
    assert stored(written.model_dump(mode="json")) == written
    assert stored(parse("").model_dump(mode="json")) == parse("")
