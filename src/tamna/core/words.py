"""Words that are stored as codes and shown translated: levels, states, verdicts, answers."""

from django.utils.translation import gettext_noop as noop

WORDS = (
    noop("off"), noop("shadow"), noop("propose"), noop("act"),
    noop("open"), noop("accepted"), noop("edited"), noop("refused"), noop("acted"), noop("undone"), noop("expired"), noop("failed"),
    noop("result"), noop("payment"), noop("request"), noop("full"), noop("adjusted"), noop("returned"), noop("impossible"), noop("held"), noop("paid"),
    noop("reject"), noop("adjust"), noop("warn"),
    noop("succeeded"), noop("todo"), noop("doing"), noop("cancelled"), noop("aborted"),
)  # fmt: skip
