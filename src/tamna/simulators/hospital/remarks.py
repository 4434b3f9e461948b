"""What invented patients write after a visit (자유 의견): a topic, praise or blame, sometimes both, with the slips of hurried typing."""

import numpy as np

GOOD = {
    "wait": ("생각보다 빨리 진료를 봤어요", "대기 시간이 짧아서 좋았습니다", "예약 시간에 맞춰 불러 주셨어요"),
    "kindness": (
        "간호사님이 정말 친절하셨어요",
        "접수 직원분이 웃으며 안내해 주셨습니다",
        "선생님이 따뜻하게 대해 주셨어요",
    ),
    "explanation": ("설명을 자세히 해 주셔서 이해가 잘 됐어요", "검사 결과를 그림으로 알려 주셔서 좋았습니다"),
    "parking": ("주차가 편했어요", "주차 안내가 잘 되어 있습니다"),
    "price": ("진료비가 부담되지 않았어요", "다른 곳보다 저렴해서 감사합니다"),
    "cleanliness": ("병원이 깨끗해요", "화장실까지 깔끔했습니다"),
    "food": ("밥이 맛있었어요", "식사가 따뜻하게 나와서 좋았습니다"),
}
BAD = {
    "wait": ("너무 오래 기다렸어요", "예약했는데 한 시간이나 기다렸습니다", "왜 늦어지는지 말이 없네요"),
    "kindness": ("말투가 불친절했어요", "물어봐도 대충 대답합니다"),
    "explanation": ("설명이 너무 짧았어요", "무슨 약인지 알려 주지 않았습니다"),
    "parking": ("주차할 곳이 없어요", "주차장 들어가는 데만 이십 분 걸렸습니다"),
    "price": ("진료비가 왜 이렇게 나왔는지 모르겠어요", "비급여 설명을 못 들었습니다"),
    "cleanliness": ("화장실 냄새가 심해요", "대기실 의자가 더러웠습니다"),
    "food": ("국이 다 식어서 나왔어요", "반찬이 매일 똑같습니다"),
}
TOPICS = tuple(GOOD)
WEIGHTS = np.array([0.30, 0.24, 0.16, 0.10, 0.08, 0.07, 0.05])


def written(rng: np.random.Generator, happy: np.ndarray, mixed: np.ndarray) -> tuple[list[str], list[str]]:
    """Topics and texts, one each."""
    n = len(happy)
    topic = rng.choice(len(TOPICS), (n, 2), p=WEIGHTS / WEIGHTS.sum())
    which, slip = rng.integers(0, 1000, (n, 2)), rng.random(n)
    texts = []
    for i in range(n):
        first, other = (GOOD, BAD) if happy[i] else (BAD, GOOD)
        choices = first[TOPICS[topic[i, 0]]]
        text = choices[which[i, 0] % len(choices)]
        if mixed[i]:
            choices = other[TOPICS[topic[i, 1]]]
            text = f"{text}. 그런데 {choices[which[i, 1] % len(choices)]}"
        if slip[i] < 0.12:
            text = text.replace(" ", "", 1 + int(slip[i] * 20))
        elif slip[i] < 0.2:
            text = text.replace("습니다", "슴니다").replace("어요", "어여")
        texts.append(text)
    return [TOPICS[number] for number in topic[:, 0]], texts
