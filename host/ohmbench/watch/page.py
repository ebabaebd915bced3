"""The page itself: it asks for nothing but its own stream of changes, and puts text in as text."""

from __future__ import annotations

from ohmbench.report.page import SAVE, STYLE
from ohmbench.support.resources import asset
from ohmbench.support.writer import json_text
from ohmbench.watch.state import State

_STYLE, _BODY, _SCRIPT = (asset(__file__, name) for name in ("watch.css", "watch.html", "watch.js"))


def html(state: State, more: str = "") -> str:
    """The whole page.

    Args:
        state: what it shows before the first change comes.
        more: HTML at its end.
    """
    # no text may end the element that it stands in
    first = json_text(state, None, separators=(",", ":")).replace("<", "\\u003c")
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ohmbench watch</title>
<style>
{STYLE}
{_STYLE}
</style>
</head>
<body>
<main>
{_BODY}
</main>
<script id="first" type="application/json">{first}</script>
<script>
{_SCRIPT}
</script>
<script>
{SAVE}
</script>
{more}</body>
</html>
"""
