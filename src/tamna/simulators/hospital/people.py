"""The people: patients with habits, doctors with rooms, office staff. Deterministic by seed; nobody of them exists."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache

import numpy as np

from tamna.simulators.hospital.figures import departments, figures

SURNAMES = [
    "김",
    "이",
    "박",
    "최",
    "정",
    "강",
    "조",
    "윤",
    "장",
    "임",
    "한",
    "오",
    "서",
    "신",
    "권",
    "황",
    "안",
    "송",
    "류",
    "홍",
    "고",
    "양",
    "부",
    "현",
    "문",
]
SURNAME_WEIGHTS = np.array([21, 15, 8, 5, 5, 4, 3, 3, 3, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 6, 5, 2, 3, 2], dtype=float)
GIVEN_OLD = [
    "영자",
    "순자",
    "정자",
    "춘자",
    "영희",
    "정희",
    "순옥",
    "옥자",
    "명숙",
    "말순",
    "영수",
    "영호",
    "정수",
    "성수",
    "만수",
    "병철",
    "상철",
    "용식",
    "재호",
    "동식",
]
GIVEN_MID = [
    "미경",
    "은주",
    "은영",
    "현주",
    "지영",
    "미정",
    "혜정",
    "성호",
    "준호",
    "상훈",
    "정훈",
    "성민",
    "영민",
    "경희",
    "수진",
    "동현",
    "진우",
    "재현",
    "은정",
    "지훈",
]
GIVEN_NEW = [
    "서연",
    "지우",
    "민준",
    "서준",
    "하준",
    "도윤",
    "지호",
    "수아",
    "하은",
    "지아",
    "예은",
    "시우",
    "서윤",
    "은우",
    "유진",
    "지안",
    "다은",
    "현우",
    "윤서",
    "준서",
]
FOREIGN = {
    "CN": ("zh", ("Wang Wei", "Li Na", "Zhang Min", "Liu Yang", "Chen Jie", "Zhao Lei")),
    "TW": ("zh", ("Lin Yu-ting", "Huang Chih-ming")),
    "JP": ("ja", ("Sato Yuki", "Suzuki Haruto", "Tanaka Aoi")),
    "US": ("en", ("Emily Carter", "James Miller", "Olivia Brown")),
    "VN": ("en", ("Nguyen Thi Lan", "Tran Van Minh")),
}
FOREIGN_WEIGHTS = np.array([0.56, 0.08, 0.08, 0.12, 0.16])
TOWNS = [
    "서귀동",
    "동홍동",
    "서홍동",
    "중앙동",
    "정방동",
    "천지동",
    "효돈동",
    "영천동",
    "대륜동",
    "대천동",
    "중문동",
    "예래동",
    "남원읍",
    "성산읍",
    "안덕면",
    "대정읍",
    "표선면",
]
ENGLISH_SURNAMES = {"김": "Kim", "이": "Lee", "박": "Park", "최": "Choi", "정": "Jung", "강": "Kang", "조": "Cho", "윤": "Yoon",
                    "장": "Jang", "임": "Lim", "한": "Han", "오": "Oh", "서": "Seo", "신": "Shin", "권": "Kwon", "황": "Hwang",
                    "안": "Ahn", "송": "Song", "류": "Ryu", "홍": "Hong", "고": "Ko", "양": "Yang", "부": "Boo", "현": "Hyun", "문": "Moon"}  # fmt: skip
TODAY_OF_POOL = date(2026, 11, 24)  # ages of the pool are true on this day


@dataclass(frozen=True)
class Person:
    """A synthetic patient with the habits that make history predict."""

    ref: int
    name: str
    sex: str
    birth_on: date
    phone: str
    address: str
    resident_number: str
    nationality: str
    language: str
    payer: str
    special_case: str
    special_from: date | None
    special_to: date | None
    home: str  # department of the chronic disease, or ''
    disease: str
    no_show: float
    is_restricted: bool = False

    @property
    def chart_no(self) -> str:
        return f"{self.ref:08d}"


@dataclass(frozen=True)
class Doctor:
    license_no: str
    name_ko: str
    name_en: str
    department: str
    room: int


@dataclass(frozen=True)
class Clerk:
    username: str
    name_ko: str
    name_en: str
    role: str
    team: str


def resident_number(birth_on: date, sex: str, serial: int, *, foreign: bool = False) -> str:
    """A resident or foreigner number with a right check digit. The serial is synthetic."""
    century = birth_on.year >= 2000
    gender = {(False, "M"): 1, (False, "F"): 2, (True, "M"): 3, (True, "F"): 4}[century, sex] + (4 if foreign else 0)
    digits = f"{birth_on:%y%m%d}{gender}{serial % 100_000:05d}"
    total = sum(int(digit) * weight for digit, weight in zip(digits, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5), strict=True))
    check = (11 - total % 11) % 10
    return digits + str((check + 2) % 10 if foreign else check)


@dataclass
class World:
    """The pool of a seed."""

    seed: int = 20261124
    patients: int = 20_000
    _people: list[Person] = field(default_factory=list, repr=False)

    def rng(self, *stream: int) -> np.random.Generator:
        """A generator of its own for each purpose, so that one draw more changes nothing elsewhere."""
        return np.random.default_rng([self.seed, *stream])

    @cached_property
    def people(self) -> list[Person]:
        rng, n = self.rng(1), self.patients
        ages = np.concatenate(
            [rng.normal(70, 10, int(n * 0.46)), rng.uniform(19, 64, int(n * 0.42)), rng.uniform(0, 18, n)]
        )[:n]
        ages = np.clip(rng.permutation(ages), 0, 98)
        born = [
            TODAY_OF_POOL - timedelta(days=int(age * 365.25) + int(extra))
            for age, extra in zip(ages, rng.integers(0, 365, n), strict=True)
        ]
        sexes = np.where(rng.random(n) < 0.53, "F", "M")
        surnames = rng.choice(SURNAMES, n, p=SURNAME_WEIGHTS / SURNAME_WEIGHTS.sum())
        given = rng.integers(0, 20, n)
        foreign = rng.random(n) < 0.012
        nations = rng.choice(list(FOREIGN), n, p=FOREIGN_WEIGHTS)
        payer_table = {
            key: value for key, value in figures()["payers"].items() if key not in ("mark", "auto", "industrial")
        }
        weights = np.array(list(payer_table.values()))
        payers = rng.choice(list(payer_table), n, p=weights / weights.sum())
        towns = rng.choice(TOWNS, n)
        phones = rng.choice(90_000_000, n, replace=False) + 10_000_000
        chronic, which, disease_draw = rng.random(n), rng.random(n), rng.random(n)
        special = rng.random(n)
        no_shows = rng.beta(1.1, 11.0, n)
        restricted = rng.random(n) < 0.002
        return [
            self._person(i, ages[i], born[i], str(sexes[i]), str(surnames[i]), int(given[i]), bool(foreign[i]), str(nations[i]),
                         str(payers[i]), str(towns[i]), int(phones[i]), chronic[i], which[i], disease_draw[i], special[i],
                         float(no_shows[i]), bool(restricted[i]))
            for i in range(n)
        ]  # fmt: skip

    def _person(self, i: int, age: float, born: date, sex: str, surname: str, given: int, foreign: bool, nation: str,
                payer: str, town: str, phone: int, chronic: float, which: float, disease_draw: float, special: float,
                no_show: float, restricted: bool) -> Person:  # fmt: skip
        names = GIVEN_OLD if age > 60 else GIVEN_MID if age > 25 else GIVEN_NEW
        name, nationality, language = surname + names[given], "KR", "ko"
        if foreign:
            nationality = nation
            language, foreign_names = FOREIGN[nation]
            name = foreign_names[given % len(foreign_names)]
            payer = "self" if which < 0.6 else "nhi"
        home, disease = "", ""
        if chronic < 0.15 + min(age, 80) / 160:
            home, disease = _habit(age, which, disease_draw)
        case, start, end = "", None, None
        if payer == "nhi" and special < 0.02 + max(0.0, age - 40) / 900:
            case = "V193" if special < 0.05 else "V192"
            start = TODAY_OF_POOL - timedelta(days=int(special * 20_000) % 1500)
            end = (
                start.replace(year=start.year + 5) - timedelta(days=1)
                if not (start.month == 2 and start.day == 29)
                else None
            )
        return Person(
            ref=i + 1, name=name, sex=sex, birth_on=born, phone=f"010{phone:08d}", address=f"제주특별자치도 서귀포시 {town}",
            resident_number=resident_number(born, sex, i * 7 + self.seed % 997, foreign=foreign), nationality=nationality,
            language=language, payer=payer, special_case=case, special_from=start, special_to=end, home=home,
            disease=disease, no_show=no_show, is_restricted=restricted,
        )  # fmt: skip

    @cached_property
    def doctors(self) -> list[Doctor]:
        """About 30 specialists, each with a room of the department."""
        rng, made = self.rng(2), []
        for department in departments():
            for room in range(1, department["doctors"] + 1):
                surname, given = SURNAMES[int(rng.integers(0, 25))], GIVEN_MID[int(rng.integers(0, 20))]
                made.append(
                    Doctor(
                        f"{90_000 + len(made) + 1}",
                        surname + given,
                        f"Dr {ENGLISH_SURNAMES[surname]}",
                        department["code"],
                        room,
                    )
                )
        return made

    @cached_property
    def staff(self) -> list[Clerk]:
        """The 26 of the administration department (행정부)."""
        rng, made = self.rng(3), []
        for group in figures()["staff"]:
            for number in range(1, group["count"] + 1):
                surname, given = SURNAMES[int(rng.integers(0, 25))], GIVEN_MID[int(rng.integers(0, 20))]
                username = group["role"] if group["count"] == 1 else f"{group['role']}{number}"
                made.append(
                    Clerk(
                        username,
                        surname + given,
                        f"{ENGLISH_SURNAMES[surname]} ({username})",
                        group["role"],
                        group["team"],
                    )
                )
        return made

    @cached_property
    def by_home(self) -> dict[str, np.ndarray]:
        """Indexes of chronic patients by their department."""
        found: dict[str, list[int]] = {}
        for index, person in enumerate(self.people):
            if person.home:
                found.setdefault(person.home, []).append(index)
        return {code: np.array(indexes) for code, indexes in found.items()}

    @cached_property
    def children(self) -> np.ndarray:
        return np.array([i for i, person in enumerate(self.people) if person.birth_on.year >= 2010])

    @cached_property
    def women(self) -> np.ndarray:
        return np.array(
            [i for i, person in enumerate(self.people) if person.sex == "F" and 1950 < person.birth_on.year < 2008]
        )

    @cached_property
    def men(self) -> np.ndarray:
        return np.array(
            [i for i, person in enumerate(self.people) if person.sex == "M" and person.birth_on.year < 1990]
        )

    @cached_property
    def adults(self) -> np.ndarray:
        return np.array([i for i, person in enumerate(self.people) if person.birth_on.year < 2008])


@lru_cache(maxsize=2)
def _habits(child: bool) -> tuple[np.ndarray, tuple[tuple[str, np.ndarray, tuple[str, ...]], ...]]:
    """Cumulative weights of departments, and of each department's diseases."""
    fitting = [
        item
        for item in departments()
        if item["share"] and (item["code"] in ("11", "13", "12") if child else item["code"] not in ("10", "11", "15"))
    ]
    weights = np.array([item["share"] * item["chronic"] for item in fitting])
    diseases = []
    for item in fitting:
        chances = np.array(list(item["kcd"].values()), dtype=float)
        diseases.append((item["code"], np.cumsum(chances) / chances.sum(), tuple(item["kcd"])))
    return np.cumsum(weights) / weights.sum(), tuple(diseases)


def _habit(age: float, which: float, disease_draw: float) -> tuple[str, str]:
    """Department and disease of a chronic patient."""
    cumulated, diseases = _habits(age < 16)
    code, chances, names = diseases[int(np.searchsorted(cumulated, which))]
    return code, names[int(np.searchsorted(chances, disease_draw))]
