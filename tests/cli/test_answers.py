"""The command line's answers have the fields of the server's wire models."""

from typing import get_type_hints, is_typeddict

import pytest

from sandbox_cli import answers, answers_review, answers_sessions
from sandbox_server import wire, wire_packages, wire_people, wire_review, wire_sessions

KINDS = {
    name: kind
    for module in (answers, answers_review, answers_sessions)
    for name, kind in vars(module).items()
    if is_typeddict(kind)
}


@pytest.mark.parametrize("name", KINDS)
def test_the_fields_are_the_same(name: str) -> None:
    homes = (wire, wire_packages, wire_people, wire_review, wire_sessions)
    model = next(getattr(home, name) for home in homes if hasattr(home, name))

    assert get_type_hints(KINDS[name]).keys() == model.model_fields.keys()
