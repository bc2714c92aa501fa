"""Phrases that captions do not use, and the data that they are read with."""

from __future__ import annotations

import pytest

from scripts import build_thesaurus
from scripts.build_thesaurus import Synset, WordNet, entries, nouns_of_synsets, usual_noun
from voxcore.prior.thesaurus import MOST_WORDS, PATH, forms, replace_phrases, thesaurus
from voxcore.prior.vocabulary import is_familiar
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
        ("a watermill", "a windmill"),
        ("an opera-house, please", "a house, please"),
        ("an opera, house", "an opera, house"),
        ("two maple trees", "two trees"),
        ("a windjammer ship at sea", "a sailing ship at sea"),
        ("a Tavern by the Danube", "a house by the river"),
        ("a yurt by two viaducts", "a tent by two aqueducts"),
        ("an old beacon on an atoll", "an old lighthouse on an island"),
        ("a helicopter", "a helicopter"),
        ("", ""),
    ],
)
def test_phrases_become_caption_nouns(prompt: str, text: str) -> None:
    assert replace_phrases(prompt)[0] == text


def test_every_caption_noun_is_read_as_it_is() -> None:
    for nouns in NOUNS.values():
        for noun in nouns:
            for form in forms(noun):
                assert replace_phrases(f"a {form}") == (f"a {form}", ())


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


def test_own_phrases_are_read_as_their_nouns() -> None:
    for noun, phrases in build_thesaurus.OWN.items():
        for phrase in phrases:
            assert build_thesaurus.is_strange(phrase), phrase
            assert thesaurus()[phrase] == noun


def test_wordnets_notice_goes_with_the_data() -> None:
    head = PATH.read_text(encoding="utf-8").partition("\t")[0]
    assert "WordNet 3.1 Copyright 2011 by Princeton University.  All rights reserved." in head
    assert "the same appear on ALL copies" in head


def test_every_entry_is_found_whole_and_leaves_the_rest_alone() -> None:
    for phrase, noun in thesaurus().items():
        read = replace_phrases(f"the {phrase}, 3 stone castles!")
        assert read == (f"the {noun}, 3 stone castles!", ((phrase, noun),))


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
