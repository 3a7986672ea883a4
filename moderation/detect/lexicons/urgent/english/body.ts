import type { RuleSetSource } from "../../../rules/rule-set.ts";
import { phrases } from "../../phrases.ts";

/** Medical emergencies in English, in the words of lay people: what a body does when it fails. */
export const concepts: RuleSetSource["concepts"] = {
  condition: phrases(`
    heart attack | hart attack | cardiac arrest | cardiac event | heart is failing | heart stopped |
    heart has stopped | heart keeps stopping | heart failure symptoms | no pulse | no heartbeat | without a pulse |
    cant find a pulse | cant feel a pulse | cant feel his pulse | cant feel her pulse | pulse is weak | weak pulse |
    pulse is gone | having a stroke | just had a stroke | signs of a stroke | a stroke | mini stroke | tia symptoms
    | aneurysm | embolism | blood clot | anaphyl* | anaphal* | anafil* | allergic shock | asthma attack | sepsis |
    septic | meningitis | seizure* | siezure* | seizing | convuls* | having a fit | had a fit | having fits |
    epileptic fit | in status | unconscious* | unconcious* | unresponsive | non responsive | lost consciousness |
    loss of consciousness | loses consciousness | losing consciousness | lose consciousness | regain consciousness |
    barely conscious | semi conscious | in and out of consciousness | out cold | lifeless | passed out | passing out
    | pass out | passes out | blacked out | blacking out | black out | blackouts | collapsed | collapsing |
    collapses | just collapsed | keeled over | slumped | fainted | fainting | faint | faints | gone limp | went limp
    | going limp | is limp | floppy | all limp | turned blue | turning blue | going blue | gone blue | went blue |
    looks blue | blue lips | bluish | blueish | lips are blue | blue in the face | blue around the | turning grey |
    turned grey | turning gray | gone grey | gone gray | went grey | going grey and | looks grey | turning purple |
    turned purple | cold and clammy | clammy | ashen | deathly pale | white as a sheet | mottled | not breathing |
    isnt breathing | stopped breathing | stops breathing | barely breathing | hardly breathing | no longer breathing
    | quit breathing | breathing stopped | breathing has stopped | gasping | gasps | suffocating | suffocate |
    cant breathe | cant breath | cannot breathe | can not breathe | cannt breathe | cant breeth | couldnt breathe |
    cant get air | get any air | getting any air | enough air | no air | cant inhale | cant exhale | catch my breath
    | catch her breath | catch his breath | get my breath | draw breath | draw a breath | half a breath |
    take a full breath | take a breath | take a deep breath without | fighting for breath | fighting for air |
    struggling for breath | struggling for air | struggling to breathe | struggling to breath | struggles to breathe
    | trouble breathing | difficulty breathing | difficulties breathing | hard to breathe | harder to breathe |
    hard to breath | hurts to breathe | laboured breathing | labored breathing | breathing is laboured |
    breathing is labored | short of breath | shortness of breath | breathless | gasp for | hyperventilat* | wheez* |
    death rattle | agonal | stridor | throat is closing | throat closing | throat is swelling | throat swelling |
    throat has closed | throat closes | throat is tight* | throat tightening | airway | airways | windpipe | choking
    | choked on | chokes | heimlich | drowning in the | drowned | nearly drowned | almost drowned | face down in |
    pulled out of the pool | pulled from the pool | pulled out of the water | pulled from the water |
    fell in the pool | fell into the pool | underwater for | electrocuted | electric shock | struck by lightning |
    haemorrhag* | hemorrhag* | hemorag* | haemorag* | bleeding out | pool of blood | puddle of blood |
    covered in blood | soaked in blood | losing blood | blood everywhere | coughing up blood | coughed up |
    coughing blood | vomiting blood | vomited blood | throwing up blood | threw up blood | puking blood |
    spitting blood | spitting up blood | blood in my vomit | coffee grounds | coffee ground | passing clots |
    soaking through pads | soaking a pad | soaking pads | black like tar | tarry | black stool* | hypoglyc* |
    ketoacidosis | dka | diabetic coma | diabetic shock | insulin shock | hypothermi* | heat stroke | heatstroke |
    frostbite | carbon monoxide | co alarm | gas leak | gas smell | smell gas | smell of gas | smells of gas |
    smells like gas | fumes | snake bite | snakebite | snake bit | bitten by a snake | poisoned | poisoning |
    overdose | overdosed | overdosing | stabbed | been shot | got shot | was shot | shot himself | shot herself |
    shot in the | gunshot | severed | amputat* | impaled | bone sticking | bone is sticking | bone poking |
    bone is poking | bone is out | bone showing | see the bone | see bone | compound fracture | open fracture |
    trapped under | crushed under | crushed by | pinned under | run over | ran over by | hit by a car | hit by a bus
    | hit by a truck | hit by a van | hit by a lorry | hit by a motorbike | hit by a motorcycle | hit by a train |
    knocked down by a | knocked over by a | broke his neck | broke her neck | broke my neck | broken neck |
    broke my back | broken back | snapped his neck | paralysed | paralyzed | paralysis | water broke | waters broke
    | waters have broken | water has broken | waters just broke | water just broke | waters went | in labour |
    in labor | labour has started | labor has started | gone into labour | gone into labor | giving birth |
    baby is coming | baby coming | head is out | head is coming | crowning | contractions | cord is | cord prolapse
    | umbilical cord | preeclampsia | eclampsia | ectopic | miscarrying | having a miscarriage | placenta |
    appendix burst | ruptured | burst appendix | appendicitis | worst headache | thunderclap | worst pain of |
    worst pain ever | delirious | hallucinating | hallucinations | psychotic | gone blind | suddenly blind |
    went blind | foaming at | froth* at the mouth | foam at the mouth | eyes rolled | eyes are rolled | eyes rolling
    | eyes are rolling | eyes rolled back | rolled back in | pupil is | pupils are | pinpoint pupils | blown pupil |
    wont come round | come round | hasnt come round | hasnt come to | wont come to | cant be woken |
    slipping in and out | drifting in and out | going in and out | fading in and out | drifting off and | unrousable
    | unarousable | third degree burn* | pacemaker keeps | pacemaker is | defibrillator keeps | defibrillator went |
    implant keeps shocking | tourniquet
  `),
  emergency_call: phrases(`
    ambulance* | paramedic* | call 911 | call 999 | call 112 | dial 911 | dial 999 | dialling 999 | calling 911 |
    phone 999 | phone 911 | ring 999 | rang 999 | 911 now | send help | send someone | send somebody | get me help |
    get help now | get help fast | need help now | need help right now | need help immediately | need help fast |
    needs help now | needs help right now | help me please im | help me i am | help me im | help me i |
    someone help me | somebody help | someone please help | help us please | need a doctor now |
    need a doctor right now | need a doctor immediately | need a doctor urgently | need medical help |
    need medical attention | needs medical attention | need urgent medical | needs medical help |
    medical attention now | immediate medical | medical emergency | this is an emergency | its an emergency |
    it is an emergency | it an emergency | its urgent he | emergency room | emergency services | life or death |
    life and death | matter of life | life threatening | sos | mayday | going to die | gonna die | about to die |
    im dying | i am dying | i think im dying | i dying | im dieing | he is dying | she is dying | he dying |
    she dying | is dying | they are dying | going to lose him | going to lose her | losing him | losing her |
    not going to make it | not gonna make it | wont make it | isnt going to make it | go to hospital now |
    go to the er | go to a&e | rush to hospital | rush him to | rush her to | straight to hospital | hurry please |
    please hurry | come quick | come quickly | somebody quick | cpr | resuscitat* | first responder*
  `),
  breathing: phrases(`
    breathe | breath | breathing | breaths | inhale | inhaling | inhaler | air | oxygen | lungs | lung | airway |
    respiration | puffer | nebuliser | nebulizer | chest wall | choke | cough | coughing
  `),
  breathing_bad: phrases(`
    cant | cannot | can not | couldnt | unable | harder | hard | difficult* | trouble | struggl* | only get | only |
    barely | hardly | short | shallow | rapid | fast | noisy | strange | strangely | weird | weirdly | odd | funny |
    funnily | rattl* | rasp* | gurgl* | grunt* | snor* | not properly | properly | painful | hurts | laboured |
    labored | not helping | isnt helping | doesnt help | not working | isnt working | empty | ran out | run out |
    gasp* | stopped | stopping | stops | slow | slowing | irregular* | getting worse | worse | heavy | tight |
    tightening | smaller | closing | closing up | fluid | collapsed | punctured | whistling | cant stop | lying down
    | even sitting | sitting still | at rest | blood | not enough | wrong
  `),
  chest: phrases(`
    chest | breastbone | breast bone | sternum | ribcage | rib cage | heart | heartbeat | heart beat | heart rate |
    left arm | jaw | shoulder blade* | between my shoulder* | ribs | left shoulder | torso
  `),
  chest_bad: phrases(`
    pain | pains | painful | hurt | hurts | hurting | ache | aches | aching | tight | tightness | tightening |
    pressure | pressing | crush* | squeez* | squash* | heavy | heaviness | weight | burning | stabbing | sharp |
    stab | elephant | vice | vise | band | racing | pounding | hammering | fluttering | palpitat* | skipping | skips
    | stopping | stopped | irregular | erratic | exploding | explode | bursting | burst | giving out | numb | tingl*
    | cramp* | going crazy | like crazy | beating too fast | beating so fast | beating really fast | beating like |
    beats so fast | wont slow | slow down | out of rhythm | out of control | agony | brick | constrict* | sitting on
    | radiat* | gripping | clutching | clutches | grabbing | grabbed his | discomfort | fist | spread* | shooting |
    twisting | 180 | 190 | 200 | 160 | 170 | weird | funny
  `),
  body: phrases(`
    stomach | belly | abdomen | abdominal | tummy | gut | guts | side | head | skull | eye | eyes | eyelid | groin |
    testicle* | kidney* | pelvis | appendix | neck | throat | leg | legs | calf | thigh | arm | arms | hand | hands
    | finger | fingers | fingertip | thumb | foot | feet | toe | toes | ankle | knee | hip | spine | face | mouth |
    lip | lips | tongue | cheek | ear | ears | nose | jaw | skin | lower right | flank | bowel | bump | chest |
    muscles | limb | limbs | wrist | wrists | elbow | shoulder | collarbone | nail | scalp | gums | nostrils |
    vagina | penis | rectum | body | half of my body | half my body | right half | left half | left side |
    right side | one side | half his body | half her body | half of his | half of her | half of my | waist down |
    speech | words | vision | sight | pupil | pupils
  `),
  failing: phrases(`
    numb | numbness | weak on | weakness | weak | droop* | dropped on one | sagging | saggy | slack | lopsided |
    crooked | skewed | slur* | slurred | garbled | jumbled | gibberish | mumbling | mush | nonsense | makes no sense
    | not making sense | not making any sense | make no sense | dont make sense | doesnt make sense | get words out
    | get the words | get her words | get his words | get my words | find words | find my words | find his words |
    find her words | paralys* | paralyz* | dead weight | gone dead | went dead | limp | tingl* | pins and needles |
    wont move | not moving | cant move | cannot move | cannot lift | cant lift | cant raise | cannot raise |
    cant feel | cannot feel | cant grip | lost feeling | lost all feeling | no feeling | lost the use | lost use of
    | stopped working | wont work | out of nowhere | all of a sudden | suddenly | sudden | went dark | gone dark |
    went black | gone black | goes black | turned black | blurry | blurred | double vision | seeing double |
    mixed up | coming out wrong | come out wrong | swollen | swelling | swells | swell | swelled | puffed | puffy |
    puffing | ballooning | ballooned | ballooned up | getting big | getting bigger | huge | twice the size | blew up
    | cold and white | blue | bluish | purple | grey | gray | white | black | pale | bigger than | dilated | rolled
    | twisted | bent | deformed | dislocated | out of place | sticking out | poking out | poking through |
    hanging off | hanging by | torn | ripped | crushed | smashed | shattered | snapped | broken | fractured |
    cut off | chopped off | chopped | sliced | sliced off | severed | sawed | sawn | amputated | caught in |
    stuck in a machine | trapped | impaled | pierced | punctured | shot | stabbed | burned | burnt | burning |
    scald* | blister* | charred | melted | on fire | stiff | rigid | hard as | locked | shutting | closing |
    closing up | closed up | cant swallow | cannot swallow | hardly swallow | barely swallow | agony | excruciating
    | unbearable | stabbing | crippling | severe | severely | horrendous | terrible pain | intense | blinding |
    exploding | splitting | bleeding | gushing | spurting | pouring | hot and red | shaking | jerking | twitching |
    convulsing | spasm* | cramping badly
  `),
  patient: phrases(`
    my | me | i | he | she | his | her | him | baby | babys | son | daughter | child | toddler | kid | infant |
    newborn | boy | girl | mum | mom | mother | dad | father | husband | wife | partner | brother | sister | gran |
    grandma | grandmother | grandad | granddad | grandpa | grandfather | nan | nana | friend | colleague | neighbour
    | neighbor | boyfriend | girlfriend | roommate | flatmate | housemate | coworker | someone | somebody | uncle |
    aunt | auntie | client | patient | resident | man | woman | guy | lady | cousin | nephew | niece | grandson |
    granddaughter | twin | student | passenger | teenager | teen | elderly | two year old | year old | month old |
    we all | everyone in
  `),
  unresponsive: phrases(`
    wont wake | not waking | isnt waking | doesnt wake | will not wake | cannot wake | cant wake |
    cant get him to wake | cant get her to wake | hard to wake | difficult to wake | impossible to wake | cant rouse
    | cannot rouse | hard to rouse | wont respond | not responding | isnt responding | doesnt respond |
    no response from | not answering me | isnt answering | isnt answering me | wont answer me | doesnt answer me |
    not reacting | doesnt react | isnt reacting | wont react | not moving | isnt moving | hasnt moved | wont move |
    cant stay awake | cannot stay awake | cant keep awake | cant keep him awake | cant keep her awake |
    wont open his eyes | wont open her eyes | isnt opening | not opening his | not opening her |
    dropped to the floor | dropped to the ground | fell to the floor | fell to the ground | lying on the floor |
    lying on the ground | on the floor and | on the bathroom floor | in the bathtub | found him on | found her on |
    found my | no longer moving | doesnt recognise | doesnt recognize | not recognising | doesnt know where he |
    doesnt know where she | doesnt know who | is confused | suddenly confused | confused all of a sudden |
    seems confused | getting confused | very confused | confused and | disoriented | disorientated | incoherent |
    talking nonsense | talking gibberish | rambling | staring into space | staring blankly | zoned out and | drowsy
    | very sleepy | really sleepy | so sleepy | lethargic | listless | not himself | not herself | acting drunk |
    shaking all over | shaking uncontrollably | shaking violently | shaking on the | shaking and wont | jerking |
    thrashing | twitching | trembling all over | stiff as a board | eyes wont focus | cant keep his eyes open |
    cant keep her eyes open | cant stand up | cannot stand up | cant get up | cannot get up | cant walk |
    cant sit up | cant hold his head
  `),
  pain: phrases(`
    pain | pains | hurts | hurt | hurting | ache | aching | headache | migraine | cramp* | cramping | stomach ache |
    bellyache | burning | stabbing | throbbing | tender
  `),
  severe: phrases(`
    severe | severely | unbearable | unbearably | excruciating | agonising | agonizing | agony | worst | terrible |
    terribly | intense | intensely | extreme | extremely | awful | horrendous | horrible | horribly | crippling |
    blinding | splitting | exploding | sudden | suddenly | came on fast | came from nowhere | out of nowhere |
    getting worse | gets worse | getting stronger | worse by the minute | so strong | so much | so bad | so badly |
    really bad | really badly | very bad | very badly | insane | doubled over | doubled up | doubling over |
    curled up | screaming | crying out | writhing | cant stand | cannot stand | cant move | cannot move |
    cant stop crying | wont stop | nonstop | non stop | for hours | uncontrollabl* | violent* | like never before |
    never felt | 10 out of 10 | ten out of ten | 9 out of 10 | nine out of ten | sweating | rigid | hard as a |
    vomiting | throwing up | high fever | and fever | and a fever | stiff neck | pregnant | faint | confused |
    blurr* | projectile | passing out | pass out | lower right | ripping | tearing
  `),
  bleeding: phrases(`
    bleeding | bleed | bleeds | bled | blood | bloody | haemorrhaging | hemorrhaging
  `),
  heavy: phrases(`
    wont stop | not stopping | isnt stopping | doesnt stop | cant stop | cannot stop | cant get it to stop |
    cant make it stop | get it to stop | make it stop | keeps coming | keeps soaking | keeps bleeding |
    unable to stop | non stop | nonstop | a lot | lots | loads | so much | too much | heavily | heavy | badly |
    profusely | everywhere | all over | pouring | gushing | gush | spurting | squirting | pumping | dripping |
    soaked | soaking | soaks | drenched | pool | puddle | buckets | litres | towel | towels | bandage | bandages |
    deep | artery | vein | pregnant | weeks | running down | down my leg* | down her leg* | from my head |
    from his head | from her head | head | ears | ear | mouth | vomit* | cough* | throwing up | threw up | puk* |
    stool | poo | poop | toilet | black | bright red | clots | clot | down below | internal* | dizzy | faint | pale
    | coming out | wound | neck | wrist | wrists | thigh | stomach | after surgery | after my surgery |
    after the operation | after the surgery | after birth | stitches | sheets | floor | for an hour | for 30 minutes
    | 20 minutes | a cup of | cup | cupful | hours
  `),
  pregnant: phrases(`
    pregnant | weeks along | weeks pregnant | months pregnant | trimester | due date | unborn | the baby | baby |
    bump | womb | labour | labor | midwife
  `),
  pregnant_bad: phrases(`
    hasnt kicked | not kicked | isnt kicking | not kicking | stopped kicking | hasnt moved | not moved | isnt moving
    | not moving | stopped moving | no movement | no movements | fewer movements | cant feel | cannot feel |
    dont feel | bleeding | blood | running down | severe | cramps | contractions | fluid | gush | green | head |
    feet first | breech | cord | coming out | push | blurry | seeing spots | swollen face | fainted | fell down |
    fell on | hit my belly | hit in the
  `),
  vomit: phrases(`
    vomit* | throwing up | threw up | puking | diarrhoea | diarrhea | keep anything down | keep any fluids down |
    keep fluids down | keep water down | keep down | being sick | sick
  `),
  vomit_bad: phrases(`
    blood | violently | nonstop | non stop | cant stop | cannot stop | wont stop | for days | two days | three days
    | confused | faint | dizzy | coffee | green | black | cant keep | cannot keep | stiff neck | after hitting |
    hit his head | hit her head | barely peeing | not peeing | no urine | dehydrated | drowsy | sleepy | severe |
    mushrooms | berries
  `),
  fever: phrases(`fever | temperature | temp | burning up | burning hot`),
  fever_bad: phrases(`
    104 | 105 | 106 | 39 | 40 | 41 | 42 | 39.5 | 40.5 | 103 | 40c | 41c | stiff neck | neck is stiff | confused |
    seizure | wont feed | not feeding | wont drink | refuses | newborn | weeks old | week old | month old |
    months old | rash | spots | drowsy | limp | delirious | very high | so high | wont come down | wont go down |
    not coming down | sleepy | chemo | lower right
  `),
  rash: phrases(`rash | spots | blotches | bruises | marks`),
  rash_bad: phrases(`
    purple | dont fade | doesnt fade | wont fade | not fading | go away when i press | disappear when i press |
    press a glass | glass test | tumbler | spreading fast | all over and | stiff neck | blisters everywhere
  `),
  sugar: phrases(`
    sugar | sugars | glucose | blood sugar | bg | insulin | diabetic | diabetes | hypo | type 1 | glucometer
  `),
  sugar_bad: phrases(`
    dangerously | very low | really low | so low | too low | crashing | dropping | dropped | plummet* | wont come up
    | not coming up | wont go up | at 30 | 30 | 32 | 35 | 38 | 40 | 42 | 45 | 1.8 | 2.0 | 2.1 | 2.5 | sky high | 400
    | 450 | 500 | 550 | 600 | reads hi | says hi | off the scale | vomiting | confused | passed out | shaking |
    shaky | sweating | wont wake | not waking | unconscious | slurring | fruity | drowsy | double dose | too much |
    wrong dose | wrong insulin | by mistake | trembl* | acting drunk | gibberish | nonsense | making no sense |
    staggering | unresponsive | collapsed | cant swallow | cant think
  `),
  dizzy: phrases(`
    dizzy | lightheaded | light headed | faint | woozy | giddy | spinning
  `),
  dizzy_bad: phrases(`
    passing out | pass out | black out | collapse | cant stand | heart | chest | blood | vomiting | confused | numb
    | slurred | blurry | sweating | suddenly | headache | twice | three times | keep falling | fell
  `),
  lose_sense: phrases(`
    cant see anything | cannot see anything | cant see out of | cannot see out of | and cant see | and cannot see |
    cant see at all | everything went dark | everything went black | everything goes dark | lost my vision |
    lost vision | lost my sight | lost his sight | lost her sight | lost all feeling | lost feeling |
    lost the feeling | lost the use of | lost use of | cant feel my | cannot feel my | cant feel his | cant feel her
    | cannot feel his | cannot feel her | cant move my | cannot move my | cant move his | cant move her |
    cannot move his | cannot move her | cannot move the | cant move the right | cant move the left |
    cant move at all | cannot move at all | cant speak properly | cant talk properly | and cant speak |
    and cant talk | he cant talk | she cant talk | he cant speak | she cant speak | cant swallow | cannot swallow |
    cant lift my | cant lift his | cant lift her | cannot lift my | cannot lift his | cannot lift her |
    legs gave way | legs gave out | think straight
  `),
};

const paper = ["past", "study", "admin", "better_now"];
const light = [...paper, "hyperbole", "mild"];

export const rules: RuleSetSource["rules"] = [
  {
    label: "emergency",
    all: ["condition"],
    within: 7,
    affirmed: true,
    unless: [...paper, "hyperbole"],
  },
  { label: "emergency", all: ["emergency_call"], within: 8, unless: [...paper, "hyperbole"] },
  {
    label: "emergency",
    all: ["breathing", "breathing_bad"],
    within: 4,
    affirmed: true,
    unless: [...light, "screen_talk"],
  },
  { label: "emergency", all: ["chest", "chest_bad"], within: 6, affirmed: true, unless: light },
  {
    label: "emergency",
    all: ["body", "failing"],
    within: 6,
    affirmed: true,
    unless: [...light, "screen_talk"],
  },
  {
    label: "emergency",
    all: ["patient", "unresponsive"],
    within: 8,
    unless: [...paper, "hyperbole", "screen_talk"],
  },
  {
    label: "emergency",
    all: ["pain", "severe"],
    within: 8,
    affirmed: true,
    unless: [...light, "screen_talk"],
  },
  {
    label: "emergency",
    all: ["bleeding", "heavy"],
    within: 8,
    affirmed: true,
    unless: [...paper, "mild", "blood_test", "cooking"],
  },
  {
    label: "emergency",
    all: ["pregnant", "pregnant_bad"],
    within: 10,
    affirmed: true,
    unless: [...paper, "mild"],
  },
  {
    label: "emergency",
    all: ["vomit", "vomit_bad"],
    within: 10,
    affirmed: true,
    unless: [...paper, "screen_talk", "hyperbole"],
  },
  {
    label: "emergency",
    all: ["fever", "fever_bad"],
    within: 10,
    affirmed: true,
    unless: [...paper, "screen_talk"],
  },
  { label: "emergency", all: ["rash", "rash_bad"], within: 12, unless: paper },
  { label: "emergency", all: ["sugar", "sugar_bad"], within: 10, unless: paper },
  { label: "emergency", all: ["dizzy", "dizzy_bad"], within: 10, affirmed: true, unless: light },
  {
    label: "emergency",
    all: ["lose_sense"],
    within: 6,
    unless: [...paper, "screen_talk", "language"],
  },
];
