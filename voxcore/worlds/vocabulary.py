"""The nouns and adjectives of the captions: plain tables, no logic but reading them.

A table has one line per key, words between bars; a word that stands twice comes twice as often.
``HELD_OUT`` words never appear in a caption: they are kept to test wordings that the prior has not seen.
"""

from __future__ import annotations

from typing import Final

Words = tuple[str, ...]


def table(text: str) -> dict[str, Words]:
    """Lines of "key: word | word"; a line that starts with a blank continues the one before."""
    lines = text.strip().replace("\n    ", " ").split("\n")
    pairs = (line.split(":", 1) for line in lines)
    return {key: tuple(word.strip() for word in words.split("|")) for key, words in pairs}


HELD_OUT: Final[dict[str, str]] = {
    word: family
    for family, words in table(
        """
castle: alcazar
keep: donjon
fort: redoubt
house: bungalow
cabin: chalet
cottage: hovel
village: hamlet
market: bazaar
church: kirk
cathedral: basilica | minster
temple: parthenon | acropolis
stadium: amphitheatre
statue: colossus
obelisk: cenotaph
stone_circle: menhir
bridge: footbridge
aqueduct: viaduct
lighthouse: beacon
ship: frigate | galleon
city: metropolis
tent: wigwam | yurt
pine: spruce
forest: grove
maze: labyrinth
canyon: gorge
island: atoll
volcano: caldera
"""
    ).items()
    for word in words
}
"""Words that no caption holds, with the family each means: they measure wordings that were never trained on.

Common other names ("fortress", "stronghold", "citadel", "chateau") are trained, since people type them; what is held
out is a rarer word of the same meaning, spread over the families.
"""
HELD_OUT_WORDS: Final[Words] = tuple(HELD_OUT)

NOUNS: Final = table(
    """
castle: castle | castle | castle | castle | fortress | stronghold | citadel | bastion | chateau | castle with towers |
    royal castle | walled castle | palace | royal palace | fortification
keep: keep | castle keep | great tower | tower house | stronghold tower
fort: fort | stockade | palisade fort | fortified camp | military outpost | garrison
city_wall: city wall | town wall | defensive wall | great wall | rampart | fortification wall | castle wall
watchtower: tower | tower | watchtower | watch tower | lookout tower | lookout | guard tower | turret
gate: gate | city gate | gatehouse | town gate | gate with two towers
house: house | house | home | manor | dwelling | family house | town house | residence | villa | farmhouse
cottage: cottage | small house | country cottage | little house | hut
cabin: log cabin | cabin | log house | hunting lodge | forest cabin | lodge
barn: barn | farm barn | big barn | stable | granary
windmill: windmill | windmill | mill | old mill | dutch windmill | mill with sails
village: village | village | settlement | small town | little town | cluster of houses | group of houses
market: market | market square | marketplace | market with stalls | town market
farm: farm | farmland | farm with fields | farmstead | crop fields | wheat farm
church: church | church | chapel | parish church | church with a steeple | village church
cathedral: cathedral | great church | abbey | cathedral with two towers | gothic cathedral
temple: temple | temple | greek temple | roman temple | temple with columns | pantheon
pagoda: pagoda | pagoda | chinese pagoda | japanese pagoda | asian temple tower | tiered tower
mosque: mosque | mosque | domed mosque | palace with a dome | mosque with minarets | arabian palace
shrine: torii gate | torii | shrine gate | japanese gate
pyramid: pyramid | pyramid | egyptian pyramid | pharaoh's pyramid | great pyramid
ziggurat: ziggurat | step pyramid | mayan pyramid | aztec temple | stepped pyramid | terraced temple
ruins: ruins | ruins | ruined castle | ruined building | crumbling ruins | remains of an old fortress | ruined walls |
    ruined church | ruins of a castle | ruined tower
stone_circle: stone circle | stonehenge | circle of standing stones | ring of stones | standing stones
arch: arch | triumphal arch | archway | arch of triumph | monumental arch | victory arch
statue: statue | statue | giant statue | statue of a man | sculpture of a figure | sculpture
obelisk: obelisk | monolith | stone needle | tall monument | memorial pillar | monument
fountain: fountain | water fountain | fountain with a basin | town fountain
well: well | water well | village well | wishing well | draw well
bridge: bridge | bridge | bridge | river bridge | bridge across a river | crossing
aqueduct: aqueduct | roman aqueduct | aqueduct with arches | water bridge
lighthouse: lighthouse | lighthouse | light tower | coastal lighthouse | lighthouse tower
ship: ship | sailing ship | pirate ship | boat with sails | sailboat | schooner | tall ship | wooden ship
harbour: harbour | pier | jetty | dock | harbor | wharf | port with a pier | boat dock | port
skyscraper: skyscraper | skyscraper | office tower | tower block | high rise | modern tower
city: city | modern city | downtown | city with skyscrapers | city skyline | city centre
stadium: stadium | stadium | arena | colosseum | football stadium | sports ground with stands | coliseum
factory: factory | industrial plant | factory with chimneys | old factory | power plant
rocket: rocket | space rocket | moon rocket | rocket on a launch pad | space ship | spaceship | missile
igloo: igloo | igloo | snow hut | snow house | eskimo house | snow dome
snowman: snowman | snowman | snow man | snowman with a hat
camp: camp | camp of tents | tent camp | campsite | nomad camp | army camp
tent: tent | teepee | camping tent | tent
oak: tree | tree | oak tree | oak | leafy tree | deciduous tree | green tree
pine: pine tree | pine | fir tree | christmas tree | conifer | fir
palm: palm tree | palm | coconut palm | tropical palm tree
giant_tree: giant tree | sequoia | world tree | huge ancient tree | enormous tree | tree of life
dead_tree: dead tree | bare tree | leafless tree | withered tree | spooky tree
cactus: cactus | saguaro cactus | desert cactus
forest: forest | woods | woodland | wood | dense forest | jungle
oasis: oasis | desert oasis | oasis with palms | water hole with palm trees
garden: garden | formal garden | park | palace garden | hedge garden | french garden
maze: maze | maze | garden maze | puzzle maze
mine: mine | mine entrance | mine shaft | old mine | mining tunnel
quarry: quarry | stone quarry | open pit mine | open pit | stone pit
plains: plain | flat land | plains | empty field | open field
hills: hills | rolling hills | hilly landscape | hilly terrain | hill country | hill
mountain: mountain | mountain | mountain peak | big mountain | summit | mount
mountain_range: mountains | mountain range | high peaks | alps | mountain landscape
volcano: volcano | volcano | volcano with a crater | volcanic cone | volcanic mountain
canyon: canyon | ravine | deep valley | canyon with cliffs | chasm | rocky canyon | valley
island: island | desert island | tropical island | isle | island in the sea
lake: lake | pond | lagoon | mountain lake | lake landscape | body of water
river: river | winding river | stream | river landscape | river valley
dunes: dunes | sand dunes | desert dunes | sea of sand
desert: desert | sandy desert | desert landscape | sand desert | wasteland of sand
glacier: glacier | ice field | glacier between mountains | tongue of ice
cliffs: cliffs | sea cliffs | rocky coast | steep coast | cliff above the sea | cliff
cube: cube | block | solid cube | box
sphere: sphere | ball | globe | orb
wall: wall | straight wall | simple wall | long wall
pillar: pillar | column | post | single pillar
cone: cone | pointed cone | cone shape
ring: ring wall | round wall | circular wall | round enclosure
dome: dome | half sphere | round dome | hemisphere
staircase: staircase | stairs | stairway | flight of steps
"""
)
"""The commonest noun of each family first."""

FORESTS: Final = table(
    """
oak: oak forest | forest | forest | woods | leafy forest
pine: pine forest | pine forest | fir forest | conifer forest | forest of pine trees
snowy: snowy pine forest | winter forest | snow covered forest | pine forest
palm: palm forest | jungle | jungle of palm trees | tropical forest
dead: dead forest | forest of dead trees | leafless forest
mixed: mixed forest | forest | woodland | woods
"""
)
"""Nouns of forests by what grows there."""

UNCOUNTED: Final = frozenset(
    table(
        """
words: alps | cliffs | crop fields | crumbling ruins | desert dunes | downtown | dunes | farmland | flat land |
    hedges | high peaks | hill country | hills | hilly terrain | mountains | plains | remains of an old
    fortress | rolling hills | ruined walls | ruins | sand dunes | sea cliffs | stairs | standing stones |
    stonehenge | wasteland of sand | woods
"""
    )["words"]
)
"""Nouns without an article."""

STYLES: Final = table(
    """
castle: medieval | medieval | medieval | old | ancient | gothic | fantasy | mighty | imposing | norman | fairytale
keep: medieval | old | square | norman | sturdy
fort: frontier | old | roman | military | medieval
city_wall: medieval | old | ancient | thick | long
watchtower: medieval | old | lonely | ancient | fantasy
gate: medieval | old | fortified | grand
house: old | cozy | modern | medieval | simple | nice | traditional
cottage: cozy | old | quaint | rustic | fairytale | medieval
cabin: rustic | cozy | old | simple | lonely
barn: old | rustic | traditional | big
windmill: old | dutch | traditional | historic
village: medieval | quiet | old | rural | fantasy | viking
market: medieval | busy | old | colourful
farm: rural | old | simple | medieval
church: old | gothic | medieval | rural | romanesque
cathedral: gothic | medieval | grand | old | majestic
temple: ancient | greek | roman | classical | antique
pagoda: chinese | japanese | asian | oriental | ancient | buddhist
mosque: grand | ottoman | arabian | islamic | ornate | oriental
shrine: japanese | shinto | old | traditional
pyramid: egyptian | ancient | mysterious | old
ziggurat: mayan | aztec | babylonian | ancient | sumerian
ruins: ancient | old | crumbling | overgrown | abandoned | lost | medieval
stone_circle: prehistoric | ancient | druid | mysterious | celtic
arch: roman | ancient | monumental | classical | grand
statue: ancient | heroic | monumental | old | classical
obelisk: egyptian | ancient | monumental | mysterious
fountain: ornate | old | baroque | classical | elegant
well: old | medieval | rustic | ancient
bridge: old | medieval | ancient | roman | simple | fantasy
aqueduct: roman | ancient | old | monumental
lighthouse: old | coastal | lonely | historic
ship: old | pirate | viking | historic | colonial
harbour: old | busy | fishing | simple
skyscraper: modern | futuristic | sleek | contemporary
city: modern | futuristic | big | dense | busy
stadium: modern | roman | grand | olympic
factory: old | industrial | victorian | abandoned
rocket: futuristic | retro | modern | sci-fi
igloo: arctic | polar | cozy | simple
snowman: funny | friendly | cute | cheerful
camp: military | nomadic | medieval | bedouin
tent: simple | nomadic | native | cosy
oak: old | lonely | single | beautiful | broad
pine: evergreen | lonely | single | old
palm: tropical | exotic | lonely | bent
giant_tree: ancient | magical | fantasy | mighty
dead_tree: old | creepy | gnarled | lonely
cactus: green | lonely | prickly
forest: dense | dark | old | enchanted | thick | wild
oasis: green | hidden | peaceful
garden: baroque | royal | peaceful | symmetrical | victorian
maze: complicated | mysterious | royal
mine: abandoned | old | deep | dwarven
quarry: old | deep | abandoned
plains: empty | wide | open
hills: gentle | green | soft | wild
mountain: majestic | steep | rugged | mighty
mountain_range: majestic | steep | rugged | jagged
volcano: dormant | active | dark | steep | extinct
canyon: deep | winding | narrow | grand
island: remote | lonely | tropical | lost
lake: calm | quiet | blue | clear
river: winding | calm | blue | wild
dunes: high | endless | golden
desert: empty | hot | endless | dry
glacier: arctic | blue | ancient | frozen
cliffs: steep | high | wild | dramatic
"""
)
