"""Contains what the answer to a form says, kept until its page is asked for. Not here: what it says (`reply`)."""

from dataclasses import dataclass
from datetime import timedelta

from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.records import from_plain, to_plain
from idp.interaction.reply import Reply

_BINDING = "browser"


@dataclass(frozen=True, slots=True)
class Replies:
    """`place`: where the form stood, which one browser alone opens. `binding`: what may change there meanwhile, after
    which nothing is said any more.

    A record of its own: a node of the version before reads none with a member that it does not know.
    """

    store: EphemeralStore
    life: timedelta

    def leave(self, place: str, reply: Reply, binding: str = "") -> None:
        value = {**to_plain(reply), _BINDING: binding}
        self.store.put(Kind.SAID_OF_FORM, f"{place} {reply.at}", value, self.life)

    def take(self, place: str, at: str, binding: str = "") -> Reply | None:
        """Returns it to the one that asks first."""
        value = self.store.take(Kind.SAID_OF_FORM, f"{place} {at}")
        if value is None or value[_BINDING] != binding:
            return None
        return from_plain(Reply, {name: one for name, one in value.items() if name != _BINDING})
