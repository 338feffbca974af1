"""Reads plain command lines in a millisecond. All others are left to typer, which says what is wrong."""

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

from sandbox_cli.options import COMMON, Argument, Option


class Parameter(NamedTuple):
    name: str
    kind: Any
    """The type without `| None`."""
    about: Option | Argument
    default: Any

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty

    @property
    def value(self) -> str:
        """How an option's value is called; empty: it takes none."""
        assert isinstance(self.about, Option)
        if self.kind is bool:
            return ""
        return self.about.metavar or {int: "N", float: "SECONDS", Path: "PATH"}.get(
            self.kind, self.name.upper()
        )

    @property
    def choices(self) -> tuple[str, ...]:
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()


class Odd(Exception):
    """Not plain: help is asked for, or something is wrong."""


def parse(command: Callable[..., None], words: list[str]) -> dict[str, Any] | None:
    """The command's arguments by name, `json` and `verbose` among them; None if typer shall look at it."""
    known = list(parameters(command))
    try:
        values, rest = _options(known, words)
        return values | _positional(known, rest)
    except Odd:
        return None


def parameters(command: Callable[..., None]) -> Iterator[Parameter]:
    for name, parameter in inspect.signature(command).parameters.items():
        yield _parameter(name, parameter.annotation, parameter.default)
    for name, annotation in COMMON.items():
        yield _parameter(name, annotation, False)


def _parameter(name: str, annotation: Any, default: Any) -> Parameter:
    kind, about = get_args(annotation)
    plain = [part for part in get_args(kind) if part is not type(None)]
    optional = type(None) in get_args(kind)
    return Parameter(name, plain[0] if optional else kind, about, default)


def _options(known: list[Parameter], words: list[str]) -> tuple[dict[str, Any], list[str]]:
    flags = {flag: p for p in known if isinstance(p.about, Option) for flag in p.about.flags}
    values: dict[str, Any] = {}
    rest: list[str] = []
    left = iter(words)
    for word in left:
        if word == "--":
            rest += left
        elif word == "-" or not word.startswith("-"):
            rest.append(word)
        else:
            flag, equals, given = word.partition("=")
            if flag not in flags or (equals and not flag.startswith("--")):
                raise Odd
            parameter = flags[flag]
            if parameter.kind is bool:
                if equals:
                    raise Odd
                values[parameter.name] = True
            elif get_origin(parameter.kind) is list:
                values.setdefault(parameter.name, []).append(
                    given if equals else _value(parameter, next(left, "-?"))
                )
            else:
                values[parameter.name] = _value(parameter, given if equals else next(left, "-?"))
    if any(p.required and p.name not in values for p in flags.values()):
        raise Odd
    return values, rest


def _positional(known: list[Parameter], rest: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for parameter in known:
        if isinstance(parameter.about, Option):
            continue
        many = get_origin(parameter.kind) is list
        taken, rest = (rest, []) if many else (rest[:1], rest[1:])
        if taken:
            values[parameter.name] = taken if many else _value(parameter, taken[0])
        elif parameter.required:
            raise Odd
    if rest:
        raise Odd
    return values


def _value(parameter: Parameter, text: str) -> Any:
    if text.startswith("-") and text != "-":
        raise Odd
    if parameter.kind in (int, float):
        return _number(parameter, text)
    if parameter.choices and text not in parameter.choices:
        raise Odd
    return Path(text) if parameter.kind is Path else text


def _number(parameter: Parameter, text: str) -> int | float:
    try:
        number: int | float = parameter.kind(text)
    except ValueError:
        raise Odd from None
    about = parameter.about
    assert isinstance(about, Option)
    if (about.min is not None and number < about.min) or (about.max is not None and number > about.max):
        raise Odd
    return number
