"""Builds the stack's images with the pip settings of this host: `python3 docker/build_images.py [SERVICE ...]`.

The index that pip uses here is given to the builds as a secret, so it is in no image; a local folder of wheels that
pip knows here becomes the build context `wheels`, unless QUERYSMITH_WHEELS names one. Standard library only: it runs
before anything is installed.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

# What says where packages come from. Files named by other settings (certificates) are not there during a build.
CARRIED = ("index-url", "extra-index-url", "trusted-host", "timeout", "default-timeout", "retries")


def settings(listing: str) -> dict[str, list[str]]:
    """The settings in the output of `pip config list`, by their name alone; the environment comes first and wins."""
    found: dict[str, list[str]] = {}
    for line in listing.splitlines():
        setting = re.fullmatch(r"[\w:-]+\.([a-z-]+)=(.+)", line)
        if setting:
            found.setdefault(setting[1], str(ast.literal_eval(setting[2])).split())
    return found


def pip_config(found: dict[str, list[str]]) -> str:
    """A configuration file for the builds. Folders of this host are left out: a build cannot see them."""
    lines = ["[global]"]
    for name in CARRIED:
        values = [value for value in found.get(name, []) if not value.startswith(("file:", "/"))]
        if values:
            lines += [f"{name.removeprefix('default-')} ="] + [f"  {value}" for value in values]
    return "\n".join(lines) + "\n"


def wheels(found: dict[str, list[str]]) -> str:
    """The first local folder of wheels that pip looks into, "" where there is none."""
    folders = (Path(value.removeprefix("file://")) for value in found.get("find-links", []))
    return next((str(folder) for folder in folders if any(folder.glob("*.whl"))), "")


def main() -> int:
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True)
    found = settings(listed.stdout if listed.returncode == 0 else "")
    environment = dict(os.environ)
    environment.setdefault("QUERYSMITH_PIP_CONFIG", pip_config(found))
    if folder := wheels(found):
        environment.setdefault("QUERYSMITH_WHEELS", folder)
    commit = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=40"], capture_output=True, text=True)
    environment.setdefault("GIT_COMMIT", commit.stdout.strip() or "unknown")
    return subprocess.run(["docker", "compose", "build", *sys.argv[1:]], env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
