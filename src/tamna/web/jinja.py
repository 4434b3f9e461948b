"""The Jinja2 environment: translations, links, and the few filters that write Korean dates, won and minutes."""

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.urls import reverse
from django.utils.translation import get_language_info, gettext, ngettext
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from tamna.core.deeds import name_of as deed
from tamna.core.format import clock_time, day, language, minutes, moment, named, number, percent, won
from tamna.core.people import called
from tamna.engines.labels import figure, input_name, label, wording
from tamna.lobby import languages, names
from tamna.web.chart import axis, evenly


def environment(**options: Any) -> Environment:
    options.pop("loader", None)
    folders = [Path(config.path) / "templates" for config in apps.get_app_configs() if config.name.startswith("tamna.")]
    env = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders if folder.exists()]),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        **{key: value for key, value in options.items() if key not in {"extensions", "undefined", "autoescape"}},
    )
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.globals.update(url=url, static=static, language=language, axis=axis, evenly=evenly)
    env.globals.update(
        patient_languages=languages.LANGUAGES,
        patient_language=languages.active,
        language_tag=languages.tag,
        hospital_name=names.hospital,
    )
    env.filters.update(
        won=won, day=day, clock=clock_time, moment=moment, minutes=minutes, named=named, number=number, percent=percent,
        language_name=language_name, label=lambda key: label(key, language()), wording=lambda text: wording(text, language()),
        input_name=lambda key: input_name(key, language()), figure=figure, deed=deed, section=section, called=called,
    )  # fmt: skip
    return env


def language_name(code: str) -> str:
    """A language's name in the reader's language; an unknown code shows itself."""
    try:
        return str(get_language_info({"zh": "zh-hans"}.get(code.lower(), code.lower()))["name_translated"])
    except KeyError:
        return code


def section(title: str) -> str:
    """A section of the plan, `1 English (한국어)`, in the reader's language."""
    number, _, names = title.partition(" ")
    english, _, korean = names.rpartition(" (")
    return f"{number} {korean.removesuffix(')') if language() == 'ko' else english}" if english else title


def url(name: str, *args: Any, **kwargs: Any) -> str:
    return reverse(name, args=args or None, kwargs=kwargs or None)


@lru_cache(maxsize=512)
def _version(name: str) -> str:
    for config in apps.get_app_configs():
        path = Path(config.path) / "static" / name
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    raise FileNotFoundError(name)


def static(name: str) -> str:
    return f"{settings.STATIC_URL}{name}" + ("" if settings.DEBUG else f"?v={_version(name)}")
