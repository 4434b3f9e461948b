"""Every route as every role: what the capability table says, nothing else."""

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tamna.core import access, accounts
from tamna.core.errors import DomainError
from tamna.core.models import AuditEntry, Hospital, User

pytestmark = pytest.mark.django_db(transaction=True)


def routes(patterns=None, prefix=""):
    """(path, view) of every address outside the API that takes no argument, and (None, view) of the others."""
    for item in patterns or get_resolver().url_patterns:
        text = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            if not text.startswith("api/"):
                yield from routes(item.url_patterns, text)
        elif isinstance(item, URLPattern):
            yield (None if "<" in text else "/" + text), item.callback


def test_every_view_names_its_capability():
    nameless = [view.__name__ for _, view in routes() if getattr(view, "capability", None) is None]
    assert not nameless


@pytest.mark.parametrize("role", sorted(access.ROLES))
def test_each_role_sees_exactly_its_routes(role, hospital, morning, user_of):
    client = Client()
    client.force_login(user_of(role))
    for path, view in routes():
        if path is None or path in ("/metrics",):
            continue
        status = client.get(path).status_code
        allowed = access.may(User(role=role), view.capability)
        if allowed:
            assert status in (200, 302, 405, 403 if path == "/first-run" else 200, 503 if path == "/readyz" else 200), (
                path,
                status,
            )
        else:
            assert status == 403, (path, status)


def test_without_sign_in_only_public_routes_answer(hospital, morning):
    client = Client()
    for path, view in routes():
        if path and view.capability in access.DOORS:  # patients are told where to go, never asked to sign in
            assert client.get(path).status_code == 403, path
        elif path and view.capability != access.PUBLIC:
            answer = client.get(path)
            assert answer.status_code == 302 and answer["Location"].startswith("/sign-in"), path


def test_a_view_without_capability_is_refused(hospital, rf=None):
    from django.core.exceptions import PermissionDenied
    from django.test import RequestFactory

    from tamna.web.middleware import Guarded

    request = RequestFactory().get("/x")
    request.resolver_match = None
    with pytest.raises(PermissionDenied):
        Guarded(lambda r: None).process_view(request, lambda r: None, (), {})


def test_the_synthetic_door_is_closed_in_real_use(hospital, morning, user_of):
    user = user_of("cashier")
    client = Client()
    assert client.post(f"/door/{user.username}").status_code == 404
    Hospital.objects.update(is_synthetic=True)
    assert client.post(f"/door/{user.username}").status_code == 404  # a real person, even there
    User.objects.update(is_synthetic=True)
    assert client.post(f"/door/{user.username}").status_code == 302


def test_five_wrong_passwords_lock_the_account(hospital, morning, user_of):
    user = user_of("claims")
    for _ in range(5):
        with pytest.raises(DomainError):
            accounts.sign_in(user.username, "wrong wrong wrong")
    with pytest.raises(DomainError) as locked:
        accounts.sign_in(user.username, "correct horse battery")
    assert locked.value.key == "core.account_locked"
    assert AuditEntry.objects.filter(action="login.locked").count() == 1
    assert "wrong wrong" not in " ".join(str(row.detail) for row in AuditEntry.objects.all())


def test_api_needs_token_scope_and_keeps_its_answer(hospital, morning):
    from tamna.core.api import token_hash
    from tamna.core.models import ApiToken
    from tamna.patients.models import Patient

    client = Client()
    assert client.get("/api/v1/patients").status_code == 401
    ApiToken.objects.create(name="t", hash=token_hash("secret"), scopes=["patients.register"], made_by="test")
    auth = {"HTTP_AUTHORIZATION": "Bearer secret"}
    assert client.get("/api/v1/patients", **auth).status_code == 403
    body = {"name": "홍길동", "birth_on": "1980-01-01", "sex": "F"}
    post = lambda data, key: client.post("/api/v1/patients", data, "application/json", HTTP_IDEMPOTENCY_KEY=key, **auth)  # noqa: E731
    first, again, other = post(body, "k1"), post(body, "k1"), post({**body, "name": "김철수"}, "k1")
    assert first.status_code == 200 and first.json() == again.json() and Patient.objects.count() == 1
    assert other.status_code == 409 and other.json()["key"] == "core.idempotency_reuse"
    assert post({"name": ""}, "k2").headers["Content-Type"] == "application/problem+json"


def test_the_catalogue_names_every_line_of_the_plan_once(hospital, morning):
    from tamna.core import automations, catalogue

    keys = [line.key for line in catalogue.lines()]
    assert len(keys) == len(set(keys)) == 135
    assert (set(automations.built()) | set(automations.declared())) <= set(keys)
