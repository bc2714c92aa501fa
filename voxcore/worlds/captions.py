"""Sentences about a world, from the facts that were decided or noted while it was built."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from voxcore.worlds.phrases import (
    AROUND,
    BESIDE,
    DETAILS,
    FLANK,
    FRAMES,
    GROUND_PHRASES,
    MADE_OF,
    MATERIAL_ADJECTIVES,
    MATERIAL_DETAILS,
    OPENINGS,
    ROOF_WORDS,
    SETTING_PHRASES,
    SIZE_WORDS,
    TALL_FAMILIES,
    TALL_WORDS,
    THREE,
    TREE_PHRASES,
)
from voxcore.worlds.vocabulary import NOUNS, STYLES, UNCOUNTED

MAX_CHARS: Final = 200
COUNTS: Final = {
    2: ("two", "2", "a pair of"),
    3: ("three", "3"),
    4: ("four", "4"),
    5: ("five", "5", "several"),
    6: ("six", "6"),
}


@dataclass
class Facts:
    """What may be said. Empty strings are not said; ``details`` are (key, adjective) pairs that are true."""

    family: str
    noun: str = ""
    count: int = 1
    material: str = ""
    roof: int = 0
    size: str = ""
    style: str = ""
    setting: str = ""
    ground: str = ""
    trees: str = ""
    companion: str = ""
    details: list[tuple[str, str]] = field(default_factory=list)
    must: tuple[str, ...] = ()
    """Keys of the details that are said whatever else is left out: what is unusual about the structure."""
    beside: tuple[tuple[str, int], ...] = ()
    """Families of the companions, with their numbers."""
    short: bool = False


def plural(noun: str) -> str:
    """The plural of a noun phrase; what comes after "with", "of", "on" ... stays."""
    for word in (" with ", " of ", " on ", " across ", " above ", " around ", " in "):
        if word in noun:
            head, tail = noun.split(word, 1)
            return plural(head) + word + tail
    if noun.endswith("man"):
        return noun[:-3] + "men"
    if noun.endswith(("ch", "sh", "s", "x")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"


def article(phrase: str) -> str:
    """ "a" or "an" before ``phrase``."""
    return "an " + phrase if phrase[0].lower() in "aeiou" and not phrase.startswith("one") else "a " + phrase


def detail(rng: Random, key: str, adjective: str, material: str = "") -> str:
    """One wording of a detail; ``material`` goes before its noun where that suits ("four stone towers")."""
    text = " ".join(rng.choice(DETAILS[key]).replace("{}", adjective).split())
    if material and key in MATERIAL_DETAILS:
        words = text.split()
        text = " ".join([*words[:-1], rng.choice(MATERIAL_ADJECTIVES[material]), words[-1]])
    return text


def _join(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def _subject(rng: Random, f: Facts) -> tuple[str, str]:
    """The noun with its adjectives, and what follows it ("made of stone")."""
    noun = f.noun or rng.choice(NOUNS[f.family])
    words, after = [], ""
    if f.size:
        tall = f.family in TALL_FAMILIES and f.size == "large"
        words.append(rng.choice(TALL_WORDS if tall else SIZE_WORDS[f.size]))
    if f.style:
        words.append(f.style)
    shape = next((key for key, _ in f.details if key in ("round", "square")), "")
    if shape and rng.random() < 0.3:
        words.append(shape)
    if f.material:
        if rng.random() < 0.22:
            after = (
                " "
                + rng.choice(("made of", "built of", "of", "made from", "built from"))
                + " "
                + rng.choice(MADE_OF[f.material])
            )
        else:
            word = rng.choice(MATERIAL_ADJECTIVES[f.material])
            if not (noun.startswith(word) or "wooden" in noun):
                words.insert(len(words) if rng.random() < 0.85 else 0, word)
    words = [w for w in words if w not in noun.split()]
    if f.count > 1:
        noun = plural(noun)
    return " ".join([*words, noun]), after


def caption(rng: Random, f: Facts) -> str:
    """One caption, at most 200 ASCII characters."""
    for keep in (3, 2, 1, 0):
        text = _caption(rng, f, keep)
        if len(text) <= MAX_CHARS:
            return text
    return rng.choice(NOUNS[f.family])


def _caption(rng: Random, f: Facts, most_details: int) -> str:
    in_detail, whole = "", f
    if f.material and not f.short and rng.random() < 0.2 and any(k in MATERIAL_DETAILS for k, _ in f.details):
        in_detail = f.material
        f = replace(f, material="" if rng.random() < 0.6 else f.material)
    noun, after = _subject(rng, f)
    if f.short:
        return noun + after
    details = [d for d in f.details if DETAILS.get(d[0])]
    rng.shuffle(details)
    details.sort(key=lambda d: bool(in_detail) and d[0] not in MATERIAL_DETAILS)
    details.sort(key=lambda d: d[0] not in f.must)
    chosen: list[str] = []
    told = False
    wanted = min(rng.choice((1, 1, 2, 3)), most_details) if in_detail or rng.random() < 0.55 else 0
    wanted = max(wanted, min(len(f.must), 2))
    for key, adjective in details[:wanted]:
        text = detail(rng, key, adjective, in_detail)
        if not set(text.split()) & set(noun.split()) - {"a", "of", "the", "with"}:
            chosen.append(text)
            told |= key in MATERIAL_DETAILS
    if in_detail and not told:
        noun, after = _subject(rng, whole)
    if f.roof in ROOF_WORDS and (rng.random() < 0.4 or f.material):
        chosen.insert(0, article(rng.choice(ROOF_WORDS[f.roof]) + (" dome" if f.family == "mosque" else " roof")))
        chosen = [c for i, c in enumerate(chosen) if i == 0 or ("roof" not in c and "dome" not in c)]
    place = []
    if f.setting:
        place.append(rng.choice(SETTING_PHRASES[f.setting]))
    if f.trees:
        place.append(rng.choice(TREE_PHRASES[f.trees]))
    if f.ground and (not f.setting or rng.random() < 0.6):
        place.append(rng.choice(GROUND_PHRASES[f.ground]))
    rng.shuffle(place)
    place = place[:2]
    form = rng.random()
    single = f.count == 1
    if form < 0.16:  # keywords
        parts = [noun + after if single else f"{rng.choice(COUNTS[f.count])} {noun}{after}", *chosen, *place]
        if f.companion:
            parts.append(f.companion)
        return ", ".join(p.removeprefix("a ").removeprefix("with ").removeprefix("and ") for p in parts)
    bare = noun in UNCOUNTED or any(noun.endswith(" " + u) for u in UNCOUNTED)
    if single:
        head = noun if bare or form < 0.26 else ("the " + noun if rng.random() < 0.06 else article(noun))
    else:
        head = f"{rng.choice(COUNTS[f.count])} {noun}"
    text = head + after
    if chosen:
        joiner = rng.choice((" with ", " with ", " that has ", " having ")) if single and not bare else " with "
        if " with " in text:
            joiner = " and "
        text += joiner + _join(chosen)
    if f.companion:
        text += " " + rng.choice(("with", "and", "next to", "beside", "near", "together with")) + " " + f.companion
    if place:
        front = rng.random() < 0.08 and not place[0].startswith(("with ", "and "))
        text = f"{place[0]}, {text}" if front else f"{text} {' '.join(place)}"
    return finish(rng, text, asks=form >= 0.26)


def finish(rng: Random, text: str, *, asks: bool) -> str:
    """The phrase as somebody would type it: sometimes with "build me" before it, a capital letter, a full stop."""
    roll = rng.random()
    if asks and roll < 0.22:
        text = f"{rng.choice(OPENINGS)} {text}"
    elif asks and roll < 0.27 and text.startswith(("a ", "an ", "two", "three")):
        frame = rng.choice(FRAMES)
        text = f"{frame} {text}"
    if rng.random() < 0.03:
        text += ", please"
    if rng.random() < 0.15:
        text = text[0].upper() + text[1:] + rng.choice((".", "", ""))
    return text


def _phrase(rng: Random, f: Facts, *, bare: bool = False) -> str:
    """One kind of object with its number or article ("two stone towers"); ``bare``: without an article."""
    noun, after = _subject(rng, f)
    if f.count > 1:
        return f"{rng.choice(COUNTS[f.count])} {noun}{after}"
    uncounted = noun in UNCOUNTED or any(noun.endswith(" " + u) for u in UNCOUNTED)
    return (noun if bare or uncounted else article(noun)) + after


def several(rng: Random, pattern: str, facts: list[Facts], place: Facts) -> str:
    """A caption of several kinds of objects that stand as ``pattern`` says: beside, around or flank."""
    for _ in range(8):
        text = _several(rng, pattern, facts, place)
        if len(text) <= MAX_CHARS:
            return text
    return _phrase(rng, facts[0])


def _several(rng: Random, pattern: str, facts: list[Facts], place: Facts) -> str:
    keywords = rng.random() < 0.14
    names = [_phrase(rng, f, bare=keywords) for f in facts]
    extra = [d for d in facts[0].details if DETAILS.get(d[0])]
    if extra and not keywords and facts[0].count == 1 and " with " not in names[0]:
        names[0] += " with " + detail(rng, *rng.choice(extra))
    where = []
    if place.setting:
        where.append(rng.choice(SETTING_PHRASES[place.setting]))
    if place.ground:
        where.append(rng.choice(GROUND_PHRASES[place.ground]))
    a = names[0]
    if len(names) == 1:
        text = a
    elif keywords:
        return ", ".join([*names, *where])
    elif pattern == "around":
        text = rng.choice(AROUND).format(a=a, b=names[1])
    elif pattern == "flank":
        one = _phrase(rng, replace(facts[1], count=1))
        text = rng.choice(FLANK).format(a=a, b=names[1], one=one)
    elif len(names) == 2:
        text = rng.choice(BESIDE).format(a=a, b=names[1])
    else:
        text = rng.choice(THREE).format(a=a, b=names[1], c=names[2])
    front = where and rng.random() < 0.1
    text = ", ".join([" ".join(where), text]) if front else " ".join([text, *where])
    return finish(rng, text, asks=rng.random() < 0.8)


def style_word(rng: Random, family: str) -> str:
    """A style that suits the family, or ""."""
    return rng.choice(STYLES.get(family, ("",)))
