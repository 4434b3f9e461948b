"""Refreshes the front-end parts we serve ourselves (htmx, Pretendard, Noto Sans SC and JP, axe) from npm and records what was taken.

Developers only: `python tools/vendor.py` needs npm, and fonttools with brotli to cut the Chinese and Japanese fonts to their
everyday characters; the product, its build and its tests never do. Every part has one pinned version, its licence beside it,
and a SHA-256 a file in `static/vendor/VENDOR.json`; `--check` compares the files with that record and needs no network.
Raises SystemExit with the differing paths.
"""

import argparse
import contextlib
import hashlib
import itertools
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENDOR = ROOT / "src/tamna/web/static/vendor"
TESTS = ROOT / "tests/e2e/assets"
RECORD = VENDOR / "VENDOR.json"


@dataclass(frozen=True)
class Part:
    """One npm package: which of its files go where. A key ending in / takes the whole folder."""

    package: str
    version: str
    licence: str
    use: str
    folder: Path
    files: dict[str, str]
    characters: frozenset[str] = frozenset()  # fonts are cut to these


def everyday(encoding: str, rows: Iterable[int]) -> frozenset[str]:
    """The characters of some rows of a national standard: its signs and kana, and its first level, the everyday Han."""
    found = set()
    for lead, trail in itertools.product(rows, range(0xA1, 0xFF)):
        with contextlib.suppress(UnicodeDecodeError):
            found.add(bytes((lead, trail)).decode(encoding))
    return frozenset(found)


CHINESE = everyday("gb2312", [*range(0xA1, 0xA4), *range(0xB0, 0xD8)])  # GB 2312 level 1: 3,755 characters
JAPANESE = everyday("euc_jp", [*range(0xA1, 0xA6), *range(0xB0, 0xD0)])  # JIS X 0208 level 1: 2,965 and kana
NOTO = VENDOR / "noto-sans"

PARTS = (
    Part(
        "htmx.org",
        "4.0.1",
        "0BSD",
        "requests and swaps without a framework",
        VENDOR / "htmx",
        {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "LICENSE"},
    ),
    Part(
        "pretendard",
        "1.3.9",
        "OFL-1.1",
        "type on screen (variable, cut into subsets) and in PDF (Regular, Bold)",
        VENDOR / "pretendard",
        {
            "dist/web/variable/pretendardvariable-dynamic-subset.css": "pretendard.css",
            "dist/web/variable/woff2-dynamic-subset/": "woff2/",
            "dist/public/static/Pretendard-Regular.otf": "Pretendard-Regular.otf",
            "dist/public/static/Pretendard-Bold.otf": "Pretendard-Bold.otf",
            "dist/LICENSE.txt": "LICENSE.txt",
        },
    ),
    Part(
        "@fontsource/noto-sans-sc",
        "5.3.0",
        "OFL-1.1",
        "Chinese on patients' screens, cut to GB 2312 level 1",
        NOTO,
        {
            "files/noto-sans-sc-chinese-simplified-400-normal.woff2": "sc-400.woff2",
            "files/noto-sans-sc-chinese-simplified-700-normal.woff2": "sc-700.woff2",
            "LICENSE": "LICENSE-SC",
        },
        CHINESE,
    ),
    Part(
        "@fontsource/noto-sans-jp",
        "5.3.0",
        "OFL-1.1",
        "Japanese on patients' screens, cut to JIS X 0208 level 1",
        NOTO,
        {
            "files/noto-sans-jp-japanese-400-normal.woff2": "jp-400.woff2",
            "files/noto-sans-jp-japanese-700-normal.woff2": "jp-700.woff2",
            "LICENSE": "LICENSE-JP",
        },
        JAPANESE,
    ),
    Part(
        "axe-core",
        "4.14.1",
        "MPL-2.0",
        "accessibility checks; tests only, never shipped",
        TESTS / "axe",
        {
            "axe.min.js": "axe.min.js",
            "LICENSE": "LICENSE",
            "LICENSE-3RD-PARTY.txt": "LICENSE-3RD-PARTY.txt",
        },
    ),
)
REWRITES = {"pretendard.css": (b"./woff2-dynamic-subset/", b"woff2/")}


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unpack(part: Part, into: Path) -> Path:
    """The package as npm serves it; npm checks the registry's own integrity hash."""
    subprocess.run(
        ["npm", "pack", "--silent", f"{part.package}@{part.version}", "--pack-destination", str(into)],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    with tarfile.open(next(into.glob("*.tgz"))) as archive:
        archive.extractall(into, filter="data")
    return into / "package"


def take(part: Part, source: Path) -> list[Path]:
    """Copies the named files, links between them rewritten; returns what was written, in order."""
    written = []
    for wanted, kept in part.files.items():
        found = sorted((source / wanted).iterdir()) if wanted.endswith("/") else [source / wanted]
        for path in found:
            target = part.folder / (kept + path.name if kept.endswith("/") else kept)
            target.parent.mkdir(parents=True, exist_ok=True)
            content = path.read_bytes()
            if target.name in REWRITES:
                content = content.replace(*REWRITES[target.name])
            if part.characters and target.suffix == ".woff2":
                content = cut(path, part.characters)
            target.write_bytes(content)
            written.append(target)
    return written


def cut(path: Path, characters: frozenset[str]) -> bytes:
    """A font with these characters only, without ASCII: Latin letters and figures stay Pretendard's."""
    from fontTools import subset

    options = subset.Options(flavor="woff2", layout_features=[], hinting=False)
    font = subset.load_font(path, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[ord(letter) for letter in characters if not letter.isascii()])
    cutter.subset(font)
    out = BytesIO()
    subset.save_font(font, out, options)
    return out.getvalue()


def refresh() -> None:
    record = []
    for part in PARTS:
        with tempfile.TemporaryDirectory() as folder:
            written = take(part, unpack(part, Path(folder)))
        record.append(
            {
                "name": part.package,
                "version": part.version,
                "licence": part.licence,
                "use": part.use,
                "source": f"npm:{part.package}@{part.version}",
                "files": {path.relative_to(ROOT).as_posix(): sha256(path) for path in written},
            }
        )
    RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def differing() -> list[str]:
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    files = {name: digest for part in record for name, digest in part["files"].items()}
    return [name for name, digest in files.items() if not (ROOT / name).is_file() or sha256(ROOT / name) != digest]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with VENDOR.json, fetch nothing")
    if not parser.parse_args().check:
        refresh()
    if wrong := differing():
        sys.exit("not as recorded:\n" + "\n".join(wrong))
    print(f"{RECORD.relative_to(ROOT)}: all files as recorded")
