"""How this host's pip settings reach the image builds."""

from __future__ import annotations

import configparser
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
LISTING = """\
:env:.find-links='{wheels}'
:env:.index-url='https://first.example/simple'
global.cert='/etc/ssl/own.pem'
global.extra-index-url='file:///srv/pypi/simple https://second.example/simple'
global.find-links='/elsewhere'
global.index-url='https://overruled.example/simple'
install.default-timeout='180'
nonsense
"""


@pytest.fixture(scope="module")
def build_images() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_images", ROOT / "docker" / "build_images.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_settings_that_a_build_can_use(build_images: ModuleType) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(build_images.pip_config(build_images.settings(LISTING)))
    assert {key: value.split() for key, value in parser["global"].items()} == {
        "index-url": ["https://first.example/simple"],
        "extra-index-url": ["https://second.example/simple"],
        "timeout": ["180"],
    }


def test_local_wheels_become_the_build_context(build_images: ModuleType, tmp_path: Path) -> None:
    found = build_images.settings(LISTING.format(wheels=tmp_path))
    assert build_images.wheels(found) == ""
    (tmp_path / "torch-2.13.0+cpu-py3-none-any.whl").touch()
    assert build_images.wheels(found) == str(tmp_path)


def test_no_settings_no_fault(build_images: ModuleType) -> None:
    assert build_images.pip_config(build_images.settings("")) == "[global]\n"
    assert build_images.wheels({}) == ""
