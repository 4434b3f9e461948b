"""People who sign in, tokens of machines, and what belongs to a person's desk."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models

from tamna.core.fields import EncryptedTextField
from tamna.core.identity import new_public_id


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(username=username, **fields)
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser):
    """직원 계정. One role decides what a person may do (`core.access.ROLES`)."""

    username = models.CharField(max_length=60, unique=True)
    name_ko = models.CharField(max_length=40)
    name_en = models.CharField(max_length=60, blank=True)
    role = models.CharField(max_length=20)
    team = models.CharField(max_length=20, blank=True)
    language = models.CharField(max_length=5, default="ko")
    is_active = models.BooleanField(default=True)
    is_synthetic = models.BooleanField(default=False)
    department = models.ForeignKey(
        "core.Department", on_delete=models.PROTECT, null=True, blank=True, related_name="staff"
    )
    temporary_until = models.DateTimeField(
        null=True, blank=True
    )  # wall time; a password given by IT, to be changed first
    session_no = models.PositiveIntegerField(default=0)  # one more ends every session of this person
    totp_secret = models.BinaryField(null=True, blank=True)  # encrypted; null where second factor is not set
    totp_step = models.BigIntegerField(default=0)  # the last step used: a code opens once
    recovery_codes = models.JSONField(default=list)  # hashes of unused one-time codes
    muted_notices = models.JSONField(default=list)  # kinds of core.notices this person is not told of
    failed_logins = models.PositiveSmallIntegerField(default=0)
    locked_until = models.DateTimeField(null=True, blank=True)  # wall time
    made_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    objects = UserManager()

    class Meta:
        indexes = [models.Index(fields=["name_ko", "id"]), models.Index(fields=["role", "id"])]

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """A session holds while neither the password nor `session_no` changed."""
        from django.utils.crypto import salted_hmac

        return salted_hmac(
            "tamna.session", f"{self.password}:{self.session_no}", secret=secret, algorithm="sha256"
        ).hexdigest()

    @property
    def name(self) -> str:
        from django.utils.translation import get_language

        return self.name_en if (get_language() or "ko").startswith("en") and self.name_en else self.name_ko


class ApiToken(models.Model):
    """A machine's token (API 토큰): only its hash is kept."""

    name = models.CharField(max_length=60)
    hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)  # capabilities of core.access
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)


class IdempotencyRecord(models.Model):
    """An answered write, so that the same key gives the same answer (멱등키)."""

    owner = models.CharField(max_length=80)
    key = models.CharField(max_length=120)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    answer = EncryptedTextField(blank=True, default="")  # JSON; it may name a person
    made_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="idempotency_once")]


class Notification(models.Model):
    """A notice in one person's bell (알림); `core.notices.KINDS` says what it is and who gets it."""

    public_id = models.UUIDField(default=new_public_id, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=30)
    key = models.CharField(max_length=120)  # the cause: told once a person
    facts = models.JSONField(default=dict)
    url = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()  # business time
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key", "user"], name="notice_once")]
        indexes = [
            models.Index(fields=["user", "-id"]),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notices_unread"),
            models.Index(fields=["at"]),
        ]


class SavedView(models.Model):
    """A named filter of a list (저장된 보기): mine, and my team's where `team` names it. Holds nothing of a person."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    screen = models.CharField(max_length=60)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=500)
    team = models.CharField(max_length=20, blank=True)  # shared with this team

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "screen", "name"], name="view_name_once")]
        indexes = [models.Index(fields=["screen", "team"])]
