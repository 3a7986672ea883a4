import type { RuleSetSource } from "../../rules/rule-set.ts";

import { phrases } from "../phrases.ts";

/** Emergencies in German. Smaller than the English rules, and measured less. */
export const urgentGerman: RuleSetSource = {
  format: 1,
  name: "urgent-de",
  version: 1,
  language: "de",
  reviewed: "2026-12-01, by the developers; no clinician has reviewed it yet",
  concepts: {
    negation: phrases(`
    kein | keine | keinen | keinerlei | nicht | nie | ohne | weder
  `),
    suicide: phrases(`
    suizid* | selbstmord* | selbstmörd* | mich umbringen | mich umzubringen | bring mich um | bringe mich um |
    mich töten | mich zu töten | mir das leben nehmen | das leben zu nehmen | mein leben beenden |
    meinem leben ein ende | mich erhängen | mich aufhängen | mich erschießen | mich ertränken | mich vergiften |
    mich ritzen | ritze mich | mich geritzt | mich selbst verletz* | selbstverletz* | selbst verletzen | pulsadern |
    abschiedsbrief* | vor den zug | vor einen zug | auf die gleise | von der brücke | vom dach | vom balkon springen
    | aus dem fenster springen | in den tod | sich umbringen | sich umzubringen | sich das leben nehmen |
    sich etwas antun | mir etwas antun | mir was antun | mir was an | überdosis | strick | mit allem schluss machen
    | schluss machen mit dem leben | allem ein ende | dem ganzen ein ende
  `),
    want: phrases(`
    will | möchte | wollte | würde | wünschte | wünsche | werde | denke | gedanken | plane | vorhabe | habe vor |
    bereit | am liebsten | lieber | besser | könnte | sollte | überlege | kann
  `),
    die: phrases(`
    sterben | tot | tot sein | tot wäre | nicht mehr leben | nicht mehr da sein | nicht mehr aufwachen |
    nie wieder aufwachen | nie mehr aufwachen | einschlafen und nicht | nicht mehr sein | verschwinden für immer |
    nicht mehr weiterleben | nicht mehr weiter leben | nicht mehr existieren | nicht mehr hier sein | nie geboren |
    allem ein ende
  `),
    despair: phrases(`
    lebensmüde | keinen sinn mehr | kein sinn mehr | lohnt sich nicht mehr zu leben | nicht mehr leben |
    will nicht mehr | mag nicht mehr leben | kann nicht mehr | halte es nicht mehr aus | halte das nicht mehr aus |
    ertrage es nicht mehr | ohne mich besser dran | ohne mich besser | niemand würde mich vermissen |
    keiner würde mich vermissen | nur eine last | keinen ausweg | kein ausweg | hoffnungslos | das leben satt |
    des lebens müde | wenn ich weg bin | wenn ich nicht mehr bin | wenn ich tot bin | morgen nicht mehr da |
    lebt wohl | leb wohl | sagt meinen kindern | sag meinen kindern | nichts mehr wofür
  `),
    emergency: phrases(`
    notarzt | rettungswagen | krankenwagen | rettungsdienst | ruft die 112 | 112 anrufen | rufen sie die 112 |
    brauche sofort hilfe | brauchen sofort hilfe | schnell hilfe | es ist ein notfall | das ist ein notfall |
    medizinischer notfall | herzinfarkt | herzstillstand | schlaganfall | bewusstlos* | ohnmächtig | ohnmacht |
    nicht ansprechbar | reagiert nicht | krampfanfall | krampft | krampfanfälle | atmet nicht | atmet kaum |
    keine luft | bekomme keine luft | kriege keine luft | kriegt keine luft | bekommt keine luft | nach luft |
    atemnot | erstick* | verschluckt | blaue lippen | lippen sind blau | lippen werden blau | läuft blau an |
    blau angelaufen | anaphyla* | allergischer schock | asthmaanfall | verblutet | verblute | blutet stark |
    stark blutet | blute stark | blutung hört nicht | hört nicht auf zu bluten | nicht aufhören zu bluten |
    blutung stoppt nicht | überall blut | blut gespuckt | spuckt blut | spucke blut | blut erbrochen | erbricht blut
    | erbreche blut | blut gehustet | zusammengebrochen | umgekippt | wacht nicht auf | wacht nicht mehr auf |
    nicht aufwecken | nicht wecken | vergiftet | vergiftung | angefahren | überfahren | fruchtblase | wehen |
    presswehen | gelähmt | hirnhautentzündung | blutvergiftung | sepsis | unterzuckert | stromschlag | ertrunken |
    ertrinkt | messerstich* | niedergestochen | angeschossen | liegt im sterben | ich sterbe | er stirbt |
    sie stirbt | schaum vor dem mund | kohlenmonoxid | gasgeruch | riecht nach gas
  `),
    chest: phrases(`
    brust | brustkorb | herz | linker arm | linken arm | brustbein | kiefer
  `),
    squeeze: phrases(`
    schmerz* | druck | drückt | enge | eng | sticht | stechen | brennt | rast | stolpert | zieht | weh | taub |
    zugeschnürt | elefant
  `),
    chest_pain: ["brustschmerz*", "herzschmerz*", "herzrasen", "brustenge"],
    limb: phrases(`
    gesicht | mundwinkel | arm | bein | seite | hälfte | zunge | lippe | lippen | hals | kehle | rachen | auge
  `),
    weak: phrases(`
    gelähmt | taub | hängt | hängen | schief | nicht bewegen | nicht mehr bewegen | nicht heben | spüre |
    geschwollen | schwillt | anschwillt | schwellen | zugeschwollen | lallt | schwarz vor
  `),
    speech: phrases(`
    lallt | verwaschen* | kann nicht mehr sprechen | kann plötzlich nicht sprechen | redet wirr | spricht wirr |
    nichts mehr sehen | sehe plötzlich nichts
  `),
    swallowed: phrases(`
    geschluckt | verschluckt | getrunken | genommen | eingenommen | gegessen | schlucken | nehmen
  `),
    pills: phrases(`
    tabletten | pillen | schlaftabletten | schlafmittel | paracetamol | ibuprofen | insulin | medikamente
  `),
    many: phrases(`
    alle | ganze | ganzen | packung | schachtel | zu viele | zu viel | viel zu | auf einmal | handvoll | zwanzig |
    dreißig | 20 | 30 | 40 | 50 | doppelte
  `),
    poison: phrases(`
    bleiche | bleichmittel | reiniger | putzmittel | spülmittel | abflussreiniger | knopfzelle | batterie |
    frostschutz* | lampenöl | rattengift | gift | säure | pilze | benzin
  `),
    pain: ["schmerzen", "kopfschmerzen", "bauchschmerzen", "unterleibsschmerzen", "weh"],
    severe: phrases(`
    unerträglich* | wahnsinnig* | heftig* | stark* | plötzlich* | schlimmste* | extrem* | höllisch* | krümme |
    nicht aushalten
  `),
    violence: phrases(`
    mit einem messer | mit dem messer | schlägt mich | würgt mich | bedroht mich | bringt mich um |
    will mich umbringen | vergewaltigt | rufen sie die polizei | ruft die polizei | es brennt bei | haus brennt |
    wohnung brennt
  `),
    paper: phrases(`
    vor jahren | letztes jahr | letzten jahr | rechnung | versicherung* | versichert | police | kostenübernahme |
    bescheinigung | termin | nachsorge | rezept | antrag | formular | kurs | reha | früher | damals | abrechnung |
    übernimmt | kosten | vorsorge | handy | app | konto | karte | überweisung | akku | leitung
  `),
  },
  rules: [
    { label: "self_harm", all: ["suicide"], within: 8, unless: ["paper"] },
    { label: "self_harm", all: ["want", "die"], within: 7, unless: ["paper"] },
    { label: "self_harm", all: ["despair"], within: 8, unless: ["paper"] },
    { label: "emergency", all: ["emergency"], within: 8, unless: ["paper"] },
    { label: "emergency", all: ["chest_pain"], within: 8, affirmed: true, unless: ["paper"] },
    { label: "emergency", all: ["chest", "squeeze"], within: 6, affirmed: true, unless: ["paper"] },
    { label: "emergency", all: ["limb", "weak"], within: 6, unless: ["paper"] },
    { label: "emergency", all: ["speech"], within: 6, unless: ["paper"] },
    { label: "overdose", all: ["swallowed", "pills", "many"], within: 9, unless: ["paper"] },
    { label: "emergency", all: ["swallowed", "poison"], within: 8, unless: ["paper"] },
    { label: "emergency", all: ["pain", "severe"], within: 6, affirmed: true, unless: ["paper"] },
    { label: "violence", all: ["violence"], within: 6, unless: ["paper"] },
  ],
};
