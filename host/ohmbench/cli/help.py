"""How help looks: examples at its end, commands in groups, and one line of usage in a message."""

from __future__ import annotations

import argparse

EXIT_CODES = "exit codes: 0 done, 2 usage, 3 to 18 by cause, 130 after Ctrl-C; docs/errors.md has all"


def epilog(*examples: str) -> str:
    """What stands at the end of the help of a command."""
    title = "example" if len(examples) == 1 else "examples"
    return "\n".join([f"{title}:", *(f"  {example}" for example in examples), "", EXIT_CODES])


class Formatter(argparse.HelpFormatter):
    """argparse's, with examples as they are and commands by what they are for."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if EXIT_CODES not in text:
            return super()._fill_text(text, width, indent)
        return "".join(indent + line for line in text.splitlines(keepends=True))

    def _format_action(self, action: argparse.Action) -> str:
        kinds = getattr(action, "kinds", None)
        if kinds is None:
            return super()._format_action(action)
        by_name = {part.dest: part for part in action._get_subactions()}  # type: ignore[attr-defined]
        texts = []
        for title, names in kinds.items():
            known = [by_name[name] for name in names if name in by_name]
            self._indent()
            texts.append(f"\n  {title}:\n" + "".join(self._format_action(part) for part in known))
            self._dedent()
        return "".join(texts)


def short_usage(parser: argparse.ArgumentParser) -> str:
    """The usage in a line: what must be given, and that there is more."""
    parts = [parser.prog, "[options]"]
    for action in parser._actions:
        metavar = action.metavar if isinstance(action.metavar, str) else action.dest
        if isinstance(action, argparse._SubParsersAction):
            parts.append(f"{metavar} ...")
        elif not action.option_strings:
            parts.append(f"[{metavar}]" if action.nargs == "?" else metavar)
        elif action.required:
            parts.append(f"{action.option_strings[0]} {action.metavar or action.dest.upper()}")
    return f"usage: {' '.join(parts)}"
