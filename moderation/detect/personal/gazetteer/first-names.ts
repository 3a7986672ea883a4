/** First names that are common in Europe, the Americas, Asia and Africa, without accents. Version 1. */
const written = `
aaron abby abdul abdullah abel abigail abraham ada adam addison adela adele adelina adil aditya adrian adriana adrien agata agatha agnes
agnieszka ahmad ahmed aidan aiden aiko aileen aimee aino aisha akash akiko akira alan alana alba albert alberta alberto alejandra
alejandro aleksandar aleksander aleksandra aleksandr aleksei alessandra alessandro alessia alex alexa alexander alexandra alexandre alexandru alexei
alexis alfie alfonso alfred alfredo ali alice alicia alina alisa alison allan allen allison alma alois alvaro alyssa amadeo amal amalia amanda amara
amber amelia amelie amina amir amira amit amrita amy ana anais anastasia anders andras andre andrea andreas andreea andrei andres andrew
andrey andrzej aneta angel angela angelica angelika angelina angelo angus anika anil anita anja anjali ankit ann anna annabel annabelle anne
annemarie annette annie annika ansel anthony antje antoine anton antonella antonia antonin antonina antonio anya april archana archie ari ariana ariane ariel arjun arlene armand armando arnaud arnav
arne arnold arthur artur arturo arun arvid arya asha ashley ashok asia asif astrid atsuko attila aubrey audrey august augustin aurora aurelie austin autumn ava avery axel
ayesha aylin ayse barbara barry bart bartosz bas basil beata beate beatrice beatriz becky belen bella ben benedikt benjamin benoit bernadette bernard
bernardo bernd bernhard bert bertha bertram beryl beth bethany betty beverly bianca bill billy birgit birgitta bjarne bjorn blake blanca bob bobby bogdan boris
bozena brad bradley brandon brayden brenda brendan brent brett brian briana brianna bridget brigitte britta brittany brooke bruce bruno bryan bryce
burak caitlin caleb callum calvin cameron camila camilla camille candice cara carina carl carla carlo carlos carly carmen carol carole carolin carolina caroline carolyn carrie
carsten casey casper cassandra catalina caterina catherine cathy catriona cecilia cecilie cecile cedric celeste celia celine cesar chad chandra chantal charlene charles
charlie charlotte chelsea chen cheryl chiara chika chloe chris christa christel christian christiane christina christine christoph christophe christopher christy ciara cindy claire
clara clarissa clark claude claudia claudine claudio clement clemens clifford clive clyde cody colette colin colleen conan connor conor conrad constance consuelo cora
corey corinna corinne cornelia cornelius cory courtney craig cristian cristiano cristina crystal curtis cynthia daan daiki daisy dale damian damien damir dan dana daniel daniela
daniele danielle danijel danilo danny daphne daria dariusz darko darlene darren darryl daryl david davide dawid dawn dean debbie deborah debra deepak deirdre delia denis
denise dennis derek derrick desmond detlef dexter diana diane diego dieter dietmar dilip dimitra dimitri dimitrios dina dino dirk divya dmitri dmitry dolores domenico dominic dominik dominika
dominique don donald donna dora doreen doris dorota dorothea dorothy douglas dragan dragana duncan dusan dustin dwayne dylan eamon earl ebba ebony eddie edgar edith
edmund eduard eduardo edward edwin eero egon eileen einar eirik eivind ekaterina elaine elba eleanor elena eleni eleonora elham eli elias elif elin elina eline elisa
elisabeth elise elizabeth elizaveta ella elke ellen ellie elliot elliott eloise elodie elsa elsie elvira emil emile emilia emiliano emilie emilio emilija emily emir emma emmanuel emmett emre eric erica erich erik
erika erin erkki ernest ernesto ernst erwin esme esperanza estelle esteban esther estrella ethan etienne eugen eugene eugenia eugenio eunice eva evan evangeline eve evelina evelyn ewa ewan ezra fabian fabio fabienne fabrice fabrizio fadi
faisal faith farah farid fatima fatma federica federico felicia felicity felipe felix ferdinand ferenc fernanda fernando filip filippo finn fiona flavia flavio fleur flora florence florian floriane
frances francesca francesco francine francis francisca francisco franco francois francoise frank frankie franz franziska fraser fred freddie freddy frederic frederick frederik frederique freja freya frida frieda friedrich
fritz fumiko gabor gabriel gabriela gabriele gabriella gabrielle gaetan gail galina gareth garrett gary gaurav gavin gemma gene genevieve geoff geoffrey george georges georgia georgina georgios
gerald geraldine gerard gerardo gerd gerda gerhard gerry gert gertrud gheorghe giacomo gianluca gianni gilbert gilberto gilles gillian gina ginger giorgia giorgio giovanna giovanni gisela giulia giulio giuseppe
gladys glen glenda glenn gloria goran gordon grace gracie graeme graham grant grazyna greg gregor gregory greta gretchen grzegorz guadalupe gudrun guido guillaume guillermo gunnar gunter gunther gustav gustavo guy gwen
gyorgy haakon hadi hailey hakan hal hamid hamza hana hanna hannah hanne hannes hans harald hari harold harper harri harriet harrison harry haruka haruki haruto harvey hasan hassan hatice hayden hayley hazel
heather hector hedwig heidi heike heiko heinrich heinz helen helena helene helga helmut hendrik henk henning henri henrietta henrik henry herbert heribert herman hermann hermine hilary hilda hilde hiroki hiroshi
holger holly hope horst hortense howard huda hugh hugo humberto hussein ian ibrahim ida ignacio igor ikram ilaria ilona ilse iman imran ina ines inga inge ingeborg ingo ingrid ioana ioannis
ira irena irene irina iris irma irving isaac isabel isabela isabell isabella isabelle isadora isaiah isla ismael ismail istvan itziar ivan ivana ivar ivo ivy jack jackie jackson jacob jacqueline
jacques jade jaime jake jakob jakub jamal james jamie jan jana jane janet janice janina janine janis janos jared jarek jarmila jasmin jasmine jason jasper javier jay jayden jayne jean jeanette jeanne
jeff jeffrey jelena jemma jen jenna jennifer jenny jens jeremy jerome jerry jerzy jesper jess jesse jessica jessie jesus jill jim jimmy jin jitka joachim joan joana joanna joanne joao joaquin jocelyn jochen
jodi jodie jody joe joel joelle joerg johan johann johanna johannes john johnny jolanda jolene jon jonas jonathan jordan jordi jorge jorgen jose josef josefa josefina joseph josephine josh joshua josip
joy joyce juan juana juanita judith judy jukka jules julia julian juliana julie julien juliet juliette julio julius june jung junko jurgen justin justine justyna jutta jyoti kaan kai kaitlyn kamal kamil
kamila kara karel karen karin karina karl karla karol karolina karsten kasia kaspar katarina katarzyna kate katerina katharina katherine kathleen kathrin kathrine kathryn kathy katia katie katja katrin katrina katrine katy katya
kavita kay kayla kazuko kazuo keiko keith kelly kelsey ken kendra kenji kenneth kent kerry kerstin kevin khadija khalid kiara kieran kim kimberly kinga kiran kirk kirsten kirstie kirsty kjell klara klaus
kledi knut konrad konstantin konstantinos krishna krista kristen kristian kristiina kristin kristina kristine kristof krisztina krystal krystyna krzysztof kumar kurt kyle kylie kyoko lachlan laila lana lance lara
larissa larry lars laszlo latifa laura lauren laurence laurent lauri laurie lea leah leandro leanne lee leif leigh leila lena lenka lennart leo leon leona leonard leonardo leonie leonor leopold leroy lesley
leslie leszek leticia lev levi lewis liam liana lidia lila lili lilian liliana lillian lilly lily lina linda lindsay lindsey linnea linus lionel lisa lisbeth liselotte liv livia liz liza lloyd logan lois lola
lorena lorenzo loretta lori lorna lorraine lothar lou louis louisa louise luc luca lucas lucia luciana luciano lucie lucille lucy ludmila ludovic ludwig luigi luis luisa luise lukas lukasz luke luna lutz lydia
lyndsey lynette lynn mabel maciej mackenzie maddison madeleine madeline madison mads magda magdalena maggie magnus maha mahmoud maia mailin maja makoto malcolm malgorzata malik malin mandy manfred manoj
manon manuel manuela mara marc marcel marcela marcella marcelo marcia marcin marco marcos marcus mareike marek margaret margareta margarita margaux margherita margot margrit marguerite maria mariam marian mariana marianne
marie marija marijke marika marilyn marina mario marion marisa marisol marit marius marjorie mark marko markus marlene marlies marlon marta martha martin martina martine martyna marvin mary maryam masako mason massimo mateo mateus
mateusz mathias mathieu mathilde matilda matilde matt matteo matthew matthias matthieu matti maud maura maureen maurice mauricio maurizio max maxim maxime maximilian maxine may maya mckenzie meagan mechthild meera megan meghan mehmet meike mei mel melanie melinda
melissa mercedes meredith merle mete mia micah michael michaela michal michel michele micheline michelle mick miguel mihai mika mike mikael mikhail mikkel mila milan milena milica millie milos mina minna mira miranda mirela miriam mirjam mirko miroslav
misaki mitchell mohamed mohammad mohammed moira molly mona monica monika monique morgan moritz morten moses muhammad murat muriel mustafa myra myriam nadeem nadia nadine nadja naima nancy naoko naomi nasser natalia natalie natalija natasha nathalie nathan
nathaniel neal neha neil nell nelly nelson nerea nevena niall nicholas nick nicki nico nicola nicolai nicolas nicole niels nigel nihal nika nikhil nikita niklas nikola nikolai nikolaos nikolaj nikolas nikolaus nils nina nino nirmala noah noel noelle noemi noor nora norbert noriko
norma norman nuno nuria octavia odette okan olaf olav ole oleg olga oliver olivia olivier olof omar ondrej orlando oscar oskar osman otto owen pablo paige pal paloma pamela paola paolo pascal pascale pat patrice patricia patricio patrick patrik patrizia
patsy patti paul paula paulina pauline paulo pavel pawel pearl pedro peggy penelope penny per percy pernille perry petar pete peter petr petra petros phil philip philipp philippa philippe phillip phoebe phyllis pia pierre piero pieter pietro
pilar piotr polly poppy pradeep pranav preeti priscilla priya przemek przemyslaw quentin quinn rachael rachel radek rafael rafaela rafal raffaele rahul raimund rainer raj rajesh ralf ralph ramon ramona randall randy rania raoul raphael raquel rasmus raul ravi ray raymond rebecca rebekah regina
reginald reina reinhard reinhold reiner rekha remi rene renata renate renee reza rhonda rhys ricardo riccardo richard rick ricky rico rikke riley rina rita ritva rob robert roberta roberto robin robyn rocio rodney rodrigo roger rohan rok roland rolf romain roman romina
ron ronald ronan ronja ronnie rory rosa rosalie rosalind rosamund rosanna rosario rose roseanne rosemarie rosemary rosie ross rowan roxanne roy ruben ruby rudolf rudy rufus rui rupert russell ruth ryan ryszard sabina sabine sabrina sachiko sadie saeed safiya sahil said sakura sal
salim sally salma salvador salvatore sam samantha samir samira sammy samuel samuele sandeep sander sandra sandrine sandro sandy sanja sanjay sanna santiago santosh sara sarah sari sascha sasha saskia satoshi saul savannah scott sean sebastian sebastien selena selim selin selina selma serena sergei sergey sergio seth severin
shane shannon shari sharon shaun shauna shawn sheila shelby shelley sherry shinji shirley shreya sibylle sid sidney siegfried sienna sigrid silke silvia silvio simon simona simone sina siobhan siri siv slavica slawomir sofia sofie solange solveig sonia sonja sonya sophia sophie soren spencer stacey stacy
stan stanislav stanislaw stanley stefan stefania stefanie stefano steffen steffi stella stephan stephane stephanie stephen steve steven stewart stig stuart sue sultan suman sunil sunita susan susana susanna susanne susie suzanne suzy sven svenja svetlana sybille sydney sylvain sylvester sylvia sylvie sylwia szymon tabea tadeusz takashi takeshi
talia tamara tamas tammy tania tanja tanya tara tariq tarja tatiana tatjana tatyana taylor ted tegan teodor teresa terence teresita terri terry tess tessa thea theo theodor theodora theodore theresa therese thibault thierry thiago thomas thorsten tiago tiffany tilda tilly tim timo timothy tina
tobias toby todd tom tomas tomasz tomoko toni tony tonya torben tore torsten tove tracey tracy travis trevor tricia trine tristan trond trudy troy tuomas tyler tyrone ugo ulf ulla ulrich ulrike umberto ursula uschi ute uwe vaclav valentin valentina valeria valerie valerio vanessa vasile vera verena vernon
veronica veronika veronique vesna vicki vicky victor victoria vida vijay viktor viktoria vilma vinay vince vincent vincenzo viola violet violeta virginia vishal vitor vittorio vivian viviana vivien vivienne vlad vladimir vojtech volker wade waldemar walter wanda wayne wei wendy werner wesley wilfred wilhelm will
willem william willow willy wilma wiktor winfried winifred winnie winston wojciech wolf wolfgang wout xavier xenia ximena yael yan yana yannick yara yasmin yasmine yasuko yolanda yoko york yoshiko yousef yuki yuko yuliya yuri yusuf yvette yves yvonne zach zachary zahra zainab zara zbigniew zdenek zelda zeynep zofia zoe zoltan zora zuzana
`;

/** The names in lower case and without accents. */
export const firstNames: ReadonlySet<string> = new Set(written.trim().split(/\s+/));
