"""What a screen may show of a person (표시 제한): 홍*동, 010-****-2214, 550412-2."""


def mask_name(name: str) -> str:
    """Hide the middle letters of a Korean name, or all but the first letter of each Latin word."""
    name = name.strip()
    if not name:
        return ""
    if any("가" <= letter <= "힣" for letter in name):
        return name[0] + "*" * max(1, len(name) - 2) + (name[-1] if len(name) > 2 else "")
    return " ".join(word[0] + "*" * (len(word) - 1) for word in name.split())


def mask_phone(phone: str) -> str:
    """Keep the first three and the last four digits."""
    digits = "".join(letter for letter in phone if letter.isdigit())
    return f"{digits[:3]}-****-{digits[-4:]}" if len(digits) >= 9 else "****" if digits else ""


def identity_tail(number: str) -> str:
    """Birth date and the sex digit of a resident or foreigner number; two letters of a passport."""
    digits = number.replace("-", "")
    return f"{digits[:6]}-{digits[6]}" if digits.isdigit() and len(digits) == 13 else digits[:2] + "…"
