"""The command line's answers have the fields of the server's wire models."""

from typing import get_type_hints

import pytest

from sandbox_cli import answers
from sandbox_server import wire, wire_packages

NAMES = [name for name, kind in vars(answers).items() if isinstance(kind, type) and name != "TypedDict"]


@pytest.mark.parametrize("name", NAMES)
def test_the_fields_are_the_same(name: str) -> None:
    model = getattr(wire, name, None) or getattr(wire_packages, name)

    assert get_type_hints(getattr(answers, name)).keys() == model.model_fields.keys()
