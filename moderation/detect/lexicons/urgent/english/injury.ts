import type { RuleSetSource } from "../../../rules/rule-set.ts";
import { phrases } from "../../phrases.ts";

/** Injuries, poison, overdoses, allergic reactions and violence in English. */
export const concepts: RuleSetSource["concepts"] = {
  swallow: phrases(`
    drank | drunk | drink | drinking | swallow* | ate | eaten | eat | eating | ingest* | licked | licking | sipped |
    gulped | gulping | got into | gotten into | chewed | chewing | put in his mouth | put in her mouth |
    in his mouth | in her mouth | inhaled | inhaling | breathed in | mouthful | took | taken | take | taking |
    injected | inject | injecting | shot up | downed | necked | popped | consumed | snorted | smoked | had | given |
    gave | mixed
  `),
  poison: phrases(`
    bleach | antifreeze | detergent | drain cleaner | weed killer | weedkiller | rat poison | poison | pesticide |
    button battery | battery | batteries | magnet | magnets | white spirit | paint thinner | petrol | gasoline |
    lighter fluid | cleaning fluid | cleaning product* | cleaning products | cleaning liquid | cleaning acid |
    cleaning stuff | cleaner | washing tablet | laundry pod* | laundry detergent | dishwasher tablet* |
    dishwasher pod* | laundry capsule* | tide pod* | ammonia | acid | hand sanitiser | hand sanitizer | nicotine |
    vape liquid | e liquid | wild mushroom* | mushroom* | berries | foxglove | mercury | methanol | moonshine |
    perfume | nail polish remover | acetone | turpentine | fertiliser | fertilizer | insecticide | chemical* |
    under the sink | from the garage | glass | lamp oil | super glue | heroin | fentanyl | cocaine | meth | ecstasy
    | mdma | ghb | ketamine | unknown pill | unknown pills | coins | a coin | toxic | caustic | lye
  `),
  pills: phrases(`
    pills | pill | tablets | tablet | tabs | meds | medication | medications | medicine | medicines | paracetamol |
    tylenol | acetaminophen | ibuprofen | advil | aspirin | xanax | valium | benzos | antidepressant* | sertraline |
    sleeping pills | opioid* | oxy* | morphine | insulin | codeine | tramadol | zopiclone | ambien | amitriptyline |
    capsules | dose | doses | benadryl | painkillers | antihistamines | methadone | lithium | warfarin |
    beta blockers | propranolol | metoprolol | digoxin | drugs | co codamol | melatonin | blood thinners |
    heart medication | vodka | whisky | whiskey | alcohol | cough syrup | diazepam | lorazepam | gabapentin |
    pregabalin | iron tablets
  `),
  too_many: phrases(`
    all of | all my | all the | all her | all his | all their | all at once | all in one | at once | in one go |
    whole | the lot | entire | bottle of | a bottle | box of | packet of | packets of | pack of | packs of |
    boxes of | bottles of | handful | handfuls | fistful | too many | too much | way more | more than | more of |
    double | doubled | twice | triple | ten | twelve | fifteen | twenty | thirty | forty | fifty | sixty | hundred |
    dozens | a dozen | every single | so many | a load of | loads of | bunch of | tons of | empty | emptied | lethal
    | fatal | 10 | 12 | 14 | 15 | 16 | 18 | 20 | 22 | 24 | 25 | 28 | 30 | 32 | 35 | 40 | 45 | 48 | 50 | 60 | 64 | 70
    | 80 | 90 | 96 | 100 | 200 | by mistake | by accident | accidentally | instead of | mistook | wrong |
    someone elses | my mothers | my moms | my mums | my fathers | my dads | my grandmothers | my grandmas | grandads
    | grandpas | grandmas | his grandmothers | my husbands | my wifes | my heart | my sleeping | mixed with |
    with alcohol | on top of | and i feel | and now
  `),
  child: phrases(`
    baby | newborn | infant | toddler | child | little one | son | daughter | kid | boy | girl | twin | one year old
    | two year old | three year old | four year old | 1 year old | 2 year old | 3 year old | 18 month old |
    month old | grandson | granddaughter | nephew | niece | dog
  `),
  child_swallow: phrases(`
    swallowed | drank something | drank some | drank from | ate something | ate some of my | got into my |
    got into the | opened my pill* | got hold of my | found my pills | in his mouth | in her mouth | put a |
    chewed on a | inhaled a | choked | stuck up his nose | put something in
  `),
  stuck: phrases(`
    stuck | lodged | caught | blocked | blocking | jammed | went down the wrong | cant get it out | wont come out |
    wedged
  `),
  gullet: phrases(`
    throat | windpipe | airway | gullet | food pipe | down the wrong | oesophagus | esophagus
  `),
  hot: phrases(`
    boiling | scald* | hot oil | hot water | hot tea over | hot coffee over | hot soup | boiling water | kettle |
    flames | caught fire | on fire | acid | caustic | chip pan | steam | petrol | explosion | exploded | firework*
  `),
  hot_on: phrases(`
    over herself | over himself | over myself | over my | over his | over her | over the baby | on herself |
    on himself | on myself | himself | herself | face | arm | arms | legs | chest | hand | hands | eyes | eye | skin
    | blister* | peeling | pulled | spilled | spilt | poured | clothes | hair | screaming | my kid | baby | toddler
  `),
  burn: phrases(`burn | burned | burnt | burns | burning`),
  burn_bad: phrases(`
    badly | severe | severely | all over | whole | blister* | peeling | charred | third degree | second degree |
    baby | toddler | child | face | eyes | chemical | electrical | to the bone | large
  `),
  wound: phrases(`
    cut off | cut through | chopped | chopped off | sliced | sliced off | sawed | sawn | severed | hacked | stabbed
    | shot | gashed | gash | slashed | ripped off | torn off | bitten off | crushed | impaled | nail through |
    knife in | stuck a knife | axe | chainsaw | saw | lawnmower | grinder | mauled | dog attacked |
    attacked by a dog | bitten by | bit my | stung by
  `),
  wound_place: phrases(`
    finger | fingers | fingertip | thumb | hand | hands | arm | arms | leg | legs | foot | feet | toe | toes | neck
    | throat | face | head | stomach | chest | back | artery | vein | eye | ear | bone | wrist | thigh | scalp |
    tongue | ankle | side
  `),
  wound_grave: phrases(`
    blood | bleeding | bone | deep | wont stop | hanging | off | swelling | swollen | numb | artery | tip | faint |
    dizzy | pumping | spurting | gaping | open | hole | snake | spider | scorpion | rabid | unknown animal |
    with the saw | through
  `),
  fall: phrases(`
    fell | fallen | fall | falling | tumbled | slipped | thrown | dropped | crashed | crash | collision | hit his |
    hit her | hit my | hit their | hits | struck | banged | smashed | knocked | whacked | bashed | accident | wreck
    | wreckage | rolled over | kicked | landed | flipped | jumped
  `),
  fall_bad: phrases(`
    head | skull | neck | spine | stairs | staircase | roof | ladder | balcony | window | storey | story | floors |
    height | horse | motorbike | motorcycle | scaffold* | cliff | tree | car | truck | lorry | bus | van | bike |
    bicycle | train | pool | water | motorway | highway | bed | scooter | trampoline | escalator | concrete
  `),
  harmed: phrases(`
    unconscious | confused | vomiting | throwing up | vomited | cant move | cannot move | not moving | isnt moving |
    wont move | cant get up | cannot get up | cant feel | cannot feel | bleeding | blood | knocked out | dazed |
    drowsy | sleepy | passed out | trapped | screaming | in agony | broken | broke | bent | cant walk | cant stand |
    not responding | wont wake | isnt waking | dizzy | clear fluid | fluid | out of place | limp | headache |
    double vision | seeing double | still on the | on the ground | on the floor | on the road | nonsense | pupil |
    slurred | seizure | memory | remember | numb | cant breathe | talking funny | not making sense
  `),
  allergen: phrases(`
    peanut* | nut | nuts | cashew* | almond* | bee | bees | wasp | wasps | hornet | sting | stung | shellfish |
    prawn* | shrimp | lobster | crab | penicillin | antibiotic* | amoxicillin | allerg* | sesame | milk | egg | eggs
    | latex | bite | bitten | bit me | bit him | bit her | ate | eating | eaten | new medication | injection |
    vaccine | jab | contrast | hair dye | kiwi | fish | soy | wheat | medicine
  `),
  reaction: phrases(`
    swollen | swelling | swells | swelled | swell | swelled up | puffed | puffy | puffing | closing | closing up |
    closed up | shutting | shuts | tight | tightening | narrowing | itchy throat | lump in my throat | getting big |
    getting bigger | thick | ballooning | blew up | blowing up | hives | welts | rash all over | hard to breathe |
    harder to breathe | cant breathe | breathing | wheez* | tongue | lips | throat | face
  `),
  allergy_place: phrases(`
    throat | tongue | lips | lip | face | mouth | airway | neck | eyes
  `),
  swelling: phrases(`
    swollen | swelling | swells | swelled | swell | puffed | puffy | puffing | closing | closed | shutting |
    tightening | narrowing | tight | getting big | getting bigger | thick | ballooning | blew up | blowing up |
    hives | welts | tingl* | numb | itching like
  `),
  gas: phrases(`
    gas | carbon monoxide | co alarm | co detector | monoxide | smoke | fumes | chlorine | boiler | generator |
    cleaning products | bleach | chemicals
  `),
  gas_bad: phrases(`
    smell | smells | smelling | alarm | headache | headaches | dizzy | sleepy | nausea* | sick | going off | beeping
    | filling | everywhere | trapped | cant breathe | coughing | cough | faint | passed out | chest | burns |
    burning
  `),
  leg_clot: phrases(`calf | leg`),
  leg_clot_bad: phrases(`
    swollen and | hot and swollen | red and hot | swollen hot | swollen red | chest | breath
  `),
  violence: phrases(`
    going to kill me | gonna kill me | kill me tonight | would kill me | will kill me | trying to kill me |
    wants to kill me | threatened to kill | threatening to kill | threatens to kill | kill us | kill my children |
    kill my kids | hes got a knife | has a knife | got a knife | with a knife | with a gun | has a gun |
    holding a gun | pulled a gun | pointing a gun | someone with a gun | hitting me | hits me | beating me |
    beats me | beat me up | beaten up | beating my | hitting my | punched me | punching me | kicking me |
    strangled me | strangling me | choked me | choking me | attacking me | attacked me | attacking us | raped |
    raping | rape me | sexually assaulted | assaulted me | molest* | touching my daughter | touching my son |
    abusing me | abuses me | being abused | abusive husband | abusive partner | being followed | following me home |
    stalking me outside | breaking into my | breaking in | broke into my | trying to get in | someone is in my house
    | someone in my house | somebody in my house | intruder | locked me in | locked myself in the bathroom because |
    locked myself in the bathroom and he | wont let me leave | wont let me out | hurting me | hurts me |
    hurt me again | afraid he will | afraid of him | scared of him | kidnap* | held hostage | hostage | holding me |
    call the police | call police | send the police | need the police | need police | active shooter | shooter |
    shots fired | bomb threat | house is on fire | building is on fire | flat is on fire | apartment is on fire |
    kitchen is on fire | room is on fire | fire in my | fire in the building | trapped in the | smoke everywhere |
    full of smoke | child is being | being beaten
  `),
};

const paper = ["past", "study", "admin", "better_now"];

export const rules: RuleSetSource["rules"] = [
  {
    label: "overdose",
    all: ["swallow", "too_many", "pills"],
    within: 8,
    unless: ["past", "study", "refill", "dosing"],
  },
  {
    label: "emergency",
    all: ["swallow", "poison"],
    within: 6,
    affirmed: true,
    unless: ["past", "study", "device_power", "admin"],
  },
  {
    label: "emergency",
    all: ["child", "child_swallow"],
    within: 8,
    unless: [...paper, "screen_talk"],
  },
  { label: "emergency", all: ["gullet", "stuck"], within: 8, unless: ["past"] },
  { label: "emergency", all: ["hot", "hot_on"], within: 8, unless: [...paper, "mild"] },
  { label: "emergency", all: ["burn", "burn_bad"], within: 6, unless: [...paper, "screen_talk"] },
  {
    label: "emergency",
    all: ["wound", "wound_place", "wound_grave"],
    within: 10,
    affirmed: true,
    unless: [...paper, "cooking", "screen_talk"],
  },
  {
    label: "emergency",
    all: ["fall", "fall_bad", "harmed"],
    within: 16,
    unless: [...paper, "screen_talk"],
  },
  { label: "emergency", all: ["allergen", "reaction"], within: 12, affirmed: true, unless: paper },
  {
    label: "emergency",
    all: ["allergy_place", "swelling"],
    within: 6,
    affirmed: true,
    unless: paper,
  },
  {
    label: "emergency",
    all: ["gas", "gas_bad"],
    within: 8,
    affirmed: true,
    unless: [...paper, "screen_talk"],
  },
  {
    label: "emergency",
    all: ["leg_clot", "leg_clot_bad"],
    within: 8,
    affirmed: true,
    unless: paper,
  },
  { label: "violence", all: ["violence"], within: 5, unless: ["study", "admin", "screen_talk"] },
];
