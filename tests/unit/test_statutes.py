"""References to statutes: the shipped index refuses what does not exist, and nothing of the package refers to what does not."""

import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamna.engines.errors import InputError
from tamna.engines.statutes import Index, NoStatute, cite, read_statute, references, shipped

ON = date(2026, 11, 1)
PACKAGE = Path(__file__).parents[2] / "src" / "tamna"
STATUTE = """---
제목: 시험법
공포일자: 2025-01-07
시행일자: 2026-01-08
---
# 시험법
##### 제1조 (목적)
이 법은 시험을 정한다.
##### 제2조
삭제 <2020.5.4>
##### 제3조의2 (이의(異議)의 신청)
① 신청한다. 제9조를 준용한다. [본조신설 2021.3.2]
## 부칙
##### 제7조 (경과조치)
부칙의 조문이다.
"""


def test_a_reference_that_holds_says_the_article():
    found = cite("국민건강보험법", "제87조제1항", ON)
    assert str(found) == "국민건강보험법 제87조제1항(이의신청)"
    assert found.article.number == "87"
    assert str(cite("국민건강보험법", "47의2", ON)).startswith("국민건강보험법 제47조의2(")


@pytest.mark.parametrize(
    ("law", "article", "code"),
    [
        ("국민건강보험법", "제999조", "no_such_article"),
        ("국민건강보험법", "제87조의9", "no_such_article"),
        ("국민건강보험법", "", "no_such_article"),
        ("없는 법", "제1조", "no_such_law"),
    ],
)
def test_a_wrong_reference_is_refused(law, article, code):
    with pytest.raises(NoStatute) as refused:
        cite(law, article, ON)
    assert refused.value.code == code


def test_dates_of_an_article_decide():
    law, articles = read_statute(STATUTE)
    index = Index.of([law], articles)
    assert [each.number for each in articles] == ["1", "2", "3의2"]
    assert articles[2].title == "이의(異議)의 신청"
    with pytest.raises(NoStatute, match="repealed"):
        index.cite("시험법", "2", ON)
    with pytest.raises(NoStatute, match="not_yet"):
        index.cite("시험법", "3의2", date(2021, 3, 1))
    assert index.cite("시험 법", "제2조", date(2020, 5, 3)).is_later_text
    assert not index.cite("시험법", "1", ON).is_later_text


def test_what_is_no_statute_is_refused():
    with pytest.raises(InputError):
        read_statute("# 아무 글")


def test_references_are_read_from_a_sentence():
    text = "국민건강보험법 시행규칙 제19조제2항제4호, 제20조②와 「의료법」 제17조의2를 본다. 민법 제1조는 모른다."
    assert references(text) == [
        ("국민건강보험법 시행규칙", "제19조제2항제4호"), ("국민건강보험법 시행규칙", "제20조②"), ("의료법", "제17조의2"),
    ]  # fmt: skip


@given(st.text(max_size=100))
def test_any_text_can_be_looked_through(text):
    for law, _ in references(text + " 의료법 제2조"):
        assert law in shipped().laws


def sources() -> list[tuple[str, str, str]]:
    """Every reference to a law of the index in parameters, rules, code and templates."""
    files = (path for path in PACKAGE.rglob("*") if path.suffix in (".yaml", ".csv", ".py", ".html", ".typ"))
    found = (
        (path.relative_to(PACKAGE), path.read_text("utf-8")) for path in sorted(files) if path.parent.name != "law"
    )
    return [(str(name), law, article) for name, text in found for law, article in references(text)]


def test_nothing_refers_to_an_article_that_does_not_exist():
    wrong = []
    found = sources()
    for name, law, article in found:
        try:
            cite(law, article, ON)
        except NoStatute as error:
            wrong.append(f"{name}: {error}")
    assert wrong == []
    assert len(found) > 50


def test_the_import_writes_an_index_and_tells_what_differs(tmp_path):
    (tmp_path / "laws" / "시험법").mkdir(parents=True)
    (tmp_path / "laws" / "시험법" / "법률.md").write_text(STATUTE, "utf-8")
    (tmp_path / "laws" / "시험법" / "다른.md").write_text("no statute", "utf-8")
    (tmp_path / "laws" / "의료법").mkdir()
    (tmp_path / "laws" / "의료법" / "법률.md").write_text(STATUTE.replace("시험법", "의료법"), "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "tamna.cli", "import", "statutes", str(tmp_path / "laws")],
        capture_output=True, text=True, check=False, env={**os.environ, "TAMNA_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert done.returncode == 3
    assert (told["laws"], told["articles"], told["refused"], told["new_laws"]) == (2, 6, 1, ["시험법"])
    assert "의료법 17" in told["gone"]
    assert json.loads(done.stderr)["code"] == "not_a_statute"
    assert "이 법은" not in (tmp_path / "home" / "statutes" / "articles.csv").read_text("utf-8")


def test_an_empty_folder_is_refused(tmp_path):
    done = subprocess.run([sys.executable, "-m", "tamna.cli", "import", "statutes", str(tmp_path)], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 2
