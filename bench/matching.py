"""How often the fee suggested for an unknown order is the right one, beside a plain comparison of letters.

Run: python -m bench.matching [--orders 400] [--seed 1]

Orders are the developer master's own names as departments write them: shortened, re-ordered, with notes, misspelt, or in
English. Half of the fees' other spellings are confirmed first: what is learnt is measured on spellings not seen before.
"""

import argparse
import difflib
import random
import time

from tamna.engines.tariff.matching import Index
from tamna.params import table

NOTES = ("(응급)", " [외래]", "-2", " bid", "(당일)", " 추가", "_검진", " stat")


def spelt(name: str, dice: random.Random) -> str:
    """A name as somebody types it in a hurry."""
    kind = dice.randrange(5)
    words = name.split()
    if kind == 0 and len(words) > 1:
        dice.shuffle(words)
        return " ".join(words)
    if kind == 1 and len(name) > 4:
        place = dice.randrange(1, len(name) - 1)
        return name[:place] + name[place + 1 :]
    if kind == 2:
        return name.replace(" ", "") + dice.choice(NOTES)
    if kind == 3 and len(words) > 1:
        return " ".join(words[:-1] or words)
    return dice.choice(NOTES).strip() + " " + name


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    dice = random.Random(args.seed)
    fees = [(row["code"], row["name_ko"], row["name_en"]) for row in table("tariff/fee_items")]
    chosen = dice.sample(fees, min(args.orders, len(fees)))
    orders = [(spelt(ko if dice.random() < 0.85 else en, dice), code) for code, ko, en in chosen]
    started = time.perf_counter()
    plain, taught = Index(fees), Index(fees, [(spelt(ko, dice), code) for code, ko, _ in chosen[::2]])
    took = time.perf_counter() - started
    for name, index in (("names alone", plain), ("after half were confirmed", taught)):
        found = [(index.nearest(order, 3), code) for order, code in orders]
        first = sum(bool(rows) and rows[0].code == code for rows, code in found) / len(found)
        third = sum(any(row.code == code for row in rows) for rows, code in found) / len(found)
        said = [(rows[0].confidence, rows[0].code == code) for rows, code in found if rows]
        gap = abs(sum(sure for sure, _ in said) - sum(right for _, right in said)) / len(said)
        sure = [right for confidence, right in said if confidence >= 0.8]
        print(f"{name}: first right {first:.1%}, among three {third:.1%}, mean confidence off by {gap:.3f}, "
              f"sure (0.8+) {len(sure)} of them right {sum(sure) / len(sure) if sure else 0:.1%}")  # fmt: skip
    names = {ko: code for code, ko, _ in fees}
    hits = sum(
        names.get((difflib.get_close_matches(order, names, n=1, cutoff=0.5) or [""])[0]) == code
        for order, code in orders
    )
    print(f"baseline, letters in order: first right {hits / len(orders):.1%}")
    print(f"two indexes of {len(fees)} fees in {took:.2f} s")


if __name__ == "__main__":
    main()
