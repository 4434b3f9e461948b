"""Names of doers (행위자 이름): records keep the account's name, a page shows the person's."""

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as noop

from tamna.core.format import language
from tamna.core.models import User

FOR_SECONDS = 60
SIMULATED = {"api:robots": noop("Simulated staff"), "history": noop("Simulated history")}  # of a synthetic hospital


def _names() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] | None = cache.get("people.names")
    if found is None:
        rows = User.objects.values_list("username", "name_ko", "name_en")
        found = {username: (ko, en or ko) for username, ko, en in rows}
        cache.set("people.names", found, FOR_SECONDS)
    return found


def called(doer: str) -> str:
    """Who a doer is to the reader; an automation, an outside system and a gone account show their own name."""
    if doer in SIMULATED:
        return _(SIMULATED[doer])
    username = doer.removeprefix("robot:").removeprefix("api:")
    names = _names().get(username)
    return (names[0] if language() == "ko" else names[1]) or username if names else username


def accounts_of(name: str) -> list[str]:
    """Stored names that a reader may mean: the account's own, and those of people called so."""
    people = (username for username, names in _names().items() if name in names)
    return [name, *people, *(doer for doer, word in SIMULATED.items() if name == _(word))]
