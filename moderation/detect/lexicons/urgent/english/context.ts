import type { RuleSetSource } from "../../../rules/rule-set.ts";
import { phrases } from "../../phrases.ts";

/** What takes the urgency out of words: papers, the past, jokes, other topics. Each list silences only rules that name it. */
export const concepts: RuleSetSource["concepts"] = {
  negation: phrases(`
    no | not | any | without | never | deny | denies | denied | dont have | doesnt have | didnt have | dont get |
    havent had | isnt | arent | wasnt | nor | free of | havent | hasnt | dont
  `),
  admin: phrases(`
    policy | policies | policyholder | insurance | insured | insurer | premium | premiums | covered by | is covered
    | be covered | does it cover | does the plan cover | do you cover | cover the | coverage | claim | claims |
    clause | exclusion* | payout | beneficiar* | invoice | bill | billing | billed | reimburse* | refund* | receipt
    | leaflet* | brochure | pamphlet | poster | prescription* | refill | renew* | pharmacy | referral | appointment
    | reschedule | screening | check up | checkup | follow up | vaccin* | sick note | doctors note | certificate* |
    discharge summary | discharge letter | medical records | records | test results | results | x rays | xrays |
    opening hours | parking | price | prices | quote | discount | how much is | how much does | cost of | costs |
    fee | fees | payment* | transaction* | transfer* | account | accounts | card | cards | pin | statement | balance
    | subscription | membership | contract | loan | mortgage | direct debit | order | parcel | delivery | deliver |
    refunds | included in | my plan | the plan | a plan that | new plan | this plan | plan for | probate | estate |
    bereavement | death benefit* | probated | atm | exchange rate | top up | topup | top ups | currency | cash |
    deposit | app | website | login | log in | password | verification | verify | identity | attachment | upload |
    printer
  `),
  study: phrases(`
    awareness | prevention | week at our | training | course | courses | webinar | seminar | lecture | documentary |
    film | films | movie | movies | novel | book | books | podcast | episode | article | essay | thesis | exam |
    presentation | research | statistics | study | studies | charity | fundrais* | donat* | campaign | first aid kit
    | song | lyrics | game | character | hotline for our
  `),
  past: phrases(`
    years ago | year ago | months ago | weeks ago | last year | last month | last summer | last winter | last spring
    | last autumn | in january | in february | in march | in april | in may | in june | in july | in august |
    in september | in october | in november | in december | in 2010 | in 2011 | in 2012 | in 2013 | in 2014 |
    in 2015 | in 2016 | in 2017 | in 2018 | in 2019 | in 2020 | in 2021 | in 2022 | in 2023 | in 2024 | in 2025 |
    as a child | when i was a child | when i was young | when i was little | history of | family history |
    anniversary | since then | since 2020 | long ago | used to have
  `),
  better_now: phrases(`
    fine now | better now | much better | feel better | feeling better | is better | has gone down | gone down |
    went away | has stopped | it stopped | stopped now | healed | healing well | recovered | recovering | all good |
    good after | feeling good | feel good | its fine | it fine | but fine | nothing serious | no longer hurts |
    under control
  `),
  mild: phrases(`
    slight | slightly | a bit | a little | mild | mildly | minor | for years | chronic | since monday |
    since last week | sometimes when | when i run | after running | after lunch | after the gym | at the gym |
    runny nose | second opinion | physiotherapy | physio | sore throat | cold | flu shot | rash on my arm |
    in a cast | out of habit
  `),
  hyperbole: phrases(`
    breathe new life | breathe life | breathe some life | breathe any life | lol | lmao | rofl | haha* | hahaha* |
    joke | joking | kidding | embarrass* | boredom | bored | laughing | of laughter | to know | to try | to see the
    | to get my | to hear | curiosity | curious | hungry | starving | thirsty | for a coffee | a coffee | patience |
    on hold | hold music | this queue | the queue | wait time* | waiting time | this wait | the wait | waiting |
    paperwork | deadline* | workload | meetings | figuratively | insane | hilarious | when i saw the bill |
    when i saw the fee | saw the price | outfit | episode | season | this paperwork | these fees | these charges |
    your chatbot | your system | your service | your hotline | your support | your website | your app |
    customer service | killing time | kill time | dead serious | dead tired | dead on my feet | dead end | dead line
    | beat around | shoot me an email | shoot you | drop me a line
  `),
  dead_thing: phrases(`
    battery | batteries | phone died | laptop | phone | router | wifi | internet | connection | signal | link |
    links | pixel* | plant | plants | screen | engine | reader | car battery | dead account | account is dead |
    line is dead | line went dead | server | motor
  `),
  chat_talk: phrases(`
    agent | live agent | live person | live chat | representative | support team | operator | human | real person |
    your bot | the bot | hotline | calling you | calling your | phone you | contract | subscription | membership |
    this bank | this app | this account | this service | your company | this company | this website | your website |
    streaming | concert | broadcast | live in germany | live abroad | live with roommates | living abroad |
    living room | living expenses | cost of living | living in the | live in the | live in a | i live in |
    we live in | life insurance policy | life cover | lifetime | shelf life | battery life | cheaper | offers |
    tariff | broker | rates | fees | money | payment* | transfer* | card | cards | transaction* | balance | exchange
  `),
  cooking: phrases(`
    while cooking | cooking | kitchen knife set | chopping onions | paper cut | papercut | shaving | has stopped |
    plaster on it | bandaid | haircut | cut my hair | hairdresser | cut costs | cut the cost | cut off from
  `),
  home_repair: phrases(`
    repair* | install* | leak* | leaking | solar | tiles | gutter | quote | insur* | booking | hotel | view | views
    | restaurant | terrace | garden | satellite | roof rack | renovat* | builder | permit | rent | landlord | tenant
    | delivery | parcel | train ticket | ticket | tickets | bridge loan | bridging loan | set of | kitchen
  `),
  dosing: phrases(`
    refill | renew | repeat prescription | prescribed | collect | pick up | pharmacy | deliver* | twice a day |
    once a day | times a day | a day | daily | with food | as directed | as instructed | per day | every morning |
    every night | every day | each morning | side effects | side effect | wrong tablets but | before taking any |
    noticed before | better since | new pills | how often
  `),
  accident_report: phrases(`
    claim | insurance | police report | no one was hurt | nobody was hurt | damage | bumper | parked | last week |
    yesterday at the car park | rental
  `),
  screen_talk: phrases(`
    drawers | chair | sofa | table | shower | shelf | wardrobe | furniture | lamp | bracket | lens | toy | watch |
    tyre | windscreen | mower | desk | cupboard | fridge | screen | page | website | app | phone | laptop | browser
    | password | account | login | log in | menu | button | transaction* | transfer* | payment* | statement |
    balance | pin | atm | card | cards | order | parcel | delivery | internet | wifi | signal | server | email |
    chat | printer | router | form | document | file | upload | download | price | prices | rate | rates | refund |
    exchange | top up | topup | subscription | money | cash | currency | fee | fees | charge | charged | interest |
    market | shares | stock | economy | sales | bank | policy | verification | identity | link | machine
  `),
  blood_test: phrases(`
    blood test* | blood pressure | blood work | blood type | blood group | blood sample | blood donor* |
    donate blood | donated blood | give blood | blood drive | bleeding money | bloody long | bloody annoying |
    bloody ridiculous | bloody website | bloody app | bloody queue
  `),
  language: phrases(`
    german | english | french | spanish | italian | polish | turkish | arabic | to someone | to somebody |
    to an agent | to a person | to a human | to your | to you | with someone | with you | with an agent | to support
    | to my manager | to customer | on the phone | about my
  `),
};
