"""What AWS's refusals mean: a call that failed, in plain words and with the permission that would mend it.

Invariants:
- a refusal is never read as an absence: `is_absent` is true only for the codes by which a service says that a thing is not there;
- a signature, a key or a token that is wrong is no denial: it says nothing about what the identity may do.
"""

from __future__ import annotations

from remit.model.evidence import Gap, GapKind
from remit.model.place import Place
from remit.model.shown import printable

_DENIED = frozenset(
    {
        "accessdenied",
        "accessdeniedexception",
        "authorizationerror",
        "authorizationerrorexception",
        "client.unauthorizedoperation",
        "forbidden",
        "forbiddenexception",
        "notauthorized",
        "unauthorizedoperation",
        "unauthorizedaccess",
        "403",
    }
)
_WRONG_KEY = (
    "ExpiredToken",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "InvalidToken",
    "MissingAuthenticationToken",
    "OptInRequired",
    "RequestExpired",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnrecognizedClient",
)
_THROTTLED = frozenset(
    {
        "bandwidthlimitexceeded",
        "limitexceededexception",
        "priorrequestnotcomplete",
        "provisionedthroughputexceededexception",
        "requestlimitexceeded",
        "requestthrottled",
        "requestthrottledexception",
        "slowdown",
        "throttledexception",
        "throttling",
        "throttlingexception",
        "toomanyrequestsexception",
    }
)
_ABSENT = ("NoSuch", "NotFound", "DoesNotExist", "NonExistent")
UNREACHABLE = "unreachable"
"""Code of a call that got no answer."""
NO_CREDENTIALS = "no credentials"
"""Code of a call that could not be signed."""
UNUSABLE = "unusable"
"""Code of a call whose answer, or whose arguments, nobody understands."""


class CallError(Exception):
    """One call of AWS that did not give what was asked for."""

    def __init__(self, permission: str, code: str, status: int, message: str) -> None:
        self.permission = permission
        """The permission that the call needs: `iam:ListRoles`."""
        self.code = code
        self.is_optional = False
        """Whether the server may not have this operation at all."""
        self.status = status
        """Of HTTP; 0 where there was no answer."""
        self.message = printable(" ".join(message.split()), 300)
        super().__init__(f"{permission}: {code}: {self.message}")

    @property
    def is_wrong_key(self) -> bool:
        """Whether the key, the token or the clock is wrong, which says nothing about permissions."""
        # A bare `403` has the code in its text; in every other answer the text may hold names that somebody chose.
        said = self.message if self.code == "403" else self.code
        return self.code == NO_CREDENTIALS or any(word in said for word in _WRONG_KEY)

    @property
    def is_denied(self) -> bool:
        """Whether the identity may not do it."""
        return self.code.lower() in _DENIED and not self.is_wrong_key

    @property
    def is_explicitly_denied(self) -> bool:
        """Whether the answer says that a statement denies it."""
        return self.is_denied and "explicit deny" in self.message

    @property
    def is_absent(self) -> bool:
        """Whether the service says that the thing is not there."""
        return any(word in self.code for word in _ABSENT) or self.code == "404"

    @property
    def is_throttled(self) -> bool:
        """Whether it was refused for coming too fast, and certainly not done."""
        return self.code.lower() in _THROTTLED or self.status == 429

    @property
    def is_unreachable(self) -> bool:
        """Whether there was no answer: what was asked for may have happened or not."""
        return self.code == UNREACHABLE

    @property
    def is_unbuilt(self) -> bool:
        """Whether the server does not have this operation (or fails at it whoever asks)."""
        return self.status >= 500 and not self.is_throttled

    def kind(self) -> GapKind:
        """What it is for the ledger."""
        if self.is_denied or self.is_wrong_key:
            return GapKind.NO_PERMISSION
        if self.is_absent:
            return GapKind.VANISHED
        if self.is_optional and (self.is_unbuilt or self.code == UNUSABLE):
            return GapKind.UNSUPPORTED
        # INVARIANT (not seen is not absent): a server that throttles, fails or goes away hides what it did not say.
        return GapKind.NO_ANSWER

    def words(self) -> str:
        """One clause for a person."""
        if self.code == NO_CREDENTIALS:
            return f"the credentials of this profile cannot be had ({self.message})"
        if self.is_wrong_key:
            return f"the key or token is not accepted (`{printable(self.code)}`): renew the credentials of this profile"
        if self.is_denied:
            how = "a statement denies it explicitly" if self.is_explicitly_denied else "it is not granted"
            return f"no permission `{self.permission}`: {how}"
        if self.is_throttled:
            return f"AWS throttles `{self.permission}` and several tries did not get through; run it again later"
        if self.is_unreachable:
            return f"no answer to `{self.permission}`: {self.message}"
        if self.is_unbuilt:
            return f"the server answers `{self.permission}` with an error of its own ({self.status}): it may not have this operation"
        return f"`{self.permission}` ended with `{printable(self.code)}`: {self.message}"


def gap(place: str, what: str, error: CallError, *, is_whole: bool = True) -> Gap:
    """What a failed call left unread."""
    return Gap(place=Place(place), kind=error.kind(), what=f"{what}: {error.words()}", is_file=is_whole)
