"""Review links: only the very text that was given out opens anything."""

import pytest
from tests.server.cast import ANNA, APP
from tests.server.platform import Platform
from tests.server.reviewing import RITA, asked, opened, token

from sandbox_server.domain.review_link import id_in
from sandbox_server.errors import LinkOver, NotFound
from sandbox_server.operations.invite import revoke
from sandbox_server.operations.remove import remove_app, remove_branch
from sandbox_server.store import Sealer
from sandbox_server.store.tables_review import Review as Row

pytestmark = pytest.mark.anyio

DAY = 24 * 3600


@pytest.fixture
async def link(platform: Platform) -> str:
    """Of a review with a high number, so that flips of it find others' rows too."""
    await platform.deploy()
    for _ in range(12):
        last = await asked(platform)
    return token(last)


async def refused(platform: Platform, given: str) -> str:
    with pytest.raises(NotFound) as caught:
        await opened(platform, given)
    return f"{caught.value.message} {caught.value.hint}"


async def test_it_works(platform: Platform, link: str) -> None:
    guest = await opened(platform, link)
    assert (guest.app, guest.branch, guest.name, guest.email) == (APP, "main", "Rita", RITA)
    assert (guest.review_id, guest.by, guest.title) == (12, "anna", APP)


async def test_every_flip_of_one_bit_is_refused_with_one_answer(platform: Platform, link: str) -> None:
    answers = set()
    for place, byte in enumerate(link.encode()):
        for bit in range(8):
            flipped = bytearray(link.encode())
            flipped[place] = byte ^ (1 << bit)
            answers.add(await refused(platform, flipped.decode("latin-1")))
            answers.add(await refused(platform, flipped.decode("utf-8", errors="replace")))
    assert len(answers) == 1


async def test_no_other_spelling_is_taken(platform: Platform, link: str) -> None:
    answers = {await refused(platform, spelling) for spelling in spellings(link)}
    assert answers == {await refused(platform, "nothing")}


async def test_the_link_of_another_review_is_not_this_one(platform: Platform, link: str) -> None:
    other = token(await asked(platform))
    swapped = link.partition(".")[0] + "." + other.partition(".")[2]
    await refused(platform, swapped)


async def test_two_links_of_one_person_are_not_alike(platform: Platform, link: str) -> None:
    first, second = token(await asked(platform)), token(await asked(platform))
    assert first.partition(".")[2] != second.partition(".")[2]


@pytest.mark.parametrize(
    "values", [{"email": "eve@example.org"}, {"branch_id": 2}, {"nonce": "0" * 32}, {"expires_at": None}]
)
async def test_what_a_link_is_for_cannot_be_changed_beneath_it(
    platform: Platform, link: str, values: dict[str, object]
) -> None:
    await platform.deploy("feature-x")
    async with platform.parts.store.write() as tx:
        row = await tx.get_one(Row, id_in(link))
        for name, value in values.items():
            setattr(row, name, value if value is not None else row.expires_at.replace(year=2030))
        tx.add(row)
    await refused(platform, link)


async def test_another_server_does_not_know_it(platform: Platform, link: str) -> None:
    platform.parts.sealer = Sealer(platform.parts.settings.home / "another-key")
    await refused(platform, link)


async def test_it_ends_in_time(platform: Platform) -> None:
    await platform.deploy()
    review = await asked(platform, expires="2d")
    platform.clock.advance(2 * DAY - 1)
    await opened(platform, review)
    platform.clock.advance(1)
    with pytest.raises(LinkOver, match=r"good until 4 March 2026, 12:00 UTC") as caught:
        await opened(platform, review)
    assert caught.value.hint == "Ask anna for a new one."


async def test_it_ends_when_it_is_revoked(platform: Platform, link: str) -> None:
    await revoke(platform.parts, ANNA, APP, 12)
    with pytest.raises(LinkOver, match="was withdrawn"):
        await opened(platform, link)


async def test_an_altered_link_learns_nothing_of_an_ended_one(platform: Platform, link: str) -> None:
    await revoke(platform.parts, ANNA, APP, 12)
    assert await refused(platform, f"12.{'0' * 32}") == await refused(platform, "99.0")


@pytest.mark.parametrize("whole", [True, False])
async def test_it_ends_with_its_branch_and_does_not_come_back_with_it(
    platform: Platform, link: str, whole: bool
) -> None:
    if whole:
        await remove_app(platform.parts, ANNA, APP)
    else:
        await remove_branch(platform.parts, ANNA, APP, "main")
    with pytest.raises(LinkOver, match="was removed"):
        await opened(platform, link)
    await platform.deploy()
    with pytest.raises(LinkOver, match="was withdrawn"):
        await opened(platform, link)


def spellings(link: str) -> list[str]:
    """What could be taken for the link, and is not it."""
    number, _, signature = link.partition(".")
    assert number == "12"
    found = [
        link.upper(),
        f"0{link}",
        f"+{link}",
        f" {link}",
        f"{link} ",
        f"{link}\n",
        f"{link}=",
        f"{link}.",
        f"{link}%00",
        f"{link}\0",
        f"{link}/",
        link[:-1],
        f"{link}0",
        link.replace(".", "..", 1),
        link.replace(".", ""),
        link.replace("12.", "١٢."),
        link.replace("12.", "１２."),
        link.replace("12.", "1_2."),
        link.replace("12.", "12.0."),
        link.replace("12.", "11."),
        link.replace("12.", "9999999999."),
        link.replace("12.", "2147483648."),
        link.replace("12.", "-12."),
        f"12.{wide(signature)}",
        f"12.{'0' * 32}",
        "12.",
        ".",
        "",
        "\udce9" + link,
    ]
    assert link not in found
    return found


def wide(text: str) -> str:
    """The same letters and digits as in East Asian texts; Python takes such digits for digits."""
    return "".join(chr(ord(one) + 0xFEE0) for one in text)
