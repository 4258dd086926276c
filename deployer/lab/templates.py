"""The product's own templates, rendered as Ansible would"""

from __future__ import annotations

from collections.abc import Mapping

from deployer import shipped


def render(name: str, values: Mapping[str, object]) -> str:
    """A file of templates/; a variable that has neither value nor default is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(str(shipped.templates())),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701  configuration, not HTML
    )
    return environment.get_template(name).render(**values)
