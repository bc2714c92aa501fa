"""Prompts in words that captions do not use, and the data they are read with."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts import build_thesaurus
from scripts.build_thesaurus import Synset, WordNet, entries, nouns_of_synsets, usual_noun
from voxcore.config import TrainConfig
from voxcore.events import Progress
from voxcore.maps import VoxelMap
from voxcore.prior.model import Prior, Prompt
from voxcore.prior.thesaurus import MOST_WORDS, PATH, forms, read_prompt, thesaurus
from voxcore.prior.vocabulary import is_familiar, remarks
from voxcore.prior.words import Tokens, word_table
from voxcore.training import train
from voxcore.worlds import generate
from voxcore.worlds.companions import COMPANIONS
from voxcore.worlds.vocabulary import NOUNS


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        ("a monastery on a hill", "an abbey on a hill"),
        ("An abode of brick", "a house of brick"),
        ("two ruined monasteries", "two ruined abbeys"),
        ("levees", "piers"),
        ("three priories beside a creek", "three abbeys beside a stream"),
        ("places of worship", "churches"),
        ("a knoll", "hills"),
        ("a summer house", "a house"),
        ("an opera-house, please", "a house, please"),
        ("an opera, house", "an opera, house"),
        ("two maple trees", "two trees"),
        ("a windjammer ship at sea", "a sailing ship at sea"),
        ("a Tavern by the Danube", "a house by the river"),
        ("a helicopter", "a helicopter"),
        ("", ""),
    ],
)
def test_a_prompt_is_read_in_the_words_of_captions(prompt: str, text: str) -> None:
    assert read_prompt(prompt).text == text


@settings(max_examples=60)
@given(seed=st.integers(0, 2**40))
def test_captions_are_read_as_they_are(seed: int) -> None:
    caption = generate(seed).caption
    assert read_prompt(caption).text == caption


def test_every_caption_noun_is_read_as_it_is() -> None:
    for nouns in NOUNS.values():
        for noun in nouns:
            for form in forms(noun):
                assert read_prompt(f"a {form}").replaced == ()


def test_entries_are_what_the_script_writes() -> None:
    lines = [line for line in PATH.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines == sorted(lines)
    assert len(lines) == len(thesaurus()) > 1000
    known = {noun for nouns in NOUNS.values() for noun in nouns} | {noun for c in COMPANIONS for noun in c.one}
    for phrase, noun in thesaurus().items():
        assert noun in known
        assert phrase == " ".join(phrase.lower().split())
        assert len(phrase.split()) <= MOST_WORDS
        # Where captions have got new words since: delete these lines, or run the script.
        assert not any(all(map(is_familiar, form.split())) for form in forms(phrase)), phrase


def test_wordnets_notice_goes_with_the_data() -> None:
    head = PATH.read_text(encoding="utf-8").partition("\t")[0]
    assert "WordNet 3.1 Copyright 2011 by Princeton University.  All rights reserved." in head
    assert "the same appear on ALL copies" in head


def test_every_entry_is_found_whole_and_leaves_the_rest_alone() -> None:
    for phrase, noun in thesaurus().items():
        reading = read_prompt(f"the {phrase}, 3 stone castles!")
        assert reading.replaced == ((phrase, noun),)
        assert reading.text == f"the {noun}, 3 stone castles!"


def test_a_reading_is_told_and_nothing_is_warned_of() -> None:
    told = list(remarks("a monastery, a monastery and a small tavern"))
    assert [(r.level, r.message) for r in told] == [
        ("info", 'the prior reads "monastery" as "abbey"'),
        ("info", 'the prior reads "tavern" as "house"'),
    ]


@pytest.mark.parametrize("given", [{}, {"method": "sample"}, {"teacher": "noise", "lambda_prior": 0.5}])
def test_every_use_asks_the_prior_for_the_reading(given: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []
    read = Prior.read

    def spy(self: Prior, tokens: Tokens) -> Prompt:
        asked.append(tokens.ids)
        return read(self, tokens)

    monkeypatch.setattr(Prior, "read", spy)
    config = TrainConfig.create("an old monastery beside a fjord in the desert", steps=1, **given)
    next(event for event in train(config, VoxelMap(np.ones((16, 16, 16), dtype=np.uint8))) if type(event) is Progress)
    table = word_table()
    assert asked == [
        table.tokenize(text).ids for text in ("an old abbey beside a lake in the desert", "plain in the desert")
    ]


def wordnet(*synsets: Synset, counts: dict[tuple[str, str], int] | None = None, **otherwise: int) -> WordNet:
    """A WordNet of these synsets, "0", "1" ..., their senses in this order."""
    named = {str(i): synset for i, synset in enumerate(synsets)}
    senses: dict[str, tuple[str, ...]] = {}
    for i, synset in named.items():
        for lemma in synset.lemmas:
            senses[lemma.lower()] = (*senses.get(lemma.lower(), ()), i)
    all_counts = dict.fromkeys(((lemma, i) for lemma, found in senses.items() for i in found), 0)
    return WordNet(named, senses, all_counts | (counts or {}), otherwise)


def test_the_nearest_anchor_above_gives_the_noun(monkeypatch: pytest.MonkeyPatch) -> None:
    made = wordnet(
        Synset("artifact", ("house",), ("1", "2"), False),
        Synset("artifact", ("church",), ("3",), False),
        Synset("artifact", ("nook",), ("4",), False),
        Synset("artifact", ("minster_x",), (), False),
        Synset("artifact", ("niche",), (), False),
    )
    anchors = {"house": ("house.artifact.1",), "church": ("church.artifact.1",), "nothing": ("nook.artifact.1",)}
    monkeypatch.setattr(build_thesaurus, "ANCHORS", anchors)
    assert nouns_of_synsets(made) == {"0": "house", "1": "church", "3": "church"}
    assert entries(made) == {"minster x": "church"}
    with pytest.raises(ValueError, match="expected a synset of plant"):
        made.synset("church.plant.1")


@pytest.mark.parametrize(
    ("others", "counts", "verb", "noun"),
    [
        ((), {}, 0, "tree"),
        ((Synset("person", ("yew",), (), False),), {}, 0, "tree"),
        ((Synset("person", ("Yew",), (), True), Synset("group", ("yew",), (), False)) * 2, {}, 0, "tree"),
        ((Synset("person", ("yew",), (), False),) * 2, {}, 0, None),
        ((Synset("person", ("yew",), (), False),), {("yew", "0"): 3}, 0, None),
        ((), {}, 5, None),
        ((), {("yew", "0"): 4}, 5, "tree"),
    ],
)
def test_a_lemma_is_read_as_what_it_usually_means(
    others: tuple[Synset, ...], counts: dict[tuple[str, str], int], verb: int, noun: str | None
) -> None:
    made = wordnet(*others, Synset("plant", ("yew",), (), False), counts=counts, yew=verb)
    assert usual_noun(made, {str(len(others)): "tree"}, "yew") == noun


def test_names_are_read_where_they_stand_for_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    made = wordnet(
        Synset("object", ("river",), ("2", "3"), False),
        Synset("location", ("city",), ("4",), False),
        Synset("object", ("Xanthos",), (), True),
        Synset("object", ("Reading",), (), True),
        Synset("location", ("Xanadu",), (), True),
        Synset("plant", ("tree",), ("6",), False),
        Synset("plant", ("Xylia_xylocarpa", "Xmas_tree"), (), False),
        reading=9,
    )
    anchors = {"river": ("river.object.1",), "city": ("city.location.1",), "tree": ("tree.plant.1",)}
    monkeypatch.setattr(build_thesaurus, "ANCHORS", anchors)
    assert entries(made) == {"xanthos": "river", "xmas tree": "tree"}
