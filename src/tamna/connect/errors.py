"""How the outside world fails: it cannot be reached, or it says no."""


class Unreachable(Exception):
    """No answer in time (연결 불가). What was asked may or may not have happened there: ask again by the same key."""

    def __init__(self, system: str) -> None:
        super().__init__(f"{system} does not answer")
        self.system = system


class Refused(Exception):
    """The system answered no, with a code of its own (거절)."""

    def __init__(self, system: str, code: str, message: str = "") -> None:
        super().__init__(f"{system} refused: {code}")
        self.system, self.code, self.message = system, code, message
