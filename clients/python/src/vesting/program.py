"""The `vesting` program that this package starts: the one in its wheel, or another that is named."""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import Iterator, Optional

from .errors import SidecarFailed

_NAME = "vesting.exe" if sys.platform == "win32" else "vesting"


def find(named: Optional[str] = None) -> str:
    """The path of the program: `named`, `VESTING_BIN`, the one that pip installed, or the first on the PATH."""
    named = named or os.environ.get("VESTING_BIN") or None
    if named is not None:
        found = shutil.which(named)
        if found is None:
            raise SidecarFailed(f"`{named}` is not a program that can be run: name the `vesting` binary")
        return os.path.abspath(found)
    for path in _installed():
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    found = shutil.which(_NAME)
    if found is None:
        raise SidecarFailed("there is no `vesting` binary: install a wheel with `pip install bettensor-vesting`, or name one in VESTING_BIN")
    return os.path.abspath(found)


def _installed() -> Iterator[Path]:
    """Where pip puts programs: in this environment, or in the user's own folder."""
    for folder in (sysconfig.get_path("scripts"), sysconfig.get_path("scripts", f"{os.name}_user")):
        yield Path(folder) / _NAME
