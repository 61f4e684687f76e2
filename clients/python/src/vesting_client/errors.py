"""What can go wrong. Each kind demands one reaction."""

from __future__ import annotations

from typing import ClassVar, Optional


class VestingError(Exception):
    """There is no answer that can be used."""

    kind: ClassVar[str] = "error"


class InputError(VestingError):
    """Weights, uids or hotkeys that are none, or do not belong together. Reaction: mend them."""

    kind = "input"


class Unreachable(VestingError):
    """Nothing answers at the address, or the connection broke. Reaction: look after the sidecar."""

    kind = "unreachable"


class DeadlineExceeded(VestingError):
    """The call was not done in time, from the name's lookup to the last byte. Reaction: ask again later."""

    kind = "deadline"


class Refused(VestingError):
    """The sidecar says no: a status other than 200. Reaction: as the text says."""

    kind = "refused"

    def __init__(self, status: int, problem: Optional[str], field: Optional[str], detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        """The HTTP status."""
        self.problem = problem
        """The kind of problem as docs/api.md lists them, such as `unknown-netuid`, where it is told."""
        self.field = field
        """The parameter or member of the body that is wrong, where it is told."""
        self.detail = detail


class BadAnswer(VestingError):
    """An answer that is none: malformed, too large, or of other weights. Reaction: see what is at the address."""

    kind = "bad-answer"


class PolicyDiffers(VestingError):
    """The sidecar's policy is not the one that the constructor was given. Reaction: mend either."""

    kind = "policy"
