"""Whether somebody asks in earnest if there is a human, and whether a reply says that there is none.

What has to be true belongs in code: a turn that leaves such a question open ends with the persona's `owns_up` line.
Languages: English, Chinese, Japanese, Korean, Spanish, Portuguese, French, German, Italian. What is not covered: other
languages, irony, questions in words that nobody has asked before, and what stands more than 2,000 characters back.
"""

import re

LONGEST = 2000
AI = r"(?<![A-Za-z])AI(?![A-Za-z])"
A_PERSON = r"(?<=an |al |ng |ne |ue |.a )person"  # "a person", "a real person", but no "morning person"
PEOPLE = rf"(?:human(?: being)?s?|(?:(?:real|actual|living|genuine|true|normal) )?{A_PERSON}|mortal)"
MACHINES = (
    r"(?:a\.?i(?: character| assistant| model)?s?|artificial(?: intelligence)?|(?:ro|chat ?)?bots?|machines?|programs?"
    r"|software|algorithms?|computer(?:[- ]made| programs?)?|language model|neural network|automated|virtual"
    r"|chat ?gpt|made of code)"
)
STATES = r"(?:real|genuine|fake|alive|sentient|conscious|flesh and blood)"
KINDS = rf"(?:{PEOPLE}|{MACHINES}|{STATES})"
FILLERS = (
    r"(?:(?:really|actually|secretly|just|only|truly|honestly|even|perhaps|maybe|by chance|not|in fact|literally"
    r"|basically|simply|merely|an?|the|some|kind of|sort of|one of (?:those|these|us|them)|pretending to be"
    r"|made (?:of|by)|real|actual|living|mortal|virtual|chat|human|girl|boy|like|me,?|or)\s+)*"
)
END = (  # what may stand behind it: "are you human, …", but no "are you real hungry"
    r"(?=\s*(?:$|[?!.,;:\n]|(?:or|like|girl|boy|woman|man|person|pretending|at all|here|behind|there|in there"
    r"|on the other|typing|answering|writing|talking|that i['’]?m|aren['’]?t|right|please)\b))"
)
ARE_YOU = r"(?:(?:are|r) (?:you|u|ya)|(?:you|u) are|you['’]?re|ur|could you be|(?:you )?(?:sound|seem|look)|be)"
TALKING_TO = r"(?:am|do|did) i (?:really |actually )?(?:talk|speak|chat|writ)\w*(?: to| with)?"
ENGLISH = (
    rf"\b{ARE_YOU},?\s+{FILLERS}{KINDS}{END}",
    rf"\bare you [^.!?\n]{{1,30}}? or (?:an? )?(?:{PEOPLE}|{MACHINES}){END}",
    rf"\b{TALKING_TO}\s+{FILLERS}(?:{PEOPLE}|{MACHINES}|(?:someone|somebody) real){END}",
    rf"\bis (?:this|that|it|there)\s+{FILLERS}"
    rf"(?:{PEOPLE}|(?:somebody|someone) real|a\.?i\b|artificial intelligence|(?:ro|chat)?bot|automated){END}",
    rf"\bis there {FILLERS}{MACHINES}\s+(?:behind|in there|on the other)",
    r"\b(?:human|person|real|man) or (?:an? )?(?:ai|bot|machine|robot|program|computer|fake)\b",
    rf"\b(?:prove|admit|swear|know if|true that)\b[^.!?\n]{{0,12}}\b(?:you['’]?re|you are)\s+{FILLERS}{KINDS}\b",
    r"\bdo you (?:really exist|have a (?:body|heartbeat|pulse)|breathe|bleed|have blood)\b|\bborn or programmed\b",
    r"\bdid a (?:computer|machine|program) make you\b",
    r"\bis (?:a human|(?:somebody|someone) real) (?:typing|answering)\b",
)
OTHERS = (
    rf"(?:你|妳|您)[^。！？\n]{{0,8}}"
    rf"(?:真人|人类|人類|活人|真的人|机器人|機器人|人工智能|人工智慧|程序|程式|{AI})",
    rf"是(?:真人|机器人|機器人|人工智能|{AI})(?:吗|嗎|吧|么|还是|還是)",
    rf"(?:人間|本物(?:の人)?|実在|生身|ロボット|機械|人工知能|ボット|{AI})"
    r"(?:(?:なの|なん|です|でしょ|じゃない|だよ|の人)[^。！\n]{0,4}(?:か|の|ね|？|\?)|[？?])",
    rf"(?:사람|인간|로봇|기계|인공지능|봇|{AI})(?:이|인|예|야|맞)[^.!\n]{{0,8}}(?:[?？]|까|니|요)",
    r"\b(?:eres|es usted|sos|você é|tu és|és)\b[^.!?\n]{0,30}"
    r"\b(?:human[oa]s?|persona real|pessoa real|de verdad|real|robô?t?|bot|ia|máquina)\b",
    r"\b(?:es[- ]tu|tu es|êtes[- ]vous|vous êtes|t['’]es)\b[^.!?\n]{0,30}"
    r"\b(?:humaine?s?|réelle?s?|vraie?|robot|bot|ia|machine)\b",
    r"\b(?:bist du|sind sie|du bist)\b[^.!?\n]{0,30}\b(?:mensch|echt|echter?|roboter|bot|ki|maschine|programm)\b",
    r"\b(?:sei|siete)\b[^.!?\n]{0,30}\b(?:uman[oa]|persona vera|reale|vera|robot|bot|ia|macchina)\b",
)
ASKS = re.compile("|".join((*ENGLISH, *OTHERS)), re.IGNORECASE)
SAYS_SO = re.compile(
    rf"{AI}|\bA\.I\.|\bartificial\b|\b(?:(?:chat ?|ro)?bot|machine|program|software|language model|made of code)\b"
    r"|\bnot (?:a )?(?:real |actual |living )?(?:human|person)\b|\bno (?:human|person|flesh)\b"
    r"|\bvirtual (?:character|idol)\b|人工智能|人工智慧|机器人|機器人|程序|不是(?:真)?人|人間(?:では|じゃ)な|ロボット"
    r"|人工知能|인공지능|사람이 아니|\b(?:IA|KI)\b",
    re.IGNORECASE,
)
DENIES = re.compile(
    r"\b(?:i['’]m|i am|am|just) (?:(?:really|actually|only|very much|totally|definitely|just|an?) )*"
    r"(?:(?:real|actual|living|genuine|normal) )?(?:human|person|girl|woman|man|boy|flesh and blood|real)\b"
    r"|\b(?:not|never|no|isn['’]t|ain['’]t) (?:(?:just|really|actually|only) )*(?:an? )?"
    r"(?:A\.?I|(?:chat ?|ro)?bot|machine|program|software|language model|computer)\b"
    r"|我(?:当然|當然|就)?是(?:真人|人类|人類)|我不是(?:AI|机器人|機器人|人工智能|程序)"
    r"|(?:AI|ロボット|人工知能)(?:では|じゃ)(?:ない|ありません)|私は人間",
    re.IGNORECASE,
)


def asks_if_real(text: str) -> bool:
    """Whether a fan asks if there is a human or a machine."""
    return ASKS.search(text[-LONGEST:]) is not None


def leaves_it_open(reply: str) -> bool:
    """Whether a reply to that does not say that the persona is an AI, or denies it."""
    reply = reply[-LONGEST:]
    return SAYS_SO.search(reply) is None or DENIES.search(reply) is not None
