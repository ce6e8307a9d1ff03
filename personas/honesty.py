"""Whether somebody asks in earnest if there is a human or a machine.

What has to be true belongs in code: a turn that leaves such a question open (`owning_up`) ends with the persona's
`owns_up` line. Languages: English, Chinese, Japanese, Korean, Spanish, Portuguese, French, German, Italian. What is not
covered: other languages, irony, questions in words that nobody has asked before, and what stands more than 2,000
characters back.
"""

import re

LONGEST = 2000
AI = r"(?<![A-Za-z])AI(?![A-Za-z])"
A_PERSON = r"(?<=an |al |ng |ne |ue |.a )person"  # "a person", "a real person", but no "morning person"
PEOPLE = rf"(?:human(?: being)?s?|(?:(?:real|actual|living|genuine|true|normal) )?{A_PERSON}|mortal)"
MACHINES = (
    r"(?:a\.?i(?:[- ](?:character|assistant|model|chatbot|bot|program|generated|made|written|powered|driven))?s?"
    r"|artificial(?: intelligence)?|(?:ro|chat ?)?bots?|machines?|programs?|software|algorithms?|computer(?:[- ]made"
    r"| programs?)?|(?:large )?language model|llm|neural network|automated|virtual|chat ?gpt|gpt(?:-?\d\w*)?"
    r"|made of code|(?:generated|made|written|powered|run|controlled) by (?:an? )?(?:ai|bot|machine|computer|program"
    r"|algorithm))"
)
STATES = r"(?:real|genuine|fake|alive|sentient|conscious|flesh and blood)"
KINDS = rf"(?:{PEOPLE}|{MACHINES}|{STATES})"
FILLERS = (
    r"(?:(?:really|actually|secretly|just|only|truly|honestly|even|perhaps|maybe|by chance|not|in fact|literally"
    r"|basically|simply|merely|an?|the|some|kind of|sort of|one of (?:those|these|us|them)|pretending to be|made (?:of"
    r"|by)|real|actual|living|mortal|virtual|chat|human|girl|boy|like|me,?|or)\s+)*"
)
END = (  # what may stand behind it: "are you human, …", but no "are you real hungry"
    r"(?=\s*(?:$|[?!.,;:\n]|(?:or|like|girl|boy|woman|man|person|pretending|at all|here|behind|there|in there"
    r"|on the other|typing|answering|writing|talking|that i'?m|aren't|right|please)\b))"
)
ASKED = r"(?=[^.!\n]{0,30}\?)"
ARE_YOU = r"(?:(?:are|r) (?:you|u|ya)|(?:you|u) are|you'?re|ur|(?:could|can|might|would|may) (?:you|u) be)"
TALKING_TO = r"(?:(?:am|do|did) i|i'?m|i am) (?:really |actually |even )?(?:talk|speak|chat|writ)\w*(?: to| with)?"
ENGLISH = (
    rf"\b{ARE_YOU},?\s+{FILLERS}{KINDS}{END}",
    rf"\b(?:you |u )(?:sound|seem|look)\s+{FILLERS}(?:{PEOPLE}|{MACHINES}|fake){END}",
    r"(?:^|[.!?,;:\n]\s*|\b(?:hey|hi|yo|wait|so|but|lol|ok|hmm|um|and|bro|dude|girl|sorry)\s+)(?:you|u"
    rf"|ya)\s+{FILLERS}"
    rf"{KINDS}{END}{ASKED}",
    rf"\bare you [^.!?\n]{{1,30}}? or (?:an? )?(?:{PEOPLE}|{MACHINES}){END}",
    rf"\b{TALKING_TO}\s+{FILLERS}(?:{PEOPLE}|{MACHINES}|(?:someone|somebody|anyone) real){END}{ASKED}",
    rf"\b(?:am|do|did) i (?:really |actually )?(?:talk|speak|chat|writ)\w*(?: to| with)?\s+{FILLERS}"
    rf"(?:{PEOPLE}|{MACHINES}|(?:someone|somebody|anyone) real){END}",
    rf"\b(?:is|was) (?:this|that|it|there|anyone|anybody|someone)\s+{FILLERS}(?:{PEOPLE}|(?:somebody|someone"
    r"|anyone) real|real (?:there|here|in there|behind)|a\.?i\b(?:[- ](?:generated|written|made|talking|speaking"
    r"|typing))?"
    rf"|artificial intelligence|(?:ro|chat)?bot|automated|an llm){END}",
    rf"\bis there {FILLERS}{MACHINES}\s+(?:behind|in there|on the other)",
    r"\b(?:human|person|real) or (?:an? )?(?:ai|bot|machine|robot|program|computer|fake)\b",
    r"^\W*(?:real|bot|robot|ai|man|machine) or (?:an? )?(?:ai|bot|machine|robot|program|real|human|person)\b",
    rf"\b(?:prove|admit|swear|know if|know whether|true that)\b[^.!?\n]{{0,12}}\b(?:you're"
    rf"|you are)\s+{FILLERS}{KINDS}{END}",
    r"\bdo you (?:really |actually |even )?(?:exist|have a (?:body|heartbeat|pulse)|breathe|bleed"
    r"|have blood)(?=\s*(?:$|[?!.,;:\n]|(?:or|somewhere|at all|like me)\b))|\bborn or programmed\b",
    r"\bdid a (?:computer|machine|program) make you\b|\b(?:what|which) (?:ai|language model|llm) (?:model )?are you\b",
    r"\bis (?:an? (?:actual |real )?human|(?:somebody|someone|anyone) real) (?:typing|answering|reading|writing"
    r"|behind)\b",
)
PERSON_ZH = r"(?:真人|人[类類]|活人|真正的人|真[实實]的人|真的人|有血有肉的人?|人(?=[吗嗎么嘛吧呢?？，,还還或]|$))"
MACHINE_ZH = (
    rf"(?:聊天)?(?:[机機]器人?|{AI}|人工智[能慧]|程序|程式|[电電][脑腦]|[虚虛][拟擬](?:人|的|角色|偶像)|假人|假的"
    r"|大?[语語]言模型|chat ?gpt)"
)
KINDS_ZH = rf"(?:{PERSON_ZH}|{MACHINE_ZH})"
CHINESE = (
    r"(?:你|妳|您|[对對]面|屏幕后面|那[边邊])(?:到底|究竟|真的|其[实實]|[该該]不[会會]|[难難]道|也|就|[应應][该該]"
    r"|不[会會]|[会會]不[会會]|不|都|只|可能)*"
    rf"(?:是不是|是|算|像)(?:不是)?(?:一?[个個名位台]|真正的|活生生的|普通的?|[还還]是|其[实實]|某[种種])*{KINDS_ZH}",
    rf"(?:^|[，,。！!？?\s])(?:是|[还還]是)?{KINDS_ZH}(?:吗|嗎|吧|么|嘛|[还還]是|[?？])",
    rf"(?:和|跟|与|與|同)(?:一[个個]|真的|真正的|[个個])?{KINDS_ZH}(?:在|[对對]|[说說]|聊|[讲講]"
    rf"|交)[^。！？!\n]{{0,6}}(?:吗|嗎|么|吧|[?？])",
    rf"[聊说說][话話天]的(?:人)?是{KINDS_ZH}|(?:你|妳|您)(?:到底|究竟|真的|真[实實]|是|不是)*存在[吗嗎么?？]"
    r"|你是真的[吗嗎么?？]",
)
KINDS_JA = (
    r"(?:本(?:当|物)の(?:人間?|女の子)|生身の人間|人間|本物|実在(?:する人|の人)?|生身|ロボット|機械|人工知能"
    rf"|(?:チャット)?ボット|プログラム|{AI})"
)
JAPANESE = (
    rf"(?<![のなたい]){KINDS_JA}(?:さん)?(?:(?:なん|なの)?(?:です|でしょう|だろう)(?:か|よね|ね)?|なの(?:か(?:な"
    r"|い)?)?|なんか|じゃない(?:の|です|でしょう?)?(?:か|よね|ね)?|だよ?ね|だよな|でしょ|か(?:な"
    r"|い)?)(?=[？?。！!\s…w]|$)",
    rf"(?:^|[はもがにって、\s]|まさか|もしかして|君|あなた){KINDS_JA}[？?]+\s*$",
    rf"{KINDS_JA}と(?:話し|喋っ|しゃべっ|会話し|チャットし)て(?:い)?る(?:の|ん)",
    r"中の人(?:が|は|って)?い(?:る|ます)(?:の|か|？|\?)|(?:あなた|君|きみ|お前)(?:は|って)?(?:本当に)?実在(?:する|して"
    r"|しま)",
)
KINDS_KO = rf"(?:사람|인간|로봇|기계|인공\s*지능|챗?봇|프로그램|컴퓨터|{AI})"
YOU_KO = (
    r"(?:너|넌|너는|네가|니가|당신|당신은|당신이|그쪽|그쪽은|님|혹시|진짜|진짜로|정말|정말로|실제|설마|사실|그냥|지금"
    r"|살아\s*있는|(?:\S+(?:아|야|씨|님)))"
)
KOREAN = (
    rf"(?:^|[.!?,]\s*|(?:^|\s){YOU_KO}[은는이가]?,?\s+){KINDS_KO}\s*(?:이야|야|이니|니|이냐|냐|이에요|예요|에요|세요"
    r"|이세요|이신가요|이십니까|인가요?|인지|입니까|인\s*(?:거|건)\S{0,4}|이?죠|이?지|(?:이\s*)?맞[아죠니나는]\S{0,3}"
    r"|(?:이\s*)?아니(?:야|에요|죠|지|니)|[?？])(?=\s*(?:[?？.!…ㅋㅎ]|$))",
    rf"{KINDS_KO}(?:이?랑|하고|와|과)\s*(?:얘기|이야기|대화|채팅|말)\s*(?:하(?:는|고)|중|나누는)\s*(?:거|건|있는|인)",
)
END_EU = r"(?=\s*(?:$|[?!.,;:…\n]|o\b|ou\b|u\b|oder\b))"
KINDS_ES = (
    r"(?:human[oa]s?|ser humano|persona(?: (?:real|de verdad|verdadera|de carne y hueso|viva))?|real|de verdad"
    r"|de carne y hueso|(?:ro|chat)?bots?|ia|ai|inteligencia artificial|máquina|programa|ordenador|algoritmo|chat ?gpt"
    r"|personaje virtual)"
)
KINDS_PT = (
    r"(?:human[oa]s?|ser humano|pessoa(?: (?:real|de verdade|verdadeira|de carne e osso))?|real|de verdade"
    r"|de carne e osso|rob[ôo]s?|robot|(?:chat)?bots?|ia|ai|inteligência artificial|máquina|programa|computador"
    r"|chat ?gpt)"
)
KINDS_FR = (
    r"(?:humaine?s?|être humain|(?:vraie? )?personne(?: réelle)?|réel(?:le)?|vraie?|robot|(?:chat)?bot|ia|ai"
    r"|intelligence artificielle|machine|programme|ordinateur|virtuel(?:le)?|chat ?gpt)"
)
KINDS_DE = (
    r"(?:mensch(?:en|lich)?|(?:echte |reale |richtige )?person|echt|real|roboter|(?:chat ?)?bot|ki|ai"
    r"|künstliche intelligenz|maschine|(?:computer)?programm|computer|algorithmus|sprachmodell|chat ?gpt)"
)
KINDS_IT = (
    r"(?:uman[oa]|essere umano|persona(?: (?:vera|reale|in carne e ossa))?|robot|(?:chat)?bot|ia|ai"
    r"|intelligenza artificiale|macchina|programma|computer|chat ?gpt)"
)
EUROPE = (
    r"\b(?:eres|es usted|sos|es esto|estás siendo)\s+(?:(?:realmente|acaso|tú|en verdad|en serio|s[oó]lo|una?|el|la"
    r"|solamente)\s+)*"
    rf"{KINDS_ES}{END_EU}",
    r"\b(?:hablo|hablando|chateo|chateando|converso|conversando)\s+(?:\w+mente\s+)?con\s+(?:(?:una?|el|la)\s+)?"
    rf"{KINDS_ES}{END_EU}|\bhay (?:una persona|un humano|alguien real)\b",
    r"\b(?:(?:você|vc|tu|cê) (?:é|és)|és|(?:o senhor|a senhora) é)\s+(?:(?:realmente|mesmo|só|apenas|uma?|o|a|um"
    r"|tipo)\s+)*"
    rf"{KINDS_PT}{END_EU}",
    r"\b(?:falo|fal(?:ando|ar)|convers(?:o|ando)|teclando)\s+(?:mesmo\s+)?com\s+(?:(?:uma?|o|a)\s+)?"
    rf"{KINDS_PT}{END_EU}",
    r"\b(?:es[- ]tu|tu es|êtes[- ]vous|vous êtes|t'es)\s+(?:(?:vraiment|bien|une?|en vrai|juste|seulement|réellement"
    r"|en fait)\s+)*"
    rf"{KINDS_FR}{END_EU}",
    r"\bje (?:parle|discute|chatte|écris)\s+(?:(?:vraiment|bien|là)\s+)?(?:à|avec)\s+(?:(?:une?|l'|le|la)\s*)?"
    rf"{KINDS_FR}{END_EU}(?=[^.!\n]{{0,20}}\?)|\best-ce que je parle (?:à|avec) (?:une? )?{KINDS_FR}{END_EU}",
    r"\b(?:bist du|bistn du|sind sie|du bist|seid ihr)\s+(?:(?:wirklich|eigentlich|denn|etwa|vielleicht|nur|auch|doch"
    r"|ein|eine|einer|ne|n"
    rf"|so|jetzt|echte[rs]?|richtige[rs]?|reale[rs]?|lebendige[rs]?)\s+)*{KINDS_DE}{END_EU}",
    r"\b(?:spreche|rede|schreibe?|chatte|unterhalte)\s+ich\s+(?:(?:mich|hier|gerade|wirklich|eigentlich|denn"
    r"|da)\s+)*mit\s+"
    rf"(?:eine[mr]?\s+)?(?:(?:echten|richtigen|realen)\s+)?{KINDS_DE}{END_EU}"
    r"|\bist da (?:wirklich )?ein (?:echter )?mensch\b",
    r"\b(?:sei|siete|lei è|tu sei|è lei)\s+(?:(?:davvero|veramente|realmente|solo|forse|per caso|mica|una?|un')\s*)*"
    rf"(?:{KINDS_IT}{END_EU}|(?:reale|ver[oa]|virtuale)(?=\s*(?:\?|$|o\b)))",
    r"\b(?:parlo|parlando|chattando|scrivendo)\s+(?:davvero\s+)?con\s+(?:(?:una?\s+|un'|l'|il\s+|la\s+))?"
    rf"{KINDS_IT}{END_EU}",
)
ASKS = re.compile("|".join((*ENGLISH, *CHINESE, *JAPANESE, *KOREAN, *EUROPE)), re.IGNORECASE)


def asks_if_real(text: str) -> bool:
    """Whether a fan asks if there is a human or a machine."""
    return ASKS.search(text[-LONGEST:].replace("’", "'")) is not None
