"""Grammar of the captions."""

from __future__ import annotations

from random import Random

import pytest

from voxcore.worlds import FAMILIES
from voxcore.worlds.captions import Facts, article, caption, plural
from voxcore.worlds.catalogue import CATALOGUE
from voxcore.worlds.order import MATERIALS
from voxcore.worlds.phrases import DETAILS, MADE_OF, MATERIAL_ADJECTIVES, SETTING_PHRASES, SIZE_WORDS
from voxcore.worlds.settings import SETTINGS
from voxcore.worlds.vocabulary import NOUNS


@pytest.mark.parametrize(
    ("one", "many"),
    [
        ("tower", "towers"),
        ("church", "churches"),
        ("snowman", "snowmen"),
        ("pine tree", "pine trees"),
        ("statue of a man", "statues of a man"),
        ("city", "cities"),
        ("castle with towers", "castles with towers"),
    ],
)
def test_plural(one: str, many: str) -> None:
    assert plural(one) == many


def test_article() -> None:
    assert article("old castle") == "an old castle"
    assert article("castle") == "a castle"
    assert article("earthen roof") == "an earthen roof"


def test_every_family_has_nouns_and_every_word_a_meaning() -> None:
    assert set(NOUNS) == set(FAMILIES)
    for family in CATALOGUE.values():
        assert set(family.materials) <= set(MATERIALS)
        assert set(family.settings) <= set(SETTINGS)
    assert set(MATERIAL_ADJECTIVES) == set(MADE_OF) == set(MATERIALS)
    assert set(SETTING_PHRASES) <= set(SETTINGS)
    assert set(SIZE_WORDS) == {"small", "medium", "large"}


def test_a_caption_says_only_the_facts() -> None:
    said = [caption(Random(i), Facts("castle", material="stone", setting="hill")) for i in range(60)]
    assert all("hill" in text or "top" in text for text in said)
    assert not any("wood" in text or "lake" in text or "moat" in text for text in said)


def test_details_are_said_with_their_number() -> None:
    said = " ".join(caption(Random(i), Facts("castle", details=[("towers", "four round")])) for i in range(40))
    assert "four round towers" in said
    assert "{}" not in said
    assert all("{}" not in w or key not in ("moat", "keep") for key, words in DETAILS.items() for w in words)


def test_long_captions_are_shortened() -> None:
    facts = Facts("castle", details=[(key, "four") for key in DETAILS], companion="a " + "very " * 20 + "old tower")
    assert all(len(caption(Random(i), facts)) <= 200 for i in range(40))
