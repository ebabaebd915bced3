"""HTML and SVG in which every value is escaped by itself: pages from templates, drawings from elements.

Templates stand in a folder templates beside the modules that fill them, styles and scripts in a folder assets. All are
named by their path in the package.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from ohmbench.support.writer import json_text

_PACKAGE = Path(__file__).resolve().parents[1]


def render(template: str, **values: Any) -> Markup:
    """A template of the package with its values; one that is missing is an error of the program."""
    return Markup(_environment().get_template(template).render(values))


def whole_page(template: str, **values: Any) -> str:
    """A template that is a page: text for a file or a browser, and no part of another page."""
    return str(render(template, **values)).lstrip()


def element(tag: str, *inside: str, **attributes: object) -> Markup:
    """An element with texts or elements inside; _ in the name of an attribute is -."""
    known = "".join(f' {name.replace("_", "-")}="{escape(value)}"' for name, value in attributes.items())
    return Markup(f"<{tag}{known}>{''.join(map(escape, inside))}</{tag}>")


def json_data(value: Any) -> Markup:
    """A value as JSON inside of a script element, which no text in it can end."""
    return script_data(json_text(value, None, separators=(",", ":")))


def script_data(json: str) -> Markup:
    """JSON that was written before, for a script element."""
    return Markup(json.replace("<", "\\u003c"))


def asset(name: str) -> Markup:
    """The text of a style or a script of the package."""
    return Markup((_PACKAGE / name).read_text(encoding="utf-8").rstrip("\n"))


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_PACKAGE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = asset
    return environment
