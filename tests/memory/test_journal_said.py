"""What a persona said is found by its words alone, on every branch of a place and in no other place."""

from memory.testing import journal_in_ram
from tests.memory.builders import DM, WEB, said, take, turn


async def test_a_reply_is_found_by_its_words_on_whatever_branch_it_stands() -> None:
    async with journal_in_ram() as journal:
        first = await take(journal, turn(said("Hi")), " Hello 你好!\n")
        await take(journal, turn(said("Hi again")), "Something else.")
        await take(journal, turn(said("Hi", place=DM)), "Hello 你好!")
        last = await take(journal, turn(said("Hi once more")), "Hello 你好!")

        assert await journal.saying(WEB, "mika", "Hello 你好! ") == (last, first)
        assert await journal.saying(WEB, "mika", "Hello 你好!", limit=1) == (last,)
        assert await journal.saying(WEB, "mika", "Hello") == ()
        assert await journal.saying(WEB, "orla", "Hello 你好!") == ()
