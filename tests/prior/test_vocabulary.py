"""What a prompt's words are to the prior."""

from __future__ import annotations

import pytest

from voxcore.prior.reading import remarks
from voxcore.prior.vocabulary import land_around, nearest_trained, similarly_spelt, trained_words
from voxcore.prior.words import word_table
from voxcore.worlds import HELD_OUT_WORDS, generate


def said(prompt: str, level: str = "warning") -> str:
    return "\n".join(r.message for r in remarks(prompt) if r.level == level)


def test_familiar_prompts_need_no_remark() -> None:
    for prompt in ("a medieval stone castle", "Three small wooden houses beside a lake, please.", "2 towers"):
        assert list(remarks(prompt)) == []


def test_a_misspelt_word_is_named_with_what_was_meant() -> None:
    assert similarly_spelt("casle")[0] == "castle"
    message = said("a casle on a hill")
    assert '"casle"' in message
    assert "castle" in message.split("similar")[1]


def test_nothing_like_a_nonsense_word() -> None:
    message = said("qzxwv")
    assert '"qzxwv"' in message
    assert "none that is similar" in message
    assert "no word of this prompt" in message


def test_a_word_that_captions_never_used_is_named_with_the_nearest_ones() -> None:
    message = said("a helicopter")
    assert '"helicopter"' in message
    assert nearest_trained("helicopter")[0][0] in message


def test_a_synonym_is_mentioned_but_no_warning() -> None:
    assert said("a labyrinth") == ""
    assert "maze" in said("a labyrinth", "info")


def test_too_many_words_are_counted() -> None:
    assert "ignored" in said("castle " * 60)


def test_trained_words_are_those_of_the_captions() -> None:
    assert not set(HELD_OUT_WORDS) & (trained_words() - {"palisade"})
    unreadable = {w for w in trained_words() if word_table().lookup(w) is None}
    assert len(unreadable) < 0.03 * len(trained_words())
    for seed in range(150):
        for remark in remarks(generate(seed).caption):
            assert any(f'"{word}"' in remark.message for word in unreadable), remark.message


@pytest.mark.parametrize(
    ("prompt", "land"),
    [
        ("a medieval stone castle", "plain"),
        ("a castle in the desert", "plain in the desert"),
        ("a castle beside a lake", "plain"),
        ("three houses in a pine forest", "plain in a pine forest"),
        ("snowy mountains with a lake", "snowy mountains with a lake"),
        ("a qzxwv in the snow", "plain in the snow"),
    ],
)
def test_the_land_around_a_subject(prompt: str, land: str) -> None:
    assert land_around(prompt) == land
