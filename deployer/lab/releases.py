"""Releases of the shop as tarballs, good ones and deliberately bad ones"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
from pathlib import Path
from typing import Literal

from deployer.errors import UsageError
from deployer.lab import shop

Flaw = Literal["crash", "unhealthy", "wrong-version", "slow-start", "errors", "slow", "leak", "blocked"]
FLAWS: dict[Flaw, dict[str, object]] = {
    "crash": {"crash": True},
    "unhealthy": {"unhealthy": True},
    "wrong-version": {"says": "0.0.0-other"},
    "slow-start": {"slow_start": 3.0},
    "errors": {"error_rate": 0.05},
    "slow": {"latency": 0.3},
    "leak": {"leak_kb": 64},
    "blocked": {"blocked_threads": 20},
}
VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}")


def release(folder: Path, version: str, flaw: Flaw | None = None) -> Path:
    """`<folder>/shop-<version>.tar.gz` with its `.sha256` beside it; same bytes for same words."""
    if not VERSION.fullmatch(version):
        raise UsageError(f"not a version: {version!r}", remedy="letters, digits and . _ + - , at most 64")
    if flaw is not None and flaw not in FLAWS:
        raise UsageError(f"no flaw {flaw!r}", remedy=f"one of {', '.join(FLAWS)}")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"shop-{version}.tar.gz"
    packed = _pack(_files(version, FLAWS[flaw] if flaw else {}))
    path.write_bytes(packed)
    digest = hashlib.sha256(packed).hexdigest()
    Path(f"{path}.sha256").write_text(f"{digest}  {path.name}\n")
    return path


def unpack(artifact: Path, root: Path, version: str) -> None:
    """The first release of a host, as a deployment would have left it."""
    home = root / "releases" / version
    with tarfile.open(artifact) as tar:  # made by us; extractall's filter is not in Debian 12's Python 3.11.2
        for entry in tar:
            content = tar.extractfile(entry)
            (home / entry.name).parent.mkdir(parents=True, exist_ok=True)
            (home / entry.name).write_bytes(content.read() if content else b"")
    bridge = root / "shared" / "assets"
    bridge.mkdir(parents=True, exist_ok=True)
    for asset in (home / "assets").iterdir():
        (bridge / asset.name).write_bytes(asset.read_bytes())
    (home / ".sha256").write_text(hashlib.sha256(artifact.read_bytes()).hexdigest() + "\n")
    current = root / "current"
    current.unlink(missing_ok=True)
    current.symlink_to(f"releases/{version}")


def _files(version: str, flaws: dict[str, object]) -> dict[str, bytes]:
    source = Path(shop.__file__).parent
    files = {
        f"shop/{path.name}": path.read_bytes() for path in sorted(source.glob("*.py")) if path.name != "shopctl.py"
    }
    files["release.json"] = json.dumps({"version": version, "flaws": flaws}).encode() + b"\n"
    files[f"assets/app.{version}.js"] = f'import("/assets/lazy.{version}.js");\n'.encode()
    files[f"assets/lazy.{version}.js"] = f'console.log("lazy {version}");\n'.encode()
    files[f"assets/style.{version}.css"] = f"/* {version} */ h1 {{ color: teal }}\n".encode()
    return files


def _pack(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as squeezed, tarfile.open(fileobj=squeezed, mode="w") as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()
