"""What people call a persona: her name, a short form of it that is nobody else's word, the name she has on Discord.

Articles and titles of nine languages are no names: "The good news is …" is not for "The Lighthouse Keeper". Left out
are titles that are given names as well (Don, Rei, Regina). What is not covered: a first name that is a common word.
"""

from personas import Persona

ARTICLES = """
the a an der die das ein eine le la les un une el los las una il lo gli i uno o os as um uma
"""
TITLES = """
mr mrs ms miss dr doctor prof professor captain sir lady lord king queen prince princess saint st father mother sister
brother uncle aunt agent officer major general colonel sergeant commander
herr frau doktor kapitän könig königin prinz prinzessin graf gräfin onkel tante
monsieur madame mademoiselle mme mlle docteur capitaine roi reine princesse
señor señora señorita sr sra srta doctora capitán príncipe princesa
signor signora signorina dott dottore dottoressa capitano principe principessa
senhor senhora doutor doutora capitão rainha
船长 队长 博士 教授 老师 国王 女王 公主 船長 隊長 先生 王様 姫 キャプテン ドクター
선장 대장 박사 교수 선생님 왕 여왕 공주
"""
NO_NAMES, NO_FIRST_NAMES = frozenset(ARTICLES.split()), frozenset(TITLES.split())


def names_of(persona: Persona) -> tuple[str, ...]:
    """Her name, its short form, her name on Discord; no one twice."""
    names = [persona.name, short_of(persona.name), persona.presence.discord.name]
    return tuple(dict.fromkeys(name for name in names if len(name) > 1))


def short_of(name: str) -> str:
    """A name's first word, or what follows titles; empty for a description ("The Lighthouse Keeper", "Queen of …")."""
    words = name.split()
    first = next((word for word in words if plain(word) not in NO_FIRST_NAMES), "")
    is_description = plain(first) in NO_NAMES or (first.islower() and first != words[0])
    return "" if is_description else first


def plain(word: str) -> str:
    return word.rstrip(".").casefold()
