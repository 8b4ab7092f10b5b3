"""The Dockerfiles and what goes into the images."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILES = sorted((ROOT / "docker").glob("*.Dockerfile"))


def final_stage(path: Path) -> str:
    return re.split(r"^FROM .*$", path.read_text(), flags=re.MULTILINE)[-1]


def test_there_is_one_for_every_image() -> None:
    assert [path.stem for path in DOCKERFILES] == ["airflow", "mlflow", "pipeline", "socket-proxy"]


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.stem)
def test_base_user_init_and_labels(path: Path) -> None:
    text, final = path.read_text(), final_stage(path)
    froms = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert set(froms) <= {"scratch", "${BASE_IMAGE}"}
    assert froms[-1] == "${BASE_IMAGE}"
    assert re.findall(r"^USER (\S+)", final, re.MULTILINE) == ["10001:10001"]
    assert re.search(r'^ENTRYPOINT \["tini", "--"', final, re.MULTILINE)
    assert "HEALTHCHECK" in final
    assert "org.opencontainers.image.revision" in final
    assert "# syntax=" not in text  # it would be fetched from a registry


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.stem)
def test_no_build_tools_and_no_settings_of_pip_stay(path: Path) -> None:
    final = final_stage(path)
    assert not re.search(r"\b(gcc|g\+\+|make|build-essential|git|curl|wget)\b", re.sub(r"#.*", "", final))
    assert "pip install" not in final
    for line in path.read_text().splitlines():
        assert not re.search(r"^(ARG|ENV) .*(PIP_|PASSWORD|SECRET|TOKEN)", line), line


def test_the_mlflow_folder_is_no_package() -> None:
    assert not (ROOT / "mlflow" / "__init__.py").exists()


def test_versions_of_the_images_agree_with_the_projects() -> None:
    """A package must not be pinned in both files: they are laid together."""

    def names(path: Path) -> set[str]:
        lines = [line for line in path.read_text().splitlines() if "==" in line]
        return {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}

    assert names(ROOT / "constraints.txt") & names(ROOT / "docker" / "constraints.txt") == set()


def test_only_what_images_need_reaches_the_builder() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = set()
    for path in DOCKERFILES:
        for arguments in re.findall(r"^COPY (?!--from)(.+)$", path.read_text(), re.MULTILINE):
            copied |= {source.split("/")[0] for source in arguments.split()[:-1]}
    assert copied == kept
