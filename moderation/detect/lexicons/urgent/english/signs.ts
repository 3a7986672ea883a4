import type { RuleSetSource } from "../../../rules/rule-set.ts";
import { phrases } from "../../phrases.ts";

/**
 * Words of danger in English by how much they say. One of them says little, several near each other say much. This finds
 * what nobody foresaw as a phrase.
 */
export const concepts: RuleSetSource["concepts"] = {
  grave: phrases(`
    suicid* | overdos* | unconscious* | unresponsive | noose | bleeding | bleed | convuls* | seizure* | stab |
    stabbed | stabbing | gunshot | artery | suffocat* | strangl* | drown* | electrocut* | poison* | paralys* |
    paralyz* | stroke | cardiac | heart attack | anaphyl* | epipen | collapsed | collapsing | gasping | choking |
    wheez* | severed | amputat* | haemorrhag* | hemorrhag* | miscarr* | ambulance | paramedic* | dying | self harm*
    | lethal | ligature | hypotherm* | sepsis | septic | mening* | concuss* | comatose | coma | asphyx* |
    resuscitat* | cpr | defib* | aneurysm | clot | venom* | frostbit* | labour pains | stillbirth | rabies |
    gangrene | delirious | hallucinat* | murdered | hostage | raped | unalive
  `),
  strong: phrases(`
    rope | roof | rooftop | painless | unscrewed | death would | razor blade | breath* | breathing | breathe | lungs
    | oxygen | tightness | crushing | numb | numbness | slur* | droop* | throwing up | puking | swallowed |
    antidepressant* | sleeping pills | heroin | fentanyl | cocaine | bleach | toxic | bait | blister* | scald* |
    boiling | buried | avalanche | trapped | crushed | pinned | run over | contractions | waters | limp | floppy |
    clammy | drenched in sweat | lightheaded | light headed | fainted | fainting | disoriented | agony | excruciat*
    | unbearable | screaming | tearing pain | ripping | razor | wound | wounds | stitches | gash | gashed |
    fracture* | skull | spine | twitch* | jerking | rigid | spasm* | palpitat* | pulse | heartbeat |
    allergic reaction | stung | sting | bitten | snake | carbon monoxide | monoxide | attacked | attacking |
    threatening | threatened | beaten | strangled | assault* | bathtub | cant move | cant feel my | cant feel his |
    cant feel her | farewell | funeral | coffin | afterlife | hopeless | despair | worthless | burden | cut myself |
    scars | ledge | wrists | veins | nothing left | lost the fight | blame yourselves | blame yourself |
    blame themselves | look for me | look for her | look for him | not come back | never come back | never see me |
    never see you again | see me again | peace now | at peace | water looks | over for me | punishment |
    medicine cabinet | pill bottle | pill bottles | forgive | denture | clawing | clutching | relapse* |
    out of control | spray does nothing | glass in | hoarse | choke | choked
  `),
  medical: phrases(`
    blood | asthma | inhaler | chest | swollen | swelling | swell* | hives | vomit* | pills | tablets | insulin |
    burns | hit by | pregnant | newborn | blue | purple | sweating | dizzy | faint | is confused | suddenly confused
    | confused and | seems confused | knife | gun | blade | rope | bone | bones | shaking | stiff | fever | rash |
    infected | fumes | smoke | gas | fell | fallen | crash | crashed | accident | unable to | goodbye | goodbyes |
    heaven | grave | cutting | die | dead | death | killed | killing | kill | bridge | cliff | railing | tracks |
    alone tonight | given up | give up | giving up | end it | no more | miss me | medication | meds | drug | drugs |
    dose | nauseous | nausea
  `),
  some: phrases(`
    pain | pains | painful | hurts | hurt | hurting | aching | burning | sharp | pressure | heavy | tight | cold |
    pale | grey | gray | white | weak | weakness | sick | ill | worse | severe | terrible | horrible | sudden |
    suddenly | out of nowhere | minutes ago | an hour ago | hour ago | just now | right now | tonight | tonights |
    immediately | quickly | please help | help me | scared | terrified | afraid | frightened | panic* | desperate |
    crying | cry | alone | lonely | empty | exhausted | tired of | sorry | forever | anymore | any more | any longer
    | life | live | living | alive | exist* | pointless | meaningless | pain behind | stuck | stuck in | torn | tore
    | open | inside | broken | broke | snapped | bent | hit | banged | slipped | wont stop | cant stop | wont wake |
    cant | cannot | doesnt respond | not responding | ate | eaten | drank | drunk | took | taken | injected |
    inhaled | emptied | lined | hours | lying | floor | ground | bath | pool | locked | door | voices | thoughts |
    dark | darkness | plan | note | letter | letters | emails | last | nobody | no one | everyone | better off |
    without me | tomorrow | wake up | sleep | ever again | therapist | promised | before i do | anything | burst |
    exploded | spinning | double | blurry | black | hanging | twisted | cup | sweat | drenched | hard | barely |
    harder | losing | lost | trembling | shivering | sleepy | drowsy | passing
  `),
  person: phrases(`
    my | me | i | myself | he | she | him | her | his | dad | father | mum | mom | mother | husband | wife | partner
    | son | daughter | baby | infant | toddler | child | kid | girl | boy | brother | sister | grandma | grandpa |
    gran | grandad | grandfather | grandmother | friend | neighbour | neighbor | colleague | student | roommate |
    someone | girlfriend | boyfriend
  `),
  anatomy: phrases(`
    head | face | eye | eyes | ear | mouth | tongue | lips | lip | jaw | neck | throat | shoulder | arm | arms |
    hand | hands | finger | fingers | wrist | heart | stomach | belly | abdomen | back | hip | leg | legs | thigh |
    knee | calf | ankle | foot | feet | toes | skin | upper body | one side | left side | right side | body | smile
    | voice | speech | nose | groin | flank | pupil
  `),
};

export const scores: RuleSetSource["scores"] = [
  {
    label: "danger",
    atLeast: 4,
    within: 30,
    weights: {
      grave: { weight: 4, most: 3 },
      strong: { weight: 3, most: 4 },
      medical: { weight: 2, most: 4 },
      some: { weight: 1, most: 4 },
      person: { weight: 1, most: 1 },
      anatomy: { weight: 1, most: 2 },
      admin: { weight: -3, most: 3 },
      study: { weight: -4, most: 2 },
      past: { weight: -4, most: 1 },
      better_now: { weight: -4, most: 1 },
      mild: { weight: -3, most: 1 },
      hyperbole: { weight: -3, most: 2 },
      chat_talk: { weight: -2, most: 2 },
      screen_talk: { weight: -2, most: 3 },
      blood_test: { weight: -4, most: 1 },
      dosing: { weight: -3, most: 2 },
      cooking: { weight: -2, most: 1 },
    },
  },
];
