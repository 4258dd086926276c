"""The starter's deployer.yml: every setting with its caption and its default, written from values.py itself"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from deployer.errors import UsageError
from deployer.settings.captions import captions
from deployer.settings.complaints import class_in
from deployer.settings.values import Settings

_HEAD = """\
---
# What deployer needs to know about {service}, beside the Ansible inventory. Lines that begin with '#' right before a
# name show the default of a setting: take the '#' away (of its section too) to change it.
# Durations are written 500ms, 30s, 5m or 1h; numbers of hosts 3 or 25%. `deployer doctor` checks all of it.
# yamllint disable rule:comments
"""


def commented(service: str) -> str:
    """The whole file as text. Raises UsageError where `service` is no name for one."""
    given: dict[str, object] = {
        "service": service,
        "hosts": "web",
        "sites": {"dc1": {"group": "dc1"}, "dc2": {"group": "dc2"}},
        "release.artifact": f"/srv/artifacts/{service}-{{version}}.tar.gz",
        "release.root": f"/srv/{service}",
        "app.unit": service,
        "health_file.path": f"/srv/{service}/shared/health_check.html",
    }
    _sound(service)
    return "\n".join([_HEAD.format(service=service).rstrip(), *_keys(Settings, given)]) + "\n"


def _sound(service: str) -> None:
    pattern = next(one.pattern for one in Settings.model_fields["service"].metadata if hasattr(one, "pattern"))
    if not re.fullmatch(pattern, service):
        raise UsageError(
            f"{service[:80]!r} is not a name for a service: letters, digits, '-' and '_', at most 63 in all",
            remedy="deployer init inventories/prod --service shop",
        )


def _keys(model: type[BaseModel], given: Mapping[str, object], above: str = "") -> Iterator[str]:
    """Lines for each field of one class; a key whose default stands is commented out."""
    indent = "  " * above.count(".")
    for name, field in model.model_fields.items():
        shown = field.alias or name
        key = f"{above}{shown}"
        inner = class_in(field.annotation)
        yield from [""] * (not above)
        yield f"{indent}# {captions(model)[name]}"
        if key in given:
            yield f"{indent}{shown}: {_written(given[key])}"
        elif inner is None or isinstance(_default(field), dict | list | tuple):
            yield f"#{indent}{shown}: {_written(_default(field))}"
        else:
            mark = "" if any(one.startswith(f"{key}.") for one in given) else "#"
            yield f"{mark}{indent}{shown}:"
            yield from _keys(inner, given, f"{key}.")


def _default(field: FieldInfo) -> object:
    """Of what is given by names: the names; of what must be given: an example."""
    if field.is_required() and field.examples:
        return field.examples[0]
    default = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(default, dict) and default:
        return list(default)
    return float(default) if field.annotation is float else default


def _written(value: object) -> str:
    """As an operator would write it: seconds as a duration, the rest as YAML on one line."""
    if isinstance(value, float):
        return f"{value / 60:g}m" if value >= 120 and not value % 60 else f"{value:g}s"  # noqa: PLR2004 - 2 minutes
    if isinstance(value, tuple):
        value = [int(one) if isinstance(one, float) and one == int(one) else one for one in value]
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")
