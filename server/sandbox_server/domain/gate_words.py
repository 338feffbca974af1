"""Gates as people read and write them. Pure."""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from sandbox_server.domain.durations import in_words
from sandbox_server.domain.gates import GatesConfig

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def written(gates: GatesConfig) -> dict[str, Any]:
    """As in the table `[gates]` of sandbox.toml, without what is so anyway; reads back as the same."""
    table = gates.model_dump(mode="json", exclude_defaults=True)
    if gates.max_age is not None:
        table["max_age"] = _span(gates.max_age)
    return table


def words(gates: GatesConfig) -> list[str]:
    """What is demanded, a sentence each; empty: nothing."""
    return [*_of_reviews(gates), *_of_the_rest(gates)]


def changes(before: GatesConfig, after: GatesConfig) -> list[str]:
    """Such as "- reviews = 1" and "+ reviews = 2"; empty: they are alike."""
    old, new = _flat(written(before)), _flat(written(after))
    found: list[str] = []
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            found += [f"- {key} = {old[key]}"] if key in old else []
            found += [f"+ {key} = {new[key]}"] if key in new else []
    return found


def unsure(gates: GatesConfig, authors: Sequence[str], mails: Mapping[str, str]) -> list[str]:
    """What nobody can see of reviews because these authors' addresses are not known; empty: nothing.

    `mails`: the addresses of users, by name, as far as they are known.
    """
    unknown = [one for one in dict.fromkeys(authors) if not mails.get(one)]
    if not gates.reviews or gates.author_may_review or not unknown:
        return []
    have = "has no mail address" if len(unknown) == 1 else "have no mail addresses"
    name = shlex.quote(unknown[0]) if len(unknown) == 1 else "NAME"
    return [
        "Whether a reviewer is the author is known only for logged-in reviewers: "
        f"{listed(unknown)} {have} here (`sandboxd user email {name} ADDRESS`)."
    ]


def listed(texts: Sequence[str], most: int = 5) -> str:
    """ "a, b and c"; of many the first ones only."""
    shown = list(texts[:most])
    if len(texts) > most:
        shown.append(f"{len(texts) - most} more")
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _of_reviews(gates: GatesConfig) -> list[str]:
    if not gates.reviews:
        return []
    has = "has" if gates.reviews == 1 else "have"
    whose = f" of {listed(gates.reviewers)}" if gates.reviewers else ""
    nobody = "none of these has" if gates.reviewers else "nobody has"
    said = [f"{people(gates.reviews)}{whose} {has} accepted it, and {nobody} rejected it."]
    if gates.identified:
        said.append("Reviewers have proved who they are, by a code that came by mail or by logging in.")
    if not gates.author_may_review:
        said.append("The review of whoever pushed it does not count.")
    if gates.max_age is not None:
        said.append(f"Reviews are not older than {in_words(gates.max_age)}.")
    return said


def _of_the_rest(gates: GatesConfig) -> list[str]:
    said = [f"The {check} check has passed." for check in dict.fromkeys(gates.checks)]
    said += [f"Nothing is released during {window.strip()}." for window in gates.freeze]
    if gates.max_commits is not None:
        many = "1 commit" if gates.max_commits == 1 else f"{gates.max_commits} commits"
        said.append(f"It brings {many} at most.")
    return said


def _span(seconds: float) -> str:
    """In the largest unit that it fills, else with a fraction."""
    for whole in (True, False):
        for unit, size in _UNITS:
            count = round(seconds / size, 0 if whole else 3)
            if 0 < count < 1e6 and abs(count * size - seconds) < 1e-6:
                return f"{count:.3f}".rstrip("0").rstrip(".") + unit
    return f"{seconds:.0f}s"


def _flat(table: dict[str, Any]) -> dict[str, str]:
    """As lines of TOML have it."""
    flat: dict[str, str] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat |= {f"{key}.{name}": _toml(inner) for name, inner in value.items()}
        else:
            flat[key] = _toml(value)
    return flat


def _toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_toml(one) for one in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
