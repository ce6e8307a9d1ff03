"""Tells by its words whether a line may speak of a change: "switched", "no longer", 改, もう…ない.

What is not covered: other languages, whose lines all count as if they spoke of none.
"""

import re

CHANGES = re.compile(
    r"\b(?:now|nowadays|these days|no longer|no more|any ?more|instead|from now on|until now|used to|since then|finally"
    r"|switch(?:ed|ing)?|swap(?:ped|ping)?|chang(?:e|ed|es|ing)|replac(?:e|ed|es|ing)|turn(?:ed|s)? into|over to"
    r"|taken? over|took over|mov(?:e|ed|ing)|left|leav(?:e|es|ing)|quit|stopp(?:ed|ing)|gave up|given up"
    r"|giv(?:e|ing) up|retir(?:e|ed|es|ing)|sold|closed|broke|broken|died|stolen|lost|gone|finished|done|forget|hardly"
    r"|packed up|settled|became|become)\b"
    r"|不再|不用|不[^,，。!]{1,6}了|没有?[^,，。]{0,6}了|换|改|搬|辞|送给|卖[了掉]|坏了|丢了|倒闭|退休|升[了为]|调[到去]"
    r"|腻|收起|扔|戒|停|如今|现在|终于|总算|挪"
    r"|もう|やめ|辞め|変[えわ]|換え|替え|代わ|なった|なりま|にしま|にした|にして|今は|今では|引っ越|引退|卒業|閉店|休業"
    r"|手放|壊れ|なくな|移[りっ動]|いなく|ようになり|ことになり|ので",
    re.IGNORECASE,
)
WITHOUT_A_SIGN = 0.5  # "Old Barlow and I fell out" speaks of one as well


def may_replace(text: str) -> float:
    """How readily a line is taken for one that replaces another, 0 to 1."""
    return 1.0 if CHANGES.search(text) else WITHOUT_A_SIGN
