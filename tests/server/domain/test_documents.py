import pytest

from sandbox_server.domain.packages import read_code

REPORT = """---
title: "A::b"
output:
  flexdashboard::flex_dashboard:
    theme: cosmo
runtime: shiny
params:
  day: !r lubridate::today()
---

```{r setup, include=FALSE}
library(dplyr)
```

Text with library(no) and `r scales::comma(1)` inline, and `dplyr::filter` as code.

```{r old, eval=FALSE}
library(never)
```

```{r}
#| eval: false
library(never2)
```

```{python}
import pandas
```

```r
library(shown)
```

````markdown
```{r}
library(nested)
```
````

  ~~~{r, child="part.Rmd"}
  library(DT)
  ~~~
"""


def test_chunks_inline_code_and_the_header_are_read() -> None:
    uses = read_code({"report.Rmd": REPORT}).uses
    assert {name: use.line for name, use in uses.items()} == {
        "knitr": 1,
        "rmarkdown": 1,
        "flexdashboard": 4,
        "shiny": 6,
        "lubridate": 8,
        "dplyr": 12,
        "scales": 15,
        "reticulate": 26,
        "DT": 41,
    }


def test_children_and_included_files_are_part_of_a_document() -> None:
    files = {
        "report.Rmd": REPORT,
        "part.Rmd": "```{r}\nlibrary(zoo)\n```",
        "other.Rmd": "```{r}\nlibrary(xts)\n```",
        "page.qmd": "{{< include _more.qmd >}}",
        "_more.qmd": "```{r}\nlibrary(gt)\n```",
    }
    assert not read_code(files, "", "report.Rmd").uses["zoo"].tried
    assert read_code(files, "", "report.Rmd").uses["xts"].tried
    assert not read_code(files, "", "page.qmd").uses["gt"].tried


def test_sweave_is_read() -> None:
    text = "\\documentclass{a}\n<<eval=FALSE>>=\nlibrary(no)\n@\n<<>>=\nlibrary(zoo)\n@\n\\Sexpr{xts::xts(1)}"
    assert {name: use.line for name, use in read_code({"a.Rnw": text}).uses.items()} == {
        "knitr": 1,
        "zoo": 6,
        "xts": 8,
    }


@pytest.mark.parametrize(
    "text", ["```{r", "---\n", "---\nx: !r (\n", "```{r}\nlibrary(", "`r ", "", "<<>>=\n"]
)
def test_what_is_not_closed_is_read_to_its_end(text: str) -> None:
    read_code({"a.Rmd": text, "b.Rnw": text, "c.qmd": text})


def test_hostile_documents_take_no_longer_than_long_ones() -> None:
    for text in (
        "```" * 100_000,
        "`r " * 100_000,
        "```{r}\n" * 50_000,
        "---\n" + "a: " * 100_000,
        "{" * 300_000,
    ):
        read_code({"a.Rmd": text})
