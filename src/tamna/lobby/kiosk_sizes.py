"""Sizes of the kiosk in pixels (키오스크 글자·단추 크기), from `params/kiosk.yaml`: what the law and the standard ask in millimetres."""

import math
from dataclasses import dataclass
from functools import lru_cache

from tamna.params import load_raw


@dataclass(frozen=True)
class Sizes:
    type_px: int  # smallest type on the screen
    target_px: int  # smallest thing to press
    low_px: int  # how far down the low layout moves what is pressed
    idle_s: int
    idle_slow_s: int
    warning_s: int
    ticket_s: int
    ticket_slow_s: int
    answer_s: int


@lru_cache(maxsize=1)
def sizes() -> Sizes:
    given = load_raw("kiosk")
    screen, reach = given["screen"], given["reach_mm"]
    per_mm = screen["width_px"] / screen["width_mm"]
    type_px = math.ceil(given["text_mm"]["least"] * per_mm / given["glyph_share"]["value"])
    above = reach["screen_bottom"] + screen["height_mm"] - reach["low_layout"]
    return Sizes(
        type_px, given["target_px"]["least"], round(above * per_mm), given["idle_s"]["value"], given["idle_s"]["slow"], given["idle_s"]["warning"],
        given["ticket_s"]["value"], given["ticket_s"]["slow"], given["answer_s"]["value"],
    )  # fmt: skip
