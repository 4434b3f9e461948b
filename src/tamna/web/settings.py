"""Django settings. Everything that differs between places comes from the environment (`core.environment`, docs/operate/settings.md)."""

import os
import secrets
import sys
from pathlib import Path

from tamna.core import database
from tamna.core.home import folder

HERE = Path(__file__).parent


def _secret() -> str:
    """Signing key: TAMNA_SECRET_KEY, else made once under TAMNA_HOME/keys (0600)."""
    given = os.environ.get("TAMNA_SECRET_KEY")
    if given:
        return given
    path = folder("keys", private=True) / "secret.key"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    return path.read_text(encoding="utf-8")


SECRET_KEY = _secret()
DEBUG = os.environ.get("TAMNA_DEBUG") == "1"
ALLOWED_HOSTS = os.environ.get("TAMNA_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("TAMNA_ORIGINS", "").split(",") if origin]
BEHIND_TLS = os.environ.get("TAMNA_TLS") == "1"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "tamna.core",
    "tamna.patients",
    "tamna.reception",
    "tamna.billing",
    "tamna.claims",
    "tamna.ledger",
    "tamna.insight",
    "tamna.lobby",
    "tamna.web",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tamna.web.policy.ContentPolicy",
    "tamna.web.middleware.Observed",
    "tamna.web.middleware.StaticFromPackage",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "tamna.web.middleware.Language",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "tamna.web.middleware.Guarded",
    "tamna.web.middleware.DomainErrors",
]
ROOT_URLCONF = "tamna.web.urls"
WSGI_APPLICATION = "tamna.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "tamna.web.jinja.environment", "context_processors": ["tamna.web.context.frame"]},
    },
]

DATABASES = {"default": database.for_django()}
if not os.environ.get("TAMNA_NO_POOL") and "pytest" not in sys.modules:
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": int(os.environ.get("TAMNA_POOL", "8")),
        "timeout": 20,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "core.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name_en")},
    },
]
LOGIN_URL = "web:sign-in"
LOGIN_REDIRECT_URL = "web:home"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_NAME = "tamna"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = BEHIND_TLS
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
X_FRAME_OPTIONS = "SAMEORIGIN"
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 << 20

LANGUAGE_CODE = "ko"
LANGUAGES = [("ko", "한국어"), ("en", "English")]
LANGUAGE_COOKIE_NAME = "tamna_language"
USE_I18N = True
TIME_ZONE = "Asia/Seoul"
USE_TZ = True

STATIC_URL = "/static/"
LIVE_URL = os.environ.get("TAMNA_LIVE_URL", "")
PATIENT_URL = os.environ.get("TAMNA_PATIENT_URL", "").rstrip("/")  # where patients' phones find this hospital

LOGGING_CONFIG = None  # structlog, in tamna.web.logging
