"""Make the page's bundle: one script, one style sheet, and a chunk for each lazy import.

    python tools/bundle.py    write `chat/static/bundle` anew; `make bundle` does it

esbuild, pinned in `tests/node`, makes the same bytes of the same sources on every machine. So the
bundle is committed, and `tests/page/test_bundle.py` compares it with what is made anew.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from chat.bundle import BUNDLE, MANIFEST, STATIC, Manifest, digest_of_sources, styles  # noqa: E402
from harness.programs import NODE_PROJECT, node  # noqa: E402

ESBUILD = NODE_PROJECT / "node_modules" / ".bin" / "esbuild"
SCRIPT = "bundle/main.js"
SECONDS = 120
# What the page needs anyway: light-dark() came to browsers in these versions.
BROWSERS = "chrome123,firefox120,safari17.5"
OPTIONS = ("--bundle", "--minify", "--charset=utf8", "--log-level=warning", f"--target={BROWSERS}")


def esbuild(*arguments: str, given: str | None = None) -> None:
    """Run esbuild among the static files; `given` is its standard input."""
    if not ESBUILD.exists():
        raise SystemExit("esbuild is missing: `make programs` installs it.")
    # Where npm runs no install scripts, esbuild is a script that asks for node by its name.
    path = os.pathsep.join([str(Path(node()).parent), os.environ.get("PATH", os.defpath)])
    subprocess.run(
        [str(ESBUILD), *OPTIONS, *arguments],
        cwd=STATIC,
        env=os.environ | {"PATH": path},
        input=given,
        text=True,
        check=True,
        timeout=SECONDS,
    )


def make(folder: Path) -> None:
    """Make the bundle in an empty folder."""
    with tempfile.TemporaryDirectory() as beside:
        report = Path(beside) / "report.json"
        esbuild(
            *("main=js/main.js", "--splitting", "--format=esm", f"--outdir={folder}"),
            *("--chunk-names=[name]-[hash]", "--legal-comments=eof", f"--metafile={report}"),
        )
        outputs: dict[str, Any] = json.loads(report.read_text("utf-8"))["outputs"]
    fold(folder, outputs)
    sheets = "".join(f'@import "./{style}";\n' for style in styles())
    # Pictures stay where they are: the same path leads there from both folders.
    esbuild("--loader=css", "--external:*.svg", f"--outfile={folder / 'main.css'}", given=sheets)
    imports = chunks(outputs)
    manifest: Manifest = {
        "sources": digest_of_sources(),
        "script": SCRIPT,
        "imports": imports,
        "style": "bundle/main.css",
        "lazy": sorted(
            {place(output) for output in outputs} - {SCRIPT, *imports},
        ),
    }
    (folder / MANIFEST.name).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def fold(folder: Path, outputs: dict[str, Any]) -> None:
    """Put the chunk with an entry's modules in the place of the entry.

    Where later parts need these modules too, esbuild makes a chunk of them, and of the entry a file
    that only hands them on: a request more, and a wait more for what it leads to.
    """
    entries = [output for output, made in outputs.items() if "entryPoint" in made]
    for entry in entries:
        if outputs[entry]["inputs"]:
            continue
        module = outputs[entry]["entryPoint"]
        chunk = next(output for output, made in outputs.items() if module in made["inputs"])
        file = folder / Path(entry).name
        handed_on = exports(file.read_text("utf-8"), Path(chunk).name)
        (folder / Path(chunk).name).replace(file)
        with file.open("a", encoding="utf-8") as whole:
            whole.write(handed_on)
        outputs[entry] = outputs.pop(chunk)
        for output, made in outputs.items():
            other = folder / Path(output).name
            text = other.read_text("utf-8").replace(f'"./{Path(chunk).name}"', f'"./{file.name}"')
            other.write_text(text, "utf-8")
            for needed in made["imports"]:
                needed["path"] = entry if needed["path"] == chunk else needed["path"]


def exports(entry: str, chunk: str) -> str:
    """Return the statement for what an entry hands on of a chunk, empty if that is nothing."""
    taken = re.search(rf'import{{([^}}]*)}}from"\./{re.escape(chunk)}"', entry)
    given = re.search(r"export{([^}]*)}", entry)
    if not taken or not given:
        return ""
    name = {local: exported for exported, local in names(taken[1])}
    named = ",".join(f"{name[local]} as {exported}" for local, exported in names(given[1]))
    return f'export{{{named}}}from"./{chunk}";\n'


def names(listed: str) -> list[tuple[str, str]]:
    """Return the pairs of `a as b`; a name alone stands for itself."""
    pairs = re.findall(r"([\w$]+)(?: as ([\w$]+))?", listed)
    return [(one, other or one) for one, other in pairs]


def chunks(outputs: dict[str, Any]) -> list[str]:
    """Return the chunks that the script imports at once, and those that these import in turn."""
    found: set[str] = set()
    waiting = [output for output in outputs if place(output) == SCRIPT]
    while waiting:
        for needed in outputs[waiting.pop()]["imports"]:
            if needed["kind"] == "import-statement" and needed["path"] not in found:
                found.add(needed["path"])
                waiting.append(needed["path"])
    return sorted(map(place, found))


def place(output: str) -> str:
    """Return where an output is below the static files."""
    return f"{BUNDLE.name}/{Path(output).name}"


def main() -> None:
    """Put a new bundle in the place of the old one."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / BUNDLE.name
        made.mkdir()
        make(made)
        shutil.rmtree(BUNDLE, ignore_errors=True)
        shutil.copytree(made, BUNDLE)
    for file in sorted(BUNDLE.iterdir()):
        print(f"{file.stat().st_size:>8,} bytes  {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
