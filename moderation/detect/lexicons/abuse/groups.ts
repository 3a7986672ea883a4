import { phrases } from "../phrases.ts";

/** Who hate speech is about: groups that the law protects (EU framework decision 2008/913/JHA, article 1; ECHR article 14). */
export const groups: readonly string[] = phrases(`
    woman | women | womens | womans | female | females | girl | girls | lady | ladies | men are | gay | gays |
    lesbian* | homosexual* | bisexual* | queer people | lgbt* | trans | transgender* | transsexual* | trans people |
    trans person | non binary | muslim* | islam | islamic | jew | jews | jewish | judaism | christian* | catholic* |
    hindu* | sikh* | buddhist* | mormon* | black | blacks | black people | black person | african* | asian* |
    chinese | japanese | korean* | indian* | pakistani* | arab | arabs | arabic people | mexican* | latino* |
    latina* | hispanic* | brown people | brown person | white people | people of color | people of colour |
    native american* | indigenous | aboriginal* | roma people | romani | gypsy people | turk | turks |
    turkish people | poles | polish people | romanian* | ukrainian* | russian* | syrian* | afghan* | somali* |
    nigerian* | albanian* | immigrant* | imigrant* | migrant* | refugee* | foreigner* | asylum seeker* | aliens |
    disabled | disability | disabilities | handicapped | wheelchair user* | blind people | deaf people | autistic* |
    mentally ill | people with down* | elderly people | old people
  `);
/** Words whose only use is to insult a group. They are listed to be found, never to be shown. */
export const slurs: readonly string[] = phrases(`
    nigger* | nigga* | niggas | coon | coons | darkie* | jigaboo* | faggot* | fag | fags | tranny | trannies |
    trannys | shemale* | dyke | dykes | kike* | yid | yids | spic | spics | wetback* | beaner* | chink | chinks |
    gook* | paki | pakis | raghead* | towelhead* | sandnigger* | jihadi | jihadis | muzzie* | mudslime* | retard |
    retards | retarded | spastic | spastics | cripple | cripples | crippled people | mong | mongs | mongol |
    mongoloid* | bitch | bitches | whore* | slut | sluts | cunt | cunts | hoe | hoes | skank* | thot | thots |
    gyppo* | pikey* | wog | wogs | dago* | polack* | kraut | homo | homos | poof | poofter* | lezzo* | sissies |
    feminazi* | savages | monkeys | cucks | femoid* | negro* | negroes
  `);
/** How slurs are used without hate: by those they were aimed at, and as words for other things. */
export const reclaimed: readonly string[] = phrases(`
    i am a | im a | i a | we are | us | my | our | fellow | proud | pride | myself | ourselves | me and | me a |
    call me | called me | like me | like us | love | boss | real | realest | day one | shout out | baddest | hottest
    | cutest | hot | culture | theory | representation | person | identity | studies | as a | smok* | packet |
    cigarette* | lighter | tobacco | sticks | bundle | dog | dogs | canine* | puppies | puppy | labrador | breed* |
    litter | kennel | garden* | tool | shed | shovel | weeds | rake | soil | river | flood | beach | dam | dutch |
    sea wall | raccoon* | maine | fur | tail | armor | armour | knight | crack | crevice | fence | feeling | notion
    | strange | slightly | odd | growth | fire retardant | flame | flame retardant | word | word can | building a |
    zoo | jungle | banana* | climb* | bus | economy | metal
  `);
