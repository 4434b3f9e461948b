"""How the outside world fails: it cannot be reached, it says no, or what it says cannot be believed."""


class Unreachable(ConnectionError):
    """No answer in time (연결 불가). What was asked may or may not have happened there: ask again by the same key."""

    def __init__(self, system: str) -> None:
        super().__init__(f"{system} does not answer")
        self.system = system


class Garbled(Unreachable):
    """An answer that is not what was agreed (해독 불가): counted as none, so that nothing of it enters the books."""

    def __init__(self, system: str, reason: str) -> None:
        super().__init__(system)
        self.args = (f"{system} answered what cannot be read: {reason}",)
        self.reason = reason


class Refused(Exception):
    """The system answered no, with a code of its own (거절)."""

    def __init__(self, system: str, code: str, message: str = "") -> None:
        super().__init__(f"{system} refused: {code}")
        self.system, self.code, self.message = system, code, message
