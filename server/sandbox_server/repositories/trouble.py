"""Why something could not be had."""


class NotHad(Exception):
    """`reason`: a few words for people. `missing`: whoever was asked answered, and does not have it."""

    def __init__(self, reason: str, *, missing: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.missing = reason, missing
