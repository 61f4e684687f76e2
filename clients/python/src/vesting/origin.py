"""What a sidecar is told of its surroundings: which chain it follows, and where its database is."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, cast

from .errors import SettingError

#: The networks that the sidecar knows by name, with the endpoint by which the SDK knows each.
_NETWORKS = {
    "finney": "wss://entrypoint-finney.opentensor.ai:443",
    "test": "wss://test.finney.opentensor.ai:443",
    "archive": "wss://archive.chain.opentensor.ai:443",
    "local": "ws://127.0.0.1:9944",
}

#: The members under which objects that manage a database keep its place, in the order in which they are tried.
_PLACES = ("database_url", "db_url", "url", "database_path", "db_path", "db_file", "path", "filename", "database")


@dataclass(frozen=True)
class Chain:
    """The chain that a subtensor is connected to."""

    network: str
    """A name that the sidecar knows, by which it has more endpoints and those with old state; or a URL."""

    @property
    def name(self) -> str:
        """A name for files: that of the network, or the host and port of a URL."""
        host = self.network.rpartition("://")[2].rpartition("@")[2].partition("/")[0]
        return re.sub(r"[^A-Za-z0-9.]+", "-", host).strip("-")


def chain(subtensor: object) -> Chain:
    """The chain of a subtensor: an object of the SDK (9, 10 or 11), the name of a network, or a URL."""
    if isinstance(subtensor, str):
        return _of(subtensor)
    # SDK 9 and 10 call it `chain_endpoint`, SDK 11 calls it `endpoint`. No other member is looked at, since
    # reading one may ask the chain.
    endpoint, network = _text(subtensor, "chain_endpoint", "endpoint", "url"), _text(subtensor, "network")
    # The name says more than the endpoint, unless it is another endpoint than the network's.
    if endpoint and endpoint.rstrip("/") != _NETWORKS.get(network.strip().lower(), "").rstrip("/"):
        return _of(endpoint)
    if network:
        return _of(network)
    raise SettingError(f"`subtensor` is a {type(subtensor).__name__}: give the SDK's object, the name of a network, or a URL")


def _text(subtensor: object, *names: str) -> str:
    """The first of these members that is a text with something in it."""
    for name in names:
        found = getattr(subtensor, name, None)
        if isinstance(found, str) and found:
            return found
    return ""


def _of(text: str) -> Chain:
    """The chain of that name or URL. An address without a scheme is that of a node on WebSocket."""
    text = text.strip()
    if text.lower() in _NETWORKS:
        return Chain(text.lower())
    if "://" in text:
        return Chain(text)
    address = re.fullmatch(r"[A-Za-z0-9.\-]+(:[0-9]+)?(/\S*)?|\[[0-9A-Fa-f:]+\](:[0-9]+)?", text)
    # One word alone is rather a network that nobody knows than a host.
    if address is None or not ("." in text or ":" in text or text == "localhost"):
        raise SettingError(f"`{text}` is neither a network ({', '.join(_NETWORKS)}) nor the URL of a node")
    # The port of TLS is named as such; anything else on this machine or a private network speaks plainly.
    return Chain(f"wss://{text}" if text.endswith(":443") else f"ws://{text}")


def data_folder() -> Path:
    """The platform's folder for this user's data, with a folder of ours in it."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    return base / "vesting"


def database_url(db_manager: object, chain: Chain, netuid: int) -> str:
    """The sidecar's database: an object with a path or URL, a path, a URL, or nothing for a file of our own."""
    if db_manager is None:
        return f"sqlite://{data_folder() / f'{chain.name}-{netuid}.db'}"
    named = _place(db_manager)
    if named is None:
        raise SettingError(f"`db_manager` is a {type(db_manager).__name__} without a path: give a path, a URL, or an object with one of {', '.join(_PLACES)}")
    # As SQLAlchemy writes it, the driver stands after a `+`.
    url = re.sub(r"^([a-z0-9]+)\+[a-z0-9_]+://", r"\1://", named)
    if "://" in url and not url.startswith("sqlite://"):
        return url
    path = url.partition("sqlite://")[2] if url.startswith("sqlite://") else url
    return f"sqlite://{Path(path).expanduser().absolute()}"


def _place(db_manager: object) -> Optional[str]:
    if isinstance(db_manager, (str, os.PathLike)):
        place = os.fspath(cast(Any, db_manager))
        return place.decode() if isinstance(place, bytes) else str(place) or None
    manager = cast(Any, db_manager)
    # SQLAlchemy hides the password in the text of a URL.
    shown = getattr(manager, "render_as_string", None)
    if callable(shown):
        return str(shown(hide_password=False))
    for name in _PLACES:
        place = getattr(manager, name, None)
        if place is not None and place is not db_manager and not callable(place) and not isinstance(place, (int, float)):
            found = _place(place)
            if found is not None:
                return found
    return None
