"""The phrases of the captions: materials, sizes, places, details and ways to ask. Plain tables, no logic."""

from __future__ import annotations

from typing import Final

from voxcore.worlds.vocabulary import Words, table

MATERIAL_ADJECTIVES: Final = table(
    """
stone: stone | stone | stone | granite | cobblestone | grey stone | gray stone | grey rock | rock | grey
dark: dark stone | slate | basalt | dark grey | black stone | dark
gravel: gravel | rubble | rough stone
wood: wooden | wooden | wood | timber | plank | log
sand: sandstone | sandstone | adobe | mud-brick | sand | yellow sandstone | clay | yellow
white: white | white | white marble | marble | whitewashed | white stone
ice: ice | icy | frozen | crystal | ice
brick: brick | brown brick | earthen | mud | brown
snow: snow | snow | snow block | white
glass: glass | glass | glassy
hedge: hedge | green hedge | hedge
"""
)

MADE_OF: Final = table(
    """
stone: stone | stone | granite | grey stone | rock | cobblestone | stone blocks
dark: dark stone | basalt | slate | dark rock
gravel: gravel | rubble
wood: wood | wood | planks | timber | logs
sand: sandstone | sand | adobe | mud-brick | clay
white: white marble | marble | white stone
ice: ice | ice blocks | crystal | glacier ice
brick: bricks | brown bricks | earth | mud
snow: snow | snow blocks | packed snow
glass: glass | glass panes
hedge: hedges | green hedges | bushes
"""
)
"""What follows "made of"."""

ROOF_WORDS: Final = {
    int(block): words
    for block, words in table(
        """
1: green
2: brown | dark brown | shingle | earthen
3: stone | grey
4: wooden | thatched | plank | straw
5: snowy | white
6: yellow | sandstone
7: blue
8: slate | dark grey | dark
9: green | mossy
10: ice | pale blue
11: grey | stone
"""
    ).items()
}
"""Adjectives of a roof by its block."""

SIZE_WORDS: Final = table(
    """
small: small | small | little | tiny | modest | mini
medium: medium sized | mid-sized | medium
large: large | large | big | huge | massive | great | giant | enormous | vast | colossal
"""
)
TALL_WORDS: Final[Words] = ("tall", "tall", "high", "towering", "huge", "big")
"""For large ones of the families that are tall rather than wide."""
TALL_FAMILIES: Final = frozenset(
    {
        "dead_tree",
        "giant_tree",
        "keep",
        "lighthouse",
        "oak",
        "obelisk",
        "pagoda",
        "palm",
        "pillar",
        "pine",
        "rocket",
        "skyscraper",
        "statue",
        "watchtower",
    }
)

GROUND_PHRASES: Final = table(
    """
meadow: on a green meadow | on a meadow | in a grassy field | on grass | on green grass | in a field | on a lawn
alpine: on an alpine meadow | on dark green grass | on a mountain pasture | in a lush green field
snow: in the snow | on a snowy field | in a snowy landscape | on snow | in winter | in a winter landscape
desert: in the desert | on sand | in a sandy desert | in a desert landscape | on desert sand
dirt: on bare earth | on brown soil | on dirt | on bare ground | on muddy ground
gravel: on gravel | on a gravel plain | on stony ground
rock: on a rocky plain | on bare rock | on stone ground | on rocky ground
crag: on dark rock | on rough rocky ground | on a barren rocky plain
ice: on ice | on a frozen plain | on a sheet of ice
"""
)

SETTING_PHRASES: Final = table(
    """
rolling: in rolling hills | among hills | in hilly country | on hilly ground | in a hilly landscape
editor_hills: in a hilly landscape | in the hills | on hilly terrain | among green hills | in rough terrain
lake: beside a lake | next to a lake | by a lake | at a lake | overlooking a lake | near a lake |
    on the shore of a lake | with a lake nearby
coast: by the sea | on the coast | at the seaside | next to the ocean | on the beach | near the sea |
    by the ocean | facing the sea
river: beside a river | next to a river | by a river | near a river | along a river | on a riverbank | at a river
island: on an island | on a small island | surrounded by water | in the middle of a lake | on an island in the sea
hill: on a hill | on top of a hill | on a hilltop | high on a hill | standing on a hill | atop a hill | crowning a hill
plateau: on a rocky plateau | on a plateau | on top of a cliff | on a high rock
mountains: in the mountains | surrounded by mountains | between high mountains | among mountain peaks
foot: at the foot of a mountain | beside a mountain | below a high mountain | in front of a mountain | near a mountain
valley: in a valley | in a wide valley | down in a valley | between two slopes
sea: on the sea | on the ocean | at sea | on the water | on open water
crossing: over a river | across a river | spanning a river | over water | over a stream
"""
)

TREE_PHRASES: Final = table(
    """
few: with trees around | with some trees | with a few trees | among trees | and some trees
many: in a forest | in the woods | surrounded by trees | in a clearing in the forest | deep in the forest
pine_many: in a pine forest | surrounded by pine trees | among pines | in a fir forest
palm: with palm trees | among palm trees | with some palms
"""
)

DETAILS: Final = table(
    """
towers: {} towers | {} towers
tall_towers: tall towers | high towers | corner towers | strong towers
corner_turrets: {} corner turrets | {} turrets
gatehouse: a gatehouse | a gate | a big gate | an entrance gate
keep: a keep | a keep in the middle | an inner keep | a great tower inside
six: six towers | six tall towers | six strong towers
moat: a moat | a moat around it | a water moat | a moat full of water
drawbridge: a drawbridge | a wooden drawbridge | a bridge over the moat
walls: high walls | thick walls | strong walls | walls
pointed_roofs: pointed roofs | pointed tower roofs | cone roofs
pointed_roof: a pointed roof | a roof on top
crenels: battlements | crenellations | crenels | crenellated walls
courtyard: a courtyard | an inner courtyard | a yard inside
slits: narrow windows | arrow slits | small windows
platform: a platform on top | a lookout platform | a platform on posts
round: round walls | a round plan
square: square walls | a square plan
gate: a gate | an open gate | a gate in the middle
palisade: a wall of posts | wooden walls | a fence of logs
chimney: a chimney | a stone chimney
porch: a porch | a covered porch
gable: a gable roof | a pitched roof | a sloping roof
steep_roof: a steep roof | a high roof | a pointed roof
hip: a hip roof | a hipped roof
flat_roof: a flat roof
windows: windows | small windows | many windows
door: a door | an open door
floors: {} floors | {} storeys | {} stories
fence: a fence | a garden fence | a fence around it
big_doors: big doors | a large door
silo: a silo | a silo beside it
blades: {} sails | {} blades | big blades | turning sails
sails: sails | white sails | big sails
cap: a pointed cap | a roof cap
village_church: a church | a church in the middle
village_well: a well | a well in the middle
houses: small houses | houses | several houses | many houses
n_houses: {} houses | {} small houses
paths: paths | paths between the houses | small roads
stalls: stalls | market stalls | rows of stalls
awnings: colourful awnings | cloth roofs
fields: fields | green fields | plowed fields
crops: crops | rows of crops
farm_barn: a barn
farm_house: a farmhouse | a small house
steeple: a steeple | a tall steeple | a pointed steeple | a spire
bell_tower: a bell tower | a tower
tall_windows: tall windows | high windows
rose_window: a rose window | a round window
buttresses: buttresses | tall windows
columns: columns | many columns | rows of pillars | pillars | a ring of columns
steps: steps | steps all around | stairs
pediment: a triangular gable | a pediment
tiers: {} tiers | {} roofs | {} storeys
curved_roofs: curved roofs | wide roofs | upturned roofs
dome: a {} dome | a big {} dome
minarets: {} minarets | {} slender towers
beams: two beams | two posts
path: a path | a stone path
entrance: an entrance | a doorway | a dark entrance
capstone: a capstone | a different tip
stepped: big steps | coarse steps
terraces: {} terraces | {} levels | {} steps
stairs: a staircase | a long staircase | stairs to the top
shrine_top: a shrine on top | a small temple on top
broken_columns: broken columns | broken pillars
moss: moss | moss on the walls | ivy
broken_walls: broken walls | collapsed walls | crumbling walls
rubble: rubble | debris
altar: an altar | an altar in the middle
lintels: lintels | stones on top
stones: standing stones | upright stones
arches: {} arches | {} openings
arch: one arch | a single arch | a curved arch
opening: a round opening | a tall opening | a passage
portcullis: a portcullis | an iron grille
raised_arm: a raised arm | one arm raised
pedestal: a pedestal | a base
plinth: a plinth | a stepped base
basin: a basin | a water basin | water
square_basin: a square basin
little_roof: a small roof | a little roof | a roof
water_inside: water inside | water
end_towers: {} towers | towers at both ends
railing: railings | parapets | side walls
many_arches: tall arches | many arches | a row of arches
arch_tiers: {} tiers of arches | {} rows of arches
channel: a water channel | water on top
keepers_hut: a keeper's house | a small house beside it
stripes: stripes | bands | coloured bands
lamp: a lamp room | a light on top
gallery: a gallery | a balcony at the top
stern: a high stern | a cabin at the back
masts: {} masts | {} masts
mast: one mast | a single mast | a mast
crates: crates | boxes
boats: boats | small boats
posts: wooden posts | posts in the water
many_windows: many windows | glass windows | rows of windows
many_floors: many floors | many storeys
streets: streets | streets in a grid | roads
many_high_rises: tall buildings | skyscrapers | office towers
seats: rows of seats | stands | tiers of seats
pitch: a green pitch | a playing field | grass inside
chimneys: {} chimneys | {} smokestacks
gantry: a launch tower | a gantry
fins: {} fins | fins
nose: a pointed nose | a nose cone
crown: a round crown | green leaves | a leafy crown
trunk: a brown trunk | a thick trunk
tiers_of_needles: green branches | needles
snow_on_branches: snow on its branches | snow on top
fronds: long fronds | big leaves | a bent trunk
roots: big roots | roots
thick_trunk: a thick trunk | a massive trunk
bare_branches: bare branches | no leaves
cactus_arms: {} arms | arms
tunnel: an entrance tunnel | a tunnel entrance | a small entrance
hat: a black hat | a hat | a top hat
stick_arms: stick arms | arms made of sticks
nose_face: a carrot nose | a face | coal eyes
pole: a pole
tent_opening: an opening | an entrance
clearing: a clearing | an open clearing
many_trees: many trees | lots of trees | tall trees
pond: a pond | a water pool | water
palms: {} palm trees | {} palms
hedges: hedges | clipped hedges
garden_fountain: a fountain | a fountain in the middle
flowers: flower beds | flowers
passages: winding passages | many paths | dead ends
n_tents: {} tents | {} tents
campfire: a campfire | a fire place
tunnel_mouth: a tunnel | a tunnel in the rock | a dark entrance
timbers: wooden supports | timber frames
cart: rails | a mine cart
terraced_pit: terraces | steps cut into the ground | a deep pit
crane: a crane | a wooden crane
"""
)
"""What a builder noted; {} takes the adjective or number that came with it."""

MATERIAL_DETAILS: Final = frozenset(
    {
        "arches",
        "broken_walls",
        "columns",
        "corner_turrets",
        "end_towers",
        "many_arches",
        "minarets",
        "stones",
        "tall_towers",
        "towers",
        "walls",
    }
)
"""Details whose noun may carry the material: "a castle with stone towers"."""

OPENINGS: Final = table(
    """
words: build me | build | make | make me | create | I want | I would like | please build | generate | give me |
    show me | can you build | let's have | add | put | place | I need | design | construct | could you make |
    we need | imagine | there is | this is | I would love | let me see
"""
)["words"]
FRAMES: Final[Words] = (
    "a voxel model of",
    "a scene with",
    "a picture of",
    "a map with",
    "a world with",
    "a landscape with",
)

BESIDE: Final = table(
    """
words: {a} and {b} | {a} and {b} | {a} and {b} | {a} with {b} | {a} beside {b} | {a} next to {b} | {a} near {b} |
    {a} together with {b} | {a} close to {b} | {a}, and {b} beside it | {a} and also {b} | {a} by {b} | {a} plus {b} |
    {a} and {b} side by side | {a} alongside {b}
"""
)["words"]
"""Two kinds of objects side by side."""
THREE: Final = table(
    """
words: {a}, {b} and {c} | {a}, {b} and {c} | {a} with {b} and {c} | {a} and {b} with {c} | {a} next to {b} and {c} |
    {a} near {b}, with {c} | {a} beside {b} and {c} | {a} and {b} and {c} | {a}, {b}, and {c}
"""
)["words"]
AROUND: Final = table(
    """
words: {b} around {a} | {b} around {a} | {b} in a ring around {a} | {a} surrounded by {b} | {a} with {b} around it |
    {a} in the middle of {b} | {b} standing around {a} | {b} with {a} in the middle
"""
)["words"]
FLANK: Final = table(
    """
words: {one} on either side of {a} | {one} on each side of {a} | {a} between {b} | {a} with {one} on each side |
    {a} flanked by {b} | {b} beside {a} | {a} standing between {b} | {one} to the left and right of {a}
"""
)["words"]
