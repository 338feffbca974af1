"""How two outputs differ, in words."""

from sandbox_server.domain.document_diff import LIMIT, difference, text_of

NAMES = ("reviewed", "released")


def page(body: str) -> bytes:
    return f"<!DOCTYPE html><html><head><style>p {{}}</style></head><body>{body}</body></html>".encode()


def test_equal_outputs_do_not_differ() -> None:
    files = {"index.html": page("<p>one</p>"), "data.csv": b"1"}
    assert difference(files, dict(files), NAMES) == ""


def test_pages_are_compared_by_what_a_person_reads() -> None:
    before = page("<h1>Sales</h1><script>var x = 1</script><p>Database: <b>test</b></p><p>the end</p>")
    after = page("<h1>Sales</h1><script>var x = 2</script><p>Database: <b>prod</b></p><p>the end</p>")
    assert difference({"index.html": before}, {"index.html": after}, NAMES).splitlines() == [
        "--- index.html (reviewed)",
        "+++ index.html (released)",
        "@@ -1,3 +1,3 @@",
        " Sales",
        "-Database: test",
        "+Database: prod",
        " the end",
    ]


def test_a_change_that_nobody_reads_is_named() -> None:
    before, after = page("<script>1</script>"), page("<script>2</script>")
    assert difference({"a.html": before}, {"a.html": after}, NAMES) == "changed: a.html"


def test_other_files_are_named() -> None:
    before = {"old.csv": b"1", "data.csv": b"1", "same.png": b"1"}
    after = {"new.csv": b"1", "data.csv": b"2", "same.png": b"1"}
    assert difference(before, after, NAMES).splitlines() == [
        "changed: data.csv",
        "added: new.csv",
        "removed: old.csv",
    ]


def test_a_table_is_read_row_by_row() -> None:
    table = "<table><tr><th>a</th><th>b</th></tr>\n<tr><td>1</td><td>2</td></tr></table>"
    assert text_of(page(table)) == ["| a | b", "| 1 | 2"]


def test_another_picture_is_another_line() -> None:
    one, two = (page(f'<img alt="Sales" src="data:image/png;base64,{letter * 200}">') for letter in "ab")
    assert text_of(one)[0].startswith("[picture Sales data:")
    assert len(text_of(one)[0]) < 50
    assert text_of(one) != text_of(two)


def test_a_long_difference_is_cut() -> None:
    before = page("".join(f"<p>old line number {number}</p>" for number in range(2000)))
    after = page("".join(f"<p>new line number {number}</p>" for number in range(2000)))
    told = difference({"a.html": before}, {"a.html": after}, NAMES)
    assert len(told) < LIMIT + 20
    assert told.endswith("… and more")


def test_nothing_is_compared_beyond_the_limit() -> None:
    class Unread(dict[str, bytes]):
        def __getitem__(self, path: str) -> bytes:
            assert path < "b", path
            return super().__getitem__(path)

    pages = {f"{name}.html": page("".join(f"<p>{name} {row}</p>" for row in range(2000))) for name in "abc"}
    changed = {path: body.replace(b"<p>", b"<p>new ") for path, body in pages.items()}
    assert difference(Unread(pages), Unread(changed), NAMES).endswith("… and more")


def test_broken_and_foreign_text_is_read_as_far_as_it_goes() -> None:
    assert text_of(b"<p>gr\xfc\xdfe</p><script>never closed <p>hidden") == ["gr��e"]
    assert text_of("<p>Zürich &amp; Genève".encode()) == ["Zürich & Genève"]
