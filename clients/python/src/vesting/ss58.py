"""SS58 addresses: whether a text is one."""

from __future__ import annotations

import hashlib

_DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}

#: The bytes of an account, and of the checksum after it.
_ACCOUNT, _CHECKSUM = 32, 2


def is_address(text: str) -> bool:
    """Whether a text is the SS58 address of an account, with the right checksum."""
    number = 0
    if not 40 <= len(text) <= 60:
        return False
    for digit in text:
        if digit not in _VALUES:
            return False
        number = number * 58 + _VALUES[digit]
    zeros = len(text) - len(text.lstrip(_DIGITS[0]))
    raw = b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
    # The format has one byte, or two where the first has its second bit set.
    prefix = 2 if raw and raw[0] & 0x40 else 1
    if len(raw) != prefix + _ACCOUNT + _CHECKSUM:
        return False
    return hashlib.blake2b(b"SS58PRE" + raw[:-_CHECKSUM]).digest()[:_CHECKSUM] == raw[-_CHECKSUM:]
