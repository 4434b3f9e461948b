"""One form for what is said in several (말투 고르기): polite endings, fillers, marks, contractions.

Korean sentences keep their meaning whichever polite ending they wear; the phrase book is written in one and every input is brought
to it. Nothing that negates is touched. In and out: text of one language; slots are letters of the private area.
"""

import re

MARKS = re.compile(
    r"(?<!\d)[.,:;!?~…\"'“”‘’()\[\]·、。！？，；：「」]|[.,:;!?~…\"'“”‘’()\[\]·、。！？，；：「」](?!\d)"
)
BLANK = re.compile(r"\s+")
FILLERS = {
    "ko": re.compile(r"^\s*(?:네|예|저기요|저기|저|죄송하지만|죄송합니다만|실례지만|실례합니다만|혹시|그럼|그러면|자|환자분|고객님|보호자분|선생님)(?:[,.!]\s*|\s+)"),
    "en": re.compile(r"^\s*(?:excuse me|sorry|hello|hi|well|ok|okay|please)[,.!]?\s+(?!please\b)", re.IGNORECASE),
    "zh": re.compile(r"^\s*(?:请问|不好意思|那个)[，,]?\s*"),
    "ja": re.compile(r"^\s*(?:すみません|あの|恐れ入りますが|えっと)[、,]?\s*"),
}  # fmt: skip
ASKED = [
    (r"(?:있습니까|있어요|있을까요|있죠|있지요|있는지요|있는가요|있는지)$", "있나요"),
    (r"(?:있으십니까|있으세요|있으실까요)$", "있으신가요"),
    (r"(?:입니까|이에요|예요|이죠|인지요|일까요|이지요|이예요)$", "인가요"),
    (
        r"(?:합니까|해요|할까요|하죠|하면되나요|하면되죠|하면됩니까|해야하나요|해야합니까|하면돼요|해야돼요|해야되나요)$",
        "하나요",
    ),
    (r"(?:됩니까|돼요|될까요)$", "되나요"),
    (r"(?:나옵니까|나와요|나올까요)$", "나오나요"),
    (r"(?:갑니까|가요|가면되나요|가야하나요|가야합니까|가면돼요|가면됩니까)$", "가나요"),
    (r"(?:필요합니까|필요해요|필요하죠|필요할까요)$", "필요한가요"),
    (r"(?:하십니까|하세요|하실까요)$", "하시나요"),
]
SAID = [
    (
        r"주(?:시겠습니까|시겠어요|실래요|실수있나요|실수있을까요|실수있으세요|십시오|시기바랍니다|시길바랍니다|셔야합니다|셔야해요|셔야돼요|셔야됩니다|셔요|시면됩니다|시면돼요)$",
        "주세요",
    ),
    (r"(?:십시오|시기바랍니다|시길바랍니다|시면됩니다|시면돼요|셔야합니다|셔야해요|셔야돼요|셔야됩니다)$", "세요"),
    (r"와주세요$", "오세요"),
    (r"가주세요$", "가세요"),
    (r"하세요$", "해주세요"),
    (r"지말아주세요$", "지마세요"),
    (r"싶(?:습니다|은데요|어|습니다만)$", "싶어요"),
    (r"(?:이에요|이예요|예요)$", "입니다"),
    (r"돼요$", "됩니다"),
    (r"해요$", "합니다"),
    (r"드(?:려요|리겠습니다|릴게요)$", "드립니다"),
    (r"([았었였했됐렸갔왔났졌쳤셨])(?:습니다|어요)$", r"\1어요"),
    (r"아픕니다$", "아파요"),
    (r"할게요$", "하겠습니다"),
]
QUESTION = [(re.compile(pattern), to) for pattern, to in ASKED]
STATEMENT = [(re.compile(pattern), to) for pattern, to in SAID]
ENGLISH = [
    (re.compile(pattern), to)
    for pattern, to in (
        (r"\b(i|you|we|they)'m\b", r"\1 am"), (r"\bi'd\b", "i would"), (r"\bi'll\b", "i will"), (r"\bi've\b", "i have"), (r"\bcan't\b", "cannot"), (r"\bcan not\b", "cannot"),
        (r"\b(do|does|did|is|are|was|were|have|has|could|would|should)n't\b", r"\1 not"), (r"\b(what|where|when|how|that|it)'s\b", r"\1 is"), (r"\b(?:the|a|an)\s+", ""),
        (r"\bcould you\b", "please"), (r"\bwould you\b(?! like)", "please"), (r"\bi want to\b", "i would like to"),
    )
]  # fmt: skip


def plain(text: str, lang: str, *, is_question: bool) -> str:
    """The form in which sentences are compared."""
    if lang == "en":
        said = re.sub(r"\b([ap])\.\s?m\.?", r"\1m", text.lower().replace("’", "'"))
        for pattern, to in ENGLISH:
            said = pattern.sub(to, said)
        return BLANK.sub(" ", MARKS.sub(" ", said)).strip()
    said = BLANK.sub("", MARKS.sub(" ", text)).lower()
    if lang == "ko":
        for pattern, to in QUESTION if is_question else STATEMENT:
            changed = pattern.sub(to, said)
            if changed != said:
                return changed
    return said


def asks(text: str) -> bool:
    return text.rstrip().endswith(("?", "？")) or bool(
        re.search(r"(?:나요|가요|까요|니까|ですか|ますか|吗)[.。]?\s*$", text.strip())
    )


def without_filler(text: str, lang: str) -> str:
    return FILLERS[lang].sub("", text, count=1)
