"""Which bot account speaks for whom: one for the whole cast, or one for each character."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Accounts:
    """Shared by all clients of a process: `personas` fills up as they log in (account id -> persona id)."""

    personas: dict[int, str] = field(default_factory=dict)

    def ours(self, account: int) -> bool:
        """Whether one of our own accounts goes by this id."""
        return account in self.personas

    def named(self, ids: frozenset[int]) -> frozenset[str]:
        """The personas whose own accounts are among these."""
        return frozenset(persona for account, persona in self.personas.items() if persona and account in ids)
