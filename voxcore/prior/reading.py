"""How a prompt is read before it is tokenised, and what people hear of it.

Noun phrases that captions do not use become the caption nouns that mean the same (`voxcore.prior.thesaurus`). Where
that leaves no noun of any family, the family that the sentence describes, if one is clear enough, is named before it
(`voxcore.prior.description`). A reading depends on the prompt alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from voxcore.prior.description import described_family
from voxcore.prior.thesaurus import replace_phrases
from voxcore.prior.vocabulary import families_named, is_familiar, nearest_trained, similarly_spelt, without_places
from voxcore.prior.words import MAX_WORDS, word_table
from voxcore.worlds.captions import article
from voxcore.worlds.vocabulary import NOUNS, UNCOUNTED

NEAR: Final = 0.55
"""Cosine from which on an unshown word counts as a synonym: arena and coliseum have 0.58, helicopter and
flight 0.53.
"""


@dataclass(frozen=True)
class Reading:
    """A prompt as the prior reads it.

    ``replaced`` are the phrases as typed, with what they are read as; ``taken_for`` is the noun of what the prompt only
    describes ("a stadium"), "" where it names something or nothing is clear.
    """

    text: str
    replaced: tuple[tuple[str, str], ...]
    taken_for: str


@dataclass(frozen=True)
class Remark:
    """A line for people about a prompt."""

    level: Literal["info", "warning"]
    message: str


def unaccented(text: str) -> str:
    """``text`` with plain letters for accented Latin ones, as captions are written: a chateau for a château."""
    return unicodedata.normalize(
        "NFC", re.sub(r"([A-Za-z])[\u0300-\u036f]+", r"\1", unicodedata.normalize("NFD", text))
    )


def joined(text: str) -> str:
    """``text`` with hyphens left out where that makes a word of captions: a lighthouse for a light-house."""

    def one(found: re.Match[str]) -> str:
        whole = found[1] + found[2]
        return whole if is_familiar(whole.lower()) else found[0]

    return re.sub(r"\b([A-Za-z]+)-([A-Za-z]+)\b", one, text)


def read_prompt(prompt: str) -> Reading:
    """The prompt in the words of captions, as far as it is not."""
    text, replaced = replace_phrases(joined(unaccented(prompt)))
    described = without_places(text)
    strange = any(not is_familiar(word) for word in re.findall(r"[a-z]+", described))
    family = described_family(described) if strange and not families_named(text) else None
    if family is None:
        return Reading(text, replaced, "")
    noun = NOUNS[family][0]
    taken_for = noun if noun in UNCOUNTED else article(noun)
    return Reading(f"{taken_for}, {text}", replaced, taken_for)


def remarks(prompt: str) -> Iterator[Remark]:
    """What a user should hear about how ``prompt`` is read; nothing where it is all familiar."""
    table, reading = word_table(), read_prompt(prompt)
    for typed, noun in dict.fromkeys(reading.replaced):
        yield Remark("info", f'the prior reads "{typed[:40]}" as "{noun}"')
    if reading.taken_for:
        yield Remark("info", f"the prior takes this for {reading.taken_for}")
    tokens = table.tokenize(reading.text)
    for word in dict.fromkeys(tokens.unknown):
        alike = similarly_spelt(word)
        hint = f"; similar words that it knows: {', '.join(alike)}" if alike else "; it knows none that is similar"
        yield Remark("warning", f'the prior does not know the word "{word[:40]}" and skips it{hint}')
    if not tokens.ids:
        yield Remark("warning", "the prior knows no word of this prompt and will build anything")
    for word in dict.fromkeys(re.findall(r"[^\W\d_]+", reading.text.lower())):
        ids = table.tokenize(word).ids
        pieces = [table.words[i] for i in ids]
        strange = [piece for piece in pieces if not is_familiar(piece)]
        if not strange or is_familiar(word):
            continue
        if len(pieces) > 1:
            alike = similarly_spelt(word)
            hint = f"; similar words that it knows: {', '.join(alike)}" if alike else ""
            yield Remark("warning", f'the prior reads the unknown word "{word[:40]}" as {" and ".join(pieces)}{hint}')
            continue
        near = nearest_trained(strange[0])
        shown = ", ".join(f"{w} ({c:.2f})" for w, c in near)
        if near[0][1] < NEAR:
            yield Remark("warning", f'the prior was never shown "{word}"; the nearest words that it was: {shown}')
        else:
            yield Remark("info", f'the prior was not shown "{word}" by name; near it are {shown}')
    if tokens.dropped:
        yield Remark("warning", f"the prior reads {MAX_WORDS} words; the last {tokens.dropped} are ignored")
