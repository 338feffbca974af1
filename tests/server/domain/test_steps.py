"""What to try, and what is new, from what people write."""

import pytest

from sandbox_server.domain import news, steps
from sandbox_server.domain.plain_words import LONGEST

UAT = """# What to try

Please take your time.

1. Open **the chart** of `2025`
   and wait for it
2. [x] Change [the year](https://example.org/years)
   - the title follows
   * so does the axis

<!-- for us: - not a step -->
```r
- runApp()
```
- [ ] Download it

---
"""

NEWS = """# sales 1.2.0

A quieter year.

## New
* The chart _knows_ 2025
* Faster,
  much faster

## Fixed
- Rounding

# sales 1.1.0
- Old
"""


def test_the_items_of_lists_are_the_steps() -> None:
    assert steps.parse(UAT) == [
        "Open the chart of 2025 and wait for it",
        "Change the year (https://example.org/years)",
        "the title follows",
        "so does the axis",
        "Download it",
    ]


def test_without_lists_each_line_is_one() -> None:
    assert steps.parse("# Try\nOpen it\r\nclick *Go*\n\n  see the table \n") == [
        "Open it",
        "click Go",
        "see the table",
    ]


@pytest.mark.parametrize(
    "text", ["", "   \n\n", "# Title", "---\n***\n", "<!-- nothing -->", "```\n- code\n"]
)
def test_of_nothing_there_are_none(text: str) -> None:
    assert steps.parse(text) == []


def test_markup_and_control_characters_are_words_only() -> None:
    (step,) = steps.parse("- <script>alert(1)</script> \x1b[31m red\u202e **")
    assert step == "<script>alert(1)</script> [31m red **"


def test_names_with_underscores_and_products_stay() -> None:
    assert steps.parse("- set my_var_name to 2 * 3 * 4") == ["set my_var_name to 2 * 3 * 4"]


def test_there_are_limits_and_none_is_there_twice() -> None:
    many = steps.parse("".join(f"- step {n % 300}\n" for n in range(9000)))
    assert (len(many), len(set(many))) == (200, 200)
    (long,) = steps.parse("- " + "x" * 100_000)
    assert (len(long), long[-1]) == (LONGEST, "…")


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "part", ["**", "*a", "[", "[a](", "# #", "#  ", "- ", "` ", "`", "__a ", "<!-- ", "~~a", " ", "_", "1. "]
)
def test_no_text_takes_long(part: str) -> None:
    text = part * (64 * 1024 // len(part))
    steps.parse(text)
    steps.parse("\n".join("- " + text[at : at + 2000] for at in range(0, len(text), 2000)))
    news.newest(text)
    steps.parse(text.replace(" ", "\n"))


def test_the_newest_part_is_what_is_new() -> None:
    assert news.newest(NEWS) == [
        "A quieter year.",
        "New",
        "The chart knows 2025",
        "Faster, much faster",
        "Fixed",
        "Rounding",
    ]


@pytest.mark.parametrize("title", ["# News", "# Changelog", "Release notes\n=====", "# What's new in sales"])
def test_a_title_above_the_parts_is_none_of_them(title: str) -> None:
    assert news.newest(f"{title}\n\n## 1.2\n- a\n### more\n- b\n## 1.1\n- c\n") == ["a", "more", "b"]


def test_underlined_headings_are_headings() -> None:
    assert news.newest("1.2\n---\n\n* a\n\n1.1\n---\n\n* b\n") == ["a"]


def test_without_headings_all_of_it_is_new() -> None:
    assert news.newest("- a\n- b\n") == ["a", "b"]
    assert news.newest("") == []


def test_a_note_is_told_in_its_own_parts() -> None:
    assert news.lines_of("Two things:\n- a chart\n- a table\n\nThat is all.") == [
        "Two things:",
        "a chart",
        "a table",
        "That is all.",
    ]
    assert news.lines_of("One line") == ["One line"]
