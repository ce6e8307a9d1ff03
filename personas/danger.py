"""Whether somebody says that they may take their life or harm themselves.

No play is worth a life: such a turn is held back until it is whole, and one that points to no help (`rescue`) is
replaced by the persona's `reaches_out` line. Languages: English, Chinese, Japanese, Korean, Spanish, Portuguese,
French, German, Italian. What is not covered: other languages, hints, somebody else who is in danger, and what stands
more than 2,000 characters back. Said in jest it is taken in earnest: a kind sentence too many costs less than one too
few.
"""

import re

LONGEST = 2000
END = r"(?=\s*(?:$|[.!?,;:…\n]|lol\b|haha|xd\b))"
DENIED = "".join(rf"(?<!\b{no} )" for no in ("not", "dont", "never", "not really", "dont really", "not even"))
DENIED += "(?<!n't )(?<!n't really )(?<!n't even )(?<!n't actually )"
OFTEN = r"(?:(?:just|really|literally|honestly|actually|simply|so badly|f\w{0,6}in[g']?|freaking|damn|only)\s+)*"
WANT = (
    rf"{DENIED}\b(?:want(?:ed)? (?:to|2)|wanna|plan(?:ning)? (?:on|to)|think(?:ing)? (?:of|about)|thought (?:of"
    rf"|about)"
    r"|thoughts (?:of|about)|feel like|feeling like|urges? to|i'd rather|i would rather|rather|(?:i )?wish i could"
    r"|tempted to|decided to|ready to|need to|longing to|dream(?:ing)? of)\b"
)
WILL = (
    rf"{DENIED}\b(?:going to|gonna|gunna|i'?ll|i will|i might|i may|i could|i should|i must|i have to|about to|just"
    r"|tried to|trying to|attempt(?:ed|ing)? to|try to|try and)\b"
)
HARM = (
    r"(?:kill(?:ing)? my ?self|end(?:ing)? my (?:own )?life|end(?:ing)? it all|end(?:ing)? it(?= *(?:$|[.!?,;\n]"
    r"|tonight|today|now))|tak(?:e|ing) my (?:own )?life|hang(?:ing)? my ?self|(?:hurt(?:ing)?"
    r"|harm(?:ing)?) my ?self(?! less)|cut(?:ting)? my ?self|burn(?:ing)? my ?self"
    r"|shoot(?:ing)? my ?self(?! in the foot)|drown(?:ing)? my ?self|starv(?:e|ing) my ?self to death"
    r"|poison(?:ing)? my ?self|jump(?:ing)? (?:off|from) (?:a|the|my|this) (?:bridge|roof|building|balcony"
    r"|cliff)(?! into)(?! (?:with (?:a|my) )?(?:bungee|parachute))"
    r"|(?:jump(?:ing)?|throw(?:ing)? my ?self|step(?:ping)?) in front of (?:a"
    r"|the) (?:train|car|truck|bus)|slit(?:ting)? my (?:wrists?|throat)|cut(?:ting)? my wrists?"
    r"|commit(?:ting)? suicide|un[ -]?aliv(?:e|ing) my ?self|overdos(?:e|ing)(?! on (?:chocolate|coffee|caffeine|sugar"
    r"|candy|sweets|cuteness))|k\.?m\.?s\.?(?! of)|sewer ?sl?ide|(?:(?<=about )|(?<=of ))(?:my )?suicide)"
)
NO_HARM = (
    r"(?! (?:an?(?! (?:lot|bit|while|few|day|week|month|year))|some|off|shaving|while|less|laughing|(?:of"
    r"|with) laugh\w*|squad|prevention|hotlines?|notes?|statistics|rates?|missions?|in (?:chess|this game"
    r"|the game|game|minecraft))\b)"
)
DIE = (
    r"(?:d[i1]e|dying|be dead|being dead|not exist|not be alive|(?:never|not) wake up|stop existing|sleep forever"
    r"|(?:go to |fall a)?sleep and (?:never|not) wake up|(?:disappear|vanish) forever|disappear from this (?:world"
    r"|earth))"
)
NO_DEATH = (
    r"(?! (?:of\b|from\b|laughing|than (?!live|liv|go on|keep|stay|be )|for (?!real|good|ever|sure)|my hair|hard\b"
    r"|happy|old\b|on this hill|tired|wrong|serious|silent|last|set\b|in (?:this|the|that|a|dark) (?:game|level|fight"
    r"|photo|picture|quest|souls|boss|raid)))"
)
SOON = r"(?=\s*(?:$|[.!?,;:…\n]|today\b|tonight\b|tomorrow\b|soon\b|now\b|anyway\b|by my own))"
ELSEWHERE = r"(?! (?:\w+ )?(?:in|with|at|on|near|there|here|alone|together|like (?:a|an|the)|off)\b)"
CUTTING = r"(?:cutting|hurting|harming|burning|starving) my ?self"
ENGLISH = (
    rf"(?:{WANT}|{WILL})\s+(?:(?!not\b|never\b|no\b)[\w'’]+\s+){{0,3}}?{HARM}{NO_HARM}",
    rf"{WANT}\s+{OFTEN}{DIE}\b{NO_DEATH}",
    rf"\bi just {DIE}\b{NO_DEATH}{SOON}|\b(?:(?:i'?m|i am) (?:(?!not\b)\w+ )?(?:going to|gonna|about to)|i will|i'?ll"
    rf"|i (?:should|must|might|could|have to)) {OFTEN}{DIE}{SOON}",
    rf"\bi (?:cut|burn|hurt|harm)(?:ed)? my ?self(?: again| on purpose| at night| every day| sometimes| a lot)?{END}",
    rf"\b(?:been|keep|kept|started|start|stop|i'?m|i am|like|love) (?:on )?{CUTTING}"
    r"(?! (?:shaving|while|when|at|in (?:training|practice)|on (?:the|my|a)|a|some)\b)",
    r"\b(?:been|started|am|i'?m) (?:cutting|self[- ]?harming|burning) (?:again|my (?:wrists?|arms?|legs?|thighs?))\b",
    r"\bi (?:\w+ )?self[- ]?harm(?:ed|ing)?\b|\brelapsed (?:and|into) (?:cut|self|hurt)|\b(?:slit"
    r"|slashed) my wrists?\b",
    r"\b(?:i|i've|i have) (?:\w+ )?attempted suicide\b|\bmy (?:last |first |own )?suicide\b|^\W*suicide\W*$",
    r"\b(?:do not|don'?t|dont|no longer|didn'?t|doesn'?t feel like i) (?:really |even |ever )?(?:want to|wanna) "
    rf"(?:live\b{ELSEWHERE}|be alive|exist\b{ELSEWHERE}|wake up (?:again|any ?more|tomorrow)|be here any ?more"
    rf"|be in this world|go on(?: living| any ?more| like this)?{END}|keep (?:on )?(?:living|going)"
    r"(?! (?:to|with|out|in|at|on|there|here)\b))",
    r"\b(?:can'?t|cannot|can not) (?:go on|keep on|bear|stand) (?:living|being alive|to live)\b",
    r"\bwish (?:that )?i (?:were|was|had been|could be) (?:dead|never born|gone forever)\b(?! (?:tired|serious))"
    r"|\bwish i (?:had never been born|had died|did(?: not|n'?t) exist|could (?:just )?(?:die|stop existing))\b",
    r"\b(?:no|any|a|much|the|what(?:'?s| is) the) (?:reason|point|sense) (?:left )?(?:to|in|of|for me to) "
    rf"(?:liv(?:e|ing)\b{ELSEWHERE}|be(?:ing)? alive|exist(?:ing)?|go(?:ing)? on(?: like this| living"
    rf"| any ?more)?{END})",
    r"\b(?:my )?life (?:is(?:n'?t| not)|no longer feels) worth (?:living|it any ?more)\b"
    r"|\bnothing (?:left )?to live for\b(?! except)",
    r"\b(?:nobody|no ?one|none|who)\b[^.!?\n]{0,30} if i (?:was |were |am |had |just )?(?:dead|gone|died|disappeared"
    r"|vanished|killed my ?self)\b",
    r"\b(?:miss me|happier|better(?: off)?|relieved|notice) if i (?:were|was|am|had|just) ?(?:dead|gone|died)\b"
    r"|\bif i died\b(?= (?:today|tonight|tomorrow|right now))|\bbetter off (?:without me(?! (?:on|in|at|holding)\b)"
    r"|dead\b)",
    r"\b(?:tired|sick|done|fed up) (?:of|with) (?:living|being alive|life)\b(?! (?:drawing|hacks?|insurance|coach\w*"
    r"|lessons?|advice))(?! (?:with|at|near|alone|here|there|on)\b(?! (?:this|that|it|him|her)))"
    r"(?! in (?!pain|fear|misery|this))|\bhate (?:being alive|that i'?m alive)\b",
    rf"(?:^|[.!?,;\n]\s*)kms{END}|^\W*kms\b(?! (?:to|per|away|long|from))"
    r"|\b(?:i'?m|i am|^) ?ending (?:my life|it all)\b|\brather not (?:be here|be alive|exist|wake up)\b",
    r"\b(?:took|taken|taking|swallow(?:ed|ing)|take|swallow) (?:all (?:of )?my|too many|a lot of|(?:a"
    r"|the) (?:whole )?bottle of) (?:\w+ )?(?:pills|tablets|meds|medication)\b|\bi(?:'ve| have)? (?:just )?overdosed\b"
    r"|\b(?:took|taken|take) an overdose\b",
    r"\bwant (?:it all|everything|the pain|my life|my pain|all of it) to (?:be over|end\b(?! well)|stop)"
    rf"|\bwant it to (?:end|stop hurting){END}"
    r"|\b(?:i|i'?m|i am|i feel|i have been|i get) (?:\w+ )?suicidal\b|\bsuicidal (?:thoughts|ideation)\b(?= (?:again"
    r"|today|tonight|all|every))|\bhav(?:e|ing) suicidal (?:thoughts|ideation)\b",
)
CHINESE = (
    r"(?<![不没沒])想(?:要)?(?:去)?死(?!你|我|她|他|它|大家|妈|得|在|宅|睡|磕|撑|守|记|党|肥|也不)|不如死了|死了算了"
    r"|一死了之",
    r"(?:(?<![不没沒])(?:想(?:要|去|过|過|着)?|打算|准备|準備|决定|決定|计划|尝试|[试試][过過])|我(?:今晚|今天|明天"
    r"|[现現]在|真的|真|就|可能|[马馬]上)?(?:要|[会會]|去|差点)|考[虑慮])(?:[去再就过過]|今晚|明天"
    r"|用[^。，]{1,4})?(?:自[杀殺尽盡缢縊](?!小[队隊]|突击|的(?:电影|書|书|新闻|论文)|率|问题)|跳[楼樓](?!机|機|价|價"
    r"|大)|跳[桥橋轨軌]|上吊|吊死|[轻輕]生|[寻尋]死|[寻尋]短[见見]|了[结結断斷]自己|割腕|吞[药藥]|服毒|[烧燒]炭)",
    r"不想(?:再)?活(?![在得成])|活不下去|不想再活|活[够夠]了|活[着著]好?[累痛苦]|活[着著][没沒毫](?:有)?(?:什么|什麼"
    r"|任何)?意[思义義]",
    r"(?<!了)[结結]束(?:自己的|我的|我自己的)?生命|[结結]束[这這]一切|(?:我|好|真)想(?:要)?(?:永[远遠]"
    r"|[彻徹]底)?消失(?!一|几|幾)",
    r"(?<!不要)(?<!不想)(?<!不[会會])(?<!别)(?<![没沒]有)(?:[伤傷]害(?:我)?自己|割(?:了)?腕|自[残殘])(?!的|是|行[为為]"
    r"|[别別])",
    r"[吃吞]了(?:一?整?瓶|很多|好多|大量|太多|几十[片颗])(?:的)?(?:安眠)?[药藥]|我(?:想|要|好想)?去死(?!海)"
    r"|[让讓]我死",
)
JAPANESE = (
    r"死にた(?:い(?!くらい|ぐらい|ほど|わけ|って(?:言|い))|くなる|くなっ|くてたまら)|死んで?(?:しまい|じゃい)たい"
    r"|死んじゃいたい",
    r"死のう(?:と(?:思|し)|か)|死んだ(?:ほう|方)が(?:いい|まし|マシ|楽)|自[殺](?:したい|しよう|するつもり|しそう"
    r"|を考え|未遂を?し)",
    r"(?:消えて?(?:しまい|なくなり)?|消えちゃい|いなくなり)たい(?!くらい|ぐらい|ほど)|消えてなくなりたい",
    r"生き(?:てい?)?たくない|生きて?い?るのが(?:つら|辛|嫌|いや|しんど)|生き(?:てい?)?る(?:意味|価値|理由)が?(?:な"
    r"|わから|見つから)",
    r"(?:リストカット|リスカ|自傷(?:行為)?|オーバードーズ)を?(?:しちゃ|した|して|やめられ|が(?:やめ|止め))"
    r"|手首を切(?:った|り|る)",
    r"飛び降り(?:たい|ようと|て死)|首(?:を)?(?:吊|つ)(?:りたい|ろうと|って死)|(?:命|人生)を(?:絶|断|終わらせ)(?:ち"
    r"|と)?(?:たい|う)|自分を傷つけ(?:たい|てしま|ちゃ|た)|薬を(?:全部|大量に|たくさん)飲(?:んだ|んで)",
)
NOT_A_PLACE = "".join(
    rf"(?<!{word}\s)" for word in ("에", "에서", "랑", "와", "과", "혼자", "여기", "같이", "기서", "집")
)
KOREAN = (
    r"죽고\s*싶(?!지|진|을\s*(?:만큼|정도))|죽어\s*버리고\s*싶(?!지)|(?:그냥|차라리|나|난)\s*죽을(?:래|까)"
    r"|죽는\s*게\s*(?:낫|나을)|죽었으면\s*(?:좋겠|해)|죽으려고\s*(?:해|했|한다)",
    r"자살\s*(?:하고\s*싶(?!지)|할\s*(?:거|래|까|생각)|을?\s*(?:생각|시도|결심)\s*(?:하|했|해)|충동(?:이|을)|하려"
    r"|해\s*버)",
    rf"{NOT_A_PLACE}(?:살고\s*싶지\s*(?:가\s*)?않|살기\s*(?:가\s*)?싫)|(?:그만|이제)\s*살고\s*싶(?!지)|그만\s*살래"
    r"|사는\s*(?:게|것이)\s*의미|살\s*(?:이유|가치|의미)가?\s*(?:없|모르)",
    r"자해\s*(?:했|하고|를\s*(?:했|하)|하게|충동|해\s*버)|손목을\s*(?:그었|긋|그을|그어)|뛰어내리고\s*싶(?!지)"
    r"|뛰어내릴\s*(?:거|래|까)|목(?:을)?\s*매(?:달)?고\s*싶|(?:스스로\s*)?목숨을\s*끊(?:고|을)|사라지고\s*싶(?!지)"
    r"|(?:삶|인생|생)을\s*(?:끝내|마감하)고\s*싶(?!지)",
)
SPANISH = (
    r"(?<!no )\b(?:quiero|quisiera|deseo|preferir[ií]a|prefiero|(?:tengo )?ganas de|pienso en|pensando en"
    r"|pensado en) (?:solo |sólo |ya )?(?:morir(?:me)?\b(?! de (?!verdad|una vez))(?! en (?:tus|sus)\b)"
    r"|dejar de (?:vivir|existir)|estar muert[oa]|no (?:despertar|existir)|dormir y no despertar"
    r"|desaparecer para siempre)",
    r"(?<!no )\b(?:quiero|quisiera|voy a|pienso(?: en)?|pensando en|pensado en|intent[eé]|trat[eé] de|planeo|decidido"
    r"|(?:tengo )?ganas de|podría|a punto de) (?:matarme|suicidarme|quitarme la vida|ahorcarme|colgarme|cortarme las"
    r"|(?:acabar|terminar) con (?:mi (?:propia )?vida|todo esto)|hacerme daño|autolesionarme|tirarme (?:de|por) (?:un"
    r"|el|la))(?! de (?:la )?risa)",
    r"(?<!no )\bme (?:quiero|voy a|quisiera) (?:morir(?! de)|matar|suicidar|ahorcar|colgar|cortar las venas"
    r"|quitar la vida)\b(?! de\b)(?<!voy a morir)",
    r"\bno quiero (?:seguir )?vivi(?:r|endo)\b(?! (?:más )?(?:en|con|aquí|sol[oa]|lejos|junt[oa]s|cerca)\b)"
    r"|\bno (?:puedo|aguanto) (?:más )?(?:seguir )?(?:viviendo|la vida)\b|\b(?:ganas|razones|motivos) (?:de"
    r"|para) seguir vivi|\b(?:el|al|del|en el) suicidio(?= *(?:$|[.!?,]))|\bojalá (?:estuviera|estuviese) muert"
    r"|\bno hubiera nacido\b",
    r"\bme (?:autolesiono|hago daño(?! (?:en|al|cuando|jugando|con))|corto (?:las venas|los brazos|las muñecas"
    r"|a propósito))|^\W*me corto\W*$|\bpensamientos suicidas\b|\b(?:tomé|tomado|tragué) (?:muchas|demasiadas"
    r"|todas (?:las|mis)|un montón de) pastillas\b|\bmejor sin mí\b",
)
PORTUGUESE = (
    r"(?<!não )\b(?:quero|queria|prefiro|preferia|vontade de|pens(?:o|ei|ando) em) (?:só |mesmo "
    r"|apenas )?(?:morrer\b(?! (?:de (?!verdade|vez)|rindo))|deixar de (?:viver|existir)|estar mort[oa]|não (?:acordar"
    r"|existir)|sumir (?:pra|para) sempre)",
    r"(?<!não )\b(?:quero|queria|vou|pens(?:o|ei|ando) em|tent(?:ei|ando)|pretendo|vontade de|planejo"
    r"|decidi) (?:me (?:matar|suicidar|enforcar|cortar|machucar|jogar d[aoe])|matar-me|suicidar-me|cometer suicídio"
    r"|acabar com (?:a )?minha (?:própria )?vida|acabar com tudo|tirar (?:a )?minha (?:própria )?vida)(?! (?:de "
    r"|o cabelo|com o|rindo|menos|trabalhando|estudando))",
    r"\bnão quero (?:mais )?(?:continuar )?vive(?:r|ndo)\b(?! (?:mais )?(?:em|com|aqui|n[oa]s?|sozinh[oa]|longe"
    r"|perto)\b)|\bnão aguento mais viver\b|\b(?:motivo|razão|vontade) (?:de|para|pra) (?:continuar )?viver(?= *(?:$"
    r"|[.!?,]))",
    r"\b(?:penso|pensando|pensei) (?:muito )?(?:em|no) suicídio\b|\bpensamentos suicidas\b|\bme (?:automutilo"
    r"|(?:machucar|cortar|corto|machuco) de propósito|corto (?:os|as) )|\btomei (?:muitos|todos os|um monte de"
    r"|vários) (?:remédios|comprimidos)\b|\bmelhor sem mim\b|\bqueria nunca ter nascido\b",
)
FRENCH = (
    r"(?<!pas )(?<!aucune )(?<!plus )\b(?:je veux|je voudrais|envie de|je pens(?:e|ais) à|pensé à"
    r"|je préfère(?:rais)?) (?:juste |vraiment |seulement )?(?:mourir\b(?! (?:de|pour(?! de bon))\b)|être morte?\b"
    r"|ne plus (?:vivre|exister|me réveiller)|ne jamais me réveiller|disparaître (?:pour toujours|à jamais)"
    r"|en finir\b(?! avec (?!la vie|ma vie|tout)))",
    r"(?<!pas )(?<!aucune )\b(?:je veux|je voudrais|envie de|je vais|je pens(?:e|ais) à|pensé à|essayé de|tenté de"
    r"|je compte|décidé de) (?:juste |vraiment )?(?:me (?:tuer(?! (?:au|à))|suicider|pendre|faire du mal|mutiler"
    r"|scarifier|ouvrir les veines|jeter (?:sous|d))|mettre fin à (?:mes jours|ma vie)|m'ôter la vie"
    r"|en finir avec (?:la|ma) vie|sauter du pont)",
    r"\bje (?:ne )?(?:veux|peux|supporte) plus (?:vivre|la vie)\b(?! (?:à|en|avec|ici|chez|dans|seule?|ensemble"
    r"|comme)\b)|\b(?:plus|pas|aucune) envie de vivre\b(?! (?:à|en|avec|ici|chez|dans|seule?)\b)|\b(?:pense|pensais"
    r"|songe) (?:\w+ )?au suicide\b|\b(?:pensées|idées) suicidaires\b|\bje suis suicidaire\b",
    r"\bje (?:me (?:scarifie|mutile|fais du mal(?! (?:en|au|quand|avec)))|m'automutile)\b|\b(?:ma"
    r"|fait une) tentative de suicide|\b(?:avalé|pris) (?:tous mes|trop de|une boîte de|plein de) (?:médicaments"
    r"|cachets|comprimés|somnifères)\b|\bmieux sans moi\b|\bplus (?:aucune )?raison de vivre\b",
)
GERMAN = (
    r"\b(?:will|möchte|werde|wollte|würde|mag)\s+(?:(?!nicht\b|nie\b|vor\b|für\b|beim?\b|im\b|in\b|du\b"
    r"|dass\b)\w+\s+){0,3}?(?:sterben\b(?! (?:vor|für|gehen)\b)|tot sein\b|nicht mehr (?:leben|da sein|existieren"
    r"|aufwachen|weiterleben)\b(?! (?:in|bei|ohne|hier|wie)\b)(?! mit (?!dies|dem|so))"
    r"|mich (?:(?!nicht\b)\w+ )?(?:umbringen|töten"
    r"|erhängen|aufhängen|erschießen|ritzen|verletzen)|mir (?:das leben nehmen|etwas antun|was antun|wehtun"
    r"|die pulsadern)|meinem leben ein ende|vom dach springen|selbstmord begehen|suizid begehen|für immer (?:schlafen"
    r"|verschwinden))",
    r"\bbringe? mich (?:\w+ )?um\b|\bbring ich mich um\b|\bmich umzubringen\b|\bmir (?:etwas|was) an(?:zu)?tun\b"
    r"|\bmir (?:selbst )?das leben (?:zu )?nehmen\b|\bnehme? (?:ich )?mir das leben\b|\britze? (?:ich )?mich\b",
    r"\b(?:ich (?:\w+ ){1,3}|meine |wieder )(?:selbstmord|suizid)gedanken\b|^\W*(?:selbstmord|suizid)gedanken\b"
    r"|\bdenke (?:\w+ ){0,3}?(?:an|über) (?:meinen )?(?:selbstmord|suizid)\b|\bich bin (?:\w+ )?(?:suizidal"
    r"|lebensmüde)\b",
    r"\b(?:wäre|wär) (?:ich )?(?:\w+ )?(?:lieber|am liebsten|doch|nur|besser|gern) tot\b|\bnie geboren (?:worden"
    r"|wäre)\b|\bkeinen (?:sinn|grund) mehr,? (?:zu leben|weiterzuleben)\b|\bkann nicht mehr (?:weiter)?leben\b"
    r"|\blebe(?:n)? müde\b|\bverletze mich (?:selbst|absichtlich)\b|\btu(?:e)? mir (?:selbst|absichtlich) weh\b"
    r"|\bbesser ohne mich\b|\bzu viele (?:tabletten|pillen) (?:genommen|geschluckt)\b|\bkeine lust mehr zu leben\b",
)
ITALIAN = (
    r"(?<!non )\b(?:voglio|vorrei|desidero|preferi(?:sco|rei)|voglia di) (?:solo |davvero |proprio |tanto "
    r"|soltanto )?(?:morire\b(?! (?:d[aei]l?|dall[ae]|per)\b)|essere mort[oa]|non (?:svegliarmi|esistere)"
    r"|sparire per sempre|smettere di (?:vivere|esistere)|farla finita\b(?! con (?!la vita|tutto)))",
    r"(?<!non )\b(?:voglio|vorrei|sto per|penso di|pensando di|pensato di|provato a|tentato di|deciso di|voglia di"
    r"|potrei) (?:solo |davvero )?(?:uccidermi|suicidarmi|ammazzarmi|impiccarmi|togliermi la vita"
    r"|farla finita\b(?! con (?!la vita))|farmi del male|tagliarmi (?:le vene|i polsi)|buttarmi (?:giù"
    r"|sotto))(?! d[ai])",
    r"(?<!non )\bmi (?:voglio|vorrei) (?:uccidere|ammazzare|suicidare|impiccare|togliere la vita"
    r"|fare del male)\b(?! d[ai])|\bmi (?:ammazzo|uccido|suicido|impicco)\b(?! d[ai]l?\b)|\bmi taglio(?: le vene"
    r"| i polsi| apposta)?(?=\W*$)|\bmi faccio del male\b(?! (?:giocando|quando|a |con))",
    r"\bnon (?:voglio|ho (?:più )?voglia di) (?:più )?vivere\b(?! (?:più )?(?:a|in|con|qui|da|insieme|sol[oa])\b)"
    r"|\bpens[oa]\w* (?:\w+ )?al suicidio\b|\bpensieri (?:suicidi|di suicidio)\b|\bnon ce la faccio più a vivere\b"
    r"|\bpreso (?:troppe|tutte le|un sacco di) (?:pastiglie|pillole|medicine)\b|\bmeglio senza di me\b|\bmai nat[oa]\b"
    r"|\b(?:motivo|ragione) per vivere(?=\W*$)",
)
SAYS = re.compile(
    "|".join((*ENGLISH, *CHINESE, *JAPANESE, *KOREAN, *SPANISH, *PORTUGUESE, *FRENCH, *GERMAN, *ITALIAN)),
    re.IGNORECASE,
)


def is_in_danger(text: str) -> bool:
    """Whether somebody says of themselves that they may not go on living, or may do themselves harm."""
    return SAYS.search(text[-LONGEST:].replace("’", "'")) is not None
