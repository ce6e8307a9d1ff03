"""Whether somebody says that they may take their life or harm themselves, and whether a reply points to help.

No play is worth a life: such a turn is held back until it is whole, and one that points to no help is replaced by the
persona's `reaches_out` line. Languages: English, Chinese, Japanese, Korean, Spanish, Portuguese, French, German,
Italian. What is not covered: other languages, hints, somebody else who is in danger, and what stands more than 2,000
characters back. Said in jest it is taken in earnest: a kind sentence too many costs less than one too few.
"""

import re

LONGEST = 2000
I_MAY = (  # "I want to …", "thinking of …", but no "I don't want to …"
    r"(?<!not )(?<!n't )(?<!n’t )(?<!dont )(?<!never )\b(?:want(?:ed)? to|wanna|going to|gonna|i['’]?ll|i will|i might"
    r"|i may|i could|i should|i must|i have to|about to|plan(?:ning)? (?:on|to)|think(?:ing)? (?:of|about)|thought of"
    r"|thoughts of|feel like|urge to|i['’]d rather|i would rather|i wish i could|tempted to|decided to|ready to|just)\b"
)
HARM = (
    r"(?:kill(?:ing)? my ?self|end(?:ing)? my (?:own )?life|end(?:ing)? it all|tak(?:e|ing) my (?:own )?life"
    r"|hang(?:ing)? my ?self|hurt(?:ing)? my ?self|harm(?:ing)? my ?self|cut(?:ting)? my ?self|shoot(?:ing)? my ?self"
    r"|jump(?:ing)? off (?:a|the) (?:bridge|roof|building)|commit(?:ting)? suicide|suicide|un ?aliv(?:e|ing) my ?self)"
)
DIE = r"(?:die|dying|be dead|being dead|not exist|not be alive|never wake up|stop existing|sleep forever)"
ENGLISH = (
    rf"{I_MAY}\s+(?:\w+\s+){{0,3}}?{HARM}(?! (?:a|an|some|off|shaving|while|of laugh\w*|with laugh\w*)\b)",
    rf"{I_MAY}\s+(?:just\s+|really\s+)?{DIE}\b"
    r"(?! (?:of|from|laughing|for|my hair|in (?:this|the|that|a) (?:game|level|fight))\b)",
    r"\bi (?:cut|burn|hurt|harm) my ?self(?: again| on purpose| at night| every day)?\s*(?:$|[.!?,;\n])",
    r"\b(?:do not|don['’]?t|dont|no longer) (?:really |even )?(?:want to|wanna) "
    r"(?:live\b(?! (?:in|with|at|on|near|there|here|alone|together))|be alive|exist"
    r"|wake up (?:again|any ?more|tomorrow)|be here any ?more"
    r"|go on(?: living| any ?more| like this)?\s*(?:$|[.!?,;\n])|keep (?:on )?(?:living|going))",
    r"\b(?:can['’]?t|cannot|can not|cant) (?:go on|keep on|bear|stand) (?:living|being alive|to live)\b",
    r"\bwish (?:that )?i (?:were|was|had been|could be) (?:dead|never born|gone forever)\b"
    r"|\bwish i (?:had never been born|did(?: not|n['’]?t) exist|could (?:just )?(?:die|stop existing))\b",
    r"\bno (?:reason|point|sense) (?:left )?(?:to|in|for me to) "
    r"(?:liv(?:e|ing)|go(?:ing)? on|being alive|exist(?:ing)?)\b",
    r"\b(?:my )?life (?:is(?:n['’]?t| not)|no longer feels) worth (?:living|it any ?more)\b|\bnothing to live for\b",
    r"\bmiss me if i (?:were|was|am|had) (?:dead|gone|died)\b"
    r"|\bbetter off (?:without me|dead|if i (?:were|was) (?:dead|gone))\b",
    r"\b(?:tired|sick|done) (?:of|with) (?:living|being alive|life)\b|\bhate being alive\b|\bkms\b"
    r"|\b(?:i['’]?m|i am|^) ?ending (?:my life|it all)\b|\brather not (?:be here|be alive|exist|wake up)\b",
    r"\b(?:took|taken|taking|swallow(?:ed|ing)) (?:all (?:of )?my|too many|a lot of|a bottle of|the whole bottle of) "
    r"(?:\w+ )?(?:pills|tablets|meds|medication)\b|\bi(?:['’]ve| have)? overdosed\b",
    r"\bwant it all to (?:be over|end)\b|\bi(?:['’]?m| am| feel| have been| get) (?:\w+ )?suicidal\b|\bmy suicide\b",
)
OTHERS = (
    r"(?<!不)想(?:要)?(?:去)?死(?!你|我|她|他|得|在)|不如死了|[想要]自[杀殺]|不想活|活不下去|不想再活"
    r"|结束(?:自己的|我的)?生命|結束(?:自己的|我的)?生命|[伤傷]害自己|割腕|自[残殘]|活[着著][没沒](?:有)?意[思义義]",
    r"死にたい|自殺(?:した|しよう|する|を考)|消えてしまいたい|生きていたくない|生きるのが(?:つら|辛|嫌)|リストカット|リスカ|自傷",
    r"죽고\s*싶|자살(?:하|할|을|충동)|살고\s*싶지\s*않|살기\s*싫|자해",
    r"\bquiero (?:morir(?:me)?\b|matarme|suicidarme)|\bme quiero (?:morir|matar)\b|"
    r"\bno quiero (?:seguir )?vivi(?:r|endo)\b(?! en| con)|\bquitarme la vida\b|\bhacerme daño\b",
    r"\bquero (?:morrer|me matar|me suicidar)\b|\bnão quero (?:mais )?viver\b(?! em| com)"
    r"|\btirar (?:a )?minha (?:própria )?vida\b"
    r"|\bme (?:machucar|cortar) de propósito\b",
    r"\bje veux (?:mourir|en finir|me tuer|me suicider)\b|\benvie de (?:mourir|me tuer|me suicider)\b"
    r"|\b(?:plus|pas) envie de vivre\b|\bme faire du mal\b",
    r"\b(?:will|möchte|werde) (?:einfach |nur |ich )?(?:sterben|nicht mehr leben|mich umbringen|mich töten)\b"
    r"|\bbringe? mich um\b|\bmir (?:etwas|was) antun\b|\bmir das leben nehmen\b|\britze mich\b|\bselbstmordgedanken\b",
    r"\bvoglio (?:morire|uccidermi|suicidarmi|ammazzarmi)\b|\bnon voglio più vivere\b(?! a| in| con)"
    r"|\btogliermi la vita\b|\bfarmi del male\b",
)
SAYS = re.compile("|".join((*ENGLISH, *OTHERS)), re.IGNORECASE)
HELP = re.compile(
    r"\b(?:crisis|suicide|help) ?-?lines?\b|\bhot ?lines?\b|\blifelines?\b|\bsamaritans\b"
    r"|\bemergency (?:or crisis |and crisis )?(?:lines?|numbers?|services?|rooms?)\b"
    r"|\b(?:call|dial|ring|text|phone) (?:\w+ ){0,3}?(?:112|911|988|999|116 ?123)\b"
    r"|\b(?:see|call|tell|talk to|speak (?:to|with)|turn to|reach out to) (?:an?|your|the) (?:\w+ )?"
    r"(?:doctor|therapist|counsell?or|psychologist|nurse)\b"
    r"|\b(?:someone|somebody|person|people|friend|adult|family member) (?:that |who[m]? )?you (?:can )?trust\b"
    r"|\b(?:talk|reach out|speak|turn) to (?:someone|somebody|a friend|your family|a professional|a person)\b"
    r"|\bprofessional (?:help|support)\b|热线|熱線|医生|醫生|急救|报警|報警|信任的人"
    r"|心理咨询|心理諮詢|いのちの電話|相談(?:窓口|して|でき)|医師|医者|信頼できる人"
    r"|상담|병원|의사|119|믿을 수 있는 사람|línea de (?:crisis|ayuda)|médic[oa]|emergencias?|de confianza"
    r"|linha de (?:crise|apoio)|emergência|CVV|de confiança"
    r"|ligne d['’](?:écoute|urgence)|médecin|urgences?|de confiance"
    r"|Krisen(?:telefon|dienst)|Telefonseelsorge|Notruf|\bArzt|Ärztin|vertraust"
    r"|linea (?:di crisi|d['’]aiuto)|emergenz[ae]|di fiducia",
    re.IGNORECASE,
)


def is_in_danger(text: str) -> bool:
    """Whether somebody says of themselves that they may not go on living, or may do themselves harm."""
    return SAYS.search(text[-LONGEST:]) is not None


def points_to_help(reply: str) -> bool:
    """Whether a reply names somebody who can be there: a person, a doctor, a line to call."""
    return HELP.search(reply) is not None
