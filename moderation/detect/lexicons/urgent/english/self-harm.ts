import type { RuleSetSource } from "../../../rules/rule-set.ts";
import { phrases } from "../../phrases.ts";

/** Suicide and self-harm in English: what people say about themselves and about others. */
export const concepts: RuleSetSource["concepts"] = {
  suicide_word: phrases(`suicid* | sucid* | suicd* | siucid* | suiside | sewerslide`),
  suicide_act: phrases(`
    make it painless | rope in the | rope in my | rope ready | a rope | please shoot me | just shoot me |
    should shoot me | stab me | put me down | put a bullet | put me to sleep | end my misery | death would be |
    welcome death | death wish | longing for death | embrace death | death is the only | death sounds | death seems
    | dying would be | dying sounds | dying seems | being dead would | being dead sounds | dead would be better |
    kms | unaliv* | un alive | selfharm* | self harm* | self injur* | self mutilat* | kill my self | off myself |
    offing myself | top myself | topping myself | do myself in | doing myself in | do me in | slit my | slitting my
    | slash my | slashed my | cut my wrist* | cutting my wrist* | slit her wrist* | slit his wrist* | cut her wrist*
    | cut his wrist* | slit their wrist* | slashed her | slashed his | opened my wrist* | open my veins |
    open my wrist* | my wrists | overdose on | overdosing | overdosed | take an overdose | taken an overdose |
    took an overdose | od on | oded | od ed | noose | nooses | goodbye note | farewell note | farewell letter |
    goodbye letter* | goodbye video | suicide note | my note already | end my life | ending my life |
    end my own life | ending my own life | ended my life | end her life | end his life | end their life |
    ending her life | ending his life | end this life | end my existence | take my life | taking my life |
    take my own life | taking my own life | take her own life | take his own life | take their own life |
    taking her own life | taking his own life | took her own life attempt | not worth saving | bleed to death |
    bleed out | jump in front of | jumping in front of | step in front of | stepping in front of |
    walk in front of a | walk into traffic | walking into traffic | run into traffic | into oncoming |
    in front of a train | in front of the train | in front of a bus | in front of a truck | in front of a car |
    in front of a lorry | under a train | under the train | under a bus | off a bridge | off the bridge |
    off a cliff | off the cliff | off a building | off the building | off the roof | off a roof | off my balcony |
    off the balcony | out the window | out of the window | onto the tracks | on the tracks | onto the rails |
    wrong side of the railing | other side of the railing | over the railing | over the barrier |
    onto the train tracks | wrong side of the barrier | painless way | painlessly | lethal dose | fatal dose |
    way to die | ways to die | best way to end | easiest way out | quickest way out | easy way out of life |
    attempt on my life | drink myself to death | starve myself | starving myself to | suffocate myself | gas myself
    | poison myself | hang myself | hanging myself | hang himself | hang herself | hanging himself | hanging herself
    | sleep forever | asleep forever | sleeping forever | eternal sleep | forever asleep | blow my brains |
    blow my head | bullet in my | bullet through my | eat a bullet | end me | end myself | ending myself |
    finish myself | delete myself | erase myself | get rid of myself | do away with myself | remove myself from this
    | take myself out | checking out for good | check out for good | check out permanently | catch the bus |
    meet my maker | be with god soon | be in heaven soon | six feet under | final exit | permanent solution |
    tap out for good
  `),
  self: phrases(`
    myself | my self | himself | herself | themselves | themself | ourselves | yourself | yourselves | oneself |
    my own body | my body
  `),
  harm_verb: phrases(`
    kill | killing | killed | hurt | hurting | harm | harming | harmed | cut | cutting | cuts | hang | hanging |
    shoot | shooting | drown | drowning | stab | stabbing | burn | burning | poison | poisoning | strangle |
    strangling | choke | choking | suffocate | electrocute | end | ending | throw | throwing | threw | starve |
    starving | punish | punishing | injure | injuring | destroy | destroying | slit | slash | fling | hurl |
    get rid of
  `),
  first_person: phrases(`i | im | me | my | mine | myself | ive | id`),
  intent: phrases(`
    want | wants | wanted | wanting | wanna | wana | wish | wishes | wishing | wished | going to | gonna | gona |
    gunna | about to | ready to | ready for | plan | plans | planning | planned | thinking of | thinking about |
    thinking | think of | thought of | thoughts of | thoughts about | thinks about | think about | thoughts |
    ideation | consider* | contemplat* | tempted | tempting | decided | decide | deciding | intend* | intent | hope
    | hopes | hoping | pray | praying | prays | feel like | feels like | feeling like | rather | prefer* | long to |
    long for | longing | yearn* | crave | craving | urge* | impulse* | might | could just | should just | try to |
    trying to | tried to | threaten* | talk* about | talks of | imagin* | fantas* | fantaz* | dream of | dreaming of
    | dreaming about | dream about | let me | easier | better | if only | deserve | deserves | researching |
    looking up | ready | rehears* | practis* | practic* | pictur* | obsess* | swear* | vow* | insist* | determined |
    wonder* | what if | how to | how do i | how can i | how i | ways to | way to | how long | how many | how much |
    fastest | quickest | easiest | best way | would be nice | would love to | looking forward to | cant stop |
    keep thinking | keeps saying | keeps talking | says | said | saying | told | tells | tonight | today | tomorrow
    | finally | time to | need to | not afraid | not scared | no longer afraid | wouldnt mind | dont mind |
    at peace with | comfort in | promise | see myself | going | choose | chose | i will | ill | ask* | beg* | just
  `),
  death: phrases(`
    die | dying | dead | death | dies | be gone | being gone | disappear | disappearing | vanish | vanishing |
    cease to exist | ceasing to exist | stop existing | stop living | stop being alive | not exist | not be alive |
    not be here | not being here | not being alive | not wake up | not waking up | never wake up | never waking up |
    never woke up | never wake | never woken | not wake | dont wake up | didnt wake up | wouldnt wake up |
    wont wake up again | never open my eyes | not open my eyes | close my eyes forever | close my eyes for good |
    close my eyes and never | end it | ending it | end it all | ending it all | end everything | ending everything |
    end all of this | end all this | end this | end things | ending things | finish it | finish things |
    get it over with | my own funeral | my funeral | my grave | my coffin | leave this world | leaving this world |
    leave this earth | leave this life | depart this | part of this world | not be around | never existed |
    never been born | not been born | wasnt born | never born | were never born | was never born | wasnt here |
    wasnt alive | werent here | wasnt around | werent alive | werent around | not around anymore | swallow all |
    swallow every | swallow them all | take them all | take all of them | let go of life | letting go of life |
    quit life | quit living | exit this life | make it stop forever | make it all stop | it all to stop |
    all of it to stop | stop the pain | end the pain | end my pain | end this pain | end my suffering |
    end the suffering | pain to be over | pain to end | pain to stop | everything to be over | everything to end |
    everything to stop | be over for good | to be over | all to be over | all to end | it to end | it to be over |
    this to be over | this to end | peace at last | perish | pass away | join my late | join my dead | join him |
    join her | join them | be with my late | be with my dead | be with mum again | be with mom again |
    be with dad again | be with him again | be with her again | kill me | somebody kill | someone kill |
    put me out of | letting myself drop | let myself drop | let myself fall | letting myself fall |
    drop off the edge | over the edge | fading away | fade away | slip away | slipping away | snuff it |
    kick the bucket | croak | nonexistence | nothingness | the end of me | afterlife | other side of life
  `),
  tired_of: phrases(`
    dont want | do not want | doesnt want | does not want | didnt want | dont wanna | dont wana | no longer want |
    not want | never wanted | no desire | dont wish | no longer wish | no will | no strength | no energy |
    lost the will | losing the will | lost my will | lost all will | tired of | so tired | sick of | exhausted from
    | exhausted of | weary of | done with | finished with | fed up with | fed up of | had enough of | had enough |
    cant keep | cannot keep | can not keep | cant bear | cannot bear | cant stand | cannot stand | cant face |
    cannot face | cant handle | cannot handle | cant cope | cannot cope | cant go | cannot go | cant live |
    cannot live | cant continue | cannot continue | cant carry | cannot carry | dont deserve | not meant |
    wasnt meant | no reason | no reasons | not one reason | single reason | any reason | a reason | reasons |
    no purpose | no point | see no point | the point | any point | whats the point | what is the point | no sense |
    pointless | purposeless | senseless | not worth | isnt worth | aint worth | worthless | nothing left |
    nothing worth | nothing good | meaningless | no meaning | unbearable | hate | hates | hating | given up |
    giving up | give up | gave up | stopped caring | stopped wanting | no longer care | dont care | dont care if |
    doesnt matter if | see myself | any future | no future | wont be | will not be | not going to be | not gonna be
    | too tired | too exhausted | struggl* | dread* | hurts too much | too painful | too much pain | too hard |
    what for | why am i | why bother | why should i | why keep | why even | no hope | cant promise | cannot promise
    | not sure i | unsure | dont know if | dont think | doubt | cant see | cannot see | dont see | run out of |
    ran out of | forgot how | lost interest in | struggle to find | failed at | allergic to | part of
  `),
  living: phrases(`
    live | living | alive | life | exist | existing | existence | be here | being here | im here | am here |
    still here | here anymore | here any more | here any longer | go on | going on | goes on | carry on |
    carrying on | keep going | keep on | keep fighting | keep trying | keep breathing | continue | wake up |
    waking up | wake | see tomorrow | tomorrow | another day | one more day | next week | next month | this world |
    the world | this planet | this earth | be around | being around | around anymore | around much longer |
    around for | breathing | fighting | see another | stay alive | staying alive | survive | surviving |
    stick around | hold on | hang on | another year | another month | another night | another morning | the morning
    | get up | getting up | out of bed | next birthday | see christmas | make it through | make it to | the night |
    being me | be me | stay | staying
  `),
  better: phrases(`
    relief | peace | nicer | blessing | kinder | freeing | comfort | better | happier | easier | relieved | fine |
    improve* | improved | thrive | peaceful | lighter | favour | favor | service | glad | thankful | best thing |
    help everyone | help my | good riddance | celebrate | happy | richer | free | best for
  `),
  without_me: phrases(`
    without me | if i was gone | if i were gone | if i was dead | if i were dead | if i wasnt | if i werent |
    if i was not | if i were not | if i disappeared | if i vanished | if i died | if i simply | if i just |
    if i stopped | if i ceased | if i never | if i didnt exist | if i no longer | if i left this | if i went away |
    if i took | if i ended | if i killed | if i jumped | once im gone | when im gone | after im gone | once i gone |
    when i gone | after i gone | if i gone | when i am gone | after i am gone | once i am gone | if i am gone |
    me gone | me dead | me out of the way | me not here | rid of me | me in it | me being gone | me not being |
    me disappear* | me dying | my death | my absence | me alive | i ever could alive | than alive | i die | i died |
    i disappear | i vanish | im dead | i am dead | i was gone | i were gone | i am gone | im not around |
    i am not around | i wasnt around | i simply werent | i simply wasnt
  `),
  notice: phrases(`
    notice | notices | noticed | miss | missed | care | cares | cared | mourn | cry | remember | realise | realize |
    mind | bother | show up | come to my funeral | be sad | affected | matter | blame | know
  `),
  nobody: phrases(`
    nobody | no one | noone | not a soul | not one person | anyone | anybody | would anyone | who would |
    would people | would they | doubt anyone | everyone | everybody | people | world | family | kids | children |
    they | wife | husband | parents | friends
  `),
  despair: phrases(`
    trust myself | cant be trusted alone | shouldnt be alone | cant be alone tonight | afraid to be alone tonight |
    dont trust myself | i am slipping | im slipping | nobody left | no one left | lost the fight | done fighting |
    tired of fighting | no fight left | it is over for me | its over for me | it over for me |
    check myself out of this | not strong enough to stay | so i can be with | dont blame yourself |
    dont blame yourselves | not your fault | look for me | come looking for me | remember me | goodbye status |
    goodbye text | goodbye message | goodbye post | goodbye letter | final text | last text | its my time |
    it is my time | time to go home to god | no tomorrow | no future for | no future | dont have a future |
    no way out | only way out | no other way out | way out of this | out of this life | out of life | no escape |
    only escape | no way forward | only option left | only solution left | only choice left | only answer left |
    life isnt worth | life is not worth | not worth living | isnt worth living | life has no | life is pointless |
    life is meaningless | life is over | my life is over | will to live | nothing to live for | nothing left to live
    | reason to live | reason to be alive | reason to stay alive | reason to keep living | reason to go on |
    nothing keeping me | nothing keeps me | nothing holding me | nothing is keeping | tired of life |
    tired of living | tired of being alive | tired of existing | sick of living | sick of life | sick of being alive
    | done with life | done living | done with living | done existing | done with everything | hate being alive |
    hate living | hate existing | hate my life | hate myself | hated myself | loathe myself | despise myself |
    disgusted with myself | want to be dead | wants to be dead | wanna be dead | want to die | wants to die |
    wanna die | wanting to die | rather be dead | prefer to be dead | better off dead | be better off dead |
    wish i was dead | wish i were dead | wish i could die | wish i had died | wish i wasnt here | wish i wasnt alive
    | wish i didnt exist | wish i didnt wake up | wish i hadnt woken | wont be here tomorrow |
    wont be here much longer | wont be here in the | wont be here when | wont be here by |
    wont be around much longer | wont be around anymore | wont see tomorrow | wont make it to | wont make it through
    | wont last the night | not make it through | ill make it through the night | be here in the morning |
    be around in the morning | still be alive | still be here tomorrow | be alive tomorrow | by the time you read |
    by the time you see | by the time you get | by the time anyone | when you read this | when you find this |
    when they find me | when they find my | whoever finds me | who finds me | find my body | finds my body |
    find me dead | i am a burden | im a burden | i a burden | being a burden | just a burden | such a burden |
    only a burden | burden to | burden on | waste of space | waste of oxygen | waste of air | take up space |
    dont deserve to live | dont deserve to be | dont deserve to exist | do not deserve to live | ready to die |
    prepared to die | at peace with dying | nothing matters | nothing helps | nothing will help | beyond help |
    beyond saving | cant be saved | cant be helped | no hope | hopeless* | lost all hope | lost hope | out of hope |
    end of my rope | end of the rope | end of my tether | breaking point | at the end of my | hit rock bottom |
    cant go on | cannot go on | can not go on | cant carry on | cannot carry on | cant keep going |
    cannot keep going | cant take it anymore | cant take it any more | cant take it any longer |
    cant take this anymore | cant take this any | cannot take it | cannot take this | cant take any more |
    cant take anymore | cant do this anymore | cant do this any more | cannot do this any* | cant do it anymore |
    cant do it any more | can not do this | cant handle it any* | cant handle this any* | cant cope any* |
    cannot cope any* | cant bear it | cant bear this | cannot bear it | cannot bear this | cant fight any* |
    cannot fight any* | cant keep doing this | cant keep living | cant live like this | cannot live like this |
    cant live with | cant stand being alive | cant stand living | given up on life | giving up on life |
    give up on life | given up on living | given up on everything | giving up on everything | ready to give up on |
    dark thoughts | darkest thoughts | dark place | thoughts are so dark | intrusive thoughts of |
    bad thoughts about | unalive | dont feel safe with | not safe with myself | not safe alone | unsafe with myself
    | unsafe alone | safe from myself | keep myself safe | keeping myself safe | keep me safe from | do to myself |
    did to myself | something to myself | done to myself | danger to myself | something stupid |
    do something drastic | do something bad to | do something terrible | do something i cant take back |
    something permanent | do anything to myself | want the pain to | pain to go away forever | want it all to |
    want everything to | want it to be over | want it over | want this to be over | just want it to stop |
    just want out | want out | sleep and never | sleep and not | asleep and never | asleep and not |
    to sleep and not wake | bed and not wake | bed and never | never have to wake | go to sleep and never |
    never wake up again | not wake up again | gave away my | given away my | giving away my | giving away all |
    given away all | gave away all | giving her things | giving his things | giving away her | giving away his |
    gave away his | gave away her | found a home for my | found someone to take my | affairs in order |
    settled my affairs | my goodbye* | goodbye forever | goodbye for ever | goodbye cruel | goodbye world |
    goodbye everyone | goodbye to you all | goodbye to everyone | this is goodbye | final goodbye | last goodbye |
    saying goodbye forever | say goodbye forever | say goodbye for good | farewell | last time before i |
    one last time | for the last time | forgive me | sorry for what im | sorry for what i am |
    sorry for what i have to | sorry for what i going | what im about to do | what i about to do |
    what i am about to do | what im going to do | what i going to do | what i am going to do | what i might do |
    what i have to do | tell my family | tell my kids | tell my mum | tell my mom | tell my wife | tell my husband |
    tell my children | tell my parents | tell my daughter | tell my son | tell my dad | tell my sister |
    tell my brother | tell them i loved | tell them i love | tell everyone i love | take care of my kids |
    look after my kids | look after my dog | take care of my dog | look after my cat | take care of my cat |
    take care of my children | made up my mind | made my decision | ive decided | i have decided | picked the day |
    picked a day | picked the date | set a date | chosen a date | chosen the day | the place and | last day |
    last night on | final day | final night | last message | last words | final words | final message |
    last day on earth | no tomorrow for | wont need it any* | wont need them any* | wont be needing |
    wont matter after | wont matter tomorrow | wont matter soon | tonights the night | tonight is the night |
    tonight the night | wrote my note | written my note | wrote letters | written letters | wrote a letter to each |
    written a letter to each | wrote a note to | written my will | wrote my will | look like an accident
  `),
  means: phrases(`
    pills | tablets | meds | medication | paracetamol | tylenol | sleeping pills | sleepers | xanax | valium |
    insulin | oxy* | morphine | fentanyl | bottle of pills | knife | knives | blade | blades | razor* | scalpel |
    box cutter | scissors | gun | guns | pistol | shotgun | rifle | revolver | firearm | bullet* | trigger | rope |
    ropes | belt around | cord around | noose | ledge | rooftop | roof | railing | parapet | balcony | bridge |
    overpass | viaduct | cliff | top of the building | top of a building | top floor | tall building | high building
    | edge of the platform | platform edge | edge of the | train tracks | railway | rails | motorway bridge |
    multistorey | multi storey | car park roof | river | exhaust | hose | engine on | engine running |
    in the garage with | charcoal | helium | antifreeze | wrist | wrists | veins | oncoming
  `),
  means_context: phrases(`
    engine on | engine running | door shut | door closed | tonight | right now | going to take them | going to use |
    gonna use | going to jump | about to jump | ready | plan | my plan | has a plan | have a plan | laid out |
    lined up | in front of me | in my hand | in his hand | in her hand | in their hand | holding | saving | saved up
    | stockpil* | hoard* | collect* them | counting | counted | goodbye | end it | end this | end things |
    take them all | swallow* | jump | jumping | jumped | fall | falling | let go | letting go | drop | step off |
    stepping | standing | standing on | sitting on | sat on | looking down | stare* | staring | looking at the |
    keep looking | keep thinking | imagin* | pictur* | thinking about | think about | thoughts | against my |
    against his | against her | to my head | to his head | to her head | in my mouth | my throat | around my neck |
    around his neck | around her neck | in my closet | in her closet | in his closet | under my bed | bought |
    got myself | locked | locked himself | locked herself | locked the door | dont know what to do | wont come down
    | refuses to come down | not wake up | wont pick up | nothing left | so i can go | when im ready | when i ready
    | night is | to die | be over | alone with | tempt* | calling me | calling to me | hear it calling | my way out
    | the only way | deep | crying
  `),
  driving: phrases(`
    drive | driving | steer | steering | swerve | swerving | crash | crashing | turn the wheel | my car | the wheel
    | walk | walking | wade | swim | swimming | step | stepping | run | jump | jumping
  `),
  into: phrases(`
    off the bridge | off a bridge | off the road | off a cliff | off the cliff | into a tree | into a wall |
    into the river | into the sea | into the lake | into the water | into the ocean | into traffic | into oncoming |
    into a truck | into a pole | into a pillar | until i cant | and never come back | and not come back |
    onto the tracks | in front of | off the edge | out to sea
  `),
  voice: phrases(`
    voice | voices | demon | demons | the devil | something inside me | thoughts | head
  `),
  voice_says: phrases(`
    telling me to | tell me to | tells me to | told me to | telling me i should | tell me i should | saying i should
    | say i should | says i should | order* me | command* | want me to | wants me to | telling him to |
    telling her to | tell her to | tell him to | making me | scream* at me | shout* at me | urging me | push* me to
    | whisper*
  `),
  skin: phrases(`
    arm | arms | skin | thigh | thighs | legs | wrist | wrists | stomach | ankles | again | deep | deeper | deeply |
    relapsed | relapse | blood | bled | bleed | bleeding | scars | scar | tonight | urge | overwhelming
  `),
  self_cut: phrases(`
    i cut | i cutting | i have cut | ive cut | i started cutting | started cutting | been cutting | keep cutting |
    cutting again | cut again | cutting her | cutting his | cutting my | cut my arms | cut my thighs | cut my legs |
    cut her arms | cut his arms | urge to cut | urges to cut | need to cut | want to cut | wanna cut | scratched my
    | scratching my | burned my arms | burning my arms | burn my skin | burning my skin | carving | carved |
    punching walls | banging my head | hitting myself | hit myself | bite myself
  `),
  dose_question: phrases(`
    how many | how much | what dose | which pills | what pills | what amount | how strong | is it enough | enough to
    | whats the dose | dosage
  `),
  deadly: phrases(`
    lethal | deadly | fatal | kill | kill me | to die | not wake up | never wake up | overdose | od | enough to end
    | stop my heart | stop a heart | stop breathing | end it
  `),
  how_die: phrases(`
    painless | painful | quick | quickest | fastest | easiest | peaceful | hurt | does it hurt |
    how long does it take | is it painful | without pain
  `),
  insurance_motive: phrases(`
    life insurance | insurance money | insurance payout | the insurance | payout
  `),
  motive: phrases(`
    worth more dead | more dead than | than i ever could alive | than alive | make it look like | if i die |
    when i die | when i am gone | when im gone | would pay out if i | help my kids more | help them more |
    accident so
  `),
};

const mild = ["admin", "hyperbole", "chat_talk"];

export const rules: RuleSetSource["rules"] = [
  { label: "self_harm", all: ["suicide_word"], within: 8, unless: ["admin", "past", "study"] },
  { label: "self_harm", all: ["suicide_act"], within: 6, unless: ["study"] },
  {
    label: "self_harm",
    all: ["harm_verb", "self"],
    within: 3,
    ordered: true,
    unless: ["hyperbole", "cooking"],
  },
  { label: "self_harm", all: ["despair"], within: 6, unless: mild },
  {
    label: "self_harm",
    all: ["first_person|self", "intent", "death"],
    within: 10,
    unless: [...mild, "past", "study"],
  },
  {
    label: "self_harm",
    all: ["intent", "death"],
    within: 6,
    ordered: true,
    unless: [...mild, "past", "study", "dead_thing"],
  },
  {
    label: "self_harm",
    all: ["tired_of", "living"],
    within: 5,
    ordered: true,
    unless: [...mild, "study"],
  },
  { label: "self_harm", all: ["better", "without_me"], within: 10, unless: ["chat_talk"] },
  { label: "self_harm", all: ["nobody", "notice", "without_me"], within: 10 },
  {
    label: "self_harm",
    all: ["means", "means_context"],
    within: 10,
    unless: ["admin", "home_repair", "dosing"],
  },
  { label: "self_harm", all: ["driving", "into"], within: 6, unless: ["admin", "accident_report"] },
  { label: "self_harm", all: ["voice", "voice_says"], within: 6 },
  { label: "self_harm", all: ["self_cut", "skin"], within: 12, unless: ["cooking"] },
  { label: "self_harm", all: ["dose_question", "deadly"], within: 10 },
  {
    label: "self_harm",
    all: ["how_die", "death"],
    within: 8,
    unless: ["admin", "hyperbole", "dead_thing"],
  },
  { label: "self_harm", all: ["insurance_motive", "motive"], within: 16 },
];
