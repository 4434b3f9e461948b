"""Names of doers (행위자 이름): records keep the account's name, a page shows the person's."""

from django.core.cache import cache

from tamna.core.format import language
from tamna.core.models import User

FOR_SECONDS = 60


def _names() -> dict[str, tuple[str, str]]:
    found: dict[str, tuple[str, str]] | None = cache.get("people.names")
    if found is None:
        rows = User.objects.values_list("username", "name_ko", "name_en")
        found = {username: (ko, en or ko) for username, ko, en in rows}
        cache.set("people.names", found, FOR_SECONDS)
    return found


def called(doer: str) -> str:
    """Who a doer is to the reader; an automation, an outside system and a gone account show their own name."""
    username = doer.removeprefix("robot:")
    names = _names().get(username)
    return (names[0] if language() == "ko" else names[1]) or username if names else username


def accounts_of(name: str) -> list[str]:
    """Stored names that a reader may mean: the account's own, and those of people called so."""
    return [name, *(username for username, names in _names().items() if name in names)]
