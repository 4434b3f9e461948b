"""What an engine says of input it cannot use: which field, why, and how to mend it."""

from dataclasses import dataclass


@dataclass
class InputError(ValueError):
    """Bad input (입력 오류). `code` is stable; `field` names the place; `hint` says what to do."""

    code: str
    message: str
    field: str = ""
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" [{self.field}]" if self.field else "")
