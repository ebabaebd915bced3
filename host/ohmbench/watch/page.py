"""The page itself: it asks for nothing but its own stream of changes, and puts text in as text."""

from __future__ import annotations

from ohmbench.support.html import json_data, whole_page
from ohmbench.watch.state import State


def html(state: State, more: str = "") -> str:
    """The whole page.

    Args:
        state: what it shows before the first change comes.
        more: at its end; escaped unless it is Markup.
    """
    first = json_data(state)
    return whole_page(
        "watch/templates/watch.html", title="ohmbench watch", first=first, more=more, cells="", refresh_s=0
    )
