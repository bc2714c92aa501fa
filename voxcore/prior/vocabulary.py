"""Which words and families the prior was shown, and what of them is in a prompt.

The words that training used are derived from the tables that write its captions (`voxcore.worlds`).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from functools import cache
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from voxcore.prior.words import word_table
from voxcore.worlds.captions import COUNTS, plural
from voxcore.worlds.companions import COMPANIONS
from voxcore.worlds.phrases import (
    AROUND,
    BESIDE,
    DETAILS,
    FLANK,
    FRAMES,
    GROUND_PHRASES,
    MADE_OF,
    MATERIAL_ADJECTIVES,
    OPENINGS,
    ROOF_WORDS,
    SETTING_PHRASES,
    SIZE_WORDS,
    TALL_WORDS,
    THREE,
    TREE_PHRASES,
)
from voxcore.worlds.vocabulary import FORESTS, NOUNS, STYLES, UNCOUNTED

SHOWN: Final = 3
"""Alternatives named for a word."""
FUNCTION_WORDS: Final = frozenset(
    """
    a an the and or of in on at by to from with without for as is are was be been being it its this that these
    those there here which who whose where when while has have having had do does made built one two three four
    five six seven eight nine ten eleven twelve some any many much few several each every all both no not very
    quite too so just only also more most less least my your our their his her me us you we they i up down over
    under above below between beside near around behind before after into onto out off through across along inside
    outside next together please can could will would should like let s
    """.split()  # noqa: SIM905 (a list of 120 strings reads worse)
)
"""Words that carry no subject; nobody needs to hear that captions lack them."""
LAND: Final = frozenset(
    {"canyon", "cliffs", "desert", "dunes", "forest", "glacier", "hills", "island", "lake", "mountain",
     "mountain_range", "plains", "river", "volcano"}
)  # fmt: skip
"""Families that are a landscape, not something that stands in one."""
_PLACES: Final = re.compile(r"\b(?:in|on|at|by|beside|near|next|with|among|along|across|over|surrounded|between)\b")
"""Where a prompt turns from its subject to what is around it."""
_PLACE_TABLES: Final = (SETTING_PHRASES, GROUND_PHRASES, TREE_PHRASES)
"""The captions' phrases that say where something is."""
_ONCE: Final = frozenset({"lake", "river", "crossing", "hill", "plateau"})
"""Settings that a world has once, where the object is."""


_GROUNDS: Final = {
    "alpine": "AlpineGrass", "snow": "Snow", "desert": "Sand", "dirt": "Dirt", "gravel": "Gravel", "rock": "Stone",
    "crag": "AlpineRock", "ice": "GlacierIce",
}  # fmt: skip
"""The block of each ground that captions name; grass where none is listed."""


@cache
def trained_words() -> frozenset[str]:
    """Every word that a training caption may use, plurals of nouns included; lower case."""
    nouns = [noun for words in NOUNS.values() for noun in words]
    nouns += [noun for c in COMPANIONS for noun in c.one]
    texts = [*nouns, *(plural(noun) for noun in nouns if noun not in UNCOUNTED), *TALL_WORDS, *OPENINGS, *FRAMES]
    texts += [re.sub(r"{\w+}", "", text) for text in (*BESIDE, *THREE, *AROUND, *FLANK)]
    texts += [text for words in COUNTS.values() for text in words]
    texts += [noun for c in COMPANIONS for noun in c.many]
    tables: tuple[Mapping[object, tuple[str, ...]], ...] = (
        STYLES, FORESTS, MATERIAL_ADJECTIVES, MADE_OF, ROOF_WORDS, SIZE_WORDS, GROUND_PHRASES, SETTING_PHRASES,
                TREE_PHRASES,
        DETAILS,
    )  # type: ignore[assignment]  # fmt: skip
    texts += [text for table in tables for words in table.values() for text in words]
    return frozenset(word for text in texts for word in re.findall(r"[a-z]+", text.lower()))


@cache
def _trained_vectors() -> tuple[tuple[str, ...], Tensor]:
    """Trained words that are in the table, and their unit vectors [N, D]; function words left out."""
    table = word_table()
    found = {word: table.lookup(word) for word in sorted(trained_words() - FUNCTION_WORDS)}
    known = {word: i for word, i in found.items() if i is not None}
    return tuple(known), F.normalize(table.vectors[list(known.values())].float(), dim=1)


def nearest_trained(word: str) -> list[tuple[str, float]]:
    """The trained words most like ``word``, with their cosines, best first; none where it is unknown."""
    i = word_table().lookup(word)
    if i is None:
        return []
    words, vectors = _trained_vectors()
    cosine = vectors @ F.normalize(word_table().vectors[i].float(), dim=0)
    best = torch.topk(cosine, SHOWN)
    return [(words[int(j)], round(float(c), 2)) for c, j in zip(best.values, best.indices, strict=True)]


def similarly_spelt(word: str) -> list[str]:
    """Known words that look like ``word``, best first: trained ones before all others."""
    readable = sorted(w for w in trained_words() if word_table().lookup(w) is not None)
    trained = difflib.get_close_matches(word, readable, n=SHOWN, cutoff=0.75)
    if trained:
        return trained
    # The whole table would take a second; a typo seldom changes the first letter or the length by much.
    others = [w for w in word_table().words if w[:1] == word[:1] and abs(len(w) - len(word)) <= 2 and len(w) > 3]
    return difflib.get_close_matches(word, others, n=SHOWN, cutoff=0.75)


def is_familiar(word: str) -> bool:
    """Whether captions use ``word``, or nothing hangs on it."""
    return any(form in trained_words() or form in FUNCTION_WORDS for form in (word, plural(word)))


def _plain(prompt: str) -> str:
    """The prompt's words in lower case, one blank between them."""
    return " ".join(re.findall(r"[a-z-]+", prompt.lower()))


def _says(text: str, phrase: str) -> bool:
    return re.search(rf"(?<![a-z]){re.escape(phrase)}(?![a-z])", text) is not None


@cache
def _any_of(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Finds each of the phrases, the longest where several begin alike."""
    alternatives = "|".join(re.escape(phrase) for phrase in sorted(phrases, key=len, reverse=True))
    return re.compile(rf"(?<![a-z])(?:{alternatives})(?![a-z])")


def _forms(family: str) -> tuple[str, ...]:
    """The nouns of ``family``, as one and as several."""
    return (*NOUNS[family], *map(plural, NOUNS[family]))


def _names(text: str, family: str) -> bool:
    """Whether a noun of ``family`` is in the text, as one or as several."""
    return _any_of(_forms(family)).search(text) is not None


@cache
def _places() -> re.Pattern[str]:
    """Finds the phrases that say where something is."""
    return _any_of(tuple(phrase for table in _PLACE_TABLES for words in table.values() for phrase in words))


def without_places(prompt: str) -> str:
    """The prompt's words without the phrases that say where something is ("in a forest")."""
    return _places().sub(",", _plain(prompt))


def families_named(prompt: str) -> frozenset[str]:
    """The families whose nouns are in the prompt; phrases that say where something is do not count."""
    text = _plain(prompt)
    places = [place.span() for place in _places().finditer(text)]
    nouns = {family: _forms(family) for family in NOUNS}
    for c in COMPANIONS:
        nouns[c.family] += (*c.one, *c.many)
    return frozenset(
        family
        for family, words in nouns.items()
        for noun in _any_of(words).finditer(text)
        if not any(first <= noun.start() and noun.end() <= last for first, last in places)
    )


def land_around(prompt: str) -> str:
    """The prompt of the land around what ``prompt`` describes: its ground, setting and trees on a plain;
    the prompt itself where that is a landscape.
    """
    text = _plain(prompt)

    subject = _PLACES.split(text)[0]
    if any(_names(subject, family) for family in LAND) and not any(
        _names(text, family) for family in NOUNS.keys() - LAND
    ):
        return prompt
    places = [
        phrase
        for table in _PLACE_TABLES
        for key, phrases in table.items()
        if key not in _ONCE
        for phrase in phrases
        if _says(text, phrase)
    ]
    # "in the desert" also says "desert"; the longest wording stands for both.
    longest = [p for p in places if not any(p != other and p in other for other in places)]
    return " ".join([NOUNS["plains"][0], *longest])


def ground_named(prompt: str) -> str:
    """The block that the ground is of, as far as ``prompt`` says; grass otherwise."""
    text = _plain(prompt)
    for key, phrases in GROUND_PHRASES.items():
        if any(_says(text, phrase) for phrase in phrases):
            return _GROUNDS.get(key, "Grass")
    return "Grass"
