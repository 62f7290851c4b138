"""Passwords: hashed with argon2id, checked for length and against what everybody tries first.

The parameters are OWASP's (ASVS 5.0, appendix C): one pass over 46 MiB. At most two hashes are
computed at a time in a process, so that a burst of sign-ins can't exhaust the memory.
"""

from __future__ import annotations

import secrets
import threading
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backstay.errors import Invalid
from backstay.i18n import gettext as _

SHORTEST: Final = 12
LONGEST: Final = 200
_PRODUCT: Final = "backstay"
_HASHER: Final = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
_AT_ONCE: Final = threading.BoundedSemaphore(2)

# Of those that are long enough to pass the rule on length; shorter ones need no list.
_COMMON: Final = frozenset(  # a text is easier to read and to extend than a list
    """
    123456789012 1234567890123 12345678901234 123456789123 1234567891011 123123123123
    111111111111 000000000000 121212121212 123456123456 0123456789012 987654321098 112233445566
    passwordpassword password1234 password12345 password123456 password2024 password2025
    password2026 passwort1234 passw0rd1234 p@ssw0rd1234 p@ssword1234 mypassword123 newpassword1
    newpassword123 changeme1234 changeme12345 changemenow1 letmein12345 letmeinplease
    qwertyuiop12 qwertyuiop123 qwertyuiopasdf qwertyqwerty qwerty123456 qwerty1234567
    qwertzuiop12 asdfghjklqwe asdfasdfasdf zxcvbnm12345 1qaz2wsx3edc 1q2w3e4r5t6y 1q2w3e4r5t6y7u
    q1w2e3r4t5y6 qazwsxedcrfv abcdefghijkl abcdefghijklm abc123abc123 abcd12345678 abcabcabcabc
    iloveyou1234 iloveyouforever ilovemyfamily welcome12345 welcome123456 welcometowork
    administrator administrator1 administrator123 adminadmin12 adminadminadmin admin1234567
    superman1234 football1234 baseball1234 princess1234 sunshine1234 dragon123456 monkey123456
    michael12345 jennifer1234 trustno1trustno1 whatever1234 starwars1234 computer1234
    internet1234 samsung12345 liverpool123 chocolate123 masterkey123 secretsecret secret123456
    testtesttest test12345678 guestguest12 rootrootroot useruseruser demodemodemo
    """.split()  # noqa: SIM905
)


def hash_password(password: str) -> str:
    """The argon2id hash to be stored."""
    with _AT_ONCE:
        return _HASHER.hash(password)


@cache
def _nobody() -> str:
    """A hash that no password has, so that an unknown login takes as long as a known one."""
    return _HASHER.hash(secrets.token_hex(32))


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password is right; takes the same time when there is no such user (None)."""
    nobody = _nobody()
    with _AT_ONCE:
        try:
            return _HASHER.verify(stored or nobody, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Whether a hash was made with weaker parameters than today's."""
    try:
        return _HASHER.check_needs_rehash(stored)
    except InvalidHashError:
        return True


def check_password(password: str, *words: str, field: str = "password") -> None:
    """Refuse a password that is short, common or made of what an attacker knows.

    Arguments:
        words: the sign-in name, the person's name, the company: not enough for a password.

    Raises:
        Invalid: says which rule, at the field.
    """
    if len(password) < SHORTEST:
        raise Invalid(
            _(
                "Use at least %(count)s characters; three or four words in a row are easy to"
                " remember.",
                count=SHORTEST,
            ),
            field=field,
        )
    if len(password) > LONGEST:
        raise Invalid(_("Use at most %(count)s characters.", count=LONGEST), field=field)
    lowered = password.casefold()
    if lowered in _COMMON or len(set(lowered)) < 4:  # noqa: PLR2004 - "aaaabbbbcccc"
        raise Invalid(
            _("This password is on the list that attackers try first. Choose another one."),
            field=field,
        )
    rest = lowered
    for word in (_PRODUCT, *words):
        for piece in word.casefold().replace("@", " ").replace(".", " ").split():
            if len(piece) > 2:  # noqa: PLR2004 - shorter ones occur in any word
                rest = rest.replace(piece, "")
    if sum(character.isalnum() for character in rest) < SHORTEST // 2:
        raise Invalid(
            _(
                "This password is little more than your name, the company or the product."
                " Choose words that have nothing to do with them."
            ),
            field=field,
        )
