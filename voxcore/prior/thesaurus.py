"""Noun phrases that captions do not use, and the caption nouns that mean the same.

The thesaurus (``voxcore/weights/thesaurus.tsv``, built by ``scripts/build_thesaurus.py`` from WordNet) has phrases of
1 to 3 words, each with at least one word that no caption has, so familiar wording is never touched.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from typing import Final

from voxcore.prior.words import WEIGHTS
from voxcore.worlds.captions import article, plural
from voxcore.worlds.vocabulary import UNCOUNTED

PATH: Final = WEIGHTS / "thesaurus.tsv"
MOST_WORDS: Final = 3
"""Words of the longest phrase in the thesaurus."""
_WORD: Final = re.compile(r"[^\W\d_]+")
_JOINT: Final = re.compile(r"[\s-]+")
"""What may stand between the words of a phrase."""


def forms(phrase: str) -> tuple[str, ...]:
    """The phrase as one and as several: kirk, kirks; wharf, wharfs, wharves; place of prayer, places of prayer."""
    several = [plural(phrase)]
    if phrase.endswith("f"):
        several.append(phrase[:-1] + "ves")
    if phrase.endswith("fe"):
        several.append(phrase[:-2] + "ves")
    if phrase.endswith("o"):
        several.append(phrase + "es")
    return phrase, *several


@cache
def thesaurus() -> dict[str, str]:
    """The shipped entries, read once a process."""
    lines = PATH.read_text(encoding="utf-8").splitlines()
    entries = (line.partition("\t") for line in lines if not line.startswith("#"))
    return {phrase: noun for phrase, _, noun in entries}


@cache
def _readings() -> dict[str, str]:
    """What each form of each entry is read as; an entry of its own goes before the plural of another."""
    out: dict[str, str] = {}
    for phrase, noun in thesaurus().items():
        for form in forms(phrase)[1:]:
            out[form] = noun if noun in UNCOUNTED else plural(noun)
    return out | thesaurus()


def replace_phrases(prompt: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The prompt with every phrase of the thesaurus replaced, the longest first, and the phrases as typed with what
    they are read as; all else stays as it is.
    """
    words = list(_WORD.finditer(prompt))
    replaced: list[tuple[str, str]] = []
    out, end, first = "", 0, 0
    while first < len(words):
        count, noun = _longest(prompt, words[first : first + MOST_WORDS])
        if not count:
            first += 1
            continue
        start, stop = words[first].start(), words[first + count - 1].end()
        replaced.append((prompt[start:stop], noun))
        out = _with_article(out + prompt[end:start], noun)
        first += count
        before_head, _, head = noun.rpartition(" ")
        if first < len(words) and _follows(prompt, stop, words[first], head):
            # "Maple trees" are trees, not tree trees.
            noun, stop = before_head, stop if before_head else words[first].start()
        out, end = out + noun, stop
    return out + prompt[end:], tuple(replaced)


def _longest(prompt: str, words: list[re.Match[str]]) -> tuple[int, str]:
    """How many of the ``words``, from the first on, are the longest phrase of the thesaurus, and what they are read
    as; 0 where there is none.
    """
    for count in range(len(words), 0, -1):
        joints = (prompt[a.end() : b.start()] for a, b in pairwise(words[:count]))
        noun = _readings().get(" ".join(word.group().lower() for word in words[:count]))
        if noun is not None and all(_JOINT.fullmatch(joint) for joint in joints):
            return count, noun
    return 0, ""


def _follows(prompt: str, stop: int, word: re.Match[str], head: str) -> bool:
    """Whether ``word`` comes next after ``stop`` and is ``head``, as one or as several."""
    return bool(_JOINT.fullmatch(prompt[stop : word.start()])) and word.group().lower() in (head, plural(head))


def _with_article(before: str, noun: str) -> str:
    """The text before ``noun``; the "a" or "an" that it ends in, if any, as the noun wants it."""
    found = re.search(r"\b(an?)\s+$", before, re.IGNORECASE)
    if found is None:
        return before
    return before[: found.start()] + ("" if noun in UNCOUNTED else article(noun).removesuffix(noun))
