"""A rule as a sentence (규칙을 문장으로): what a clerk reads instead of the expression, in Korean or English.

The sentence is made from the very tree that is judged, so it cannot say anything else. In: a `Rule` or a node of it. Out: text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from tamna.engines.claimcheck import words
from tamna.engines.claimcheck.rules import Rule
from tamna.engines.claimcheck.syntax import Arithmetic, Call, Compare, Listed, Literal, Logic, Lookup, Name, Node, Test

SEVERITY = {
    "reject": {"ko": "반송될 수 있다고", "en": "would be returned"},
    "adjust": {"ko": "삭감될 수 있다고", "en": "would be cut"},
    "warn": {"ko": "살펴보라고", "en": "needs a look"},
}
OPPOSITE = {"=": "<>", "<>": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
FLAGS = frozenset({"has_note", "code_present", "has_code_prefix", "regexp_matches", "is_night_or_holiday"})


@dataclass(frozen=True)
class Clause:
    """A Korean clause with the endings it takes: 이고, 이거나, 이면, 인."""

    stem: str
    and_: str
    or_: str
    if_: str
    of: str  # before a noun

    def ends(self, ending: str) -> str:
        return self.stem + ending


def _is(text: str) -> Clause:
    """… 이다"""
    bare = "" if not _closed(text) else "이"
    return Clause(text, f"{bare}고", f"{bare}거나", f"{bare}면", "인")


def _does(stem: str, of: str, if_: str = "면") -> Clause:
    """… 하다, 있다, 않다"""
    return Clause(stem, "고", "거나", if_, of)


def _closed(text: str) -> bool:
    """Whether the last sound closes its syllable (받침)."""
    last = next((c for c in reversed(text) if c.isalnum()), "")
    if "가" <= last <= "힣":
        return (ord(last) - 0xAC00) % 28 != 0
    return last in "013678LMNRlmnr"  # as the digit or letter is read


def josa(text: str, closed: str, open_: str) -> str:
    """The text with the particle it takes: 이/가, 은/는, 과/와."""
    return text + (closed if _closed(text) else open_)


def sentence(rule: Rule, lang: str = "ko") -> str:
    """The whole rule: over what, which of them, when it speaks, how gravely."""
    over = words.OVER[rule.over][lang]
    korean = lang == "ko"
    parts = []
    if rule.per:
        keys = [_value(key, rule.over, lang) for key in rule.per]
        shared = ("·" if korean else ", ").join(keys)
        if rule.pair:
            listed = words.table_title(rule.pair_table, lang)
            beside = f"같고 ‘{listed}’ 표에 짝으로 있는" if rule.pair_table else "같은"
            parts.append(f"{josa(shared, '이', '가')} {beside} 두 {over} 가운데" if korean else
                         f"of two {_many(over)} with the same {shared}" + (f" that “{listed}” pairs" if rule.pair_table else ""))  # fmt: skip
        else:
            parts.append(
                f"{josa(shared, '이', '가')} 같은 {josa(over, '을', '를')} 묶어"
                if korean
                else f"among {_many(over)} with the same {shared}"
            )
    else:
        parts.append(f"{over}에서" if korean else f"for a {over}")
    if rule.where is not None:
        where = _clause(rule.where, rule.over) if korean else None
        parts.append(f"{where.ends(where.of)} 것만 보아" if where else f"where {_english(rule.where, rule.over)}")
    if korean:
        hit = _clause(rule.hit, rule.over)
        parts.append(f"{hit.ends(hit.if_)}, {SEVERITY[rule.severity]['ko']} 알린다.")
        if rule.warn_when is not None:
            soft = _clause(rule.warn_when, rule.over)
            parts.append(f"다만 {soft.ends(soft.if_)} 살펴보라고만 한다.")
        return " ".join(parts)
    text = f"{', '.join(parts)}: if {_english(rule.hit, rule.over)}, the claim {SEVERITY[rule.severity]['en']}."
    if rule.warn_when is not None:
        text += f" If {_english(rule.warn_when, rule.over)}, it only {SEVERITY['warn']['en']}."
    return text[0].upper() + text[1:]


def condition(node: Node, over: str, lang: str = "ko") -> str:
    """One expression as a clause: “나이가 12 미만이고 …인 경우”."""
    if lang == "ko":
        clause = _clause(node, over)
        return f"{clause.ends(clause.of)} 경우"
    return _english(node, over)


def _many(noun: str) -> str:
    return "diagnoses" if noun == "diagnosis" else f"{noun}s"


# ---- Korean ------------------------------------------------------------------------------------------------------


def _clause(node: Node, over: str) -> Clause:
    match node:
        case Logic("not", (inner,)):
            return _not(inner, over)
        case Logic(operator, parts):
            return _joined(operator, parts, over)
        case Compare(operator, left, right):
            return _compared(operator, left, right, over)
        case Test("in", value, against):
            listed = "·".join(_literal(item, value, over, "ko") for item in against)
            return _is(f"{_topic(value, over)} {listed} 가운데 하나")
        case Test("like", value, (pattern,)):
            return _like(value, str(pattern), over, negative=False)
        case Test(_, value, _):
            return _does(f"{_topic(value, over)} 비어 있", "는", "으면")
        case Lookup(table=table, keys=keys, column=None):
            return _does(f"{_topics(keys, over)} ‘{words.table_title(table, 'ko')}’ 표에 있", "는", "으면")
        case Listed(rows=rows, table=table, keys=keys):
            return _does(f"{_listed(rows, table, keys, over)}에 드는 {_rows(rows)} 있", "는", "으면")
        case Call(function=function, args=args) if function in FLAGS:
            return _flag(function, args, over, negative=False)
        case Name(name):
            return _holds(name, over, negative=False)
    return _is(_value(node, over, "ko"))


def _not(node: Node, over: str) -> Clause:
    match node:
        case Logic("not", (inner,)):
            return _clause(inner, over)
        case Compare(operator, left, right):
            return _compared(OPPOSITE[operator], left, right, over)
        case Test("in", value, against):
            listed = "·".join(_literal(item, value, over, "ko") for item in against)
            return Clause(f"{_topic(value, over)} {listed} 가운데 어느 것도 아", "니고", "니거나", "니면", "닌")
        case Test("like", value, (pattern,)):
            return _like(value, str(pattern), over, negative=True)
        case Test(_, value, _):
            return _does(f"{_topic(value, over)} 비어 있지 않", "은", "으면")
        case Lookup(table=table, keys=keys, column=None):
            return _does(f"{_topics(keys, over)} ‘{words.table_title(table, 'ko')}’ 표에 없", "는", "으면")
        case Listed(rows=rows, table=table, keys=keys):
            return _does(f"{_listed(rows, table, keys, over)}에 드는 {_rows(rows)} 없", "는", "으면")
        case Call(function=function, args=args) if function in FLAGS:
            return _flag(function, args, over, negative=True)
        case Name(name):
            return _holds(name, over, negative=True)
    whole = _clause(node, over)
    return _does(f"({whole.ends(whole.of)} 경우)에 해당하지 않", "는", "으면")


def _joined(operator: str, parts: Sequence[Node], over: str) -> Clause:
    """A OR inside an AND stands in brackets, so that nobody reads it the other way."""
    clauses = []
    for part in parts:
        clause = _clause(part, over)
        if isinstance(part, Logic) and part.operator not in ("not", operator):
            clause = _does(f"({clause.ends(clause.of)} 경우)에 해당하", "는")
        clauses.append(clause)
    head = [clause.ends(clause.and_ if operator == "and" else clause.or_) for clause in clauses[:-1]]
    last = clauses[-1]
    return Clause(" ".join([*head, last.stem]), last.and_, last.or_, last.if_, last.of)


def _compared(operator: str, left: Node, right: Node, over: str) -> Clause:
    if isinstance(right, Literal) and isinstance(right.value, bool) and operator in ("=", "<>"):
        return _true(left, over, negative=right.value is not (operator == "="))
    if isinstance(right, Literal) and right.value == "" and operator in ("=", "<>"):
        empty = operator == "="
        return _does(f"{_topic(left, over)} {'빈칸으로 적혀 있' if empty else '적혀 있'}", "는", "으면")
    what, against = (
        _topic(left, over),
        _literal(right.value, left, over, "ko") if isinstance(right, Literal) else _value(right, over, "ko"),
    )
    day = _is_date(left, over) or _is_date(right, over)
    match operator:
        case "=":
            return (
                _is(f"{what} {against}")
                if isinstance(right, Literal)
                else _does(f"{what} {josa(against, '과', '와')} 같", "은", "으면")
            )
        case "<>":
            if isinstance(right, Literal):
                return Clause(f"{what} {josa(against, '이', '가')} 아", "니고", "니거나", "니면", "닌")
            return Clause(f"{what} {josa(against, '과', '와')} 다", "르고", "르거나", "르면", "른")
        case "<":
            return _is(f"{what} {against}보다 앞선 날") if day else _is(f"{what} {against} 미만")
        case "<=":
            return _is(f"{what} {against} 또는 그 전") if day else _is(f"{what} {against} 이하")
        case ">":
            return _is(f"{what} {against}보다 뒤") if day else _is(f"{what} {against} 초과")
    return _is(f"{what} {against} 또는 그 뒤") if day else _is(f"{what} {against} 이상")


def _true(node: Node, over: str, *, negative: bool) -> Clause:
    if isinstance(node, Name):
        return _holds(node.name, over, negative=negative)
    return _not(node, over) if negative else _clause(node, over)


def _holds(name: str, over: str, *, negative: bool) -> Clause:
    title = _title(name, over, "ko")
    if negative:
        return _does(f"‘{title}’에 해당하지 않", "는", "으면")
    return _does(f"‘{title}’에 해당하", "는")


def _like(value: Node, pattern: str, over: str, *, negative: bool) -> Clause:
    bare = pattern.strip("%")
    starts, ends = not pattern.startswith("%"), not pattern.endswith("%")
    what = _topic(value, over)
    if not starts and not ends:
        inside = f"{_value(value, over, 'ko')}에 ‘{bare}’ 글자가"
        return _does(f"{inside} {'없' if negative else '있'}", "는", "으면")
    how = "시작하" if starts and not ends else "끝나" if ends and not starts else "적혀 있"
    if negative:
        return _does(f"{what} ‘{bare}’(으)로 {how}지 않", "는", "으면")
    return _does(f"{what} ‘{bare}’(으)로 {how}", "는", "으면" if how.endswith("있") else "면")


def _flag(function: str, args: Sequence[Node], over: str, *, negative: bool) -> Clause:
    told = [_value(arg, over, "ko") for arg in args]
    match function:
        case "has_note":
            about = f"에 ‘{told[1]}’" if len(told) > 1 else ""
            base = f"특정내역 {told[0]}{about} 기재가"
        case "code_present":
            base = f"명세서에 {josa(told[0], '이라는', '라는')} 코드가"
        case "has_code_prefix":
            base = f"‘{told[0]}’(으)로 시작하는 상병이"
        case "regexp_matches":
            return _does(f"{_topic(args[0], over)} 형식 {told[1]}에 맞{'지 않' if negative else ''}", "는", "으면")
        case _:
            return _is(f"{_topic(args[0], over)} 야간·공휴일{'이 아닌 때' if negative else ''}")
    return _does(f"{base} {'없' if negative else '있'}", "는", "으면")


def _topic(node: Node, over: str) -> str:
    return josa(_value(node, over, "ko"), "이", "가")


def _topics(keys: Sequence[Node], over: str) -> str:
    return josa("·".join(_value(key, over, "ko") for key in keys) or "이 줄", "이", "가")


def _listed(rows: str, table: str, keys: Sequence[Node], over: str) -> str:
    about = "·".join(_value(key, over, "ko") for key in keys)
    return f"‘{words.table_title(table, 'ko')}’ 표{f'의 {about} 목록' if about else ''}"


def _rows(rows: str) -> str:
    return "확정 상병이" if rows == "diagnosis" else "진료내역이"


# ---- English -----------------------------------------------------------------------------------------------------


def _english(node: Node, over: str) -> str:
    say: Callable[[Node], str] = lambda part: _value(part, over, "en")  # noqa: E731 - the same three words, again and again
    match node:
        case Logic("not", (inner,)):
            return (
                _english(Compare(OPPOSITE[inner.operator], inner.left, inner.right), over)
                if isinstance(inner, Compare)
                else _denied(inner, over)
            )
        case Logic(operator, parts):
            told = [
                f"({_english(part, over)})"
                if isinstance(part, Logic) and part.operator not in ("not", operator)
                else _english(part, over)
                for part in parts
            ]
            return f" {operator} ".join(told)
        case Compare(operator, left, Literal(bool() as value)):
            return say(left) if value is (operator == "=") else f"not {say(left)}"
        case Compare(operator, left, Literal("")):
            return f"{say(left)} is {'blank' if operator == '=' else 'filled in'}"
        case Compare(operator, left, right):
            how = {"=": "is", "<>": "is not", "<": "is below", "<=": "is at most", ">": "is over", ">=": "is at least"}[
                operator
            ]
            if _is_date(left, over) or _is_date(right, over):
                how = {"<": "is before", "<=": "is on or before", ">": "is after", ">=": "is on or after"}.get(
                    operator, how
                )
            against = _literal(right.value, left, over, "en") if isinstance(right, Literal) else say(right)
            return f"{say(left)} {how} {against}"
        case Test("in", value, against):
            return f"{say(value)} is one of {', '.join(_literal(item, value, over, 'en') for item in against)}"
        case Test("like", value, (pattern,)):
            text = str(pattern)
            how = (
                "contains"
                if text.startswith("%") and text.endswith("%")
                else "ends with"
                if text.startswith("%")
                else "starts with"
            )
            return f"{say(value)} {how} “{text.strip('%')}”"
        case Test(_, value, _):
            return f"{say(value)} is missing"
        case Lookup(table=table, keys=keys, column=None):
            return f"{', '.join(map(say, keys))} stands in “{words.table_title(table, 'en')}”"
        case Listed(rows=rows, table=table, keys=keys):
            about = f" for {', '.join(map(say, keys))}" if keys else ""
            return f"some {'confirmed diagnosis' if rows == 'diagnosis' else 'line'} is listed in “{words.table_title(table, 'en')}”{about}"
        case Call("has_note", args):
            return f"a note {say(args[0])}" + (f" with “{say(args[1])}”" if len(args) > 1 else "") + " is there"
        case Call("code_present", args):
            return f"code {say(args[0])} is on the statement"
        case Call("has_code_prefix", args):
            return f"some diagnosis starts with “{say(args[0])}”"
        case Call("regexp_matches", (value, pattern)):
            return f"{say(value)} has the form {say(pattern)}"
        case Call("is_night_or_holiday", (value,)):
            return f"{say(value)} is at night or on a holiday"
    return say(node)


def _denied(node: Node, over: str) -> str:
    match node:
        case Test("null", value, _):
            return f"{_value(value, over, 'en')} is given"
        case Name() | Logic():
            inner = _english(node, over)
            return f"not ({inner})" if isinstance(node, Logic) else f"not {inner}"
    told = _english(node, over)
    for plain, denied in ((" is one of ", " is none of "), (" stands in ", " does not stand in "), ("some ", "no "), (" is there", " is not there"),
                          (" is on the ", " is not on the "), (" starts with ", " does not start with "), (" contains ", " does not contain "),
                          (" has the form ", " has not the form "), (" is at night", " is not at night")):  # fmt: skip
        if plain in told:
            return told.replace(plain, denied, 1)
    return f"not ({told})"


# ---- values, in both languages -----------------------------------------------------------------------------------


def _title(name: str, over: str, lang: str) -> str:
    prefix, _, column = name.rpartition(".")
    if prefix == "pair":
        return ("짝 표의 " if lang == "ko" else "the pair's ") + words.column_title(column, lang)
    found = words.find("claims" if prefix == "claim" else over, column)
    title = found.title(lang) if found else column
    if prefix == "other":
        return f"다른 줄의 {title}" if lang == "ko" else f"the other's {title}"
    return (
        f"명세서의 {title}"
        if prefix == "claim" and lang == "ko"
        else f"the claim's {title}"
        if prefix == "claim"
        else title
    )


def _is_date(node: Node, over: str) -> bool:
    if isinstance(node, Name):
        found = words.find(over, node.name.rpartition(".")[2])
        return found is not None and found.type in ("date", "datetime")
    return (isinstance(node, Literal) and isinstance(node.value, date)) or (
        isinstance(node, Lookup) and str(node.column).startswith("valid_")
    )


def _literal(value: object, beside: Node, over: str, lang: str) -> str:
    """A literal by its name in the list of the column it stands beside."""
    if isinstance(beside, Name):
        found = words.find(over, beside.name.rpartition(".")[2])
        if found and (named := found.values.get(str(value))):
            return named[lang]
    if isinstance(value, date):
        return f"{value.year}. {value.month}. {value.day}." if lang == "ko" else value.isoformat()
    if isinstance(value, bool):
        return ("예" if value else "아니오") if lang == "ko" else ("yes" if value else "no")
    return f"{value:,}" if isinstance(value, int) else "–" if value is None else str(value)


SYMBOL = {"+": "+", "-": "−", "*": "×", "/": "÷"}
FORMS: dict[str, dict[str, str]] = {
    "floor": {"ko": "{0}의 버림", "en": "{0} rounded down"},
    "ceil": {"ko": "{0}의 올림", "en": "{0} rounded up"},
    "round": {"ko": "{0}의 반올림", "en": "{0} rounded"},
    "floor10": {"ko": "{0}의 10원 미만 절사", "en": "{0} cut to 10 won"},
    "abs": {"ko": "{0}의 크기", "en": "size of {0}"},
    "least": {"ko": "{0}와 {1} 중 작은 값", "en": "the smaller of {0} and {1}"},
    "greatest": {"ko": "{0}와 {1} 중 큰 값", "en": "the greater of {0} and {1}"},
    "coalesce": {"ko": "{0}(없으면 {1})", "en": "{0} (else {1})"},
    "length": {"ko": "{0}의 글자 수", "en": "length of {0}"},
    "left": {"ko": "{0}의 앞 {1}자리", "en": "the first {1} letters of {0}"},
    "month": {"ko": "{0}의 달", "en": "month of {0}"},
    "year": {"ko": "{0}의 해", "en": "year of {0}"},
    "date_diff_days": {"ko": "{1}부터 {0}까지의 일수", "en": "days from {1} to {0}"},
    "rows_within": {"ko": "최근 {0}일의 건수", "en": "rows of the last {0} days"},
    "quantity_within": {"ko": "최근 {0}일의 수량", "en": "quantity of the last {0} days"},
    "nth_distinct": {"ko": "서로 다른 {0} 가운데 순번", "en": "turn among different {0}"},
    "robust_z": {"ko": "{0}의 동료 대비 편차(z)", "en": "distance of {0} from the peers (z)"},
    "orders_without_line": {"ko": "청구 줄이 없는 오더 수", "en": "orders without a line"},
}


def _value(node: Node, over: str, lang: str) -> str:
    match node:
        case Name(name):
            return _title(name, over, lang)
        case Literal(value):
            return _literal(value, node, over, lang)
        case Lookup(table=table, keys=keys, column=str() as column):
            about = "·".join(_value(key, over, lang) for key in keys)
            named, title = words.table_title(table, lang), words.column_title(column, lang)
            return f"‘{named}’의 {about}별 {title}" if lang == "ko" else f"{title} of {about} in “{named}”"
        case Arithmetic(operator, left, right):
            sides = [
                f"({_value(side, over, lang)})" if isinstance(side, Arithmetic) else _value(side, over, lang)
                for side in (left, right)
            ]
            return f"{sides[0]} {SYMBOL[operator]} {sides[1]}"
        case Call("engine", (Literal(name),)):
            known = {"copay": {"ko": "본인부담금 재계산 값", "en": "the patient share reckoned again"}}
            return known.get(str(name), {}).get(lang, str(name))
        case Call("counted", (inner,)):
            if lang == "ko":
                clause = _clause(inner, over)
                return f"묶음에서 {clause.ends(clause.of)} 건수"
            return f"rows of the group where {_english(inner, over)}"
        case Call(function=function, args=args) if function in FORMS:
            return FORMS[function][lang].format(*(_value(arg, over, lang) for arg in args))
    return condition(node, over, lang)
