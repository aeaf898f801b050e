"""Free text from outside without the secrets in it: prompts, documents, descriptions, tags, names of sessions.

Decides only what certainly looks like a secret: a published form of key, a password inside a URL, a value that is named as one, a private
key. Nothing of a value stays; what stands around it does, line for line, so that a place still bears its text.
"""

from __future__ import annotations

import re

MASK = "***"
KNOWN_FORMS = re.compile(
    r"\b(?:sk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{16,}|AIza[0-9A-Za-z_-]{30,}|hf_[A-Za-z0-9]{20,}|gsk_[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}"
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|ntn_[A-Za-z0-9]{20,}|lin_api_[A-Za-z0-9]{20,}"
    r"|npm_[A-Za-z0-9]{20,}|dop_v1_[a-f0-9]{40,}|tvly-[A-Za-z0-9-]{16,}|fc-[a-f0-9]{20,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*"
    r"|[srp]k_(?:live|test)_[A-Za-z0-9]{10,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\d{8,10}:AA[A-Za-z0-9_-]{30,}|(?:AKIA|ASIA)[A-Z0-9]{16})"
)
"""Keys that are told by their published form."""
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)((?:(?!-----)[\s\S]){1,20000})")
_IN_URL = re.compile(r"(://[^\s/:@\"'<>]{0,200}:)([^\s@/\"'<>]{1,200})(@)")
_NAMED = re.compile(
    r"(?P<name>(?:passw(?:or)?d|passwort|pwd|passphrase|secret|token|bearer|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key|credentials?"
    r"|signature)"
    r"[\"'`]?(?P<sign> is[ \t]+|[ \t]*(?:=>|[:=])[ \t]*|[ \t]+)[\"'`]?)(?P<value>[^\s\"'`<>,;&)]{6,200})"
    r"|(?P<short>\b(?:sig|code|key|auth)=)(?P<long>[A-Za-z0-9%+_.-]{16,200})",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"\$\{?\w|\$\(|\{\{|%\w+%|\A(?:env|vault|keychain|op|arn):|\A\w+://|\A[/.~]")
_LONG = re.compile(r"(?<![A-Za-z0-9/+=_.-])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=_.-])")
_WORDS = re.compile(r"[a-z]{2,20}(?:[-_/.][a-z]{2,20})+(?:[-_/.][a-z0-9]{1,6}){0,2}")
"""How names are made: words in small letters, and at most a number at the end."""
_MAX_CHARS = 1 << 20


def without_secrets(text: str) -> str:
    """The text with every value that looks like a secret replaced by `***`; the same object where there is none."""
    if len(text) < 8 or len(text) > _MAX_CHARS:
        return text
    kept = _PRIVATE_KEY.sub(lambda found: found[1] + MASK + "\n" * found[2].count("\n"), text) if "-----BEGIN" in text else text
    kept = KNOWN_FORMS.sub(MASK, kept)
    if "://" in kept:
        kept = _IN_URL.sub(lambda found: found[0] if _REFERENCE.search(found[2]) else f"{found[1]}{MASK}{found[3]}", kept)
    kept = _NAMED.sub(_masked, kept)
    return _LONG.sub(lambda found: MASK if _is_of_all_sorts(found[0]) else found[0], kept)


def _masked(found: re.Match[str]) -> str:
    value = found["value"] or found["long"]
    # Without a sign of equality the next word may be any word of a sentence: `token tools/fetch2.py`.
    is_word = found["value"] is not None and not found["sign"].strip() and (len(value) < 8 or re.search(r"[/.(:]", value) is not None)
    if _names_a_secret(found, value):
        return found[0]
    return found[0] if is_word or not _is_like_a_secret(value) else f"{found['name'] or found['short']}{MASK}"


def _names_a_secret(found: re.Match[str], value: str) -> bool:
    """Whether it is the name of a secret in a vault: the end of its ARN, or words of a sentence (`the secret billing-key-07`)."""
    if found["value"] is None or not found["name"].lower().startswith("secret"):
        return False
    begins = re.split(r"[\s\"'`<>(]", found.string[max(0, found.start() - 200) : found.start()])[-1]
    is_arn = found["sign"] == ":" and re.fullmatch(r"arn:[\w-]+:secretsmanager:[\w*-]*:[\d*]*:", begins) is not None
    return is_arn or (not found["sign"].strip() and _WORDS.fullmatch(value.rstrip(".")) is not None)


def _is_like_a_secret(value: str) -> bool:
    """Letters and two digits, or one and both cases in a long word, and no reference to a secret that stands elsewhere."""
    digits, letters = sum(char.isdigit() for char in value), sum(char.isalpha() for char in value)
    is_random = len(value) >= 16 and value.isalnum() and value[1:] not in (value[1:].lower(), value[1:].upper())
    return letters > 0 and digits >= (1 if is_random else 2) and _REFERENCE.search(value) is None


def _is_of_all_sorts(value: str) -> bool:
    """Forty characters as AWS makes its secret keys: a hash has one case, a path has words."""
    sorts = (any(c.isupper() for c in value), any(c.islower() for c in value), sum(c.isdigit() for c in value) >= 3)
    return all(sorts) and value.count("/") <= 4 and len(set(value)) >= 18
