"""A post whose fate is decided beforehand."""

from dataclasses import dataclass, field

from sandbox_server.post import Letter, NotSent


@dataclass
class Pigeons:
    error: NotSent | None = None
    letters: list[Letter] = field(default_factory=list)
    tried: int = 0

    async def post(self, letter: Letter) -> None:
        self.tried += 1
        if self.error:
            raise self.error
        self.letters.append(letter)
