"""How a prompt is read before the prior sees it, and what users hear of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voxcore.config import TrainConfig
from voxcore.events import Progress
from voxcore.maps import VoxelMap
from voxcore.prior.description import described_family
from voxcore.prior.model import Prior, Prompt
from voxcore.prior.reading import Reading, joined, read_prompt, remarks, unaccented
from voxcore.prior.vocabulary import families_named
from voxcore.prior.words import Tokens, word_table
from voxcore.training import train
from voxcore.worlds import generate
from voxcore.worlds.vocabulary import NOUNS


@settings(max_examples=200)
@given(seed=st.integers(0, 2**40))
def test_captions_are_read_as_they_are(seed: int) -> None:
    caption = generate(seed).caption
    assert read_prompt(caption) == Reading(caption, (), "")


@settings(max_examples=200)
@given(text=st.text(max_size=200))
@example(text="y")
def test_any_text_can_be_read(text: str) -> None:
    reading = read_prompt(text)
    assert reading.replaced or reading.text.endswith(joined(unaccented(text)))


def test_accents_make_no_other_word() -> None:
    assert read_prompt("un château fort, 城") == Reading("un chateau fort, 城", (), "")
    assert read_prompt("a cha\u0302teau").text == "a chateau"
    assert not [r for r in remarks("a château") if r.level == "warning"]


def test_hyphens_part_no_word_that_captions_join() -> None:
    assert read_prompt("a Light-House, mud-brick walls").text == "a LightHouse, mud-brick walls"
    assert read_prompt("wind-mills by the sea-shore").text == "windmills by the sea-shore"


def test_a_reading_is_told_and_nothing_is_warned_of() -> None:
    told = list(remarks("a monastery, a monastery and a small tavern"))
    assert [(r.level, r.message) for r in told] == [
        ("info", 'the prior reads "monastery" as "abbey"'),
        ("info", 'the prior reads "tavern" as "house"'),
    ]


def test_a_sentence_that_names_nothing_begins_with_what_it_describes() -> None:
    prompt = "where men dig for coal in the mountains"
    assert read_prompt(prompt) == Reading(f"a mine, {prompt}", (), "a mine")
    assert ("info", "the prior takes this for a mine") in [(r.level, r.message) for r in remarks(prompt)]
    assert read_prompt("steep rock above the waves").text == "cliffs, steep rock above the waves"


@pytest.mark.parametrize(
    "prompt",
    [
        "a helicopter",
        "a dragon breathing fire",
        "a knight on a horse",
        "make the roof red",
        "whatever you like best",
        "a house where men dig for coal",
        "a farmhouse in rolling hills",
        "rows of crops and plowed fields with a farmhouse",
        "",
    ],
)
def test_nothing_is_taken_for_what_it_is_not(prompt: str) -> None:
    assert read_prompt(prompt) == Reading(prompt, (), "")


def test_descriptions_stand_for_families() -> None:
    assert described_family("where football teams play in front of their fans") == "stadium"
    assert described_family("football fans") is None  # two words are no description


@pytest.mark.parametrize(
    ("prompt", "families"),
    [
        ("two castles in a forest", {"castle"}),
        ("a dense forest in the mountains", {"forest"}),
        ("somewhere in a pine forest by the sea", set()),
        ("a boat and a box", {"ship", "cube"}),
    ],
)
def test_families_are_named_by_their_nouns_and_not_by_places(prompt: str, families: set[str]) -> None:
    assert families_named(prompt) == families


def test_every_caption_noun_names_its_family() -> None:
    for family, nouns in NOUNS.items():
        for noun in nouns:
            assert family in families_named(f"a {noun}")


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
