import type { RuleSetSource } from "../../rules/rule-set.ts";
import { groups, reclaimed, slurs } from "./groups.ts";

import { phrases } from "../phrases.ts";

/**
 * Hate, threats and profanity in English. Hints for a person: rules over words do not understand irony, hints, or who
 * speaks.
 */
export const abuseEnglish: RuleSetSource = {
  format: 1,
  name: "abuse-en",
  version: 1,
  language: "en",
  reviewed: "2026-12-01, by the developers",
  concepts: {
    group: [...groups],
    slur: [...slurs],
    reclaimed: [...reclaimed],
    their: phrases(`
    they | them | those | these | your kind | their kind | his kind | her kind | you people | those people |
    these people
  `),
    negation: phrases(`
    not | no | never | dont | doesnt | didnt | isnt | arent | wasnt | werent | wont | wouldnt | cant | cannot |
    shouldnt | neither | nobody | no one | none | without | nothing but respect | opposite of | hardly | nor | aint
    | stop | against
  `),
    hostile: phrases(`
    hate | hates | hated | hating | hatred | loathe* | loathing | despise* | detest* | abhor* | resent* | disgust* |
    repulse* | repuls* | revolt* | contempt | disdain* | scorn* | cant stand | cannot stand | make me sick |
    makes me sick | sick of | fed up with | make me angry | makes me angry | so angry | furious | make me furious |
    anger | boil | rage | worst | nothing worse | despicable | vile | dishonest | liars | lying | pathetic | stupid*
    | dumb | dumber | dumbest | idiot* | moron* | imbecile* | brainless | ignorant | uncivili* | violent | cruel |
    threat to | danger to | dangerous | inferior | lesser | subhuman* | sub human* | less than human | less human |
    animals | animal | beasts | scum* | filth* | dirt | dirty | trash | garbage | rubbish | refuse | waste of |
    parasit* | vermin | rats | rat | pigs | pig | cockroach* | insect | insects | worms | leech* | maggot* | plague
    | virus | cancer | disease* | diseased | infest* | worthless | worth nothing | worth absolutely nothing |
    worth less | worth shit | useless | ugly | evil | wicked | criminal* | terrorist* | rapist* | thieves | lazy |
    freak* | abomination* | unnatural | perver* | sick in the head | deviant* | creatures | disgrace* | degenerate*
    | invad* | invasion | ruin | ruins | ruining | ruined | destroy* | biggest mistake | mistake | burden on |
    problem with | hard to like | no better than | lower than | crazy | insane | hysterical | weak | bullshit |
    belong in a zoo | belong in cages | belong in the kitchen | locked up | in cages | dumped | landfill | get out |
    go back to | send them back | send back | kick out | kicked out | keep out | ban all | banned from | sterili* |
    not welcome
  `),
    profane: phrases(`
    fuck* | fck* | fuk* | shit* | bullshit | asshole* | arsehole* | bastard* | dickhead* | prick | pricks |
    motherfucker* | dumbass* | scumbag* | shithead* | piss* | pissed | crap | damn | wanker* | twat* | bollocks |
    douche* | jackass* | cocksucker* | dick | dicks | ass
  `),
    violence: phrases(`
    kill* | murder* | shoot | shot | stab* | hang | hanged | lynch* | burn | burned | burnt | behead* | slaughter* |
    exterminat* | eradicat* | execut* | torture* | torturing | rape | raped | raping | beat | beaten | beating |
    attack* | punch* | strangl* | drown* | gas them | gassed | bomb* | hurt | suffer* | suffering | die | dies |
    dead | death | put down | put an end | end every | end their | end your | snap | cut | throat* | neck |
    wiped out | wipe out | get rid of | rid of | disappear | better off without | let live | be gone | are gone |
    crush* | hunt* | poison* | massacre* | genocide | cleanse | purge | whip* | stone | stoned to | without mercy |
    teach them a lesson | eliminat*
  `),
    demean: phrases(`
    smarter than any | more intelligent than | less valuable | more valuable than | more than about |
    care more about | rather die than | rather have | would rather | touched by | never trust | never touch |
    never date | never hire | never eat | test new drugs | before testing | in charge | allowing | letting |
    any more | too many | all the same | all look | by nature | their nature | in the nature | in a womans nature |
    nature to be | in their blood | should not be allowed | shouldnt be allowed | should be illegal |
    should not be illegal | decriminali* | should be banned | stay in | know their place | belong | typical |
    of course | always the | only | just another | came from a | after all | acting up | everywhere these days |
    taking over | take over | replac* | breed like | spread | bad for | dont belong | no place in | no place |
    never be as | never as | cant drive | should never
  `),
    worth: phrases(`
    deserve* | worthy | worth | matter | value | valuable | respect | right | rights | human | humans | people |
    equal | smart | attractive | intelligent | trust | trusted | place | space | belong | live | alive | life | love
    | good | useful | civili* | beautiful | clever | welcome | allowed | apply | important | decent | normal |
    capable | contribut* | talented | help
  `),
    counter: phrases(`
    calling | call out | called out | saying | you said | writing | you write | you can write | telling |
    when you said | you think its okay | you think it okay | its okay to | it okay to | not okay | not ok | is wrong
    | so wrong | unacceptable | intolerable | horrible thing | terrible thing | disgusting thing | awful thing |
    shows how | shows what | says a lot about | small minded | narrow minded | misguided | hateful you | how hateful
    | racist | racism | sexist | sexism | misogyn* | homophob* | transphob* | islamophob* | xenophob* | ableis* |
    bigot* | prejudice* | stereotype* | discriminat* | hate speech | open hatred | obvious hate | obvious contempt |
    has to stop | have to stop | needs to stop | must stop | stop calling | stop saying | stop using |
    stand up against | stand by while | speak out | condemn* | condone | disheartening | dehumani* | offensive |
    insulting | slur | slurs | seriously believe | cant seriously | how dare | take you to court | report you |
    reported | banned | kicked off | prison | prosecut* | no respect for | lost all respect | opinion doesnt count |
    to you but | people who say | people who write | people who think | anyone who says | anyone who | whoever |
    threats like | things like | words like | comments like | phrases like | jokes like | tweets like |
    fed up with people | tired of people | sick of people | sick of hearing | tired of hearing | sad that people |
    solidarity | support | protect | treats | like me | against violence | violence against
  `),
    quoting: ['"'],
    positive: phrases(`
    love | adore | admire | respect | proud | beautiful | amazing | wonderful | great | kind | compassionate |
    brilliant | heroes | hero | hug | embrace | celebrate | support | appreciat* | cherish | honour | honor | lovely
    | awesome | fantastic | inspiring | thank | grateful | welcome
  `),
    self: phrases(`i | im | ive | my | myself | me | we | us`),
    you: ["you", "your", "youre", "u", "ur"],
    threat_will: phrases(`
    will | going to | gonna | want to | wanna | gonna come | about to | should | ill | i | we | wait until |
    better watch | coming for | find you | know where you
  `),
    threat_act: phrases(`
    kill you | kill your | kill them | kill him | kill her | murder you | murder him | murder her | stab you |
    shoot you | beat you | hurt you | hurt your | find you | come for you | coming for you | break your | cut your |
    burn your | burn down | slit your | punch you | make you pay | make you suffer | know where you live | blow up |
    bomb your | destroy you | end you | get you | smash your | rape you | torture you | strangle you | regret it
  `),
    jokey: phrases(`
    kill time | killing time | beat the | find you well | get you a | help | get you the | hope this | find you in
  `),
  },
  rules: [
    { label: "hate", all: ["slur"], unless: ["reclaimed", "counter"], within: 8 },
    {
      label: "hate",
      all: ["group", "hostile"],
      within: 12,
      affirmed: true,
      unless: ["counter", "quoting"],
    },
    {
      label: "hate",
      all: ["group", "violence"],
      within: 12,
      affirmed: true,
      unless: ["counter", "quoting"],
    },
    {
      label: "hate",
      all: ["group", "demean"],
      within: 10,
      affirmed: true,
      unless: ["counter", "quoting", "positive"],
    },
    { label: "hate", all: ["group", "profane"], within: 14, unless: ["counter", "quoting"] },
    {
      label: "hate",
      all: ["negation", "worth", "group"],
      within: 12,
      unless: ["counter", "quoting"],
    },
    { label: "threat", all: ["threat_act"], within: 6, unless: ["counter", "quoting", "jokey"] },
    { label: "insult", all: ["you", "hostile"], within: 5, affirmed: true, unless: ["counter"] },
    { label: "profanity", all: ["profane"], within: 2 },
  ],
};
