import type { RuleSetSource } from "../../rules/rule-set.ts";

import { phrases } from "../phrases.ts";

/** Emergencies in Spanish. Smaller than the English rules, and measured less. */
export const urgentSpanish: RuleSetSource = {
  format: 1,
  name: "urgent-es",
  version: 1,
  language: "es",
  reviewed: "2026-12-01, by the developers; no clinician has reviewed it yet",
  concepts: {
    negation: phrases(`sin | ningún | ninguna | nunca | jamás | tampoco`),
    suicide: phrases(`
    suicidarme | suicidarse | suicidio | me suicido | quiere suicidarse | matarme | me voy a matar | me mato |
    quitarme la vida | quitarse la vida | acabar con mi vida | terminar con mi vida | acabar con todo |
    terminar con todo | poner fin a mi vida | ahorcarme | colgarme | pegarme un tiro | ahogarme a propósito |
    cortarme | me corto | me corté las venas | cortarme las venas | hacerme daño | me hago daño | lastimarme |
    autolesion* | tirarme del puente | tirarme de un puente | tirarme por la ventana | tirarme al tren |
    tirarme a las vías | saltar del puente | saltar por la ventana | saltar al vacío | sobredosis |
    carta de despedida | nota de despedida | matarse | se va a matar | se quiere matar | hacerse daño | se corta
  `),
    want: phrases(`
    quiero | quisiera | quería | deseo | ojalá | prefiero | preferiría | pienso en | pensando en | ganas de | voy a
    | planeo | mejor | quiere | podría | estaría | desearía
  `),
    die: phrases(`
    morir | morirme | morirse | muerto | muerta | estar muerto | estar muerta | desaparecer para siempre |
    no despertar | no despertarme | dejar de existir | dejar de vivir | no existir | no estar aquí |
    dormir y no despertar | no haber nacido | la muerte
  `),
    despair: phrases(`
    no quiero vivir | no quiero seguir viviendo | no quiero seguir | no quiero estar aquí | no quiero despertar |
    ya no quiero vivir | cansado de vivir | cansada de vivir | harto de vivir | harta de vivir | no puedo más |
    ya no puedo más | no aguanto más | ya no aguanto | no vale la pena vivir | no tiene sentido vivir |
    mi vida no tiene sentido | la vida no tiene sentido | estarían mejor sin mí | mejor sin mí | nadie me extrañaría
    | nadie me echaría de menos | soy una carga | no hay salida | no veo salida | sin salida | sin esperanza |
    cuando ya no esté | cuando yo no esté | mañana no estaré | adiós para siempre | es mi último día |
    mi última noche | díganle a mis hijos | dile a mis hijos | no tengo nada por que vivir | nada por lo que vivir
  `),
    emergency: phrases(`
    ambulancia | llamen al 112 | llame al 112 | llamar al 112 | llamen al 911 | llamar al 911 | necesito ayuda ya |
    necesito ayuda urgente | ayuda urgente | es una emergencia | emergencia médica | infarto | ataque al corazón |
    ataque cardíaco | paro cardíaco | derrame cerebral | ictus | inconsciente | perdió el conocimiento |
    perdió la conciencia | perdido el conocimiento | desmayó | desmayado | desmayada | me desmayo | no responde |
    no reacciona | no despierta | no se despierta | no puedo despertar | convulsion* | convulsionando | no respira |
    no puedo respirar | no puede respirar | me cuesta respirar | le cuesta respirar | me falta el aire |
    le falta el aire | falta de aire | no me entra aire | asfixi* | se ahoga | me ahogo | se está ahogando |
    atragant* | labios azules | labios morados | se puso azul | se puso morado | anafil* | choque anafiláctico |
    ataque de asma | hemorragia | desangr* | sangra mucho | sangrando mucho | mucha sangre | no para de sangrar |
    no deja de sangrar | no paro de sangrar | no puedo parar la sangre | vomita sangre | vomitando sangre |
    vomité sangre | tosiendo sangre | escupe sangre | colapsó | se desplomó | intoxic* | envenen* | atropell* |
    rompí aguas | rompió aguas | rompí fuente | se me rompió la fuente | contracciones | parálisis | paralizad* |
    meningitis | sepsis | electrocut* | apuñal* | baleado | disparo | me estoy muriendo | se está muriendo |
    se muere | espuma por la boca | huele a gas | monóxido
  `),
    chest: ["pecho", "corazón", "brazo izquierdo", "mandíbula"],
    squeeze: phrases(`
    dolor | duele | presión | opresión | aprieta | oprime | apretado | ardor | punzada* | hormigue* | dormido |
    acelerado | a mil
  `),
    limb: phrases(`
    cara | boca | brazo | pierna | lado | lengua | labio | labios | garganta | ojo
  `),
    weak: phrases(`
    torcida | torcido | caída | caído | dormido | dormida | paralizado | paralizada | no puedo mover |
    no puede mover | no siento | no siente | hinchada | hinchado | hinchando | se cierra | cerrando | se me cierra |
    se le cierra
  `),
    speech: phrases(`
    habla raro | no puede hablar | no puedo hablar | arrastra las palabras | no se le entiende | no veo nada |
    de repente no veo
  `),
    swallowed: phrases(`
    tomé | tomado | tomó | tragué | tragó | tragado | bebió | bebí | bebido | comió | ingerí | ingirió | tomar |
    me tomé | se tomó
  `),
    pills: phrases(`
    pastillas | pastilla | tabletas | paracetamol | ibuprofeno | somníferos | insulina | medicamentos | ansiolíticos
  `),
    many: phrases(`
    todas | todos | toda la | caja | frasco | bote | demasiadas | demasiados | demasiado | muchas | muchos |
    de golpe | a la vez | veinte | treinta | 20 | 30 | 40 | 50 | doble
  `),
    poison: phrases(`
    lejía | cloro | detergente | limpiador | veneno | raticida | anticongelante | gasolina | ácido | pila de botón |
    pila | setas | amoniaco | desatascador
  `),
    pain: ["dolor", "duele", "dolores"],
    severe: phrases(`
    insoportable* | terrible* | horrible* | muy fuerte | fortísimo | muchísimo | de repente | peor | intenso |
    no aguanto | agudo
  `),
    violence: phrases(`
    me está pegando | me pega | me quiere matar | me va a matar | con un cuchillo | con una pistola | me violó |
    llamen a la policía | llame a la policía | se incendia | mi casa se quema | está ardiendo
  `),
    paper: phrases(`
    hace años | el año pasado | factura | seguro médico | póliza | cubre | cobertura | cita | receta | formulario |
    certificado | curso | reembolso | precio | tarjeta | cuenta | transferencia | batería | móvil | aplicación
  `),
  },
  rules: [
    { label: "self_harm", all: ["suicide"], within: 8, unless: ["paper"] },
    { label: "self_harm", all: ["want", "die"], within: 5, ordered: true, unless: ["paper"] },
    { label: "self_harm", all: ["despair"], within: 8, unless: ["paper"] },
    { label: "emergency", all: ["emergency"], within: 8, unless: ["paper"] },
    { label: "emergency", all: ["chest", "squeeze"], within: 6, affirmed: true, unless: ["paper"] },
    { label: "emergency", all: ["limb", "weak"], within: 6, unless: ["paper"] },
    { label: "emergency", all: ["speech"], within: 6, unless: ["paper"] },
    { label: "overdose", all: ["swallowed", "pills", "many"], within: 8, unless: ["paper"] },
    { label: "emergency", all: ["swallowed", "poison"], within: 6, unless: ["paper"] },
    { label: "emergency", all: ["pain", "severe"], within: 6, affirmed: true, unless: ["paper"] },
    { label: "violence", all: ["violence"], within: 6, unless: ["paper"] },
  ],
};
