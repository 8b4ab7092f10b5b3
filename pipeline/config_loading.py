"""From a YAML file and `key=value` settings to a RunConfig, with errors that say which key is wrong and what is meant.

Settings win over the file. `profile` and `recipe` name a file of this package, or the path of a YAML file of the
user's; single values of both can be overridden with dotted keys, e.g. `profile.sft.epochs=3`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import ValidationError

from pipeline.config import RunConfig
from pipeline.errors import InputError

DEFAULTS = {"profile": "tiny", "recipe": "querysmith"}


def available(kind: Literal["profiles", "recipes"]) -> list[str]:
    """Names of the profiles or recipes that come with the package."""
    return sorted(
        p.name.removesuffix(".yaml") for p in (files("pipeline") / kind).iterdir() if p.name.endswith(".yaml")
    )


def load_config(path: Path | None, settings: Iterable[str]) -> RunConfig:
    """The configuration of a YAML file (or of the defaults) with `key=value` settings on top.

    Raises:
        InputError: a missing or malformed file, an unknown profile, recipe or key, or a value out of range.
    """
    raw: dict[str, Any] = dict(DEFAULTS)
    if path is not None:
        _merge(raw, _read_yaml(path))
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key:
            raise InputError(f"--set {setting!r} is not of the form key=value, e.g. --set profile=smoke")
        overlay: Any = value
        for part in reversed(key.split(".")):
            overlay = {part: overlay}
        _merge(raw, overlay)
    for kind in ("profile", "recipe"):
        raw[kind] = _resolve(kind, raw[kind])
    try:
        return RunConfig.model_validate(raw)
    except ValidationError as error:
        raise InputError("; ".join(_explain(e) for e in error.errors())) from None


def _merge(base: dict[str, Any], overlay: Mapping[str, Any]) -> None:
    """Lay `overlay` over `base` in place. A name given where a mapping is (`profile=smoke`) becomes its `name`."""
    for key, value in overlay.items():
        old = base.get(key)
        if key in DEFAULTS and isinstance(old, str) and isinstance(value, Mapping):
            old = base[key] = {"name": old}
        if isinstance(old, dict) and isinstance(value, Mapping):
            _merge(old, value)
        elif isinstance(old, dict) and key in DEFAULTS:
            old["name"] = value
        else:
            base[key] = dict(value) if isinstance(value, Mapping) else value


def _resolve(kind: str, chosen: Any) -> dict[str, Any]:
    """The content of the named profile or recipe, with the overrides that stand beside the name."""
    if not isinstance(chosen, str | dict):
        raise InputError(f"{kind}: must be a name or a mapping with 'name' and overrides (got {chosen!r})")
    overrides = {"name": chosen} if isinstance(chosen, str) else dict(chosen)
    name = str(overrides.pop("name", DEFAULTS[kind]))
    if name.endswith((".yaml", ".yml")):
        content = _read_yaml(Path(name))
    else:
        names = available("profiles" if kind == "profile" else "recipes")
        if name not in names:
            raise InputError(f"unknown {kind} {name!r}{_nearest(name, names)}; there are: {', '.join(names)}")
        content = _read_yaml(Path(str(files("pipeline") / f"{kind}s" / f"{name}.yaml")))
    _merge(content, overrides)
    return content


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); give an existing YAML file") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    if not isinstance(content, dict):
        raise InputError(f"{path}: must hold a mapping of keys to values, not {type(content).__name__}")
    return content


def _explain(error: Mapping[str, Any]) -> str:
    """One pydantic error as one clause: which key, which value, what is allowed."""
    location = [str(part) for part in error["loc"]]
    key = ".".join(location)
    if error["type"] == "extra_forbidden":
        valid = _fields_at(location[:-1])
        nearest = _nearest(location[-1], valid, ".".join(location[:-1]))
        return f"unknown key {key!r}{nearest}; valid keys: {', '.join(valid)}"
    message = error["msg"].removeprefix("Value error, ")
    shown = "" if isinstance(error["input"], Mapping) else f" (got {error['input']!r})"
    return f"{key}: {message}{shown}"


def _fields_at(location: list[str]) -> list[str]:
    """Names of the fields of the settings group at `location`."""
    group: Any = RunConfig
    for part in location:
        annotation = group.model_fields[part].annotation
        if get_origin(annotation) is Union or type(annotation).__name__ == "UnionType":
            annotation = next(a for a in get_args(annotation) if a is not type(None))
        group = annotation
    return list(group.model_fields)


def _nearest(word: str, valid: list[str], prefix: str = "") -> str:
    match = difflib.get_close_matches(word, valid, n=1, cutoff=0.5)
    return f", did you mean {f'{prefix}.{match[0]}'.lstrip('.')!r}?" if match else ""
