"""What can go wrong in a way that the owner can do something about."""


class UsherError(Exception):
    """An expected failure. Its text is one line for a person: what is wrong, where, what to do."""


class Unreachable(UsherError):
    """A service did not answer, or not in time: worth trying again, after `retry_after` seconds if it said so."""

    def __init__(self, text: str, retry_after: float = 0.0) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class Postponed(Unreachable):
    """The service answered that this one has to wait; others need not."""


class Refused(UsherError):
    """A service answered, and its answer is no. `status` is its HTTP status, 0 where there is none."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class LedgerError(UsherError):
    """The ledger cannot be used: locked for too long, unwritable, or of another server."""
