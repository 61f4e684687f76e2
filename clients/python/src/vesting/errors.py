"""The errors of this package. Each class names one reaction."""

from __future__ import annotations

from typing import ClassVar, Optional


class VestingError(Exception):
    """There is no usable answer."""

    kind: ClassVar[str] = "error"


class InputError(VestingError):
    """Weights, uids or hotkeys are invalid or do not match. Reaction: correct them."""

    kind = "input"


class SettingError(VestingError, ValueError):
    """A setting of the constructor is invalid. Reaction: correct it."""

    kind = "setting"


class Unreachable(VestingError):
    """Nothing answers at the address, or the connection broke. Reaction: check the sidecar."""

    kind = "unreachable"


class DeadlineExceeded(VestingError):
    """The call, from the name lookup to the last byte, took too long. Reaction: try again later."""

    kind = "deadline"


class Refused(VestingError):
    """The sidecar refused: its status is not 200. Reaction: do what the text says."""

    kind = "refused"

    def __init__(self, status: int, problem: Optional[str], field: Optional[str], detail: str) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        """The HTTP status."""
        self.problem = problem
        """The kind of problem, such as `unknown-netuid`, if the answer names one. docs/api.md lists them."""
        self.field = field
        """The wrong parameter or body member, if the answer names it."""
        self.detail = detail


class BadAnswer(VestingError):
    """The answer is malformed, too large, or about other weights. Reaction: check what answers there."""

    kind = "bad-answer"


class PolicyDiffers(VestingError):
    """The sidecar's policy is not the one given to the constructor. Reaction: change one of them."""

    kind = "policy"


class SidecarFailed(VestingError):
    """The sidecar that this program started does not run. Reaction: do what the text says."""

    kind = "sidecar"
