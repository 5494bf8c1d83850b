"""What changed between two texts of a policy: section by section, line by line, word by word.

Words are compared as people read them, without the marks of Markdown. Taking everything but the added words
gives the earlier text back, and everything but the removed words the later one: nothing is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from consentgw.policies.rendering import blocks

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    from consentgw.policies.rendering import Block

_WORDS = re.compile(r"\w+|\s+|[^\w\s]")
_ALIKE = 0.4
"""From this share of common words on, two lines are one line that was changed."""
_PATIENCE = 4_000_000
"""Pairs of words, or of lines, that are compared at the most; beyond it the one is removed, the other added."""


class Act(StrEnum):
    """What happened to some words."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Run:
    """Words to which one thing happened."""

    act: Act
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """A paragraph, an entry of a list, a row of a table or a heading."""

    kind: str
    """``title``, ``section``, ``heading``, ``paragraph``, ``entry`` or ``row``."""
    runs: tuple[Run, ...]

    @property
    def act(self) -> Act | None:
        """Return what happened to the whole line, None where words within it changed."""
        acts = {run.act for run in self.runs}
        return acts.pop() if len(acts) == 1 else None

    def text(self, without: Act) -> str:
        """Return the line as it was before (without what was added) or is now (without what was removed)."""
        return "".join(run.text for run in self.runs if run.act is not without)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what stands under it; the first has the title."""

    lines: tuple[Line, ...]

    @property
    def heading(self) -> Line:
        """Return the first line, under which the others stand."""
        return self.lines[0]

    @property
    def changed(self) -> bool:
        """Return whether anything in it changed."""
        return any(line.act is not Act.SAME for line in self.lines)


def compare(before: str, after: str) -> tuple[Section, ...]:
    """Return the later text with what was removed from the earlier one, and what was added, marked."""
    was, now = _sections(before), _sections(after)
    compared: list[Section] = []
    for old, new in _pairs(was, now, [_key(section) for section in was], [_key(section) for section in now]):
        compared += [Section(tuple(_lines(old or (), new or ())))]
    return tuple(compared)


def _sections(source: str) -> list[tuple[Block, ...]]:
    sections: list[list[Block]] = []
    for block in blocks(source):
        if not sections or block.kind == "section":
            sections.append([])
        sections[-1].append(block)
    return [tuple(section) for section in sections]


def _key(section: Sequence[Block]) -> str:
    """Return what a section is known by: its number, else its words; the title's is known by being first."""
    head = section[0]
    number = re.match(r"[0-9.]+", head.text)
    return "" if head.kind != "section" else number[0].rstrip(".") if number else head.text


def _pairs(
    was: Sequence[tuple[Block, ...]], now: Sequence[tuple[Block, ...]], old: Sequence[str], new: Sequence[str]
) -> Iterator[tuple[tuple[Block, ...] | None, tuple[Block, ...] | None]]:
    for act, i, j, m, n in _steps(old, new):
        if act == "equal":
            yield from zip(was[i:j], now[m:n], strict=True)
        else:
            yield from ((section, None) for section in was[i:j])
            yield from ((None, section) for section in now[m:n])


def _lines(was: Sequence[Block], now: Sequence[Block]) -> Iterator[Line]:
    for act, i, j, m, n in _steps(was, now):
        if act == "equal":
            yield from (Line(block.kind, (Run(Act.SAME, block.text),)) for block in was[i:j])
            continue
        for old, new in _matched(was[i:j], now[m:n]):
            if old and new:
                yield Line(new.kind, words(old.text, new.text))
            elif old:
                yield Line(old.kind, (Run(Act.REMOVED, old.text),))
            elif new:
                yield Line(new.kind, (Run(Act.ADDED, new.text),))


def _matched(was: Sequence[Block], now: Sequence[Block]) -> Iterator[tuple[Block | None, Block | None]]:
    """Pair lines that are alike, in order, so that as many words as possible stand beside themselves."""
    if len(was) * len(now) > _PATIENCE // 1000:
        yield from ((block, None) for block in was)
        yield from ((None, block) for block in now)
        return
    bags = [_bag(block) for block in was], [_bag(block) for block in now]
    likeness = [
        [_likeness(old, new) if was[i].kind == now[m].kind else 0.0 for m, new in enumerate(bags[1])]
        for i, old in enumerate(bags[0])
    ]
    best = [[0.0] * (len(now) + 1) for _ in range(len(was) + 1)]
    for i in reversed(range(len(was))):
        for m in reversed(range(len(now))):
            both = best[i + 1][m + 1] + likeness[i][m] if likeness[i][m] >= _ALIKE else 0.0
            best[i][m] = max(both, best[i + 1][m], best[i][m + 1])
    i = m = 0
    while i < len(was) and m < len(now):
        if likeness[i][m] >= _ALIKE and best[i][m] == best[i + 1][m + 1] + likeness[i][m]:
            yield was[i], now[m]
            i, m = i + 1, m + 1
        elif best[i][m] == best[i + 1][m]:
            yield was[i], None
            i += 1
        else:
            yield None, now[m]
            m += 1
    yield from ((block, None) for block in was[i:])
    yield from ((None, block) for block in now[m:])


def _bag(block: Block) -> Counter[str]:
    return Counter(word for word in _WORDS.findall(block.text.lower()) if word.isalnum())


def _likeness(old: Counter[str], new: Counter[str]) -> float:
    total = old.total() + new.total()
    return 2 * (old & new).total() / total if total else 1.0


def words(before: str, after: str) -> tuple[Run, ...]:
    """Return a line word by word: what is the same, what was removed and what was added."""
    was, now = _WORDS.findall(before), _WORDS.findall(after)
    runs: list[tuple[Act, str]] = []
    for act, i, j, m, n in _whole(_slid(_steps(was, now), was, now), was):
        if act == "equal":
            runs.append((Act.SAME, "".join(was[i:j])))
            continue
        runs += [(Act.REMOVED, "".join(was[i:j]))] if i < j else []
        runs += [(Act.ADDED, "".join(now[m:n]))] if m < n else []
    return tuple(Run(act, "".join(text for _, text in same)) for act, same in groupby(runs, lambda run: run[0]))


_Step = tuple[str, int, int, int, int]


def _slid(steps: Sequence[_Step], was: Sequence[str], now: Sequence[str]) -> list[_Step]:
    """Move a change past the marks it begins with where they follow it too: ``[Yes. ]No``, and not ``[. Yes]. No``."""
    slid = [*steps]
    for position in range(1, len(slid) - 1):
        act, i, j, m, n = slid[position]
        text, start, end = (now, m, n) if act == "insert" else (was, i, j)
        room = slid[position + 1][2] - slid[position + 1][1]
        by = 0
        while (
            act in {"insert", "delete"}
            and slid[position - 1][0] == slid[position + 1][0] == "equal"
            and by < room
            and start + by < end
            and text[start + by] == text[end + by]
            and not text[start + by].isalnum()
        ):
            by += 1
        if by:
            before, after = slid[position - 1], slid[position + 1]
            slid[position - 1] = (before[0], before[1], before[2] + by, before[3], before[4] + by)
            slid[position] = (act, i + by, j + by, m + by, n + by)
            slid[position + 1] = (after[0], after[1] + by, after[2], after[3] + by, after[4])
    return [step for step in slid if step[1] < step[2] or step[3] < step[4]]


def _whole(steps: Sequence[_Step], was: Sequence[str]) -> list[_Step]:
    """Join changes with nothing but a space or a mark between them: people read phrases, not crumbs."""
    joined: list[_Step] = []
    for position, step in enumerate(steps):
        act, start, end, _, later = step
        crumb = 0 < position < len(steps) - 1 and not any(word.isalnum() for word in was[start:end])
        if joined and joined[-1][0] != "equal" and (act != "equal" or crumb):
            joined[-1] = ("replace", joined[-1][1], end, joined[-1][3], later)
        else:
            joined.append(step)
    return joined


def _steps(was: Sequence[Hashable], now: Sequence[Hashable]) -> list[_Step]:
    if len(was) * len(now) > _PATIENCE:
        return [("replace", 0, len(was), 0, len(now))]
    return [*SequenceMatcher(None, was, now, autojunk=False).get_opcodes()]
