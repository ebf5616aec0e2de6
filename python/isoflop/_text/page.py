"""A page of facts: as text, and as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple


class Section(NamedTuple):
    """Rows of a name and what there is to say of it, under a title; without one they belong to the page."""

    title: str
    rows: Sequence[tuple[str, str]]
    between: str = "  "


class Page(NamedTuple):
    """A heading and sections; those without rows are not shown."""

    heading: str
    sections: Sequence[Section]

    def text(self) -> str:
        """Return the page as plain text."""
        return "\n".join(self._lines())

    def html(self) -> str:
        """Return the page as HTML."""
        parts = [f"<p><b>{escape(self.heading)}</b></p>"]
        for section in self.sections:
            if not section.rows:
                continue
            if section.title:
                parts.append(f"<p>{escape(section.title)}</p>")
            rows = (f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in section.rows)
            parts.append(f"<table>{''.join(rows)}</table>")
        return f"<div>{''.join(parts)}</div>"

    def _lines(self) -> Iterator[str]:
        yield self.heading
        for section in self.sections:
            if not section.rows:
                continue
            yield ""
            if section.title:
                yield section.title
            width = max(len(name) for name, _ in section.rows)
            if not section.title and section.between == " = ":
                width = 0  # formulas stand as they are written
            for name, text in section.rows:
                yield f"  {name:<{width}}{section.between}{text}".rstrip()
